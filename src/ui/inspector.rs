//! The panel about the item that is looked at: its life, stage by stage, what came of it, and what it had to say.

use std::path::PathBuf;

use eframe::egui::{
    Align, Button, Color32, Grid, Label, Layout, Rect, RichText, Role, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2,
    vec2,
};

use super::action::Action;
use super::chart::{Item, Selected, Waiting};
use super::theme::{self, Palette};
use super::{commands, focus, format};
use crate::executor::Interruption;
use crate::lab::Collect;
use crate::trace::{EndStage, Stage};

/// A stretch of an item's life.
struct Stretch {
    name: &'static str,
    color: Color32,
    nanos: i64,
}

/// More lines of what it said are in the log.
const LINES: usize = 40;

/// Draws the panel. `run` = what its run is called, if several are looked at.
pub(super) fn show(ui: &mut Ui, selected: &Selected<'_>, run: Option<&str>, actions: &mut Vec<Action>) {
    let item = selected.begun();
    ui.horizontal(|ui| {
        // Where there is little room, the buttons are enough.
        if ui.available_width() > 330.0 {
            theme::heading(ui, "INSPECTOR");
        }
        step(ui, "‹", "Previous", "The item before it on its lane (,)", item.and_then(|item| item.previous()), actions);
        step(ui, "›", "Next", "The item after it on its lane (.)", item.and_then(|item| item.next()), actions);
        let zoom =
            ui.add_enabled(item.is_some(), Button::new("Zoom")).on_hover_text("Show it as wide as the chart (F)");
        if let Some(item) = item.filter(|_| zoom.clicked()) {
            actions.push(Action::ShowTimes(item.start, item.until()));
        }
        if let Some(item) = item
            && ui.button("Copy").on_hover_text("Copy what is known of this item as text").clicked()
        {
            actions.push(Action::CopyText(in_text(&item)));
        }
        if ui.button("Close").on_hover_text("Close the inspector (Esc)").clicked() {
            actions.push(Action::Select(None));
        }
    });
    let by_key = focus::scrolled_by_key(ui, "inspector");
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        ui.scroll_with_delta(by_key);
        // Beside the bar that says that there is more.
        ui.set_max_width(ui.available_width() - 14.0);
        ui.add_space(4.0);
        if let Some(run) = run {
            let dim = theme::palette(ui).dim;
            ui.add(Label::new(RichText::new(format!("of the run {run}")).size(11.5).color(dim)).truncate());
        }
        match selected {
            Selected::Item(item) => begun(ui, item, actions),
            Selected::Waiting(waiting) => not_begun(ui, waiting, actions),
            Selected::Later { number, .. } => {
                ui.label(RichText::new(format!("item {number}")).family(theme::strong()).size(14.0));
                ui.label("Not submitted yet at this moment");
            }
        }
        focus::keep_in_sight(ui);
    });
}

fn begun(ui: &mut Ui, item: &Item<'_>, actions: &mut Vec<Action>) {
    let palette = theme::palette(ui);
    title(ui, &item.title(), item.file(), actions);
    let failed = item.ended.is_some_and(|(_, stage)| stage.is_failure());
    let word = if failed { palette.error } else { palette.computing };
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(item.word()).color(word).family(theme::strong()));
        let pid = item.lane().pid.map(|pid| format!(", pid {pid}")).unwrap_or_default();
        ui.label(format!("on {}{pid}", item.lane_title()));
        if let Some(permille) = item.permille {
            ui.label(format!("· {:.1} % done", f32::from(permille) / 10.0));
        }
    });
    let executes = item.ended.is_none() && item.run.moment.is_none() && item.is_the_runs_own();
    if executes {
        // Not where a pending one has its button to be cancelled: who presses that a moment too late interrupts nothing.
        ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
            let is_chunk = item.way().is_some_and(|way| way.items > 1);
            let rest = if is_chunk { "; what is left of its chunk is not run" } else { "" };
            let key = commands::key_of(&Action::StopSelected);
            let help = format!("Ask it to end at its next checkpoint, with an error{rest} ({key})");
            let button = ui.button("Interrupt").on_hover_text(help);
            if button.clicked() {
                actions.push(Action::InterruptCall(item.run.number, item.call, Interruption::Cancelled));
            }
        });
    }
    ui.add_space(8.0);
    theme::heading(ui, "LIFE");
    life(ui, palette, &stretches(item, palette));
    ui.add_space(8.0);
    theme::heading(ui, "WHILE IT EXECUTED");
    spent(ui, palette, item);
    ui.add_space(8.0);
    theme::heading(ui, "CAUSES");
    chunk(ui, item);
    causes(ui, item, actions);
    outcome(ui, palette, item);
}

