//! The data flow: every queue that the executor in use really has, with live counts, in the order in which calls go
//! through them.

use eframe::egui::{
    Align2, Color32, FontId, Painter, Pos2, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

use super::format;
use super::theme::{self, Palette};
use crate::lab::{ExecutorKind, Run};

const HEIGHT: f32 = 86.0;
const BOX_TOP: f32 = 20.0;
const BOX_HEIGHT: f32 = 38.0;
const ARROW: f32 = 26.0;
const DONE_WIDTH: f32 = 150.0;
const CHIP: f32 = 13.0;

/// A queue, or the workers.
struct Station {
    title: &'static str,
    /// What is in it, and how much fits if that is limited.
    count: usize,
    capacity: Option<usize>,
    color: fn(&Palette) -> Color32,
    help: &'static str,
    weight: f32,
}

/// Draws the row. Without a run it shows what a process pool would have, empty.
pub(super) fn show(ui: &mut Ui, run: Option<&Run>) {
    let (id, rect) = ui.allocate_space(vec2(ui.available_width(), HEIGHT));
    let palette = theme::palette(ui);
    let painter = ui.painter().with_clip_rect(rect.expand(2.0));
    let stations = stations(run);
    let weights: f32 = stations.iter().map(|station| station.weight).sum();
    let room = rect.width() - DONE_WIDTH - ARROW * stations.len() as f32;
    let mut x = rect.left();
    let mut edges = Vec::new();
    for (index, station) in stations.iter().enumerate() {
        let width = room * station.weight / weights;
        let area = Rect::from_min_size(pos2(x, rect.top()), vec2(width, BOX_TOP + BOX_HEIGHT));
        draw_station(&painter, palette, area, station);
        let amount = amount(station);
        let response = ui.interact(area, id.with(index), Sense::hover()).on_hover_text(station.help);
        let label = format!("{}: {amount}", station.title);
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &label));
        arrow(&painter, palette, pos2(area.right() + 5.0, rect.top() + BOX_TOP + BOX_HEIGHT / 2.0));
        edges.push(area.right());
        x = area.right() + ARROW;
    }
    draw_done(ui, id, palette, Rect::from_min_max(pos2(x, rect.top()), rect.max), run);
    draw_note(&painter, palette, rect, edges[0] + ARROW / 2.0, run);
}

fn stations(run: Option<&Run>) -> Vec<Station> {
    let kind = run.map_or(ExecutorKind::Processes, |run| run.settings.executor);
    let calls = run.map(|run| run.trace.counts().calls).unwrap_or_default();
    let workers = Station {
        title: "workers",
        count: calls.executing,
        capacity: run.map(|run| run.settings.workers),
        color: |palette| palette.computing,
        help: "Calls that a worker has taken. Each worker has one at a time.",
        weight: 1.2,
    };
    let waiting = |title, help| Station {
        title,
        count: calls.pending,
        capacity: None,
        color: |palette| palette.pending,
        help,
        weight: 1.2,
    };
    match kind {
        ExecutorKind::Sequential => {
            let under_way = run.filter(|run| !run.ended());
            let open = under_way.and_then(|run| Some(run.items?.saturating_sub(run.trace.counts().items.submitted)));
            let help = "Items whose turn has not come. A sequential run has no queue: each is submitted when the one before it is done.";
            vec![
                Station { count: open.unwrap_or(0), ..waiting("not submitted", help) },
                Station { title: "this thread", ..workers },
            ]
        }
        ExecutorKind::Threads => {
            let help = "Pending calls. All threads take from this one queue; what is in it can be cancelled.";
            vec![waiting("work queue", help), workers]
        }
        ExecutorKind::Processes => {
            let help = "Pending calls, known to the parent alone. What is in here can be cancelled.";
            vec![
                waiting("work ids", help),
                Station {
                    title: "call queue",
                    count: calls.call_queue,
                    capacity: run.and_then(Run::call_queue_capacity),
                    color: |palette| palette.call_queue,
                    help: "Calls that wait for a worker: at most workers + 1, as they can no longer be cancelled. Their futures are already RUNNING.",
                    weight: 1.2,
                },
                workers,
                Station {
                    title: "result queue",
                    count: calls.result_queue,
                    capacity: None,
                    color: |palette| palette.result_queue,
                    help: "Answers on their way back to the manager thread, which resolves the futures.",
                    weight: 1.0,
                },
            ]
        }
    }
}

fn amount(station: &Station) -> String {
    match station.capacity {
        Some(capacity) => format!("{} of {}", format::count(station.count), format::count(capacity)),
        None => format::count(station.count),
    }
}

