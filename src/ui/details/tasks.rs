//! The table of all items: a million rows, of which those in sight are drawn.

use std::iter;

use eframe::egui::{
    Align, Align2, Button, FontId, Id, IdSalt, Label, Layout, RichText, Role, ScrollArea, Sense, TextStyle, Ui,
    WidgetInfo, vec2,
};
use egui_extras::{Column as TableColumn, TableBuilder, TableRow};

use super::row_keys::moved_by_key;
use crate::lab::{Run, Task, TaskState};
use crate::ui::action::Action;
use crate::ui::chart::Selection;
use crate::ui::files::FileKind;
use crate::ui::format;
use crate::ui::readers;
use crate::ui::task_index::{Column, Found, TaskIndex};
use crate::ui::theme::{self, Palette};

const ROW: f32 = 20.0;
const HEADER: f32 = 26.0;
/// Right of a number.
const RIGHT: f32 = 10.0;

/// Of each its name, its width, and what it is.
const COLUMNS: [(&str, Column, f32, &str); 7] = [
    ("item", Column::Item, 64.0, "Its number in the input"),
    ("state", Column::State, 110.0, "Where it is, or what came of it"),
    ("worker", Column::Worker, 60.0, "Who executes it, or did"),
    ("call", Column::Call, 64.0, "The call that it is part of: a chunk is one"),
    ("started at", Column::Started, 96.0, "From the start of the run to the start of the item"),
    ("waited", Column::Waited, 96.0, "From its submission to its start"),
    ("ran", Column::Ran, 96.0, "From its start to its end"),
];

/// The last column, which has what the others leave, and all of them; where there is less room, they scroll.
const LAST_COLUMN: f32 = 120.0;
const NARROWEST: f32 = 760.0;

/// Draws the table; `selected` = the item that is looked at.
pub(super) fn show(
    ui: &mut Ui,
    run: Option<&Run>,
    index: &mut TaskIndex,
    selected: Option<u32>,
    actions: &mut Vec<Action>,
) {
    let palette = theme::palette(ui);
    let Some((run, found)) = run.and_then(|run| Some((run, index.found(run.number)?))) else {
        let text = if run.is_some() { "Listing items …" } else { "Nothing has run yet." };
        ui.label(RichText::new(text).color(palette.dim));
        return;
    };
    ui.horizontal(|ui| {
        let text = if run.ended() && index.is_looking(run.number) {
            "Sorting items …".to_owned()
        } else if found.tasks.len() == found.of {
            format!("{} items", format::count(found.of))
        } else {
            format!("{} of {} items match", format::count(found.tasks.len()), format::count(found.of))
        };
        ui.label(RichText::new(text).color(palette.dim));
        let help = "All items, with their times, as a file that spreadsheets read";
        if ui.add_enabled(found.of > 0, Button::new("Save as CSV …")).on_hover_text(help).clicked() {
            actions.push(Action::File(FileKind::Csv));
        }
    });
    let (to_item, order) = if ui.available_width() < NARROWEST {
        let scrolls = ScrollArea::horizontal().id_salt("columns").auto_shrink(false).show(ui, |ui| {
            ui.set_min_width(NARROWEST);
            table(ui, run, index, found, selected, actions)
        });
        scrolls.inner
    } else {
        table(ui, run, index, found, selected, actions)
    };
    (index.to_item, (index.by, index.descending)) = (to_item, order);
}

/// The table itself. Returns the item that is to come into sight, and what is ordered by, and which way.
fn table(
    ui: &mut Ui,
    run: &Run,
    index: &TaskIndex,
    found: &Found,
    selected: Option<u32>,
    actions: &mut Vec<Action>,
) -> (Option<u32>, (Column, bool)) {
    let palette = theme::palette(ui);
    let (mut by, mut descending) = (index.by, index.descending);
    let place = ui.available_rect_before_wrap().intersect(ui.clip_rect());
    let on_the_way = index.to_item.and_then(|item| Some((found.row_of(item)?, item)));
    // The table has the keyboard as a whole, and keys go from row to row.
    let whole = ui.interact(place, Id::unique("table of items"), Sense::focusable_noninteractive());
    let here = selected.and_then(|item| found.tasks.get(found.row_of(item)?));
    let here = here.map_or_else(String::new, |task| format!(": {}", name_of(task, &run.label(task.item as usize))));
    whole.widget_info(|| WidgetInfo::labeled(Role::ListBox, true, format!("items{here}")));
    let centered = Layout::left_to_right(Align::Center);
    let table_id = ui.scope_id().with(IdSalt::new("tasks"));
    let context = ui.ctx().clone();
    let mut table = TableBuilder::new(ui).id_salt("tasks").striped(true).sense(Sense::CLICK).auto_shrink(false);
    table = table.cell_layout(centered).min_scrolled_height(0.0).animate_scrolling(false);
    if let Some((row, _)) = on_the_way {
        table = table.scroll_to_row(row, None);
    }
    let mut arrived = false;
    for (_, _, width, _) in COLUMNS {
        table = table.column(TableColumn::initial(width).at_least(40.0).resizable(true).clip(true));
    }
    let table = table.column(TableColumn::remainder().at_least(LAST_COLUMN).clip(true));
    let table = table.header(HEADER, |mut row| header(&mut row, palette, &mut by, &mut descending));
    table.body(|body| {
        body.rows(ROW, found.tasks.len(), |mut row| {
            let task = &found.tasks[row.index()];
            row.set_selected(selected == Some(task.item));
            for (_, column, ..) in COLUMNS {
                row.col(|ui| cell(ui, palette, task, column));
            }
            row.col(|ui| {
                ui.add(Label::new(run.label(task.item as usize)).truncate().selectable(false));
            });
            let response = row.response();
            arrived |= on_the_way.is_some_and(|(to, _)| to == row.index());
            response
                .widget_info(|| WidgetInfo::labeled(Role::Row, true, name_of(task, &run.label(task.item as usize))));
            if response.clicked() {
                let selection = Selection::Item { run: run.number, call: task.call, item: task.item };
                actions.push(Action::Select(Some(selection)));
            }
        });
    });
    for (column, (name, ..)) in COLUMNS.into_iter().enumerate() {
        readers::name_column_edge(&context, table_id, column, name);
    }
    let mut next = on_the_way.filter(|_| !arrived).map(|(_, item)| item);
    if let Some(key) = moved_by_key(ui, place, &whole) {
        // From where the keys before it lead, or from the item that is looked at.
        let at = on_the_way.map(|(row, _)| row).or_else(|| found.row_of(selected?));
        // A page overlaps the one before it by a row.
        let page = ((place.height() - HEADER) / (ROW + ui.spacing().item_spacing.y)) as usize;
        if let Some(task) = found.tasks.get(key.target(at, found.tasks.len(), page.saturating_sub(1))) {
            actions.push(Action::Select(Some(Selection::Item { run: run.number, call: task.call, item: task.item })));
            next = Some(task.item);
        }
    }
    if next.is_some() {
        // Its row is drawn in the next frame, or the one after that.
        context.request_repaint();
    }
    (next, (by, descending))
}

