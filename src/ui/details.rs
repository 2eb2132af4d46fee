//! The bottom panel: curves over the chart's time axis, what went wrong, and what tasks printed.

use std::ops::Range;

use eframe::egui::{RichText, Role, ScrollArea, Ui, WidgetInfo};

use super::chart::TimeView;
use super::{format, plots, theme};
use crate::executor::Stream;
use crate::lab::{End, ExecutorKind, Run, Status};

/// Which tab is open.
#[derive(Debug, Default)]
pub(super) struct Details {
    tab: Tab,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Tab {
    #[default]
    Curves,
    Errors,
    Log,
}

impl Details {
    /// Draws the panel; `view` is the chart's.
    pub(super) fn show(&mut self, ui: &mut Ui, run: Option<&Run>, view: TimeView) {
        let failed = match run.map(|run| (&run.status, run)) {
            Some((Status::Ended(End::Failed(_)), _)) => 1,
            Some((_, run)) => run.trace.error_count(),
            None => 0,
        };
        ui.horizontal(|ui| {
            self.tab(ui, Tab::Curves, "Queues and CPU");
            self.tab(ui, Tab::Errors, &format!("Errors ({})", format::count(failed)));
            let lines = run.map_or(0, |run| run.trace.log_length());
            self.tab(ui, Tab::Log, &format!("Log ({})", format::count(lines)));
        });
        ui.add_space(4.0);
        match self.tab {
            Tab::Curves => plots::show(ui, run, view),
            Tab::Errors => errors(ui, run),
            Tab::Log => log(ui, run),
        }
    }

    fn tab(&mut self, ui: &mut Ui, tab: Tab, title: &str) {
        let chosen = self.tab == tab;
        let palette = theme::palette(ui);
        let text = RichText::new(title).color(if chosen { palette.text } else { palette.dim });
        let text = if chosen { text.family(theme::strong()) } else { text };
        let response = ui.selectable_label(false, text);
        response.widget_info(|| WidgetInfo::selected(Role::Tab, true, chosen, title));
        if chosen {
            let under = response.rect.left_bottom()..=response.rect.right_bottom();
            ui.painter().hline(under.start().x..=under.end().x, under.end().y + 1.0, (2.0, palette.accent));
        }
        if response.clicked() {
            self.tab = tab;
        }
    }
}

fn errors(ui: &mut Ui, run: Option<&Run>) {
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
                ui.label(RichText::new(format!("item {}", error.item)).monospace().color(palette.dim));
                ui.label(RichText::new(run.label(error.item as usize)).color(palette.dim));
                ui.label(RichText::new(&*error.message).color(palette.error)).on_hover_text(&*error.report);
            });
        }
    });
}

fn log(ui: &mut Ui, run: Option<&Run>) {
    let palette = theme::palette(ui);
    let Some((run, count)) = run.map(|run| (run, run.trace.log_length())).filter(|(_, count)| *count > 0) else {
        let text = match run.map(|run| run.settings.executor) {
            None | Some(ExecutorKind::Processes) => "No task has printed anything.",
            Some(_) => "What tasks print is shown here when they run in processes.",
        };
        ui.label(RichText::new(text).color(palette.dim));
        return;
    };
    // The newest line stays in sight, unless somebody scrolls away from it.
    rows(ui, count, true, |ui, rows| {
        for line in run.trace.log_from(rows.start).take(rows.len()) {
            ui.horizontal(|ui| {
                ui.label(RichText::new(format::clock(line.at)).monospace().color(palette.dim));
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
    ScrollArea::both().auto_shrink(false).stick_to_bottom(follow).show_rows(ui, height, count, draw);
}
