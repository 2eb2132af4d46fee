//! What is under the pointer: the item, its times, and where its time went.

use eframe::egui::{Grid, Pos2, Response, RichText, Stroke, Ui};

use super::TimeView;
use super::item::Item;
use super::lanes::outline;
use super::rows::{LaneRow, Place, Rows};
use crate::lab::Run;
use crate::trace::IdleCause;
use crate::ui::{format, theme};

/// The item under the pointer, as it was at the moment that is looked at: what began later is none yet.
pub(super) fn item_at<'a>(at: Pos2, rows: &Rows<'a>, view: TimeView) -> Option<Item<'a>> {
    let (run, lane, time) = place_at(at, rows, view)?;
    Item::at(run, lane, time)
}

/// The run and the lane under the pointer, as they were at that moment, and the time there.
fn place_at<'a>(at: Pos2, rows: &Rows<'a>, view: TimeView) -> Option<(&'a Run, LaneRow<'a>, i64)> {
    let row = rows.at(at.y).filter(|_| rows.canvas.contains(at))?;
    let lane = *row.lane.as_ref().ok()?;
    let (run, lane) = match row.past {
        Some(past) => (past, lane.of_past(past)?),
        None => (row.run, lane),
    };
    Some((run, lane, view.time_at(at.x - rows.canvas.left(), rows.canvas.width())))
}

/// Outlines the bar of an item.
pub(super) fn mark(ui: &Ui, item: &Item<'_>, rows: &Rows<'_>, view: TimeView, stroke: Stroke) {
    let canvas = rows.canvas;
    let Some(row) = rows.row_of(item) else { return };
    let x = |time: i64| canvas.left() + view.x_of(time, canvas.width()).clamp(-4.0, canvas.width() + 4.0);
    let painter = ui.painter().with_clip_rect(canvas.intersect(ui.clip_rect()));
    if x(item.until()) >= canvas.left() && x(item.start) <= canvas.right() {
        outline(&painter, stroke, &rows.bars(row), x(item.start)..x(item.until()));
    }
}

/// Outlines the bar under the pointer and tells of it.
pub(super) fn show(ui: &Ui, response: &Response, rows: &Rows<'_>, view: TimeView) {
    let Some(at) = response.hover_pos().filter(|_| !response.dragged()) else { return };
    let Some(item) = item_at(at, rows, view) else { return idle(response, at, rows, view) };
    mark(ui, &item, rows, view, Stroke::new(1.5, theme::palette(ui).accent));
    let (lane, start, until) = (item.lane(), item.start, item.until());
    let spent = lane.spent(&(start..until));
    response.clone().on_hover_ui_at_pointer(|ui| {
        ui.label(RichText::new(item.title()).family(theme::strong()));
        ui.label(format!("{} on {} · call {}", item.word(), item.lane_title(), item.call));
        if let Some(permille) = item.permille {
            ui.label(format!("{:.1} % done", f32::from(permille) / 10.0));
        }
        Grid::new("times").num_columns(2).min_row_height(14.0).spacing([12.0, 2.0]).show(ui, |ui| {
            let mut row = |name: &str, nanos: Option<i64>| {
                if let Some(nanos) = nanos {
                    ui.label(RichText::new(name).weak());
                    ui.label(format::duration(nanos));
                    ui.end_row();
                }
            };
            row("started at", Some(start));
            if let Some(call) = item.way() {
                let left_pending = call.queued.or(call.taken);
                row("pending", left_pending.map(|until| until - call.submitted));
                row("in the call queue", call.queued.zip(call.taken).map(|(from, until)| until - from));
                let others = call.taken.map(|taken| start - taken);
                row("waiting for earlier items in its chunk", others.filter(|nanos| call.items > 1 && *nanos > 0));
            }
            row("executed for", Some(until - start));
            for (name, nanos) in [
                ("  I/O or sleep", spent.blocking),
                ("  waiting for the GIL", spent.gil),
                ("  waiting for a lock", spent.lock),
                ("  waiting for a future", spent.future),
                ("  waiting for a core", spent.off_core),
            ] {
                row(name, Some(nanos).filter(|&nanos| nanos > 0));
            }
            if let Some(call) = item.way() {
                let others = item.ended.zip(call.answered).map(|((end, _), answered)| answered - end);
                row("waiting for later items in its chunk", others.filter(|nanos| call.items > 1 && *nanos > 0));
                row("in the result queue", call.answered.zip(call.done).map(|(from, until)| until - from));
            }
        });
    });
}

/// Tells why nothing is there.
fn idle(response: &Response, at: Pos2, rows: &Rows<'_>, view: TimeView) {
    let Some((run, LaneRow { lane, place: Place::Worker, .. }, time)) = place_at(at, rows, view) else { return };
    let end = lane.exited.as_ref().map_or(run.elapsed(), |(at, _)| *at);
    if !(lane.started..end).contains(&time) {
        return;
    }
    let known = run.known_until();
    if time >= known {
        let behind = format!("not known yet: {} events are still to be read", format::count(run.backlog));
        response.clone().on_hover_text_at_pointer(behind);
        return;
    }
    let mut stretches = run.trace.without_work(known, run.ended());
    let text = match stretches.find(|(stretch, _)| stretch.contains(&time)) {
        _ if lane.ready.is_none_or(|ready| time < ready) => "starting up: not ready for calls yet",
        Some((_, IdleCause::NoWork)) => "idle: nothing was pending",
        Some((_, IdleCause::Over)) => "all results are in: it is shutting down",
        Some((_, IdleCause::Tail)) => "idle: no work left, other workers run the last calls",
        None => "idle: next call in transit",
    };
    response.clone().on_hover_text_at_pointer(text);
}
