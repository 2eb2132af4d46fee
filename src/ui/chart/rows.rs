//! Which rows the chart has, and where: of each run a heading, if there are several runs, then the lanes beside its workers', then a lane a
//! worker, with the threads that its tasks have for themselves below it.

use std::ops::Range;

use eframe::egui::{Rect, pos2};

use super::item::{Item, LanePlace};
use crate::executor::Intervention;
use crate::lab::Run;
use crate::trace::{Lane, Trace};

const TALLEST: f32 = 96.0;
const SHORTEST: f32 = 20.0;
/// A lane within a lane is lower than that by so much, but not lower than this.
const WITHIN: f32 = 0.6;
const SHORTEST_WITHIN: f32 = 14.0;
const HEADING: f32 = 22.0;
/// Above the bars of a lane, for the brackets of chunks: with their names, and without.
pub(super) const NAMED_BRACKET: f32 = 14.0;
pub(super) const BRACKET: f32 = 4.0;
/// A lane lower than this has one line of text, and its brackets have no names.
pub(super) const TALL: f32 = 40.0;

/// A run that is drawn, and what tells it from the others that are.
#[derive(Clone, Copy)]
pub(in crate::ui) struct Shown<'a> {
    pub(in crate::ui) run: &'a Run,
    pub(in crate::ui) name: &'a str,
    /// Which of the colours of [`Palette::runs`](crate::ui::theme::Palette::runs).
    pub(in crate::ui) color: usize,
    /// It is the one that all panels tell of.
    pub(in crate::ui) in_focus: bool,
    /// As it was at the moment that is looked at; `None` = that is now.
    pub(in crate::ui) past: Option<&'a Run>,
}

impl<'a> Shown<'a> {
    /// As it is to be told of.
    pub(in crate::ui) fn looked_at(&self) -> &'a Run {
        self.past.unwrap_or(self.run)
    }
}

/// The one of them that all panels tell of.
pub(in crate::ui) fn in_focus<'a>(shown: &[Shown<'a>]) -> Option<Shown<'a>> {
    shown.iter().find(|shown| shown.in_focus).or(shown.last()).copied()
}

/// One row.
pub(super) struct Row<'a> {
    pub(super) run: &'a Run,
    /// See [`Shown::past`].
    pub(super) past: Option<&'a Run>,
    /// `Err` = the heading of the run.
    pub(super) lane: Result<LaneRow<'a>, Shown<'a>>,
    top: f32,
    height: f32,
}

/// A lane and whose it is.
#[derive(Clone, Copy)]
pub(super) struct LaneRow<'a> {
    pub(super) lane: &'a Lane,
    /// What the lane is a part of.
    pub(super) trace: &'a Trace,
    pub(super) place: Place<'a>,
}

/// Whose a lane is.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    Worker,
    /// A thread of tasks of that worker.
    Within(u32),
    /// One of so many `lanes` of a group beside the workers.
    Beside {
        group: usize,
        name: &'a str,
        lanes: usize,
    },
}

impl<'a> LaneRow<'a> {
    pub(super) fn of_worker(run: &'a Run, worker: u32) -> Option<Self> {
        let (trace, place) = (&run.trace, Place::Worker);
        Some(Self { lane: trace.lane_of(worker)?, trace, place })
    }

    pub(super) fn within(run: &'a Run, worker: u32, thread: u32) -> Option<Self> {
        let (trace, place) = (run.trace.lane_of(worker)?.nested()?, Place::Within(worker));
        Some(Self { lane: trace.lane_of(thread)?, trace, place })
    }

    pub(super) fn beside(run: &'a Run, group: usize, lane: u32) -> Option<Self> {
        let side = run.trace.sides().get(group)?;
        let trace = side.trace();
        let place = Place::Beside { group, name: &side.name, lanes: trace.lanes().len() };
        Some(Self { lane: trace.lane_of(lane)?, trace, place })
    }

    pub(super) fn find(run: &'a Run, place: LanePlace) -> Option<Self> {
        match place {
            LanePlace::Worker(worker) => Self::of_worker(run, worker),
            LanePlace::Within(worker, thread) => Self::within(run, worker, thread),
            LanePlace::Beside(group, lane) => Self::beside(run, group, lane),
        }
    }

    /// Where it is in its run.
    pub(super) const fn id(&self) -> LanePlace {
        let lane = self.lane.worker;
        match self.place {
            Place::Worker => LanePlace::Worker(lane),
            Place::Within(worker) => LanePlace::Within(worker, lane),
            Place::Beside { group, .. } => LanePlace::Beside(group, lane),
        }
    }

    pub(super) fn title(&self) -> String {
        let number = self.lane.worker;
        match self.place {
            Place::Worker => format!("worker {number}"),
            Place::Within(_) => format!("thread {number}"),
            Place::Beside { name, lanes: 1, .. } => name.to_owned(),
            Place::Beside { name, .. } => format!("{name} {number}"),
        }
    }

    /// The same lane of the run as it was, if it was there already.
    pub(super) fn of_past(&self, past: &'a Run) -> Option<Self> {
        Self::find(past, self.id())
    }

