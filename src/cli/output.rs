//! What comes of a run: figures on standard output, and files.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::{FAILURE, SUCCESS, complain, print};
use crate::lab::{Report, Run, WriteError, check_target, place_of, write_csv, write_whole};
use crate::ui::{PictureSettings, save_picture};

/// What comes of a run.
#[derive(clap::Args)]
pub(super) struct Output {
    /// One JSON object on standard output
    #[arg(long)]
    pub(super) json: bool,
    /// Save the run to a file, for `poolscope open`; - for standard output
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Write a row per item to a file; - for standard output
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Draw the chart to a file that ends in .png or .svg
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// Size of the picture in points
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "1200x600")]
    picture_size: String,
    /// Pixels per point
    #[arg(long, value_name = "N", default_value_t = 2.0)]
    picture_scale: f32,
    /// Draw the picture in the light theme
    #[arg(long)]
    picture_light: bool,
}

/// Stands for standard output.
const STANDARD_OUTPUT: &str = "-";

fn is_standard_output(path: &Path) -> bool {
    path.as_os_str() == STANDARD_OUTPUT
}

impl Output {
    /// Checks everything that can be known to be wrong before anything runs: a run must not be lost because its file can't be written, or
    /// is written over; nor may what it `reads`.
    ///
    /// # Errors
    /// In words, with the option.
    pub(super) fn check(&self, reads: &[PathBuf]) -> Result<PictureSettings, String> {
        let files = [("--save", &self.save), ("--csv", &self.csv), ("--picture", &self.picture)];
        let mut to_output = usize::from(self.json);
        let mut places: Vec<_> = reads.iter().filter_map(|path| Some(("the input", place_of(path)?))).collect();
        for (option, path) in files.into_iter().filter_map(|(option, path)| Some((option, path.as_ref()?))) {
            if is_standard_output(path) {
                to_output += 1;
            } else {
                check_target(path).map_err(|error| format!("{option}: {error}"))?;
                let Some(place) = place_of(path) else { continue };
                if let Some((other, _)) = places.iter().find(|(_, taken)| *taken == place) {
                    return Err(format!("{option}: {} is also the file of {other}", path.display()));
                }
                places.push((option, place));
            }
        }
        if to_output > 1 {
            return Err("only one of --json, --save - and --csv - can go to standard output".to_owned());
        }
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

    /// Whether standard output has something else than the summary.
    pub(super) fn takes_standard_output(&self) -> bool {
        self.json || [&self.save, &self.csv].into_iter().flatten().any(|path| is_standard_output(path))
    }

    /// Writes files and prints figures. Existing files are replaced, as by a shell's `>`.
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
            note(write(path, |out| run.save(out)));
        }
        if let Some(path) = &self.csv {
            note(write(path, |out| write_csv(run, out, |_| true)));
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
            quiet || self.takes_standard_output() || print(&report.readable())
        };
        if written && printed && report.all_returned() { SUCCESS } else { FAILURE }
    }
}

/// To a file, or to standard output. A reader of that who has gone away, such as `head`, is no error.
fn write(path: &Path, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<(), String> {
    if !is_standard_output(path) {
        return write_whole(path, true, write).map_err(|error| error.to_string());
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(cause) if cause.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(WriteError::Io { path: "standard output".into(), cause }.to_string())
        }
        _ => Ok(()),
    }
}
