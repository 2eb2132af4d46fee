//! The window: the only place where egui is named. It draws the newest published state of the run and turns what the user
//! does into commands for the lab. It never waits: no lock that a worker may hold, no channel that may block, no file.
//!
//! One file a panel. Panels draw and collect actions; the app acts on them after drawing.

mod action;
mod app;
mod area_panel;
mod background;
mod broken;
mod chart;
mod command_palette;
mod commands;
mod confirm;
mod deadlock;
mod details;
mod files;
mod filter;
mod flow;
mod focus;
mod form;
mod format;
mod frame_times;
mod help;
mod inspector;
mod lessons;
mod picture;
mod prose;
mod readers;
mod repaint;
mod runs;
mod scale;
mod sentence;
mod settings_file;
mod settings_panel;
mod stopwatch;
mod tabs;
mod task_index;
mod theme;
mod time_machine;
mod toolbar;
mod transport;
mod welcome;

use std::path::PathBuf;

pub use app::{App, Remembered};
use repaint::Repaint;

pub use picture::{PictureError, PictureSettings, save_picture};

/// The name under which the system keeps what the window remembers.
const APP: &str = "poolscope";

/// Opens the window, with the run in `file` if there is one; returns when it is closed.
///
/// # Errors
/// When there is no display that a window can be opened on.
pub fn open(file: Option<PathBuf>) -> Result<(), eframe::Error> {
    let icon = eframe::icon_data::from_png_bytes(include_bytes!("../../assets/icon.png")).unwrap_or_default();
    let viewport = eframe::egui::ViewportBuilder::default()
        .with_title("Poolscope")
        .with_app_id("poolscope")
        .with_icon(icon)
        .with_inner_size([1440.0, 900.0])
        .with_min_inner_size([640.0, 400.0]);
    // Colours are flat here, so dithering would only cost.
    let options = eframe::NativeOptions { viewport, dithering: false, ..eframe::NativeOptions::default() };
    let trouble = settings_file::path(APP).and_then(|file| settings_file::look_at(&file));
    eframe::run_native(
        APP,
        options,
        Box::new(move |context| {
            let remembered =
                context.storage.and_then(|storage| eframe::get_value(storage, eframe::APP_KEY)).unwrap_or_default();
            if let Some(repaint) = context.gl.as_deref().and_then(Repaint::new) {
                context.egui_ctx.add_plugin(repaint);
            }
            let mut app = App::new(&context.egui_ctx, remembered, None)?;
            if let Some(trouble) = trouble {
                app.tell(trouble);
            }
            if let Some(file) = file {
                app.open_run(&context.egui_ctx, file);
            }
            Ok(Box::new(app))
        }),
    )
}
