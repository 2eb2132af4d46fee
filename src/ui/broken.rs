//! The banner over the chart when a pool broke: why, which nothing in the chart tells.

use eframe::egui::{Frame, Margin, Stroke, Ui};

use super::{format, readers, theme};
use crate::lab::Run;

/// Draws it if that is what came of `run`.
pub(super) fn show(ui: &mut Ui, run: Option<&Run>) {
    let broken = run.filter(|run| format::is_broken(run));
    let Some((run, error)) = broken.and_then(|run| Some((run, run.trace.errors().last()?))) else { return };
    let palette = theme::palette(ui);
    let frame = Frame::new().fill(palette.error.gamma_multiply(0.14)).stroke(Stroke::new(1.0, palette.error));
    frame.corner_radius(6).inner_margin(Margin::symmetric(12, 6)).outer_margin(Margin::symmetric(0, 4)).show(
        ui,
        |ui| {
            ui.set_min_width(ui.available_width());
            let lost = format::count(run.totals().lost);
            let told =
                theme::few_lines(ui, &format!("The pool is broken, and {lost} items with it: {}", error.message));
            readers::live(&told);
            if error.report != error.message {
                told.on_hover_text(&*error.report);
            }
        },
    );
}
