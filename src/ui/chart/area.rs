//! A part of the chart that is selected, from a time to a time over some of the lanes, and what is in it.

use std::ops::Range;
use std::sync::Arc;

use eframe::egui::{Context, Painter, Pos2, Rect, Stroke, StrokeKind};

use super::item::LaneId;
use super::rows::{LaneRow, Row, Rows, Shown};
use super::{Selection, TimeView};
use crate::lab::Run;
use crate::trace::Histogram;
use crate::ui::background::Background;
use crate::ui::theme::Palette;

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) struct Area {
    time: Range<i64>,
    lanes: Vec<LaneId>,
}

/// What an area holds, counted in the background, as that may be a million items.
#[derive(Default)]
pub(in crate::ui) struct AreaCount(Background<(Area, Vec<Moment>), Arc<AreaFigures>>);

/// The number of a run, how many events it had folded, and up to when it is looked at: what executes goes on without events.
type Moment = (usize, usize, i64);

impl AreaCount {
    /// Sees to it that what is in `area` becomes known. Returns what is known of it.
    pub(in crate::ui) fn of(
        &mut self,
        context: &Context,
        area: &Area,
        shown: &[Shown<'_>],
    ) -> Option<Arc<AreaFigures>> {
        let runs = || shown.iter().map(Shown::looked_at);
        let moments =
            runs().map(|run| (run.number, run.trace.events(), run.known_until().min(area.time.end))).collect();
        let find = || {
            let (area, runs) = (area.clone(), runs().cloned().collect::<Vec<_>>());
            move || Arc::new(area.figures(&runs))
        };
        let goes_on = runs().any(|run| !run.ended() && run.moment.is_none());
        self.0.ask(context, (area.clone(), moments), |(known, _)| known == area, goes_on, find);
        self.0.known().filter(|((known, _), _)| known == area).map(|(_, figures)| Arc::clone(figures))
    }
}

/// What is in an area. Times are nanoseconds.
#[derive(Clone, Debug)]
pub(in crate::ui) struct AreaFigures {
    pub(in crate::ui) time: Range<i64>,
    pub(in crate::ui) lanes: usize,
    /// How long their workers were there, all together.
    pub(in crate::ui) lived: i64,
    /// Items that ran in it, also in part.
    pub(in crate::ui) items: usize,
    pub(in crate::ui) failed: usize,
    /// Of all lanes together.
    pub(in crate::ui) busy: i64,
    pub(in crate::ui) waiting: i64,
    pub(in crate::ui) blocking: i64,
    /// How long the items ran that began and ended in it, and how long they had waited.
    pub(in crate::ui) run_times: Histogram,
    pub(in crate::ui) queue_waits: Histogram,
    /// The item of them that ran longest.
    pub(in crate::ui) longest: Option<(i64, Selection)>,
}

impl Area {
    /// The lanes of these rows, for that time; `None` if there is nothing of it.
    pub(super) fn over(time: Range<i64>, rows: &[Row<'_>]) -> Option<Self> {
        let lane = |row: &Row<'_>| Some((row.run.number, row.lane.as_ref().ok()?.id()));
        let lanes: Vec<_> = rows.iter().filter_map(lane).collect();
        (!time.is_empty() && !lanes.is_empty()).then_some(Self { time, lanes })
    }

    /// The area with these two corners; `None` if there is nothing between them.
    pub(super) fn between(one: Pos2, other: Pos2, rows: &Rows<'_>, view: TimeView) -> Option<Self> {
        let canvas = rows.canvas;
        let time = |x: f32| view.time_at(x.clamp(canvas.left(), canvas.right()) - canvas.left(), canvas.width());
        let time = time(one.x.min(other.x))..time(one.x.max(other.x));
        Self::over(time, rows.between(one.y.min(other.y), one.y.max(other.y)))
    }

    /// A frame around the lanes; around each part of them, if others are in between.
    pub(super) fn draw(&self, painter: &Painter, palette: &Palette, rows: &Rows<'_>, view: TimeView) {
        let canvas = rows.canvas;
        let x = |time: i64| canvas.left() + view.x_of(time, canvas.width()).clamp(0.0, canvas.width());
        let painter = painter.with_clip_rect(canvas);
        let has = |row: &Row<'_>| row.lane.as_ref().is_ok_and(|lane| self.lanes.contains(&(row.run.number, lane.id())));
        for part in rows.all().chunk_by(|one, next| has(one) == has(next)) {
            let (Some(first), Some(last)) = (part.first().filter(|first| has(first)), part.last()) else { continue };
            let y = rows.rect(first).top()..=rows.rect(last).bottom();
            let rect = Rect::from_x_y_ranges(x(self.time.start)..=x(self.time.end), y);
            let accent = palette.accent;
            painter.rect(rect, 2.0, accent.gamma_multiply(0.16), Stroke::new(1.5, accent), StrokeKind::Inside);
        }
    }

    /// What is in it. Walks through the items that are.
    fn figures(&self, runs: &[Run]) -> AreaFigures {
        // Before the start and after the end there is nothing.
        let last = runs.iter().map(Run::elapsed).max().unwrap_or_default();
        let start = self.time.start.clamp(0, last.max(1) - 1);
        let end = self.time.end.clamp(start + 1, last.max(start + 1));
        let mut figures = AreaFigures {
            time: start..end,
            lanes: 0,
            lived: 0,
            items: 0,
            failed: 0,
            busy: 0,
            waiting: 0,
            blocking: 0,
            run_times: Histogram::default(),
            queue_waits: Histogram::default(),
            longest: None,
        };
        let rows = self.lanes.iter().filter_map(|(number, place)| {
            let run = runs.iter().find(|run| run.number == *number)?;
            Some((run, LaneRow::find(run, *place)?))
        });
        for (run, row) in rows {
            let lane = row.lane;
            let until = end.min(run.known_until());
            figures.lanes += 1;
            figures.lived += run.lived(lane, start, until.max(start));
            let spent = lane.spent(&(start..until.max(start)));
            figures.busy += spent.busy;
            figures.blocking += spent.blocking;
            figures.waiting += spent.waiting();
            for span in lane.spans_between(start, end) {
                figures.items += 1;
                figures.failed += usize::from(span.end_stage.is_failure());
                if span.start >= start && span.end <= end {
                    figures.run_times.add(span.end - span.start);
                    if let Some(call) = row.trace.call(span.call) {
                        figures.queue_waits.add(span.start - call.submitted);
                    }
                }
                let length = span.end - span.start;
                if figures.longest.is_none_or(|(longest, _)| length > longest) {
                    figures.longest = Some((length, Selection::of_span(run, &row, span.start)));
                }
            }
            figures.items += usize::from(lane.open.is_some_and(|open| open.start < end && !run.ended()));
        }
        figures
    }
}