/// All of its row, in words.
fn name_of(task: &Task, label: &str) -> String {
    let worker = task.worker.map(|worker| format!("worker {worker}"));
    let times = [("started at", task.started), ("waited", task.waited()), ("ran", task.ran())];
    let times = times.into_iter().filter_map(|(what, nanos)| Some(format!("{what} {}", format::duration(nanos?))));
    let item = format!("item {}, {}, call {}", task.item, task.state.word(), task.call);
    let label = Some(label.to_owned()).filter(|label| !label.is_empty());
    iter::once(item).chain(worker).chain(times).chain(label).collect::<Vec<_>>().join(", ")
}

/// The names of the columns; a press on one orders by it.
fn header(row: &mut TableRow<'_, '_>, palette: &Palette, by: &mut Column, descending: &mut bool) {
    for (name, column, _, help) in COLUMNS {
        row.col(|ui| {
            let sign = match (*by == column, *descending) {
                (false, _) => "",
                (true, false) => " ↑",
                (true, true) => " ↓",
            };
            let text = RichText::new(format!("{name}{sign}")).size(11.5).color(palette.dim);
            // All of the cell can be pressed; words stand left and numbers right, as in the rows.
            let is_number = column != Column::State;
            let button = if is_number { Button::new("").right_text(text) } else { Button::new(text).right_text("") };
            let size = vec2(ui.available_width() - RIGHT, HEADER);
            let button = ui.add(button.frame(false).min_size(size));
            let button = button.on_hover_text(format!("{help}. Press: order by it; again: the other way"));
            button.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("order by {name}")));
            if *by == column {
                readers::describe(&button, if *descending { "largest first" } else { "smallest first" });
            }
            if button.clicked() {
                *descending = *by == column && !*descending;
                *by = column;
            }
        });
    }
    row.col(|ui| {
        // As high as the others, and nothing to press.
        let text = RichText::new("task").size(11.5).color(palette.dim);
        let name = ui.add(Button::new(text).frame(false).sense(Sense::hover()));
        name.widget_info(|| WidgetInfo::labeled(Role::Label, true, "task"));
    });
}

/// Painted, as the row says all of it to readers of the screen.
fn cell(ui: &Ui, palette: &Palette, task: &Task, column: Column) {
    let none = || "–".to_owned();
    let text = match column {
        Column::Item => task.item.to_string(),
        Column::State => {
            let (at, color) = (ui.max_rect().left_center(), state_color(palette, task.state));
            ui.painter().text(at, Align2::LEFT_CENTER, task.state.word(), TextStyle::Body.resolve(ui.style()), color);
            return;
        }
        Column::Worker => task.worker.map_or_else(none, |worker| worker.to_string()),
        Column::Call => task.call.to_string(),
        Column::Started => task.started.map_or_else(none, format::duration),
        Column::Waited => task.waited().map_or_else(none, format::duration),
        Column::Ran => task.ran().map_or_else(none, format::duration),
    };
    let at = ui.max_rect().right_center() - vec2(RIGHT, 0.0);
    ui.painter().text(at, Align2::RIGHT_CENTER, text, FontId::monospace(11.5), palette.text);
}

const fn state_color(palette: &Palette, state: TaskState) -> eframe::egui::Color32 {
    match state {
        TaskState::Pending | TaskState::Cancelled | TaskState::Interrupted => palette.dim,
        TaskState::InCallQueue => palette.call_queue,
        TaskState::Taken | TaskState::Executing | TaskState::Executed | TaskState::Returned => palette.computing,
        TaskState::Raised | TaskState::Lost | TaskState::Deadlocked => palette.error,
    }
}
