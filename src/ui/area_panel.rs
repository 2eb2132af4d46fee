//! The panel about the area of the chart that is selected.

use eframe::egui::{Button, Grid, RichText, Role, Ui, WidgetInfo};

use super::action::Action;
use super::chart::AreaFigures;
use super::{format, theme};

/// Draws the panel; no `area` = it is being counted.
pub(super) fn show(ui: &mut Ui, area: Option<&AreaFigures>, actions: &mut Vec<Action>) {
    let palette = theme::palette(ui);
    ui.horizontal(|ui| {
        theme::heading(ui, "SELECTED AREA");
        let zoom = ui.add_enabled(area.is_some(), Button::new("Zoom")).on_hover_text("Show it as wide as the chart");
        if let Some(area) = area.filter(|_| zoom.clicked()) {
            actions.push(Action::ShowTimes(area.time.start, area.time.end));
        }
        if ui.button("Close").on_hover_text("Select nothing (Esc)").clicked() {
            actions.push(Action::Clear);
        }
    });
    ui.add_space(6.0);
    let Some(area) = area else {
        ui.label(RichText::new("counting …").color(palette.dim));
        return;
    };
    let length = area.time.end - area.time.start;
    // Before a worker was started and after it ended, or the run did, it was not idle.
    let share = |nanos: i64| {
        let percent = nanos as f64 / area.lived.max(1) as f64 * 100.0;
        format!("{:<9}{percent:>4.0} %", format::duration(nanos))
    };
    let quantile = |percent| match area.run_times.total() {
        0 => "–".to_owned(),
        _ => format::duration(area.run_times.quantile(percent)),
    };
    let computing = (area.busy - area.waiting - area.blocking).max(0);
    let rows = [
        ("from", format::exact(area.time.start)),
        ("to", format::exact(area.time.end)),
        ("length", format::duration(length)),
        ("lanes", format::count(area.lanes)),
        ("items", format::count(area.items)),
        ("of them failed", format::count(area.failed)),
        ("items a second", format::rate(area.items as f64 / (length as f64 / 1e9).max(1e-9))),
        ("computing", share(computing)),
        ("I/O or sleep", share(area.blocking)),
        ("waiting", share(area.waiting)),
        ("idle", share((area.lived - area.busy).max(0))),
        ("run time, median", quantile(50)),
        ("95 % at most", quantile(95)),
    ];
    Grid::new("area").num_columns(2).spacing([14.0, 3.0]).min_row_height(18.0).show(ui, |ui| {
        for (name, value) in rows {
            ui.label(RichText::new(name).color(palette.dim));
            let told = ui.label(RichText::new(&value).monospace());
            told.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{name}: {value}")));
            ui.end_row();
        }
    });
    if let Some((length, selection)) = area.longest {
        ui.add_space(6.0);
        let text = format!("To the longest item ({})", format::duration(length));
        if ui.link(text).on_hover_text("Look at it in the inspector").clicked() {
            actions.push(Action::Select(Some(selection)));
        }
    }
}

/// What is in it, in a line.
pub(super) fn in_words(area: &AreaFigures) -> String {
    let (items, lanes) = (format::some(area.items, "item"), format::some(area.lanes, "lane"));
    let length = format::duration(area.time.end - area.time.start);
    format!("selected: {length} on {lanes}, {items}, {} failed", format::count(area.failed))
}
