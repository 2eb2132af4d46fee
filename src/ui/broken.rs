//! The banner over the chart when a pool broke: why, which nothing in the chart tells.

use eframe::egui::{Frame, Margin, Stroke, Ui};

use super::{format, readers, theme};
use crate::lab::Run;

/// Draws it if that is what came of `run`.
pub(super) fn show(ui: &mut Ui, run: Option<&Run>) {
    let Some((run, cause)) = run.and_then(|run| Some((run, format::broken_by(run)?))) else { return };
    let palette = theme::palette(ui);
    let frame = Frame::new().fill(palette.error.gamma_multiply(0.14)).stroke(Stroke::new(1.0, palette.error));
    let frame = frame.corner_radius(6).inner_margin(Margin::symmetric(12, 6)).outer_margin(Margin::symmetric(0, 4));
    frame.show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        let lost = match run.totals().lost {
            0 => String::new(),
            lost => format!(", and {} with it", format::some(lost, "item")),
        };
        readers::live(&theme::few_lines(ui, &format!("The pool is broken{lost}: {cause}")));
    });
}
