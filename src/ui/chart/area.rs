//! A part of the chart that is selected, from a time to a time over some of the lanes, and what is in it.

use std::ops::Range;

use eframe::egui::{Painter, Pos2, Rect, Stroke, StrokeKind};

use super::rows::{Rows, Shown};
use super::{Selection, TimeView};
use crate::executor::Activity;
use crate::trace::{EndStage, Histogram, Lane};
use crate::ui::theme::Palette;

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) struct Area {
    time: Range<i64>,
    /// Of the rows of the chart, by their numbers from the top.
    rows: Range<usize>,
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
    /// These rows, by their numbers, for that time; `None` if there is nothing of it.
    pub(super) fn over(time: Range<i64>, rows: Range<usize>) -> Option<Self> {
        (!time.is_empty() && !rows.is_empty()).then_some(Self { time, rows })
    }

    /// The area with these two corners; `None` if there is nothing between them.
    pub(super) fn between(one: Pos2, other: Pos2, rows: &Rows<'_>, view: TimeView) -> Option<Self> {
        let canvas = rows.canvas;
        let time = |x: f32| view.time_at(x.clamp(canvas.left(), canvas.right()) - canvas.left(), canvas.width());
        let time = time(one.x.min(other.x))..time(one.x.max(other.x));
        Self::over(time, rows.between(one.y.min(other.y), one.y.max(other.y)))
    }

    pub(super) fn draw(&self, painter: &Painter, palette: &Palette, rows: &Rows<'_>, view: TimeView) {
        let canvas = rows.canvas;
        let x = |time: i64| canvas.left() + view.x_of(time, canvas.width()).clamp(0.0, canvas.width());
        let Some(y) = rows.heights(self.rows.clone()) else { return };
        let rect = Rect::from_x_y_ranges(x(self.time.start)..=x(self.time.end), y.start..=y.end);
        let painter = painter.with_clip_rect(canvas);
        let accent = palette.accent;
        painter.rect(rect, 2.0, accent.gamma_multiply(0.12), Stroke::new(1.0, accent), StrokeKind::Inside);
    }

    /// What is in it. Walks through the items that are.
    pub(super) fn figures(&self, shown: &[Shown<'_>]) -> AreaFigures {
        // Before the start and after the end there is nothing.
        let last = shown.iter().map(|shown| shown.run.elapsed()).max().unwrap_or_default();
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
        for (run, row) in Rows::lanes_of(shown, self.rows.clone()) {
            let lane = row.lane;
            let until = end.min(run.elapsed());
            figures.lanes += 1;
            figures.lived += run.lived(lane, start, until);
            figures.busy += (lane.busy_until(until) - lane.busy_until(start)).max(0);
            let away = |activity: Activity| spent(lane, activity, start, until);
            figures.blocking += away(Activity::Blocking);
            let waits = [Activity::WaitingForGil, Activity::WaitingForLock, Activity::WaitingForFuture];
            figures.waiting += waits.into_iter().map(away).sum::<i64>();
            figures.waiting += (lane.off_core_until(until) - lane.off_core_until(start)).max(0);
            for span in lane.spans_between(start, end) {
                figures.items += 1;
                figures.failed += usize::from(span.end_stage != EndStage::Returned);
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

fn spent(lane: &Lane, activity: Activity, from: i64, until: i64) -> i64 {
    (lane.away_until(until)[activity as usize] - lane.away_until(from)[activity as usize]).max(0)
}
