//! The chart as a picture in a file. It is drawn by the same code as in the window, into a window that nobody sees, and then made
//! pixels by the processor alone ([`raster`]) or kept as shapes ([`svg`]): the same on every machine, with a screen or without.

pub(super) mod raster;
mod svg;

use std::io::{self, Write};
use std::path::Path;

use eframe::egui::{
    self, CentralPanel, Context, FontFamily, Frame, Margin, RawInput, Rect, RichText, TexturesDelta, ThemePreference,
    Vec2, vec2,
};
use image::{ExtendedColorType, ImageEncoder};

use super::chart::{Chart, Shown};
use super::{format, theme};
use crate::lab::{Run, WriteError, write_whole};

/// What a picture is to be like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PictureSettings {
    /// In points, as sizes of windows are.
    pub width: u32,
    /// See `width`.
    pub height: u32,
    /// Pixels a point.
    pub scale: f32,
    /// The light theme rather than the dark one.
    pub light: bool,
}

impl Default for PictureSettings {
    fn default() -> Self {
        Self { width: 1200, height: 600, scale: 2.0, light: false }
    }
}

/// More pixels than this are a slip of the finger.
const PIXELS_LIMIT: f64 = 100e6;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// It would have no room for a chart, or be larger than any use.
    #[error(
        "{width} × {height} points at {scale} pixels each is no size for a picture: 480 × 240 to 100 million pixels, scale 0.5 to 8"
    )]
    Size {
        /// See [`PictureSettings`].
        width: u32,
        /// See [`PictureSettings`].
        height: u32,
        /// See [`PictureSettings`].
        scale: f32,
    },
    /// The name has another ending than those of pictures.
    #[error("{0}: a picture ends in .png or .svg")]
    Format(String),
    /// The file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// What a picture is kept as.
enum PictureFormat {
    Png,
    Svg,
}

impl PictureFormat {
    fn of(path: &Path) -> Result<Self, PictureError> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("png") => Ok(Self::Png),
            Some("svg") => Ok(Self::Svg),
            _ => Err(PictureError::Format(path.display().to_string())),
        }
    }
}

impl PictureSettings {
    /// Whether such a picture can be kept in a file of that name.
    ///
    /// # Errors
    /// As [`Self::check`], or that the name ends otherwise.
    pub fn check_for(&self, path: &Path) -> Result<(), PictureError> {
        self.check()?;
        PictureFormat::of(path).map(drop)
    }

    /// Whether it is a size that a picture can have.
    ///
    /// # Errors
    /// With the limits in it.
    pub fn check(&self) -> Result<(), PictureError> {
        let &Self { width, height, scale, .. } = self;
        let pixels = f64::from(width) * f64::from(height) * f64::from(scale) * f64::from(scale);
        let fits = width >= 480 && height >= 240 && (0.5..=8.0).contains(&scale) && pixels <= PIXELS_LIMIT;
        if fits { Ok(()) } else { Err(PictureError::Size { width, height, scale }) }
    }

    fn size(&self) -> Vec2 {
        vec2(self.width as f32, self.height as f32)
    }
}

/// Writes the chart of a whole run to `path`, as PNG or SVG by the ending of its name.
///
/// # Errors
/// When the size can't be, the name ends otherwise, or the file can't be written.
pub fn save_picture(run: &Run, path: &Path, settings: PictureSettings, replace: bool) -> Result<(), PictureError> {
    let shown = Shown { run, name: "", color: 0, in_focus: false, past: None };
    save(&Chart::default(), &[shown], path, settings, replace)
}

/// Writes what `chart` shows of these runs.
pub(super) fn save(
    chart: &Chart,
    shown: &[Shown<'_>],
    path: &Path,
    settings: PictureSettings,
    replace: bool,
) -> Result<(), PictureError> {
    settings.check()?;
    let format = PictureFormat::of(path)?;
    Ok(write_whole(path, replace, |out| match format {
        PictureFormat::Png => write_png(chart, shown, settings, out),
        PictureFormat::Svg => write_svg(chart, shown, settings, out),
    })?)
}

fn write_png(chart: &Chart, shown: &[Shown<'_>], settings: PictureSettings, out: &mut dyn Write) -> io::Result<()> {
    let mut canvas = raster::Canvas::new(settings.size(), settings.scale);
    let context = draw(chart, shown, settings, |textures| canvas.set_textures(textures));
    let primitives = context.0.tessellate(context.1, settings.scale);
    canvas.paint(&primitives);
    let (width, height) = canvas.size();
    let encoder = image::codecs::png::PngEncoder::new(out);
    encoder.write_image(canvas.rgba(), width, height, ExtendedColorType::Rgba8).map_err(io::Error::other)
}

fn write_svg(chart: &Chart, shown: &[Shown<'_>], settings: PictureSettings, out: &mut dyn Write) -> io::Result<()> {
    let (_, shapes) = draw(chart, shown, settings, |_| {});
    svg::write(&shapes, settings.size(), out)
}

/// Draws the picture and gives its shapes; `each` sees how the textures for them change.
fn draw(
    chart: &Chart,
    shown: &[Shown<'_>],
    settings: PictureSettings,
    mut each: impl FnMut(&TexturesDelta),
) -> (Context, Vec<egui::epaint::ClippedShape>) {
    let context = Context::default();
    theme::install(&context, false);
    context.set_theme(if settings.light { ThemePreference::Light } else { ThemePreference::Dark });
    context.set_pixels_per_point(settings.scale);
    let input = || RawInput {
        screen_rect: Some(Rect::from_min_size(egui::Pos2::ZERO, settings.size())),
        ..RawInput::default()
    };
    let mut shapes = Vec::new();
    // Sizes settle and fades end within some passes.
    for pass in 0..3 {
        let mut chart = chart.still();
        chart.all_lanes = true;
        let input = RawInput { time: Some(f64::from(pass) * 10.0), ..input() };
        let mut output = context.run_ui(input, |ui| {
            let palette = theme::palette(ui);
            let frame = Frame::new().fill(palette.background).inner_margin(Margin::symmetric(16, 12));
            CentralPanel::default().frame(frame).show(ui, |ui| {
                if let [shown] = shown {
                    ui.label(RichText::new(heading(shown.run)).family(FontFamily::Proportional).color(palette.text));
                    ui.add_space(6.0);
                }
                chart.show(ui, shown, None, None, &mut Vec::new());
            });
        });
        each(&output.textures_delta);
        // Nobody else has any use for them.
        output.textures_delta.clear();
        shapes = output.shapes;
    }
    (context, shapes)
}

/// What was run, on what, and how long it took.
fn heading(run: &Run) -> String {
    let (begin, settings) = (run.began_with, &run.settings);
    format!(
        "{} on {} · workers {} · chunksize {} · {} items in {}",
        settings.workload,
        settings.executor,
        format::changed(begin.workers, settings.workers),
        format::changed(begin.chunksize, settings.chunksize),
        format::count(run.items.unwrap_or_default()),
        format::duration(run.working_time())
    )
}