/// What the item is called; one that is about a `file` leads to it.
fn title(ui: &mut Ui, title: &str, file: Option<PathBuf>, actions: &mut Vec<Action>) {
    ui.add(Label::new(RichText::new(title).family(theme::strong()).size(14.0)).wrap());
    if let Some(file) = file
        && ui.link("Show in folder").on_hover_text(file.display().to_string()).clicked()
    {
        actions.push(Action::ShowInFolder(file));
    }
}

/// An item that waits in a queue, or never came to run.
fn not_begun(ui: &mut Ui, waiting: &Waiting<'_>, actions: &mut Vec<Action>) {
    let palette = theme::palette(ui);
    title(ui, &waiting.title(), waiting.file(), actions);
    let way = &waiting.way;
    let (color, state) = match way.stage {
        Stage::Pending => (palette.pending, "its future is PENDING"),
        Stage::CallQueue => (palette.call_queue, "its future is RUNNING: it can no longer be cancelled"),
        Stage::Executing => (palette.computing, "its future is RUNNING"),
        Stage::ResultQueue | Stage::Done => (
            palette.pending,
            "its future is FINISHED: an item before it raised, so this one was not run, and counts as cancelled",
        ),
        Stage::Cancelled => (palette.pending, "its future is CANCELLED"),
        Stage::Lost => (palette.error, "its future is FINISHED, with an error"),
    };
    // Colours of bars are no colours for words.
    ui.horizontal(|ui| {
        theme::swatch(ui, color);
        ui.label(RichText::new(waiting.word()).family(theme::strong()));
    });
    ui.add(Label::new(RichText::new(state).color(palette.dim)).wrap());
    let can_be_cancelled = way.stage == Stage::Pending && waiting.run.moment.is_none() && !waiting.run.ended();
    let help = "As cancel() of its future: the whole chunk, if it is in one";
    if can_be_cancelled && ui.button("Cancel").on_hover_text(help).clicked() {
        actions.push(Action::CancelCall(waiting.run.number, waiting.call));
    }
    ui.add_space(8.0);
    theme::heading(ui, "LIFE");
    let end = way.done.unwrap_or_else(|| waiting.run.elapsed());
    let pending = way.queued.or(way.taken).unwrap_or(end) - way.submitted;
    let queued = way.queued.map(|from| way.taken.unwrap_or(end) - from);
    let taken = way.taken.map(|from| way.answered.unwrap_or(end) - from);
    let all = [
        ("pending", palette.pending, Some(pending)),
        ("in the call queue", palette.call_queue, queued),
        ("waiting for earlier items in its chunk", palette.dim.gamma_multiply(0.45), taken),
    ];
    let known = all.into_iter().filter_map(|(name, color, nanos)| Some(Stretch { name, color, nanos: nanos? }));
    life(ui, palette, &known.collect::<Vec<_>>());
    ui.add_space(8.0);
    theme::heading(ui, "CAUSES");
    ui.label(of_call(waiting.call, way.first_item, way.items));
    let what = if way.items == 1 { "it was" } else { "its items were" };
    ui.label(format!("{what} submitted {} after the run began", format::duration(way.submitted)));
    if let Some(error) = (way.stage == Stage::Lost).then(|| waiting.run.trace.error_of(waiting.number)).flatten() {
        ui.add_space(8.0);
        theme::heading(ui, "ERROR");
        ui.add(Label::new(RichText::new(&*error.report).color(palette.error).monospace().size(11.5)).wrap());
    }
}

fn step(ui: &mut Ui, sign: &str, name: &str, help: &str, to: Option<Item<'_>>, actions: &mut Vec<Action>) {
    let button = ui.add_enabled(to.is_some(), Button::new(sign)).on_hover_text(help);
    button.widget_info(|| WidgetInfo::labeled(Role::Button, to.is_some(), name));
    if let Some(to) = to.filter(|_| button.clicked()) {
        actions.push(Action::Select(Some(to.select())));
    }
}

