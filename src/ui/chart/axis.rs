//! What stands around the lanes: the ruler above, the line that says "now", the legend below.

use std::ops::Range;
use std::sync::Arc;

use eframe::egui::{
    Align2, Color32, Galley, Mesh, Painter, Pos2, Rect, Role, Sense, Shape, Stroke, StrokeKind, Ui, WidgetInfo, pos2,
    vec2,
};

use super::hatch::Hatch;
use super::lanes::LEAST_OFF_CORE;
use super::{RULER, Shown, TimeView};
use crate::lab::Run;
use crate::trace::{IdleCause, Lane, Spent, Trace};
use crate::ui::format;
use crate::ui::theme::{self, Palette};

/// The marks of the axis, and their lines over the canvas.
pub(super) fn ruler(
    painter: &Painter,
    palette: &Palette,
    axis: Rect,
    canvas: Rect,
    view: TimeView,
    run: &Run,
    playhead: Option<i64>,
) {
    let x_of = |time: i64| axis.left() + view.x_of(time, axis.width());
    // The tags of the lines that say "now" and which moment is looked at need room.
    let tags = [(!run.ended()).then(|| x_of(run.elapsed())), playhead.map(x_of)];
    let (marks, step) = view.marks(axis.width(), 84.0);
    for mark in marks {
        let x = x_of(mark);
        painter.vline(x, axis.top() + RULER - 5.0..=canvas.bottom(), Stroke::new(1.0, palette.line));
        if tags.iter().flatten().any(|tag| (tag - x).abs() < 48.0) {
            continue;
        }
        let text = format::axis_mark(mark, step, view.end);
        // The last label would be cut off at the edge.
        let anchor = if x > axis.right() - 24.0 { Align2::RIGHT_TOP } else { Align2::CENTER_TOP };
        painter.text(pos2(x.min(axis.right()), axis.top() + 2.0), anchor, text, theme::small(), palette.dim);
    }
}

/// Where the run is.
pub(super) fn now_line(painter: &Painter, palette: &Palette, canvas: Rect, view: TimeView, run: &Run) {
    let x = canvas.left() + view.x_of(run.elapsed(), canvas.width());
    if run.ended() || !canvas.x_range().contains(x) {
        return;
    }
    painter.vline(x, canvas.top() - 6.0..=canvas.bottom(), Stroke::new(1.5, palette.error));
    let tag = Rect::from_center_size(pos2(x.min(canvas.right() - 18.0), canvas.top() - 12.0), vec2(36.0, 15.0));
    painter.rect_filled(tag, 4.0, palette.error);
    painter.text(tag.center(), Align2::CENTER_CENTER, "now", theme::small(), palette.panel);
}

/// The lanes of a run, those within and beside them too, and until when they are looked at.
fn all_lanes<'a>(trace: &'a Trace, until: i64, lanes: &mut Vec<(&'a Lane, i64)>) {
    for lane in trace.lanes() {
        lanes.push((lane, until));
        if let Some(nested) = lane.nested() {
            all_lanes(nested, until, lanes);
        }
    }
    for side in trace.sides() {
        all_lanes(side.trace(), until, lanes);
    }
}

/// What the colours mean, in as many lines as it takes.
pub(super) struct Legend {
    entries: Vec<Entry>,
    lines: usize,
}

struct Entry {
    color: Color32,
    hatch: Option<Hatch>,
    name: Arc<Galley>,
    help: &'static str,
    /// From the left edge, and which line.
    at: (f32, usize),
}

/// The square, and the room between it and its name; and between two entries.
const SQUARE: f32 = 10.0;
const TO_NAME: f32 = 15.0;
const TO_NEXT: f32 = 18.0;
const LINE: f32 = 16.0;

impl Legend {
    /// Of what there is in these runs, for a chart that is `width` wide.
    pub(super) fn new(painter: &Painter, palette: &Palette, shown: &[Shown<'_>], width: f32) -> Self {
        let (mut entries, mut x, mut line) = (Vec::new(), 0.0, 0);
        for (name, color, hatch, help) in meanings(palette, shown) {
            let name = painter.layout_no_wrap(name.to_owned(), theme::small(), palette.dim);
            let needs = TO_NAME + name.size().x;
            if x > 0.0 && x + needs > width {
                (x, line) = (0.0, line + 1);
            }
            entries.push(Entry { color, hatch, name, help, at: (x, line) });
            x += needs + TO_NEXT;
        }
        Self { entries, lines: line + 1 }
    }

    pub(super) const fn height(&self) -> f32 {
        LINE * self.lines as f32 + 6.0
    }

    /// Draws it with its upper left corner at `corner`.
    pub(super) fn draw(self, ui: &Ui, corner: Pos2) {
        let (painter, palette) = (ui.painter(), theme::palette(ui));
        for Entry { color, hatch, name, help, at: (x, line) } in self.entries {
            let at = corner + vec2(x, 6.0 + LINE * line as f32);
            let place = Rect::from_min_size(at, vec2(TO_NAME + name.size().x, LINE));
            let told = format!("legend: {}", name.text());
            let response = ui.interact(place, ui.scope_id().with(&told), Sense::hover()).on_hover_text(help);
            response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &told));
            let square = Rect::from_min_size(at + vec2(0.0, 2.0), vec2(SQUARE, SQUARE));
            painter.rect(square, 2.0, color, Stroke::new(1.0, palette.line), StrokeKind::Inside);
            if let Some(hatch) = hatch {
                let mut mesh = Mesh::default();
                hatch.draw(&mut mesh, square, palette);
                painter.add(Shape::mesh(mesh));
            }
            painter.galley(at + vec2(TO_NAME, 0.0), name, palette.dim);
        }
    }
}

