//! The lanes themselves: bars, chunks, and what goes on within them.

use std::collections::HashMap;
use std::ops::Range;

use eframe::egui::{Align2, Color32, FontId, Mesh, Painter, Pos2, Rect, Shape, Stroke, Ui, Vec2, pos2, vec2};

use super::hatch::{self, Hatch};
use super::item::LaneId;
use super::rows::{LaneRow, NAMED_BRACKET, Place, Rows};
use super::skyline::add_columns;
use super::{TimeView, names};
use crate::executor::Activity;
use crate::lab::Run;
use crate::trace::{Column, IdleCause, KeptColumns, Lane, Span, Trace, Wait};
use crate::ui::action::Action;
use crate::ui::task_index::{Found, TaskIndex};
use crate::ui::theme::{self, Palette};

/// The name of a lane takes so much height.
const NAME: f32 = 13.0;
/// A bar narrower than this has no label; and no more labels than this a frame.
const LABEL_WIDTH: f32 = 40.0;
/// How much of what is behind a label its ground covers.
const PLATE: f32 = 0.88;
/// How wide a letter of a label is.
const LETTER: f32 = 6.7;
/// A bar that is wider than this has a gap after it.
const GAP_FROM: f32 = 4.0;
/// A smaller part of an item without a core is within what can be measured.
pub(super) const LEAST_OFF_CORE: f32 = 0.02;
const LABELS: usize = 300;

/// Draws all rows that are in sight; `left` is where their names begin. Returns how many items were drawn one by one.
pub(super) fn show(
    ui: &Ui,
    rows: &Rows<'_>,
    left: f32,
    view: TimeView,
    found: Option<&TaskIndex>,
    kept: &mut HashMap<LaneId, KeptColumns>,
    actions: &mut Vec<Action>,
) -> usize {
    let palette = theme::palette(ui);
    let clip = Rect::from_min_max(pos2(left, rows.canvas.top()), rows.canvas.max);
    let painter = ui.painter().with_clip_rect(clip.intersect(ui.clip_rect()));
    let mut picture = Picture {
        palette,
        view,
        canvas: rows.canvas,
        scale: ui.pixels_per_point(),
        mesh: Mesh::default(),
        labels: Vec::new(),
        brackets: 0.0,
        trace: None,
        found: None,
        drawn: 0,
        deadlocked: Vec::new(),
        idle: Vec::new(),
    };
    let mut arrows = Vec::new();
    // Where lanes are lower than their names, only some have one.
    let mut named_until = f32::NEG_INFINITY;
    for row in rows.visible() {
        let rect = rows.rect(row);
        match &row.lane {
            Err(shown) => {
                let found = found.and_then(|index| index.found_among_others(shown.run.number));
                names::heading(ui, &painter, palette, shown, found, rect, left, actions);
            }
            Ok(lane) => {
                // The name tells of the moment that is looked at.
                let is_named = rect.height() >= NAME || rect.top() >= named_until;
                if is_named {
                    named_until = rect.top() + NAME;
                }
                match row.past.map(|past| (past, lane.of_past(past))) {
                    _ if !is_named => {}
                    None => names::name(ui, &painter, palette, row.run, lane, rect, left, actions),
                    Some((past, Some(then))) => names::name(ui, &painter, palette, past, &then, rect, left, actions),
                    Some((_, None)) => {
                        let at = pos2(left, rect.center().y - 2.0);
                        painter.text(
                            at,
                            Align2::LEFT_CENTER,
                            lane.title(),
                            theme::small(),
                            palette.dim.gamma_multiply(0.6),
                        );
                    }
                }
                picture.look_for_idle(row.run, lane);
                picture.deadlocked = deadlocked(row.run, lane);
                (picture.brackets, picture.trace) = (Rows::brackets(row), Some(lane.trace));
                // What is looked for is looked for among the run's own items.
                let found = found.filter(|_| matches!(lane.place, Place::Worker));
                picture.found = found.and_then(|index| index.found_among_others(row.run.number));
                let kept = kept.entry((row.run.number, lane.id())).or_default();
                picture.lane(lane.lane, rect, rows.bars(row), row.run.known_until(), row.run.ended(), kept);
            }
        }
        let at = row.past.unwrap_or(row.run);
        if at.is_deadlocked() && arrows.is_empty() {
            arrows = picture.arrows(at, rows);
        }
    }
    let drawn = picture.drawn;
    let bars = painter.with_clip_rect(rows.canvas.intersect(ui.clip_rect()));
    bars.add(Shape::mesh(picture.mesh));
    for (at, anchor, text, color) in picture.labels {
        bars.text(at, anchor, text, FontId::monospace(11.0), color);
    }
    if let Some(bar) = rows.scroll_bar() {
        bars.rect_filled(bar, 2.0, palette.dim);
    }
    for (from, way) in arrows {
        let (stroke, to) = (Stroke::new(2.5, palette.error), from + way);
        let back = vec2(0.0, -6.0 * way.y.signum());
        // On stripes it needs a ground of its own.
        bars.line_segment([from, to], Stroke::new(8.0, palette.background));
        bars.circle_filled(from, 6.0, palette.background);
        bars.circle_filled(from, 4.0, palette.error);
        bars.line_segment([from, to], stroke);
        for side in [-4.0, 4.0] {
            bars.line_segment([to, to + back + vec2(side, 0.0)], stroke);
        }
    }
    drawn
}

