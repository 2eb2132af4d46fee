//! An item on a lane: the one under the pointer, the one that is looked at, and the way from one to the next.

use std::path::PathBuf;

use super::rows::{LaneRow, Place};
use crate::lab::{Run, TaskState};
use crate::trace::{Call, EndStage, Lane, OpenSpan, Span, Stage};

/// An item of a run, wherever it executes. It may still do so.
#[derive(Clone, Copy)]
pub(in crate::ui) struct Item<'a> {
    pub(in crate::ui) run: &'a Run,
    pub(super) row: LaneRow<'a>,
    /// Its number in what its lane is a part of.
    pub(in crate::ui) number: u32,
    pub(in crate::ui) call: u32,
    pub(in crate::ui) start: i64,
    /// When it ended, and how.
    pub(in crate::ui) ended: Option<(i64, EndStage)>,
    /// How many thousandths of its work it has done, if it tells and still executes.
    pub(in crate::ui) permille: Option<u16>,
}

/// Which item is looked at; it stays the same while its run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui) enum Selection {
    /// What began on a lane at that time, of the run with that number.
    Began { run: usize, place: LanePlace, start: i64 },
    /// An item of a call, which may not have begun.
    Item { run: usize, call: u32, item: u32 },
}

/// What is selected.
#[derive(Clone, Copy)]
pub(in crate::ui) enum Selected<'a> {
    /// It executes, or did.
    Item(Item<'a>),
    /// It has not begun.
    Waiting(Waiting<'a>),
    /// At the moment that is looked at, it was not there.
    Later { run: &'a Run, number: u32 },
}

/// An item that has not begun, and may never.
#[derive(Clone, Copy)]
pub(in crate::ui) struct Waiting<'a> {
    pub(in crate::ui) run: &'a Run,
    pub(in crate::ui) number: u32,
    pub(in crate::ui) call: u32,
    pub(in crate::ui) way: Call,
}

/// A lane of the run with that number; it stays the same wherever the lane is drawn.
pub(super) type LaneId = (usize, LanePlace);

/// Where a lane is in its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::ui) enum LanePlace {
    Worker(u32),
    /// A thread of tasks of a worker.
    Within(u32, u32),
    /// Of the groups beside the workers, and the lane in it.
    Beside(usize, u32),
}

impl<'a> Item<'a> {
    /// The one that executes at `time`.
    pub(super) fn at(run: &'a Run, row: LaneRow<'a>, time: i64) -> Option<Self> {
        let open = row.lane.open.filter(|open| (open.start..=run.elapsed()).contains(&time) && !run.ended());
        let ended = row.lane.span_at(time).map(|span| Self::of_span(run, row, span));
        ended.or_else(|| open.map(|open| Self::of_open(run, row, open)))
    }

    /// The one that executes at `time`, or begins next, or was the last.
    pub(super) fn near(run: &'a Run, row: LaneRow<'a>, time: i64) -> Option<Self> {
        let of_span = |span: Span| Self::of_span(run, row, span);
        let open = row.lane.open.filter(|_| !run.ended()).map(|open| Self::of_open(run, row, open));
        let after = || row.lane.spans_between(time, i64::MAX).next().copied().map(of_span);
        Self::at(run, row, time).or_else(after).or(open).or_else(|| row.lane.spans().last().copied().map(of_span))
    }

    /// The first of the run's own that ends after `time`, on the first lane that has one.
    pub(super) fn first_from(run: &'a Run, time: i64) -> Option<Self> {
        run.trace.lanes().iter().find_map(|lane| {
            let row = LaneRow::of_worker(run, lane.worker)?;
            let span = lane.spans_between(time, i64::MAX).next();
            let open = lane.open.filter(|_| !run.ended());
            span.map(|span| Self::of_span(run, row, *span)).or_else(|| open.map(|open| Self::of_open(run, row, open)))
        })
    }

    const fn of_span(run: &'a Run, row: LaneRow<'a>, span: Span) -> Self {
        let Span { item: number, call, start, end, end_stage, .. } = span;
        Self { run, row, number, call, start, ended: Some((end, end_stage)), permille: None }
    }

