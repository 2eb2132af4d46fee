//! The bottom panel: curves over the chart's time axis, and what went wrong.

use eframe::egui::{RichText, Role, ScrollArea, Ui, WidgetInfo};

use super::chart::Chart;
use super::{format, plots, theme};
use crate::lab::{End, Run, Status};

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
}

impl Details {
    /// Draws the panel.
    pub(super) fn show(&mut self, ui: &mut Ui, run: Option<&Run>, chart: &Chart) {
        let failed = match run.map(|run| (&run.status, run)) {
            Some((Status::Ended(End::Failed(_)), _)) => 1,
            Some((_, run)) => run.trace.error_count(),
            None => 0,
        };
        ui.horizontal(|ui| {
            self.tab(ui, Tab::Curves, "Queues and CPU");
            self.tab(ui, Tab::Errors, &format!("Errors ({})", format::count(failed)));
        });
        ui.add_space(4.0);
        match self.tab {
            Tab::Curves => plots::show(ui, run, chart),
            Tab::Errors => errors(ui, run),
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
    let height = ui.text_style_height(&eframe::egui::TextStyle::Body);
    // Rows as low as their text, which is what they are counted with.
    ui.spacing_mut().interact_size.y = 0.0;
    ScrollArea::both().auto_shrink(false).show_rows(ui, height, count, |ui, rows| {
        for error in run.trace.errors_from(rows.start).take(rows.len()) {
            ui.horizontal(|ui| {
                ui.label(RichText::new(format!("item {}", error.item)).monospace().color(palette.dim));
                ui.label(RichText::new(run.label(error.item as usize)).color(palette.dim));
                ui.label(RichText::new(&*error.message).color(palette.error));
            });
        }
    });
}
