//! What went wrong, and what tasks printed.

use std::ops::Range;

use eframe::egui::{Button, Label, RichText, Role, ScrollArea, Sense, Ui, WidgetInfo};

use crate::executor::Stream;
use crate::lab::{End, ErrorGroup, ExecutorKind, Run, Status};
use crate::trace::ItemError;
use crate::ui::action::Action;
use crate::ui::chart::Selection;
use crate::ui::{focus, format, theme};

/// In letters: what a message quotes may be much longer.
const LONGEST: usize = 500;

/// The groups of errors, found anew when there are more errors.
#[derive(Default)]
pub(super) struct ErrorGroups {
    of: Option<(usize, usize)>,
    groups: Vec<ErrorGroup>,
}

impl ErrorGroups {
    /// More errors than this are not grouped while they still come: it takes a look at each.
    const SOME: usize = 20_000;

    fn of(&mut self, run: &Run) -> &[ErrorGroup] {
        let now = (run.number, run.trace.error_count());
        let in_time = run.ended() || now.1 <= Self::SOME;
        if self.of != Some(now) && (in_time || self.of.map(|of| of.0) != Some(now.0)) {
            self.of = Some(now);
            self.groups = if in_time { run.error_groups() } else { Vec::new() };
        }
        &self.groups
    }
}

/// What raised or was lost: first by message, if many did for the same reason, then item by item.
pub(super) fn errors(ui: &mut Ui, run: Option<&Run>, groups: &mut ErrorGroups, actions: &mut Vec<Action>) {
    let palette = theme::palette(ui);
    let Some(run) = run else {
        ui.label(RichText::new("Nothing has run yet.").color(palette.dim));
        return;
    };
    if let Status::Ended(End::Failed(error)) = &run.status {
        ui.label(RichText::new(format::shortened(&error.to_string(), LONGEST)).color(palette.error));
        return;
    }
    let count = run.trace.error_count();
    if count == 0 {
        ui.label(RichText::new("No errors.").color(palette.dim));
        return;
    }
    ui.horizontal(|ui| {
        let help = "Run only the items that failed, with the same settings";
        let again = ui.add_enabled(run.ended(), Button::new("Run failed items again"));
        if again.on_hover_text(help).on_disabled_hover_text("The run is in progress").clicked() {
            actions.push(Action::RunFailed(run.number));
        }
        if ui.button("Copy all").on_hover_text("Copy all errors as text, one per line").clicked() {
            actions.push(Action::CopyText(all_errors(run)));
        }
    });
    let groups = groups.of(run);
    if groups.len() < count {
        // As many as leave room for the items.
        const GROUPS: usize = 3;
        for group in groups.iter().filter(|group| group.items.len() > 1).take(GROUPS) {
            let text = format!("{} × {}", format::count(group.items.len()), format::shortened(&group.message, LONGEST));
            let label =
                ui.add(Label::new(RichText::new(&text).color(palette.error).strong()).truncate().sense(Sense::click()));
            label.context_menu(|ui| copy_entry(ui, "Copy", &text, actions));
        }
    }
    rows(ui, count, false, |ui, rows| {
        for error in run.trace.errors_from(rows.start).take(rows.len()) {
            let row = ui.horizontal(|ui| {
                let link = ui.link(RichText::new(format!("item {}", error.item)).monospace());
                link.widget_info(|| {
                    WidgetInfo::labeled(
                        Role::Link,
                        true,
                        format!("item {}: {}", error.item, format::shortened(&error.message, LONGEST)),
                    )
                });
                // First why: names may be long.
                let message = RichText::new(format::shortened(&error.message, LONGEST)).color(palette.error);
                let message = ui.add(Label::new(message).sense(Sense::click())).on_hover_text(&*error.report);
                message.context_menu(|ui| copy_entry(ui, "Copy the error", &error.report, actions));
                ui.label(RichText::new(run.label(error.item as usize)).color(palette.dim));
                link.on_hover_text("Show in the inspector").clicked() || message.clicked()
            });
            if row.inner {
                let call = run.trace.call_of(error.item).unwrap_or_default();
                actions.push(Action::Select(Some(Selection::Item { run: run.number, call, item: error.item })));
            }
        }
    });
}

fn copy_entry(ui: &mut Ui, name: &str, text: &str, actions: &mut Vec<Action>) {
    if focus::menu_entry(ui, true, Button::new(name)).clicked() {
        actions.push(Action::CopyText(text.to_owned()));
        ui.close();
    }
}

fn all_errors(run: &Run) -> String {
    let line =
        |error: &ItemError| format!("item {}\t{}\t{}\n", error.item, run.label(error.item as usize), error.message);
    run.trace.errors().map(line).collect::<Vec<_>>().concat()
}

/// What tasks printed.
pub(super) fn log(ui: &mut Ui, run: Option<&Run>) {
    let palette = theme::palette(ui);
    let Some((run, count)) = run.map(|run| (run, run.trace.log_length())).filter(|(_, count)| *count > 0) else {
        let text = match run.map(|run| run.settings.executor) {
            None | Some(ExecutorKind::Processes) => "No task has printed anything.",
            Some(_) => {
                "No task has printed anything. Of tasks in threads, only the output of the programs that they run is shown."
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
                if let Some(omitted) = line.omitted {
                    let text = format!("… {} left out", format::omission(omitted.lines, omitted.bytes));
                    ui.label(RichText::new(text).color(palette.dim));
                }
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
