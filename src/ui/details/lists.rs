//! What went wrong, and what tasks printed.

use std::ops::Range;

use eframe::egui::{RichText, Role, ScrollArea, Ui, WidgetInfo};

use crate::executor::Stream;
use crate::lab::{End, ExecutorKind, Run, Status};
use crate::ui::action::Action;
use crate::ui::chart::Selection;
use crate::ui::{focus, format, theme};

/// What raised or was lost.
pub(super) fn errors(ui: &mut Ui, run: Option<&Run>, actions: &mut Vec<Action>) {
    let palette = theme::palette(ui);
    let Some(run) = run else {
        ui.label(RichText::new("Nothing has run yet.").color(palette.dim));
        return;
    };
    if let Status::Ended(End::Failed(error)) = &run.status {
        ui.label(RichText::new(error.to_string()).color(palette.error));
        return;
    }
    let count = run.trace.error_count();
    if count == 0 {
        ui.label(RichText::new("No item has raised.").color(palette.dim));
        return;
    }
    rows(ui, count, false, |ui, rows| {
        for error in run.trace.errors_from(rows.start).take(rows.len()) {
            ui.horizontal(|ui| {
                let link = ui.link(RichText::new(format!("item {}", error.item)).monospace());
                link.widget_info(|| {
                    WidgetInfo::labeled(Role::Link, true, format!("item {}: {}", error.item, error.message))
                });
                if link.on_hover_text("Look at it in the inspector").clicked() {
                    let call = run.trace.call_of(error.item).unwrap_or_default();
                    let selection = Selection::Item { run: run.number, call, item: error.item };
                    actions.push(Action::Select(Some(selection)));
                }
                // First why: names may be long.
                ui.label(RichText::new(&*error.message).color(palette.error)).on_hover_text(&*error.report);
                ui.label(RichText::new(run.label(error.item as usize)).color(palette.dim));
            });
        }
    });
}

/// What tasks printed.
pub(super) fn log(ui: &mut Ui, run: Option<&Run>) {
    let palette = theme::palette(ui);
    let Some((run, count)) = run.map(|run| (run, run.trace.log_length())).filter(|(_, count)| *count > 0) else {
        let text = match run.map(|run| run.settings.executor) {
            None | Some(ExecutorKind::Processes) => "No task has printed anything.",
            Some(_) => {
                "No task has printed anything. Of tasks in threads only what the programs that they start say is shown."
            }
        };
        ui.label(RichText::new(text).color(palette.dim));
        return;
    };
    // The newest line stays in sight, unless somebody scrolls away from it.
    rows(ui, count, true, |ui, rows| {
        for line in run.trace.log_from(rows.start).take(rows.len()) {
            ui.horizontal(|ui| {
                ui.label(RichText::new(format::exact(line.at)).monospace().color(palette.dim));
                let task = line.item.map_or_else(|| "no task".to_owned(), |item| format!("item {item}"));
                ui.label(RichText::new(format!("worker {} · {task}", line.worker)).monospace().color(palette.dim));
                let color = if line.stream == Stream::Stderr { palette.error } else { palette.text };
                ui.label(RichText::new(&*line.line).monospace().color(color));
            });
        }
    });
}

/// A list of so many rows, of which only those in sight are drawn.
fn rows(ui: &mut Ui, count: usize, follow: bool, draw: impl FnOnce(&mut Ui, Range<usize>)) {
    let height = ui.text_style_height(&eframe::egui::TextStyle::Body);
    // Rows as low as their text, which is what they are counted with.
    ui.spacing_mut().interact_size.y = 0.0;
    let by_key = focus::scrolled_by_key(ui, "list");
    ScrollArea::both().auto_shrink(false).stick_to_bottom(follow).show_rows(ui, height, count, |ui, rows| {
        ui.scroll_with_delta(by_key);
        draw(ui, rows);
    });
}