/// From its submission to its result, in order. What took no time at all is left out.
fn stretches(item: &Item<'_>, palette: &Palette) -> Vec<Stretch> {
    let executed = ("executing", palette.computing, Some(item.until() - item.start));
    let Some(way) = item.way() else {
        return vec![Stretch { name: executed.0, color: executed.1, nanos: item.until() - item.start }];
    };
    let between = |from: Option<i64>, to: Option<i64>| from.zip(to).map(|(from, to)| to - from);
    let end = item.ended.map(|(end, _)| end);
    let several = way.items > 1;
    // A thread pool has no result queue: its result is there when the call is over.
    let returned = if way.answered.is_some() { way.answered } else { way.done };
    let all = [
        ("pending", palette.pending, between(Some(way.submitted), way.queued.or(way.taken))),
        ("in the call queue", palette.call_queue, between(way.queued, way.taken)),
        (
            "waiting for earlier items in its chunk",
            palette.dim.gamma_multiply(0.45),
            between(way.taken, Some(item.start)).filter(|_| several),
        ),
        executed,
        (
            "waiting for later items in its chunk",
            palette.dim.gamma_multiply(0.45),
            between(end, returned).filter(|_| several),
        ),
        ("in the result queue", palette.result_queue, between(way.answered, way.done)),
    ];
    let known = all.into_iter().filter_map(|(name, color, nanos)| Some(Stretch { name, color, nanos: nanos? }));
    known.filter(|stretch| stretch.nanos > 0).collect()
}

/// A strip to scale, and the times below it.
fn life(ui: &mut Ui, palette: &Palette, stretches: &[Stretch]) {
    const HEIGHT: f32 = 16.0;
    /// What is too short to be seen is seen all the same.
    const NARROWEST: f32 = 2.0;
    let total: i64 = stretches.iter().map(|stretch| stretch.nanos).sum();
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
    let told: Vec<_> =
        stretches.iter().map(|stretch| format!("{} {}", stretch.name, format::duration(stretch.nanos))).collect();
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("life: {}", told.join(", "))));
    let room = rect.width() - NARROWEST * stretches.len() as f32;
    let mut x = rect.left();
    for stretch in stretches {
        let width = NARROWEST + room * (stretch.nanos as f64 / total.max(1) as f64) as f32;
        let part = Rect::from_min_max(pos2(x, rect.top()), pos2(x + width, rect.bottom()));
        ui.painter().rect_filled(part, 0.0, stretch.color);
        x += width;
    }
    ui.painter().rect_stroke(rect, 2.0, Stroke::new(1.0, palette.line), eframe::egui::StrokeKind::Outside);
    ui.add_space(4.0);
    ui.spacing_mut().interact_size.y = 18.0;
    ui.spacing_mut().item_spacing.y = 2.0;
    for Stretch { name, color, nanos } in stretches {
        // From the right, so that a name takes what the figures leave.
        ui.allocate_ui_with_layout(vec2(ui.available_width(), 18.0), Layout::right_to_left(Align::Center), |ui| {
            let share = *nanos as f64 / total.max(1) as f64 * 100.0;
            for (text, color, width) in
                [(format!("{share:.0} %"), palette.dim, 40.0), (format::duration(*nanos), palette.text, 58.0)]
            {
                let right = Layout::right_to_left(Align::Center);
                ui.allocate_ui_with_layout(vec2(width, 18.0), right, |ui| ui.label(RichText::new(text).color(color)));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                theme::swatch(ui, *color);
                ui.add(Label::new(*name).truncate());
            });
        });
    }
}

/// What the time of its execution went to.
fn spent(ui: &mut Ui, palette: &Palette, item: &Item<'_>) {
    let spent = item.lane().spent(&(item.start..item.until()));
    let rows = [
        ("computing", palette.computing, spent.computing()),
        ("I/O or sleep", palette.blocking, spent.blocking),
        ("waiting for the GIL", palette.waiting, spent.gil),
        ("waiting for a lock", palette.waiting, spent.lock),
        ("waiting for a future", palette.waiting, spent.future),
        ("waiting for a core", palette.waiting, spent.off_core),
    ];
    Grid::new("spent").num_columns(2).min_row_height(18.0).spacing([10.0, 2.0]).show(ui, |ui| {
        for (name, color, nanos) in rows {
            if nanos > 0 {
                ui.label(RichText::new(name).color(color));
                ui.label(format::duration(nanos));
                ui.end_row();
            }
        }
    });
}

fn chunk(ui: &mut Ui, item: &Item<'_>) {
    let Some(way) = item.way() else { return };
    ui.label(of_call(item.call, way.first_item, way.items));
    let what = if way.items == 1 { "it was" } else { "its items were" };
    ui.label(format!("{what} submitted {} after the run began", format::duration(way.submitted)));
}

fn of_call(call: u32, first: u32, items: u32) -> String {
    match items {
        0 | 1 => format!("call {call}, of this item alone"),
        _ => format!("call {call}, a chunk of the items {first} to {}", first + items - 1),
    }
}