/// What is drawn of a frame: one mesh foreverything that has no text.
struct Picture<'a> {
    palette: &'static Palette,
    view: TimeView,
    canvas: Rect,
    /// Pixels a point.
    scale: f32,
    mesh: Mesh,
    labels: Vec<(eframe::egui::Pos2, Align2, String, Color32)>,
    brackets: f32,
    /// What the lane is a part of.
    trace: Option<&'a Trace>,
    /// Which items of the lane are looked for; the others are dimmed.
    found: Option<&'a Found>,
    /// How many items were drawn one by one.
    drawn: usize,
    /// When an item of the lane waited in a deadlock.
    deadlocked: Vec<Range<i64>>,
    /// When the run had no work for an idle worker, as far as that is in sight and wide enough.
    idle: Vec<(Range<i64>, IdleCause)>,
}

impl Picture<'_> {
    fn x(&self, time: i64) -> f32 {
        // Far outside would lose precision on the way to the screen.
        let x = self.view.x_of(time, self.canvas.width()).clamp(-16.0, self.canvas.width() + 16.0);
        self.canvas.left() + x
    }

    /// The width of a thin line: a point, but never less than a pixel, which could fall between two of them.
    fn hair(&self) -> f32 {
        (1.0 / self.scale).max(1.0)
    }

    fn quad(&mut self, x: Range<f32>, y: Range<f32>, color: Color32) {
        self.mesh.add_colored_rect(Rect::from_min_max(pos2(x.start, y.start), pos2(x.end, y.end)), color);
    }

    fn lane(&mut self, lane: &Lane, row: Rect, bars: Range<f32>, now: i64, ended: bool, kept: &mut KeptColumns) {
        let end = lane.exited.as_ref().map_or(now, |(at, _)| *at);
        let background = self.x(lane.started)..self.x(end);
        self.quad(
            background,
            row.top() + (row.height() * 0.05).min(1.0)..row.bottom() - (row.height() * 0.15).min(3.0),
            self.palette.panel,
        );
        let ready = lane.ready.unwrap_or(now).min(end);
        if ready > lane.started {
            self.quad(self.x(lane.started)..self.x(ready), bars.clone(), self.palette.starting());
        }
        for (time, cause) in std::mem::take(&mut self.idle) {
            let (from, to) = (time.start.max(ready), time.end.min(end));
            if from < to {
                self.quad(self.x(from)..self.x(to), bars.clone(), self.palette.idle(cause));
            }
            self.idle.push((time, cause));
        }
        let TimeView { start, end } = self.view;
        let columns = self.canvas.width().max(1.0) as usize;
        match (lane.few_spans(start, end, columns, now), self.trace) {
            (None, Some(trace)) => {
                // What executes is in them.
                let columns = kept.of(trace, lane, &(start..end), columns, now);
                self.columns(columns, &bars);
                self.deadlocked(&bars);
                self.found_among_columns(lane, columns, &bars);
                return;
            }
            (spans, _) => {
                let spans = spans.unwrap_or_default();
                self.drawn += spans.len();
                for span in &spans {
                    self.span(span, lane, bars.clone());
                }
                self.sub_spans(lane, now, &bars);
                self.keep_apart(&spans, &bars);
                // One that waited all its life is as red as one that computed.
                for span in spans.iter().filter(|span| span.end_stage.is_failure()) {
                    let from = self.x(span.start);
                    self.hatched(from..self.x(span.end).max(from + 1.0), &failed_foot(&bars), Hatch::Crossed);
                }
                for span in &spans {
                    self.label(lane, span.start..span.end, &bars, span.item, span.end_stage.is_failure());
                }
                self.dim_others(&spans, &bars);
                if self.brackets > 0.0 {
                    self.brackets(&spans, lane, row, now);
                }
            }
        }
        let open = lane.open.filter(|_| !ended);
        if open.is_none() {
            self.deadlocked(&bars);
        }
        if let Some(open) = open {
            let (from, to) = (self.x(open.start), self.x(now).max(self.x(open.start) + 1.0));
            self.quad(from..to, bars.clone(), self.palette.growing);
            if let Some(foot) = off_core_foot(lane, &(open.start..now), &bars) {
                self.hatched(from..to, &foot, Hatch::Thin);
            }
            self.waits(lane, open.start, now, &bars);
            self.deadlocked(&bars);
            self.label(lane, open.start..now, &bars, open.item, false);
            if self.found.is_some_and(|found| !found.fits(open.item)) {
                self.quad(from..to, bars.clone(), self.veil());
            }
            if let Some(permille) = open.permille {
                // How much of it is done, as a line over the bar.
                let done = from + (to - from) * f32::from(permille) / 1000.0;
                self.quad(from..done, bars.start..bars.start + 3.0, self.palette.text);
            }
        }
    }

    /// What waits in a deadlock does not execute, whatever its stage says.
    fn deadlocked(&mut self, bars: &Range<f32>) {
        for time in std::mem::take(&mut self.deadlocked) {
            let (from, to) = (self.x(time.start), self.x(time.end));
            self.hatched(from..to.max(from + 1.0), bars, Hatch::Crossed);
        }
    }

    /// When workers of that run had nothing to do. Threads within tasks and lanes beside the workers come and go as they like.
    fn look_for_idle(&mut self, run: &Run, lane: &LaneRow<'_>) {
        self.idle.clear();
        if !matches!(lane.place, Place::Worker) {
            return;
        }
        let wide = |time: &Range<i64>| self.view.x_of(time.end, 1.0) - self.view.x_of(time.start, 1.0);
        let pixel = 1.0 / self.canvas.width().max(1.0);
        let in_sight = |time: &Range<i64>| time.end > self.view.start && time.start < self.view.end;
        let stretches = run.trace.without_work(run.known_until(), run.ended());
        self.idle = stretches.filter(|(time, _)| in_sight(time) && wide(time) >= pixel).collect();
    }

    /// A bar; at its foot the share that it had no core for.
    fn span(&mut self, span: &Span, lane: &Lane, bars: Range<f32>) {
        let (from, to) = (self.x(span.start), self.x(span.end));
        // A gap keeps neighbours apart where there is room for one; nothing is thinner than a pixel.
        let gap = if to - from > GAP_FROM { self.hair() } else { 0.0 };
        let to = (to - gap).max(from + 1.0);
        self.quad(from..to, bars.clone(), self.palette.ended(span.end_stage));
        if let Some(foot) = off_core_foot(lane, &(span.start..span.end), &bars) {
            self.hatched(from..to, &foot, Hatch::Thin);
        }
    }

    /// From each task that waits forever to the lane of what it waits for: where an arrow begins, and which way it goes. Side by side,
    /// so that two that point at each other are seen as two.
    fn arrows(&self, run: &Run, rows: &Rows<'_>) -> Vec<(Pos2, Vec2)> {
        const APART: f32 = 14.0;
        let Some(period) = run.deadlock().filter(|_| run.is_deadlocked()) else { return Vec::new() };
        let deadlock = &*period.deadlock;
        let row_of = |worker: u32| rows.middle_of(run, &deadlock.within, worker);
        let right = self.x(run.elapsed()) - 8.0;
        let arrow = |(index, wait): (usize, &Wait)| {
            let from = pos2(right - index as f32 * APART, row_of(wait.worker)?);
            // What no worker has is above them all, in its queue.
            let to = wait.on_worker.map_or(Some(self.canvas.top()), row_of)?;
            Some((from, vec2(0.0, to - from.y)))
        };
        deadlock.waits.iter().enumerate().filter_map(arrow).collect()
    }

    /// What ended items were at when they did not compute.
    fn sub_spans(&mut self, lane: &Lane, now: i64, bars: &Range<f32>) {
        let until = lane.open.map_or(now, |open| open.start);
        self.waits(lane, self.view.start, until.min(self.view.end), bars);
    }

    fn waits(&mut self, lane: &Lane, from: i64, to: i64, bars: &Range<f32>) {
        for part in lane.sub_spans(from.max(self.view.start), to.min(self.view.end)) {
            let x = self.x(part.start)..self.x(part.end).max(self.x(part.start) + 0.5);
            match part.activity {
                Activity::Computing => {}
                Activity::Blocking => {
                    // What programs computed meanwhile is computing: that part of the bar keeps its colour.
                    let computed = lane.child_cpu_until(part.end) - lane.child_cpu_until(part.start);
                    let share = computed as f32 / (part.end - part.start).max(1) as f32;
                    let foot = bars.end - (bars.end - bars.start) * share.clamp(0.0, 1.0);
                    self.hatched(x, &(bars.start..foot), Hatch::Level);
                }
                Activity::WaitingForGil => self.hatched(x, bars, Hatch::Rising),
                Activity::WaitingForLock => self.hatched(x, bars, Hatch::Falling),
                Activity::WaitingForFuture => self.hatched(x, bars, Hatch::Upright),
            }
        }
    }

    /// Stripes, so that colour is not all that tells; too narrow for them, it is filled.
    fn hatched(&mut self, x: Range<f32>, y: &Range<f32>, hatch: Hatch) {
        hatch.draw(&mut self.mesh, Rect::from_min_max(pos2(x.start, y.start), pos2(x.end, y.end)), self.palette);
    }

    /// The number of an item, at the left end of its bar. Where the bar is not of one colour there, it stands on a ground of its own.
    fn label(&mut self, lane: &Lane, time: Range<i64>, bars: &Range<f32>, item: u32, failed: bool) {
        let (left, right) = (self.x(time.start).max(self.canvas.left()), self.x(time.end));
        if right - left < LABEL_WIDTH || bars.end - bars.start < 12.0 || self.labels.len() >= LABELS {
            return;
        }
        let (at, text) = (pos2(left + 6.0, f32::midpoint(bars.start, bars.end)), item.to_string());
        let x = at.x - 3.0..(at.x + LETTER * text.len() as f32 + 3.0).min(right - 1.0);
        let y = (at.y - 7.0).max(bars.start)..(at.y + 7.0).min(bars.end);
        let mut parts = lane.sub_spans(time.start.max(self.view.start), time.end);
        let changes = parts.next().is_some_and(|part| self.x(part.start) < x.end);
        let foot = off_core_foot(lane, &time, bars);
        let is_plain = !changes && !failed && foot.is_none_or(|foot| foot.start > y.end);
        let color = if is_plain {
            self.palette.on_bar
        } else {
            self.quad(x, y, self.palette.panel.gamma_multiply(PLATE));
            self.palette.text
        };
        let is_sought = self.found.is_none_or(|found| found.fits(item));
        let color = if is_sought { color } else { color.gamma_multiply(0.35) };
        self.labels.push((at, Align2::LEFT_CENTER, text, color));
    }

    /// One stack a pixel column: its height is how busy the lane was. A red foot is as high as the part of its items that failed.
    fn columns(&mut self, columns: &[Column], bars: &Range<f32>) {
        let height = bars.end - bars.start;
        let width = self.canvas.width() / columns.len() as f32;
        // Where each part begins: blocking, GIL, core, other tasks, computing; and where the last ends.
        let stack = |column: &Column| {
            if column.busy <= 0.0 && column.failed == 0 {
                return [bars.end; 6];
            }
            // Work too short to fill a pixel is still work: it stays in sight.
            let mut at = bars.end - (height * column.busy).max(1.0);
            let mut edges = [at; 6];
            for (edge, part) in (1..).zip([column.blocking, column.gil, column.off_core, column.other_tasks]) {
                at += (bars.end - at).min(height * part);
                edges[edge] = at;
            }
            edges[5] = bars.end;
            edges
        };
        let stacks: Vec<_> = columns.iter().map(stack).collect();
        let palette = self.palette;
        let layers = [palette.blocking, palette.waiting, palette.waiting, palette.waiting, palette.computing];
        for (layer, color) in layers.into_iter().enumerate() {
            let heights = stacks.iter().map(|stack| stack[layer]..stack[layer + 1]);
            add_columns(&mut self.mesh, self.scale, self.canvas.left(), width, color, heights);
        }
        self.patterns(&stacks, width, bars);
        let failed = columns.iter().map(|column| match column.failed {
            0 => bars.end..bars.end,
            failed => failed_share(bars, failed as f32 / column.items.max(failed) as f32),
        });
        add_columns(&mut self.mesh, self.scale, self.canvas.left(), width, palette.error, failed);
    }

    /// What colour says, said a second time: lines along what waits for the outside world, stripes up what waits for the GIL, dashes along
    /// what has no core, and narrower stripes up what waits for other tasks.
    fn patterns(&mut self, stacks: &[[f32; 6]], width: f32, bars: &Range<f32>) {
        let dark = self.palette.panel.gamma_multiply(hatch::LINE_SHARE);
        let mut add = |heights: &mut dyn Iterator<Item = Range<f32>>| {
            add_columns(&mut self.mesh, self.scale, self.canvas.left(), width, dark, heights);
        };
        for (layer, step, stripe) in [(1, 6, 3), (3, 3, 1)] {
            let is_dark = |column: usize| column % step < stripe;
            add(&mut stacks.iter().enumerate().map(|(column, stack)| {
                if is_dark(column) { stack[layer]..stack[layer + 1] } else { bars.end..bars.end }
            }));
        }
        let mut y = bars.start + hatch::LINES_APART / 2.0;
        while y < bars.end - 1.0 {
            let within = |from: f32, to: f32| if from < y && y + 1.0 < to { y..y + 1.0 } else { y..y };
            add(&mut stacks.iter().map(|stack| within(stack[0], stack[1])));
            add(&mut stacks.iter().enumerate().map(
                |(column, stack)| {
                    if column % 8 < 4 { within(stack[2], stack[3]) } else { y..y }
                },
            ));
            y += hatch::LINES_APART;
        }
    }

    /// A gap after each item where there is room for one: two that waited to their end and from their beginning are two.
    fn keep_apart(&mut self, spans: &[Span], bars: &Range<f32>) {
        for span in spans {
            let (from, to) = (self.x(span.start), self.x(span.end));
            if to - from > GAP_FROM {
                self.quad(to - self.hair()..to, bars.clone(), self.palette.panel);
            }
        }
    }

    /// Veils the items that are not looked for.
    fn dim_others(&mut self, spans: &[Span], bars: &Range<f32>) {
        let Some(found) = self.found else { return };
        for span in spans.iter().filter(|span| !found.fits(span.item)) {
            let from = self.x(span.start);
            self.quad(from..self.x(span.end).max(from + 1.0), bars.clone(), self.veil());
        }
    }

    /// What lies over what is not looked for.
    fn veil(&self) -> Color32 {
        self.palette.background.gamma_multiply(0.78)
    }

    /// Where items are too many to be told apart, all are veiled, and above that each column has those that are looked for. Idle time
    /// is no item, and keeps its colour, as it does between items that are drawn one by one.
    fn found_among_columns(&mut self, lane: &Lane, columns: &[Column], bars: &Range<f32>) {
        let Some(found) = self.found else { return };
        let width = self.canvas.width() / columns.len() as f32;
        let veil = self.veil();
        let busy = columns.iter().map(|column| {
            let has_items = column.busy > 0.0 || column.failed > 0;
            if has_items { bars.clone() } else { bars.end..bars.end }
        });
        add_columns(&mut self.mesh, self.scale, self.canvas.left(), width, veil, busy);
        let columns = columns.len();
        let view = self.view;
        let edge = |column: usize| view.time_at(column as f32, columns as f32);
        for column in 0..columns {
            let Some(failed) = found.ran_in(lane.worker, edge(column)..edge(column + 1)) else { continue };
            let left = self.canvas.left() + column as f32;
            let color = if failed { self.palette.error } else { self.palette.computing };
            self.quad(left..left + 1.0, bars.clone(), color);
        }
    }

    /// A bracket over the items of each chunk.
    fn brackets(&mut self, spans: &[Span], lane: &Lane, row: Rect, now: i64) {
        for chunk in spans.chunk_by(|one, next| one.call == next.call) {
            let (Some(first), Some(last)) = (chunk.first(), chunk.last()) else { continue };
            let open = lane.open.filter(|open| open.call == last.call);
            self.bracket(first.call, first.start, open.map_or(last.end, |_| now), row);
        }
        if let Some(open) = lane.open.filter(|open| spans.last().is_none_or(|last| last.call != open.call)) {
            self.bracket(open.call, open.start, now, row);
        }
    }

    fn bracket(&mut self, call: u32, start: i64, end: i64, row: Rect) {
        let (from, to) = (self.x(start), self.x(end) - 2.0);
        let items = self.trace.and_then(|trace| trace.call(call)).map_or(0, |call| call.items);
        if to - from < 6.0 || items < 2 {
            return;
        }
        let y = row.top() + self.brackets;
        let color = self.palette.dim;
        let hair = self.hair();
        self.quad(from..to, y..y + hair, color);
        self.quad(from..from + hair, y..y + 3.5, color);
        self.quad(to - hair..to, y..y + 3.5, color);
        let (left, right) = (from.max(self.canvas.left()), to.min(self.canvas.right()));
        if self.brackets >= NAMED_BRACKET && right - left >= 66.0 && self.labels.len() < LABELS {
            let at = pos2(f32::midpoint(left, right), y);
            self.labels.push((at, Align2::CENTER_BOTTOM, format!("chunk {call}"), color));
        }
    }
}