    const fn of_open(run: &'a Run, row: LaneRow<'a>, open: OpenSpan) -> Self {
        let OpenSpan { item: number, call, start, permille } = open;
        Self { run, row, number, call, start, ended: None, permille }
    }

    /// When it ended, or now.
    pub(in crate::ui) fn until(&self) -> i64 {
        self.ended.map_or_else(|| self.run.elapsed(), |(end, _)| end)
    }

    pub(in crate::ui) const fn lane(&self) -> &'a Lane {
        self.row.lane
    }

    /// What its lane is called.
    pub(in crate::ui) fn lane_title(&self) -> String {
        self.row.title()
    }

    /// `item 3 · thumbnail of dunes.jpg`.
    pub(in crate::ui) fn title(&self) -> String {
        title(self.number, &self.row.label(self.run, self.call, self.number))
    }

    /// Whether it waits for another that waits for it.
    pub(in crate::ui) fn is_deadlocked(&self) -> bool {
        let current = self.row.trace.current_deadlock().filter(|_| !self.run.ended());
        let waits = current.map_or(&[][..], |period| &period.deadlock.waits);
        waits.iter().any(|wait| wait.item == self.number)
    }

    /// How it ended, in a word.
    pub(in crate::ui) fn word(&self) -> &'static str {
        match self.ended {
            None if self.is_deadlocked() => "deadlocked",
            None => "executing",
            Some((_, end)) => TaskState::of(end, self.row.trace.is_under_way(self.call)).word(),
        }
    }

    /// The way of its call through the queues.
    pub(in crate::ui) fn way(&self) -> Option<Call> {
        self.row.trace.call(self.call)
    }

    /// Whether it is one of the run's own, and not something within a task or beside the workers.
    pub(in crate::ui) const fn is_the_runs_own(&self) -> bool {
        matches!(self.row.place, Place::Worker)
    }

    /// The one after it on its lane.
    pub(in crate::ui) fn next(&self) -> Option<Self> {
        let ended = self.row.lane.span_after(self.start).map(|span| Self::of_span(self.run, self.row, span));
        let open = self.row.lane.open.filter(|open| open.start > self.start && !self.run.ended());
        ended.or_else(|| open.map(|open| Self::of_open(self.run, self.row, open)))
    }

    /// The one before it on its lane.
    pub(in crate::ui) fn previous(&self) -> Option<Self> {
        self.row.lane.span_before(self.start).map(|span| Self::of_span(self.run, self.row, span))
    }

    /// The item that this one had to wait for: the one before it in its chunk, or the one that kept its worker busy while it
    /// waited in a queue. `None` if the worker was free.
    pub(in crate::ui) fn cause(&self) -> Option<Self> {
        let before = self.previous()?;
        let kept_waiting = self.way().is_some_and(|way| way.submitted <= before.until());
        (before.call == self.call || kept_waiting).then_some(before)
    }

    /// The item that had to wait for this one, in the same sense.
    pub(in crate::ui) fn effect(&self) -> Option<Self> {
        self.next().filter(|next| next.cause().is_some())
    }

    /// The file that it is about, if it is about one.
    pub(in crate::ui) fn file(&self) -> Option<PathBuf> {
        self.is_the_runs_own().then(|| self.run.file_of(self.number as usize)).flatten()
    }

    pub(in crate::ui) fn select(&self) -> Selection {
        Selection::of_span(self.run, &self.row, self.start)
    }
}

impl Selection {
    /// What began at `start` on that lane.
    pub(super) const fn of_span(run: &Run, row: &LaneRow<'_>, start: i64) -> Self {
        Self::Began { run: run.number, place: row.id(), start }
    }

    /// The number of the run that it is in.
    pub(in crate::ui) const fn run(self) -> usize {
        match self {
            Self::Began { run, .. } | Self::Item { run, .. } => run,
        }
    }