/// What it had to wait for, and what for it, to be followed.
fn causes(ui: &mut Ui, item: &Item<'_>, actions: &mut Vec<Action>) {
    let mut link = |ui: &mut Ui, text: String, help: &str, to: &Item<'_>| {
        if ui.link(text).on_hover_text(help).clicked() {
            actions.push(Action::Select(Some(to.select())));
        }
    };
    match item.cause() {
        Some(before) if before.call == item.call => {
            link(ui, format!("after item {} of its chunk", before.number), "What it waited for ([)", &before);
        }
        Some(before) => {
            let free = before.ended.map(|(end, _)| format!(" until {}", format::duration(end))).unwrap_or_default();
            let text = format!("{} was busy with item {}{free}", item.lane_title(), before.number);
            link(ui, text, "What it waited for ([)", &before);
        }
        None => {
            let starting = item.lane().ready.zip(item.way()).is_some_and(|(ready, way)| way.submitted < ready);
            ui.label(if starting { "its worker was starting up" } else { "its worker was free" });
        }
    }
    if let Some(after) = item.effect() {
        link(ui, format!("item {} waited for it", after.number), "What waited for it (])", &after);
    }
}

/// Why a result that is there was not handed out.
const fn not_yielded(collect: Collect) -> &'static str {
    match collect {
        Collect::Map | Collect::Submit => "not handed out yet: results come in the order of the items",
        Collect::AsCompleted => "not handed out yet",
        Collect::Gather => "not handed out yet: gather waits for all",
    }
}

/// Its result or its error with all causes, and its lines in the log.
fn outcome(ui: &mut Ui, palette: &Palette, item: &Item<'_>) {
    if !item.is_the_runs_own() {
        return;
    }
    let trace = &item.run.trace;
    let failed = item.ended.is_some_and(|(_, stage)| stage.is_failure());
    if let Some(error) = failed.then(|| trace.error_of(item.number)).flatten() {
        ui.add_space(8.0);
        theme::heading(ui, "ERROR");
        ui.add(Label::new(RichText::new(&*error.report).color(palette.error).monospace().size(11.5)).wrap());
    }
    programs(ui, item);
    if item.ended.is_some_and(|(_, stage)| stage == EndStage::Returned) {
        ui.add_space(8.0);
        theme::heading(ui, "RESULT");
        let results = &item.run.results;
        let result = match results.of(item.number as usize) {
            Some(Ok("")) => RichText::new("none").color(palette.dim),
            Some(Ok(result)) => RichText::new(result).monospace().size(11.5),
            // Its call failed after it.
            Some(Err(lost)) => RichText::new(lost).monospace().size(11.5).color(palette.error),
            None if item.run.ended() || results.are_full() => {
                let kept = format::count(results.len());
                RichText::new(format!("not kept: of so many, the first {kept} are")).color(palette.dim)
            }
            None => RichText::new(not_yielded(item.run.settings.collect)).color(palette.dim),
        };
        ui.add(Label::new(result).wrap());
    }
    let said: Vec<_> = trace.log_of(item.number, LINES).collect();
    if !said.is_empty() {
        ui.add_space(8.0);
        theme::heading(ui, "OUTPUT");
        for line in said {
            let text = RichText::new(&*line.line).monospace().size(11.5);
            ui.add(Label::new(text).wrap()).on_hover_text(format::duration(line.at));
            if let Some(omitted) = line.omitted {
                let text = format!("… {} left out", format::omission(omitted.lines, omitted.bytes));
                ui.label(RichText::new(text).color(palette.dim).size(11.5));
            }
        }
    }
}

/// How the programs of an item ended, and how often it was tried again.
fn programs(ui: &mut Ui, item: &Item<'_>) {
    if !item.is_the_runs_own() {
        return;
    }
    let trace = &item.run.trace;
    let status = trace.exit_statuses().filter(|(number, _)| *number == item.number).last();
    if let Some((_, status)) = status {
        ui.label(format!("its program ended with {}", format::exit_status(status)));
    }
    let retries = trace.retries().filter(|number| *number == item.number).count();
    if retries > 0 {
        ui.label(format!("tried again {}", if retries == 1 { "once".to_owned() } else { format!("{retries} times") }));
    }
}

/// What is known of it, for the clipboard.
fn in_text(item: &Item<'_>) -> String {
    let mut lines = vec![item.title(), format!("{} on {}", item.word(), item.lane_title())];
    lines.push(format!(
        "started {} after the run began, ran {}",
        format::duration(item.start),
        format::duration(item.until() - item.start)
    ));
    if item.is_the_runs_own() {
        if let Some(Ok(result)) = item.run.results.of(item.number as usize) {
            lines.push(format!("result: {result}"));
        }
        if let Some(error) = item.run.trace.error_of(item.number) {
            lines.push(error.report.to_string());
        }
        lines.extend(item.run.trace.log_of(item.number, LINES).map(|line| line.line.to_string()));
    }
    lines.join("\n")
}