const FAILED: &str = "Items that gave an error, or whose worker broke";
const BLOCKED: &str = "Waiting for the outside world, or asleep: no core is needed for that";
const GIL: &str = "Another thread has the global interpreter lock, and so may compute";
const OFF_CORE: &str = "How much of an item's computing had no core, as others had it. It is measured for all of an item: when in it is not known";

/// Whether so much of a run can be seen when `all` of it is.
const fn seen_of(nanos: i64, all: i64) -> bool {
    nanos.saturating_mul(1_000) > all
}

/// Of each its name, colour, pattern, and what it means.
fn meanings(palette: &Palette, shown: &[Shown<'_>]) -> Vec<(&'static str, Color32, Option<Hatch>, &'static str)> {
    let failed = shown.iter().map(|shown| shown.run.totals().failed()).sum::<usize>();
    let mut lanes = Vec::new();
    for Shown { run, .. } in shown {
        all_lanes(&run.trace, run.elapsed(), &mut lanes);
    }
    // What there is none of needs no explanation.
    let mut entries = Vec::new();
    if shown.iter().any(|shown| !shown.run.ended()) {
        entries.push(("executing", palette.growing, None, "An item that runs: its bar grows until it ends"));
    }
    if shown.iter().any(|shown| shown.run.totals().returned > 0) {
        entries.push(("returned", palette.computing, None, "Computing, of items that gave a value"));
    }
    if failed > 0 {
        entries.push(("raised or lost", palette.error, Some(Hatch::Crossed), FAILED));
    }
    let spent: Vec<_> = lanes.iter().map(|(lane, until)| lane.spent(&(0..*until))).collect();
    if spent.iter().any(|spent| spent.blocking > 0) {
        entries.push(("I/O or sleep", palette.blocking, Some(Hatch::Level), BLOCKED));
    }
    let sum = |part: fn(&Spent) -> i64| spent.iter().map(part).sum::<i64>();
    for (name, nanos, hatch, help) in [
        ("waiting for the GIL", sum(|spent| spent.gil), Hatch::Rising, GIL),
        ("waiting for a lock", sum(|spent| spent.lock), Hatch::Falling, "Another task holds a lock that it needs"),
        ("waiting for a future", sum(|spent| spent.future), Hatch::Upright, "It needs the result of another task"),
    ] {
        if nanos > 0 {
            entries.push((name, palette.waiting, Some(hatch), help));
        }
    }
    if spent.iter().any(|spent| spent.off_core as f32 > LEAST_OFF_CORE * spent.busy as f32) {
        entries.push(("waiting for a core", palette.waiting, Some(Hatch::Thin), OFF_CORE));
    }
    let starts = |(lane, until): &(&Lane, i64)| seen_of(lane.ready.unwrap_or(*until) - lane.started, *until);
    if lanes.iter().any(starts) {
        entries.push(("start-up", palette.starting(), None, "From the start of a worker until it can take calls"));
    }
    if shown.iter().any(|shown| !shown.looked_at().trace.deadlocks().is_empty()) {
        entries.push((
            "deadlock",
            palette.error,
            None,
            "Tasks that wait for each other; arrows lead from each worker to the one that it waits for",
        ));
    }
    // As far as a worker was idle then, for long enough to be seen when all of the run is.
    let idle = |shown: &Shown<'_>| {
        let (run, all) = (shown.run, shown.run.known_until());
        let wide = move |nanos: i64| seen_of(nanos, all);
        let idle_in = move |time: &Range<i64>| run.trace.lanes().iter().any(|lane| wide(lane.idle_in(time)));
        let stretches = run.trace.without_work(all, run.ended());
        let seen = stretches.filter(move |(time, _)| wide(time.end - time.start) && idle_in(time));
        seen.map(|(_, cause)| cause).collect::<Vec<_>>()
    };
    let causes: Vec<_> = shown.iter().flat_map(idle).collect();
    for (name, cause, help) in [
        ("idle: nothing pending", IdleCause::NoWork, "The worker was free, and no call was there to be taken"),
        (
            "idle: no work left",
            IdleCause::Tail,
            "The last calls execute elsewhere, and nothing is left for this worker",
        ),
    ] {
        if causes.contains(&cause) {
            entries.push((name, palette.idle(cause), None, help));
        }
    }
    entries
}