/// When an item of that lane waited in a deadlock of its run.
fn deadlocked(run: &Run, lane: &LaneRow<'_>) -> Vec<Range<i64>> {
    let (within, worker) = match lane.place {
        Place::Worker => (vec![], lane.lane.worker),
        Place::Within(worker) => (vec![worker], lane.lane.worker),
        Place::Beside { .. } => return Vec::new(),
    };
    let periods = run.trace.deadlocks().iter().filter(|period| period.deadlock.within == within);
    let waits = periods.filter(|period| period.deadlock.waits.iter().any(|wait| wait.worker == worker));
    waits.map(|period| period.from..period.until.unwrap_or_else(|| run.known_until())).collect()
}

/// The part of the bar of an item that says for which share of its time it had no core.
fn off_core_foot(lane: &Lane, time: &Range<i64>, bars: &Range<f32>) -> Option<Range<f32>> {
    let off_core = lane.off_core_until(time.end) - lane.off_core_until(time.start);
    let share = off_core as f32 / (time.end - time.start).max(1) as f32;
    (share >= LEAST_OFF_CORE).then(|| bars.end - (bars.end - bars.start) * share.min(1.0)..bars.end)
}

/// Where the bar of an item says that it failed: more than half of it, whatever it waited for.
fn failed_foot(bars: &Range<f32>) -> Range<f32> {
    failed_share(bars, 2.0 / 3.0)
}

/// Where a column says which part of its items failed. However small, it is seen.
fn failed_share(bars: &Range<f32>, share: f32) -> Range<f32> {
    let height = bars.end - bars.start;
    bars.end - (height * share.max(0.25)).max(3.0).min(height)..bars.end
}

/// A frame around the bar from `start` to `end`.
pub(super) fn outline(painter: &Painter, stroke: Stroke, bars: &Range<f32>, x: Range<f32>) {
    let rect = Rect::from_min_max(pos2(x.start, bars.start), pos2(x.end.max(x.start + 2.0), bars.end));
    painter.rect_stroke(rect, 2.0, stroke, eframe::egui::StrokeKind::Outside);
}