    /// What an item on it is called.
    pub(super) fn label(&self, run: &Run, call: u32, item: u32) -> String {
        match self.place {
            Place::Worker => run.label(item as usize),
            Place::Within(_) | Place::Beside { .. } => self.trace.name(call).unwrap_or_default().to_owned(),
        }
    }

    pub(super) const fn is_within(&self) -> bool {
        matches!(self.place, Place::Within(_))
    }
}

impl<'a> Row<'a> {
    /// What it is called.
    pub(super) fn name(&self) -> String {
        match &self.lane {
            Ok(lane) => lane.title(),
            Err(shown) => shown.name.to_owned(),
        }
    }

    fn has(&self, item: &Item<'_>) -> bool {
        self.run.number == item.run.number && self.lane.as_ref().is_ok_and(|lane| lane.id() == item.row.id())
    }

    /// On the next of these rows, below or above that of the `item`, that has one: what executed when it began, or next to that.
    pub(super) fn beside(rows: &[Self], item: &Item<'a>, below: bool) -> Option<Item<'a>> {
        let from = rows.iter().position(|row| row.has(item))?;
        let near = |row: &Self| Item::near(row.run, *row.lane.as_ref().ok()?, item.start);
        if below { rows[from + 1..].iter().find_map(near) } else { rows[..from].iter().rev().find_map(near) }
    }
}

/// All rows, from top to bottom.
pub(super) struct Rows<'a> {
    pub(super) canvas: Rect,
    all: Vec<Row<'a>>,
    scrolled: f32,
    /// Of all rows together.
    height: f32,
}

impl<'a> Rows<'a> {
    /// Lanes share the height; when there are too many for that, they scroll, or if `all` are to be seen, are as low as that takes.
    pub(super) fn new(shown: &[Shown<'a>], canvas: Rect, all: bool, scrolled: &mut f32) -> Self {
        let mut rows = Self::list(shown);
        let share = |row: &Row<'_>| match &row.lane {
            Err(_) => 0.0,
            Ok(lane) if lane.is_within() => WITHIN,
            Ok(_) => 1.0,
        };
        let headings = rows.iter().filter(|row| row.lane.is_err()).count() as f32 * HEADING;
        let shares = rows.iter().map(share).sum::<f32>().max(1.0);
        let (shortest, shortest_within) = if all { (0.0, 0.0) } else { (SHORTEST, SHORTEST_WITHIN) };
        let height = ((canvas.height() - headings) / shares).clamp(shortest, TALLEST);
        let mut top = 0.0;
        for row in &mut rows {
            row.top = top;
            row.height = match &row.lane {
                Err(_) => HEADING,
                Ok(lane) if lane.is_within() => (height * WITHIN).max(shortest_within),
                Ok(_) => height,
            };
            top += row.height;
        }
        *scrolled = scrolled.clamp(0.0, (top - canvas.height()).max(0.0));
        Self { canvas, all: rows, scrolled: *scrolled, height: top }
    }