fn draw_station(painter: &Painter, palette: &Palette, area: Rect, station: &Station) {
    let title = FontId::new(12.0, theme::strong());
    let color = (station.color)(palette);
    let named = painter.text(area.left_top(), Align2::LEFT_TOP, station.title, title, palette.text);
    // Where there is no room for all of it, the capacity is the first to go, and then the number.
    let room = area.right() - named.right() - 6.0;
    let amounts = [amount(station), format::count(station.count)];
    let galleys = amounts.map(|text| painter.layout_no_wrap(text, FontId::proportional(12.0), palette.dim));
    if let Some(galley) = galleys.into_iter().find(|galley| galley.size().x <= room) {
        painter.galley(area.right_top() - vec2(galley.size().x, 0.0), galley, palette.dim);
    }
    let frame = Rect::from_min_max(area.left_top() + vec2(0.0, BOX_TOP), area.max);
    painter.rect(frame, 6.0, palette.panel, Stroke::new(1.0, palette.line), StrokeKind::Inside);
    let step = CHIP + 4.0;
    let fits = ((frame.width() - 12.0) / step).floor().max(1.0) as usize;
    let slots = station.capacity.unwrap_or(station.count);
    let all = slots <= fits;
    // The last place is for the dots that say that there is more.
    let drawn = if all { slots } else { fits - 1 };
    for slot in 0..drawn {
        let min = pos2(frame.left() + 8.0 + slot as f32 * step, frame.center().y - 8.0);
        let chip = Rect::from_min_size(min, vec2(CHIP, 16.0));
        if slot < station.count {
            painter.rect_filled(chip, 3.0, color);
        } else {
            painter.rect_stroke(chip, 3.0, Stroke::new(1.0, color.gamma_multiply(0.5)), StrokeKind::Inside);
        }
    }
    if !all {
        let at = pos2(frame.left() + 8.0 + drawn as f32 * step, frame.center().y);
        painter.text(at, Align2::LEFT_CENTER, "…", FontId::proportional(14.0), palette.dim);
    }
}

fn arrow(painter: &Painter, palette: &Palette, from: Pos2) {
    let stroke = Stroke::new(1.5, palette.dim);
    let tip = from + vec2(ARROW - 10.0, 0.0);
    painter.line_segment([from, tip], stroke);
    painter.line_segment([tip - vec2(4.0, 4.0), tip], stroke);
    painter.line_segment([tip - vec2(4.0, -4.0), tip], stroke);
}

fn draw_done(ui: &Ui, id: eframe::egui::Id, palette: &Palette, area: Rect, run: Option<&Run>) {
    let painter = ui.painter();
    let totals = run.map(Run::totals).unwrap_or_default();
    painter.text(area.left_top(), Align2::LEFT_TOP, "done", FontId::new(12.0, theme::strong()), palette.text);
    let rows = [
        ("returned", totals.returned, palette.computing, "Items that gave a value."),
        ("raised", totals.raised, palette.error, "Items that gave an error or panicked."),
        (
            "cancelled",
            totals.cancelled,
            palette.pending,
            "Items that were not run: cancelled, skipped, or never submitted.",
        ),
        ("lost", totals.lost, palette.error, "Items whose worker or pool broke: nobody knows what became of them."),
    ];
    for (row, (name, count, color, help)) in rows.into_iter().enumerate() {
        let y = area.top() + BOX_TOP - 1.0 + row as f32 * 15.0;
        let line = Rect::from_min_max(pos2(area.left(), y), pos2(area.right() - 4.0, y + 15.0));
        let square = Rect::from_min_size(line.left_top() + vec2(0.0, 4.0), vec2(8.0, 8.0));
        painter.rect_filled(square, 2.0, if count == 0 { color.gamma_multiply(0.35) } else { color });
        let small = FontId::proportional(12.0);
        painter.text(line.left_top() + vec2(14.0, 0.0), Align2::LEFT_TOP, name, small.clone(), palette.dim);
        painter.text(line.right_top(), Align2::RIGHT_TOP, format::count(count), small, palette.text);
        let response = ui.interact(line, id.with(name), Sense::hover()).on_hover_text(help);
        let label = format!("{name}: {}", format::count(count));
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &label));
    }
}

/// The line below: where cancelling ends.
fn draw_note(painter: &Painter, palette: &Palette, rect: Rect, boundary: f32, run: Option<&Run>) {
    let y = rect.top() + BOX_TOP + BOX_HEIGHT + 5.0;
    let kind = run.map_or(ExecutorKind::Processes, |run| run.settings.executor);
    if kind == ExecutorKind::Sequential {
        return;
    }
    let dash = Stroke::new(1.5, palette.error.gamma_multiply(0.8));
    for part in 0..4 {
        let top = y + part as f32 * 5.0;
        painter.line_segment([pos2(boundary, top), pos2(boundary, top + 2.5)], dash);
    }
    let font = theme::small();
    painter.text(pos2(boundary - 7.0, y + 3.0), Align2::RIGHT_TOP, "can be cancelled", font.clone(), palette.dim);
    painter.text(pos2(boundary + 7.0, y + 3.0), Align2::LEFT_TOP, "no longer", font, palette.dim);
}
