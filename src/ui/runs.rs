//! The list of runs, in the left panel: any of them can be looked at again.

use std::sync::Arc;

use eframe::egui::{Button, RichText, Ui, vec2};

use super::action::Action;
use super::{format, theme};
use crate::lab::{End, Run, Status};

/// Draws the list, newest first; `live` goes on, `shown` is looked at.
pub(super) fn show(ui: &mut Ui, past: &[Arc<Run>], live: Option<&Run>, shown: Option<&Run>, actions: &mut Vec<Action>) {
    theme::heading(ui, "RUNS");
    let dim = theme::palette(ui).dim;
    if past.is_empty() && live.is_none() {
        ui.label(RichText::new("Nothing has run yet. Press Run.").size(11.5).color(dim));
    }
    let rows = live.into_iter().chain(past.iter().rev().map(AsRef::as_ref));
    for run in rows {
        let settings = &run.settings;
        let title = format!("{}. {} · {}", run.number, settings.workload, settings.executor);
        let shape = format!("{} × {}", settings.workers, settings.chunksize);
        let time = match &run.status {
            Status::Ended(End::Failed(_)) => "not started".to_owned(),
            Status::Ended(_) => format::duration(run.elapsed()),
            _ => "live".to_owned(),
        };
        let chosen = shown.is_some_and(|shown| shown.number == run.number);
        let text = RichText::new(format!("{title} {shape} · {time}")).size(12.0);
        let button = Button::selectable(chosen, text).truncate().min_size(vec2(ui.available_width(), 24.0));
        let help = format!(
            "{title}\n{} workers, chunksize {}\n{}",
            settings.workers,
            settings.chunksize,
            format::status_word(run)
        );
        if ui.add(button).on_hover_text(help).clicked() {
            actions.push(Action::ShowRun(run.number));
        }
    }
}