    /// All of them, without a place.
    pub(super) fn list(shown: &[Shown<'a>]) -> Vec<Row<'a>> {
        let mut rows = Vec::new();
        for heading @ &Shown { run, past, .. } in shown {
            let row = |lane| Row { run, past, lane, top: 0.0, height: 0.0 };
            if shown.len() > 1 {
                rows.push(row(Err(*heading)));
            }
            for (group, side) in run.trace.sides().iter().enumerate() {
                let trace = side.trace();
                let place = Place::Beside { group, name: &side.name, lanes: trace.lanes().len() };
                rows.extend(trace.lanes().iter().map(|lane| row(Ok(LaneRow { lane, trace, place }))));
            }
            for lane in run.trace.lanes() {
                rows.push(row(Ok(LaneRow { lane, trace: &run.trace, place: Place::Worker })));
                if let Some(trace) = lane.nested() {
                    let place = Place::Within(lane.worker);
                    rows.extend(trace.lanes().iter().map(|lane| row(Ok(LaneRow { lane, trace, place }))));
                }
            }
        }
        rows
    }

    /// Those of which a part lies between these heights of the screen.
    pub(super) fn between(&self, top: f32, bottom: f32) -> &[Row<'a>] {
        let within = |y: f32| y.clamp(self.canvas.top(), self.canvas.bottom()) - self.canvas.top() + self.scrolled;
        let (top, bottom) = (within(top), within(bottom));
        let first = self.all.partition_point(|row| row.top + row.height <= top);
        &self.all[first..self.all.partition_point(|row| row.top < bottom).max(first)]
    }

    /// Where on the screen these rows are, from top to bottom.
    pub(super) fn heights(&self, rows: Range<usize>) -> Option<Range<f32>> {
        let last = rows.end.min(self.all.len()).checked_sub(1)?;
        Some(self.rect(self.all.get(rows.start)?).top()..self.rect(self.all.get(last)?).bottom())
    }

    /// All of them, from the top.
    pub(super) fn all(&self) -> &[Row<'a>] {
        &self.all
    }

    /// How far the rows have to be scrolled up, or down, for that one to be in sight.
    pub(super) fn out_of_sight(&self, row: &Row<'_>) -> f32 {
        let rect = self.rect(row);
        (rect.bottom() - self.canvas.bottom()).max(0.0) - (self.canvas.top() - rect.top()).max(0.0)
    }

    /// The part of the rows that is in sight, as a bar along the right edge; `None` if all of them are.
    pub(super) fn scroll_bar(&self) -> Option<Rect> {
        const WIDTH: f32 = 4.0;
        let canvas = self.canvas;
        let along = |height: f32| canvas.top() + height / self.height * canvas.height();
        (self.height > canvas.height() + 1.0).then(|| {
            let y = along(self.scrolled)..=along(self.scrolled + canvas.height());
            Rect::from_x_y_ranges(canvas.right() - WIDTH..=canvas.right(), y)
        })
    }

    /// Where a row is.
    pub(super) fn rect(&self, row: &Row<'_>) -> Rect {
        let top = self.canvas.top() + row.top - self.scrolled;
        Rect::from_x_y_ranges(self.canvas.x_range(), top..=top + row.height)
    }

    /// How much of a row the brackets over its chunks take; 0 = there are none.
    pub(super) fn brackets(row: &Row<'_>) -> f32 {
        match &row.lane {
            Ok(LaneRow { place: Place::Worker, .. }) if has_chunks(row.run) => match row.height {
                TALL.. => NAMED_BRACKET,
                SHORTEST.. => BRACKET,
                _ => 0.0,
            },
            _ => 0.0,
        }
    }

    /// Where in a row its bars are, from top to bottom.
    pub(super) fn bars(&self, row: &Row<'_>) -> Range<f32> {
        let brackets = Self::brackets(row);
        let (above, below) = match brackets {
            _ if row.height < SHORTEST => (row.height * 0.05, row.height * 0.15),
            NAMED_BRACKET | 0.0 => (4.0, 6.0),
            _ => (3.0, 6.0),
        };
        let rect = self.rect(row);
        rect.top() + brackets + above..rect.bottom() - below
    }

    /// The row at this height.
    pub(super) fn at(&self, y: f32) -> Option<&Row<'a>> {
        let y = self.canvas.y_range().contains(y).then_some(y - self.canvas.top() + self.scrolled)?;
        let after = self.all.partition_point(|row| row.top <= y);
        self.all.get(after.checked_sub(1)?).filter(|row| y < row.top + row.height)
    }

    /// The row that an item is in.
    pub(super) fn row_of(&self, item: &Item<'_>) -> Option<&Row<'a>> {
        self.all.iter().find(|row| row.has(item))
    }

    /// Where the lanes of that run are, as far as they are in sight, from top to bottom.
    pub(super) fn of_run(&self, run: usize) -> Option<Range<f32>> {
        let mut lanes = self.all.iter().filter(|row| row.run.number == run && row.lane.is_ok());
        let first = lanes.next()?;
        let within = |y: f32| y.clamp(self.canvas.top(), self.canvas.bottom());
        let last = lanes.next_back().unwrap_or(first);
        Some(within(self.rect(first).top())..within(self.rect(last).bottom()))
    }

    /// The rows that are in sight.
    pub(super) fn visible(&self) -> &[Row<'a>] {
        let first = self.all.partition_point(|row| row.top + row.height <= self.scrolled);
        let after = self.all.partition_point(|row| row.top < self.scrolled + self.canvas.height());
        &self.all[first..after.max(first)]
    }

    /// The middle of the row of that worker of `run`, or of that thread within a worker's tasks.
    pub(super) fn middle_of(&self, run: &Run, within: &[u32], worker: u32) -> Option<f32> {
        let is_it = |row: &&Row<'_>| {
            let Ok(lane) = &row.lane else { return false };
            let place = match lane.place {
                Place::Worker => within.is_empty(),
                Place::Within(outer) => within == [outer],
                Place::Beside { .. } => false,
            };
            place && lane.lane.worker == worker && row.run.number == run.number
        };
        self.all.iter().find(is_it).map(|row| self.rect(row).center().y)
    }
}

/// The height of so many lanes of so many runs, as low as they can be.
pub(super) const fn low(lanes: usize, runs: usize) -> f32 {
    lanes as f32 * SHORTEST + if runs > 1 { runs as f32 * HEADING } else { 0.0 }
}

/// Whether calls of several items were asked for, at its start or later.
fn has_chunks(run: &Run) -> bool {
    let later = |what: &Intervention| matches!(what, Intervention::Chunksize(size) if *size > 1);
    run.began_with.chunksize > 1 || run.trace.interventions().any(|(_, what)| later(what))
}

/// The place where the name of a row is, left of the canvas.
pub(super) fn name_cell(row: Rect, left: f32, width: f32) -> Rect {
    Rect::from_min_max(pos2(left, row.top()), pos2(left + width, row.bottom() - 4.0))
}