    /// What is selected, if it is in `run`.
    pub(in crate::ui) fn find(self, run: &Run) -> Option<Selected<'_>> {
        let (number, place, start) = match self {
            Self::Began { run: number, place, start } => (number, place, start),
            Self::Item { run: number, call, item } => match run.trace.start_of(call, item) {
                Some((worker, start)) => (number, LanePlace::Worker(worker), start),
                None if number == run.number => {
                    let way = run.trace.call(call)?;
                    return Some(Selected::Waiting(Waiting { run, number: item, call, way }));
                }
                None => return None,
            },
        };
        if run.number != number {
            return None;
        }
        let row = LaneRow::find(run, place)?;
        let open = row.lane.open.filter(|open| open.start == start && !run.ended());
        let ended = row.lane.span_from(start).map(|span| Item::of_span(run, row, span));
        ended.or_else(|| open.map(|open| Item::of_open(run, row, open))).map(Selected::Item)
    }

    /// What is selected, if it is in `run`: as it was in the `past`, if that is looked at.
    pub(super) fn find_as_it_was<'a>(self, run: &'a Run, past: Option<&'a Run>) -> Option<Selected<'a>> {
        let now = self.find(run)?;
        let Some(past) = past else { return Some(now) };
        let then = self.find(past).or_else(|| {
            // It had not begun, but may have been in a queue, in the same call or in one that was withdrawn since.
            let (_, call) = now.call()?;
            let item = now.number();
            let of_call = |call: u32| Self::Item { run: run.number, call, item }.find(past);
            of_call(call).or_else(|| of_call(past.trace.call_of(item)?))
        });
        Some(then.unwrap_or(Selected::Later { run: past, number: now.number() }))
    }

    /// The first item of a call of that run.
    pub(in crate::ui) fn of_call(run: &Run, call: u32) -> Option<Self> {
        let first = run.trace.call(call)?.first_item;
        Some(Self::Item { run: run.number, call, item: first })
    }
}

impl<'a> Selected<'a> {
    /// What it is, if it has begun.
    pub(in crate::ui) const fn begun(self) -> Option<Item<'a>> {
        match self {
            Self::Item(item) => Some(item),
            Self::Waiting(_) | Self::Later { .. } => None,
        }
    }

    pub(in crate::ui) const fn number(&self) -> u32 {
        match self {
            Self::Item(item) => item.number,
            Self::Waiting(waiting) => waiting.number,
            Self::Later { number, .. } => *number,
        }
    }

    pub(in crate::ui) const fn run_number(&self) -> usize {
        match self {
            Self::Item(item) => item.run.number,
            Self::Waiting(waiting) => waiting.run.number,
            Self::Later { run, .. } => run.number,
        }
    }

    /// What it is and where, or what came of it.
    pub(in crate::ui) fn in_words(&self) -> String {
        match self {
            Self::Item(item) => format!("{}, {} on {}", item.title(), item.word(), item.lane_title()),
            Self::Waiting(waiting) => format!("{}, {}", waiting.title(), waiting.word()),
            Self::Later { number, .. } => format!("item {number}, not there yet"),
        }
    }

    /// The call that it belongs to, if it is one of the run's own.
    pub(in crate::ui) fn call(&self) -> Option<(usize, u32)> {
        match self {
            Self::Item(item) => item.is_the_runs_own().then_some((item.run.number, item.call)),
            Self::Waiting(waiting) => Some((waiting.run.number, waiting.call)),
            Self::Later { .. } => None,
        }
    }
}

impl Waiting<'_> {
    /// The file that it is about, if it is about one.
    pub(in crate::ui) fn file(&self) -> Option<PathBuf> {
        self.run.file_of(self.number as usize)
    }

    /// `item 3 · thumbnail of dunes.jpg`.
    pub(in crate::ui) fn title(&self) -> String {
        title(self.number, &self.run.label(self.number as usize))
    }

    /// Where it is, in a word.
    pub(in crate::ui) fn word(&self) -> &'static str {
        match self.way.stage {
            Stage::Pending => "pending",
            Stage::CallQueue => "in the call queue",
            Stage::Executing => "taken, not begun",
            Stage::ResultQueue | Stage::Done => "skipped",
            Stage::Cancelled => "cancelled",
            Stage::Lost => "lost",
        }
    }
}

fn title(number: u32, label: &str) -> String {
    if label.is_empty() { format!("item {number}") } else { format!("item {number} · {label}") }
}
