//! What comes of a run: figures on standard output, and files.

use std::path::PathBuf;

use super::{FAILURE, SUCCESS, complain, print};
use crate::lab::{Report, Run, write_csv, write_whole};
use crate::ui::{PictureSettings, save_picture};

/// What comes of a run.
#[derive(clap::Args)]
pub(super) struct Output {
    /// One JSON object on standard output
    #[arg(long)]
    pub(super) json: bool,
    /// Keep the run in a file, for `poolscope open`
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Write a line for each item to a file
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Draw the chart into a file, which ends in .png or .svg
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// How large that is, in points
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "1200x600")]
    picture_size: String,
    /// How many pixels a point has
    #[arg(long, value_name = "N", default_value_t = 2.0)]
    picture_scale: f32,
    /// In the light theme
    #[arg(long)]
    picture_light: bool,
}

impl Output {
    /// What the picture is to be like.
    ///
    /// # Errors
    /// What can be known to be wrong before anything runs.
    pub(super) fn picture_settings(&self) -> Result<PictureSettings, String> {
        let size = self.picture_size.split_once('x');
        let size = size.and_then(|(width, height)| Some((width.trim().parse().ok()?, height.trim().parse().ok()?)));
        let (width, height) =
            size.ok_or_else(|| format!("--picture-size: must be like 1200x600, not `{}`", self.picture_size))?;
        let settings = PictureSettings { width, height, scale: self.picture_scale, light: self.picture_light };
        settings.check().map_err(|error| format!("--picture-size: {error}"))?;
        if let Some(path) = &self.picture {
            settings.check_for(path).map_err(|error| format!("--picture: {error}"))?;
        }
        Ok(settings)
    }

    /// Writes files and prints figures. Files that are there are replaced, as those that a shell redirects to.
    pub(super) fn put_out(&self, run: &Run, picture: PictureSettings, quiet: bool) -> u8 {
        let report = Report::new(run);
        let mut written = true;
        let mut note = |result: Result<(), String>| {
            if let Err(message) = result {
                complain(&message);
                written = false;
            }
        };
        if let Some(path) = &self.save {
            note(write_whole(path, true, |out| run.save(out)).map_err(|error| error.to_string()));
        }
        if let Some(path) = &self.csv {
            note(write_whole(path, true, |out| write_csv(run, out)).map_err(|error| error.to_string()));
        }
        if let Some(path) = &self.picture {
            note(save_picture(run, path, picture, true).map_err(|error| error.to_string()));
        }
        let printed = if self.json {
            match serde_json::to_string(&report) {
                Ok(json) => print(&format!("{json}\n")),
                Err(error) => {
                    complain(&error.to_string());
                    false
                }
            }
        } else {
            quiet || print(&report.readable())
        };
        if written && printed && report.all_returned() { SUCCESS } else { FAILURE }
    }
}
