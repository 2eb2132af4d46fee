//! One worker's row: what it executed, when. Spans never overlap and stand in the order of time.
//!
//! Each span carries the lane's busy time before it, so the busy time of any stretch is two binary searches, exact at
//! every zoom. A chart thus costs O(lanes × pixels × log tasks), however many tasks there are.

use std::ops::Range;
use std::sync::Arc;

use super::Trace;
use super::blocks::Blocks;
use super::nested::Nested;
use super::spread::Spread;
use super::turns::{ActivityTimes, SubSpan, Turns};
use crate::executor::Activity;

/// An item that was executed. Times are nanoseconds from the start of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// When it started.
    pub start: i64,
    /// When it ended.
    pub end: i64,
    /// The item's number in the run.
    pub item: u32,
    /// The call (chunk) that it belongs to.
    pub call: u32,
    /// How it ended.
    pub end_stage: EndStage,
    /// Busy nanoseconds of the lane before this span.
    busy_before: i64,
    /// Spans of the lane before this one that failed.
    failed_before: u32,
}

/// How an item ended, as the chart colours it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndStage {
    /// With a value.
    Returned,
    /// With an error.
    Raised,
    /// It was asked to stop, and did.
    Interrupted,
    /// Its worker ended in the middle of it, or its result never arrived.
    Lost,
}

impl EndStage {
    /// Whether it went wrong: raised or lost. What was interrupted did not fail.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        match self {
            Self::Raised | Self::Lost => true,
            Self::Returned | Self::Interrupted => false,
        }
    }
}

/// An item that is executing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenSpan {
    /// When it started.
    pub start: i64,
    /// The item's number in the run.
    pub item: u32,
    /// The call (chunk) that it belongs to.
    pub call: u32,
    /// How many thousandths of its work it has done, if it tells.
    pub permille: Option<u16>,
}

/// One worker for its whole life.
#[derive(Clone, Debug, Default)]
pub struct Lane {
    /// Its number in the executor.
    pub worker: u32,
    /// Its process, if it is one.
    pub pid: Option<u32>,
    /// When it was started.
    pub started: i64,
    /// When it could take calls.
    pub ready: Option<i64>,
    /// When it ended, and how.
    pub exited: Option<(i64, String)>,
    /// What it is executing.
    pub open: Option<OpenSpan>,
    /// How many calls it took.
    pub calls: usize,
    /// The last of them.
    pub taken: Option<u32>,
    spans: Blocks<Span>,
    turns: Turns,
    /// Of what was computing, how long there was no core for it.
    off_core: Spread,
    /// Of what was blocking, how long programs that the items ran were on a core.
    child_cpu: Spread,
    pub(super) nested: Option<Arc<Nested>>,
    /// Until when the item that runs has told how long it was on a core, and its programs.
    measured: Measured,
    died_in_one: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Measured {
    on_core: i64,
    child_cpu: i64,
}

/// What a lane did during one pixel column: fractions of its time, 0 to 1, of which `busy` is the sum of all others and computing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Column {
    /// An item executed.
    pub busy: f32,
    /// It waited for the GIL.
    pub gil: f32,
    /// It computed, but had no core.
    pub off_core: f32,
    /// It waited for a lock or a future.
    pub other_tasks: f32,
    /// It waited for the outside world.
    pub blocking: f32,
    /// How many items ended or ran in it.
    pub items: u32,
    /// How many of them failed.
    pub failed: u32,
}

impl Column {
    /// The fraction in which it waited for something within the program, or for a core.
    #[must_use]
    pub fn waiting(&self) -> f32 {
        self.gil + self.off_core + self.other_tasks
    }
}

/// Where in a lane's columns a walk through time has come.
#[derive(Default)]
struct Cursors {
    spans: usize,
    turns: usize,
    off_core: usize,
    child_cpu: usize,
}

/// What a lane has come to until a moment.
struct Sums {
    busy: i64,
    /// Items that have begun.
    begun: usize,
    failed: u32,
    /// An item runs, and whether it will fail.
    in_one: bool,
    in_a_failed_one: bool,
    /// Blocking is without what programs computed.
    away: ActivityTimes,
    off_core: i64,
}

/// Where each of so many columns of `from..to` begins, by its number; after the last, where that ends.
fn edges(from: i64, to: i64, columns: usize) -> impl Fn(usize) -> i64 {
    move |column| from + (i128::from(to - from) * column as i128 / columns as i128) as i64
}

/// Above this many spans a pixel column, spans are no longer drawn one by one.
const SPANS_PER_COLUMN: usize = 2;

impl Lane {
    pub(super) fn new(worker: u32) -> Self {
        Self { worker, ..Self::default() }
    }

    /// How many items it has executed. One that it died in is not among them.
    #[must_use]
    pub const fn items(&self) -> usize {
        self.spans.len() - self.died_in_one as usize
    }

    /// The threads that its tasks have for themselves, as lanes within this one; `None` if they have none.
    #[must_use]
    pub fn nested(&self) -> Option<&Trace> {
        self.nested.as_ref().map(|nested| &nested.trace)
    }

    /// Busy nanoseconds up to `until`.
    #[must_use]
    pub fn busy_until(&self, until: i64) -> i64 {
        self.busy_of(self.spans.partition_point(|span| span.start < until), until)
    }

    /// Nanoseconds of `time` in which the worker was there, ready and not busy.
    #[must_use]
    pub fn idle_in(&self, time: &Range<i64>) -> i64 {
        let exited = self.exited.as_ref().map_or(i64::MAX, |(at, _)| *at);
        let (from, until) = (time.start.max(self.ready.unwrap_or(i64::MAX)), time.end.min(exited));
        if from >= until { 0 } else { until - from - (self.busy_until(until) - self.busy_until(from)) }
    }

    /// Busy nanoseconds up to `until`, before which that many spans began.
    fn busy_of(&self, after: usize, until: i64) -> i64 {
        let last = after.checked_sub(1).and_then(|index| self.spans.get(index));
        let finished = last.map_or(0, |span| span.busy_before + span.end.min(until) - span.start);
        finished + self.open.map_or(0, |open| (until - open.start).max(0))
    }

    /// What the busy time up to `until` went to, apart from computing. What programs that the items ran have computed counts as
    /// computing.
    #[must_use]
    pub fn away_until(&self, until: i64) -> ActivityTimes {
        let mut away = self.turns.until(until);
        away[Activity::Blocking as usize] -= self.child_cpu.until(until);
        away
    }

    /// How long programs that the items ran were on a core up to `until`, as far as it was told, and not longer than an item waited for
    /// them: several at a time may have computed more.
    #[must_use]
    pub fn child_cpu_until(&self, until: i64) -> i64 {
        self.child_cpu.until(until)
    }

    /// Of the computing up to `until`, how many nanoseconds items had no core for it, as far as that was measured.
    #[must_use]
    pub fn off_core_until(&self, until: i64) -> i64 {
        self.off_core.until(until)
    }

    /// The parts of `from..to` in which an item was at something else than computing.
    pub fn sub_spans(&self, from: i64, to: i64) -> impl Iterator<Item = SubSpan> {
        self.turns.between(from, to)
    }

    /// The span that runs at `at`, if one does.
    #[must_use]
    pub fn span_at(&self, at: i64) -> Option<Span> {
        let after = self.spans.partition_point(|span| span.start <= at);
        let span = self.spans.get(after.checked_sub(1)?)?;
        (at < span.end).then_some(*span)
    }

    /// The span that began at `start`.
    #[must_use]
    pub fn span_from(&self, start: i64) -> Option<Span> {
        // Of spans that took no time, several may have begun at the same moment: the last is the one that is seen.
        let after = self.spans.partition_point(|span| span.start <= start);
        self.spans.get(after.checked_sub(1)?).filter(|span| span.start == start).copied()
    }

    /// How many spans it has.
    pub(super) const fn spans_count(&self) -> usize {
        self.spans.len()
    }

    /// When span number `index` began.
    pub(super) fn start_of_span(&self, index: usize) -> Option<i64> {
        self.spans.get(index).map(|span| span.start)
    }

    /// The last span.
    pub(super) fn last_span(&self) -> Option<&Span> {
        self.spans.last()
    }

    /// The first span that began after `start`.
    #[must_use]
    pub fn span_after(&self, start: i64) -> Option<Span> {
        self.spans.get(self.spans.partition_point(|span| span.start <= start)).copied()
    }

    /// The last span that began before `start`.
    #[must_use]
    pub fn span_before(&self, start: i64) -> Option<Span> {
        self.spans.get(self.spans.partition_point(|span| span.start < start).checked_sub(1)?).copied()
    }

    /// Spans of which at least a part lies in `from..to`.
    pub fn spans_between(&self, from: i64, to: i64) -> impl Iterator<Item = &Span> {
        let first = self.spans.partition_point(|span| span.end <= from);
        self.spans.iter_from(first).take_while(move |span| span.start < to)
    }

    /// When item number `item` of the run began, if it is or was here with `call`, which was taken at `taken`.
    pub(super) fn start_of(&self, call: u32, item: u32, taken: i64) -> Option<i64> {
        // From when a worker has taken a call it executes nothing else, and its items in their order.
        let index = self.spans.partition_point(|span| span.start < taken || (span.call == call && span.item < item));
        let span = self.spans.get(index).filter(|span| (span.call, span.item) == (call, item));
        let ended = span.map(|span| span.start);
        ended.or_else(|| self.open.filter(|open| (open.call, open.item) == (call, item)).map(|open| open.start))
    }

    /// All spans, in the order of time.
    pub fn spans(&self) -> impl Iterator<Item = &Span> {
        self.spans.iter()
    }

    /// The spans of `from..to`, if they are few enough to be drawn one by one on `columns` pixel columns; else columns
    /// are drawn. It is `now`, after which there is nothing yet, whatever runs.
    #[must_use]
    pub fn few_spans(&self, from: i64, to: i64, columns: usize, now: i64) -> Option<Vec<Span>> {
        let first = self.spans.partition_point(|span| span.end <= from);
        let after = self.spans.partition_point(|span| span.start < to);
        let count = after.saturating_sub(first);
        let few = |count: usize| count <= columns * SPANS_PER_COLUMN;
        let one_by_one = few(count)
            && few(self.turns.count_between(from, to) / 2)
            && !self.are_specks(count, from, to.min(now.max(from + 1)), columns);
        one_by_one.then(|| self.spans.iter_from(first).take(count).copied().collect())
    }

    /// What went on in each of so many columns of `from..to`, at time `now`.
    #[must_use]
    pub fn columns(&self, from: i64, to: i64, columns: usize, now: i64) -> Vec<Column> {
        let edge = edges(from, to, columns);
        // From edge to edge it is not far, so each search begins where the last one ended.
        let mut cursors = Cursors::default();
        let mut left = self.sums_at(from.min(now), &mut cursors);
        let marks = (0..columns).map(|column| {
            let (start, end) = (edge(column), edge(column + 1));
            let right = self.sums_at(end.min(now), &mut cursors);
            let share = |nanos: i64| nanos as f32 / (end - start).max(1) as f32;
            let busy = share(right.busy - left.busy);
            let away = |activity: Activity| right.away[activity as usize] - left.away[activity as usize];
            let gil = share(away(Activity::WaitingForGil));
            let other_tasks = share(away(Activity::WaitingForLock) + away(Activity::WaitingForFuture));
            let off_core = share(right.off_core - left.off_core);
            let blocking = share(away(Activity::Blocking));
            // A failed span that began before the column still colours it.
            let failed = (right.failed - left.failed) + u32::from(left.in_a_failed_one);
            let items = (right.begun - left.begun) as u32 + u32::from(left.in_one);
            left = right;
            Column { busy, gil, off_core, other_tasks, blocking, items, failed }
        });
        marks.collect()
    }

    /// Whether `count` spans of that time are many, and most of them narrower than a column. One by one, each would be drawn as wide as
    /// one, and a lane that has little to do would look busy.
    fn are_specks(&self, count: usize, from: i64, to: i64, columns: usize) -> bool {
        let busy = i128::from(self.busy_until(to) - self.busy_until(from));
        count > columns / 4 && busy * (columns as i128) < count as i128 * i128::from(to - from)
    }

    /// What has come together up to `until`, which is not before the time that the cursors were used for last.
    fn sums_at(&self, until: i64, cursors: &mut Cursors) -> Sums {
        cursors.spans = self.spans.partition_point_from(cursors.spans, |span| span.start < until);
        let last = cursors.spans.checked_sub(1).and_then(|index| self.spans.get(index));
        let mut away = self.turns.until_from(&mut cursors.turns, until);
        away[Activity::Blocking as usize] -= self.child_cpu.until_from(&mut cursors.child_cpu, until);
        Sums {
            busy: self.busy_of(cursors.spans, until),
            begun: cursors.spans + usize::from(self.open.is_some_and(|open| open.start < until)),
            in_one: last.is_some_and(|span| span.end > until) || self.open.is_some_and(|open| open.start < until),
            failed: self.failed_until_index(cursors.spans),
            in_a_failed_one: last.is_some_and(|span| span.end > until && span.end_stage.is_failure()),
            away,
            off_core: self.off_core.until_from(&mut cursors.off_core, until),
        }
    }

    /// Spans before number `index` that failed.
    fn failed_until_index(&self, index: usize) -> u32 {
        let last = index.checked_sub(1).and_then(|index| self.spans.get(index));
        last.map_or(0, |span| span.failed_before + u32::from(span.end_stage.is_failure()))
    }

    pub(super) fn open(&mut self, call: u32, item: u32, at: i64) {
        // Spans of a lane never overlap, whatever a clock says.
        let start = self.spans.last().map_or(at, |last| at.max(last.end));
        self.open = Some(OpenSpan { start, item, call, permille: None });
        self.measured = Measured { on_core: start, child_cpu: start };
    }

    /// The item that runs is at something else. Returns whether one does.
    pub(super) fn turn(&mut self, at: i64, to: Activity) -> bool {
        if let Some(open) = self.open {
            self.turns.push(at.max(open.start), to);
        }
        self.open.is_some()
    }

    /// The item that runs has done so much. Returns whether one runs.
    pub(super) fn progressed(&mut self, permille: u16) -> bool {
        if let Some(open) = &mut self.open {
            open.permille = Some(permille);
        }
        self.open.is_some()
    }

    /// Since this was told last, the item that runs was on a core for so many nanoseconds. Returns whether one runs.
    pub(super) fn was_on_core(&mut self, at: i64, nanos: u64) -> bool {
        let from = std::mem::replace(&mut self.measured.on_core, at);
        let computed = (at - from) - self.away_between(from, at).iter().sum::<i64>();
        let off_core = computed.saturating_sub(i64::try_from(nanos).unwrap_or(i64::MAX));
        if self.open.is_some() && off_core > 0 {
            self.off_core.push(from, at, off_core);
        }
        self.open.is_some()
    }

    /// Since this was told last, programs that the item waits for were on a core for so many nanoseconds. Returns whether one runs.
    pub(super) fn children_were_on_core(&mut self, at: i64, nanos: u64) -> bool {
        let from = std::mem::replace(&mut self.measured.child_cpu, at);
        let waited = self.away_between(from, at)[Activity::Blocking as usize];
        let computed = i64::try_from(nanos).unwrap_or(i64::MAX).min(waited);
        if self.open.is_some() && computed > 0 {
            self.child_cpu.push(from, at, computed);
        }
        self.open.is_some()
    }

    /// What `from..until` was spent on, but for computing.
    fn away_between(&self, from: i64, until: i64) -> ActivityTimes {
        let (before, after) = (self.turns.until(from), self.turns.until(until));
        std::array::from_fn(|activity| after[activity] - before[activity])
    }

    /// The results of `call`, which was taken at `taken`, never arrived: what its items gave is not known any more. `ends` gets when
    /// those of them ended that had something to give.
    pub(super) fn lose(&mut self, call: u32, taken: i64, ends: &mut Vec<i64>) {
        let first = self.spans.partition_point(|span| span.start < taken);
        let mut failed_before = self.failed_until_index(first);
        for index in first..self.spans.len() {
            if let Some(span) = self.spans.get_mut(index) {
                if span.call == call && std::mem::replace(&mut span.end_stage, EndStage::Lost) != EndStage::Lost {
                    ends.push(span.end);
                }
                span.failed_before = failed_before;
                failed_before += u32::from(span.end_stage.is_failure());
            }
        }
    }

    pub(super) fn close(&mut self, at: i64, end_stage: EndStage) {
        let Some(OpenSpan { start, item, call, .. }) = self.open.take() else { return };
        self.died_in_one = end_stage == EndStage::Lost;
        let busy_before = self.spans.last().map_or(0, |last| last.busy_before + last.end - last.start);
        let failed_before = self.failed_until_index(self.spans.len());
        let end = at.max(start);
        self.turns.close(end);
        self.spans.push(Span { start, end, item, call, end_stage, busy_before, failed_before });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Spans from (gap before it, length, failed).
    fn lane(parts: &[(i64, i64, bool)]) -> Lane {
        let mut lane = Lane::default();
        let mut at = 0;
        for (item, &(gap, length, failed)) in parts.iter().enumerate() {
            lane.open(0, item as u32, at + gap);
            at += gap + length;
            lane.close(at, if failed { EndStage::Raised } else { EndStage::Returned });
        }
        lane
    }

    proptest! {
        #[test]
        fn busy_time_of_any_stretch_is_what_adding_up_gives(
            parts in prop::collection::vec((0..50_i64, 0..50_i64, any::<bool>()), 0..200),
            from in 0..5000_i64,
            length in 0..5000_i64,
        ) {
            let lane = Lane { ready: Some(from / 2), ..lane(&parts) };
            let to = from + length;
            let expected: i64 = lane.spans().map(|span| (span.end.min(to) - span.start.max(from)).max(0)).sum();
            prop_assert_eq!(lane.busy_until(to) - lane.busy_until(from), expected);
            prop_assert_eq!(lane.idle_in(&(from..to)), length - expected);
        }

        #[test]
        fn columns_lose_no_busy_time_and_no_failure(
            parts in prop::collection::vec((0..5_i64, 1..5_i64, prop::bool::weighted(0.05)), 100..400),
            columns in 1..40_usize,
        ) {
            let lane = lane(&parts);
            let end = lane.spans().last().unwrap().end;
            if lane.few_spans(0, end, columns, end).is_none() {
                let marks = lane.columns(0, end, columns, end);
                prop_assert_eq!(marks.len(), columns);
                let width = end as f64 / columns as f64;
                let busy: f64 = marks.iter().map(|column| f64::from(column.busy) * width).sum();
                let expected: i64 = lane.spans().map(|span| span.end - span.start).sum();
                // Column edges are whole nanoseconds: each may be off by one.
                prop_assert!((busy - expected as f64).abs() <= columns as f64 * 2.0, "{} for {}", busy, expected);
                let failed = lane.spans().filter(|span| span.end_stage != EndStage::Returned).count();
                let shown: u32 = marks.iter().map(|column| column.failed).sum();
                prop_assert!(shown as usize >= failed);
            } else {
                prop_assert!(lane.items() <= columns * SPANS_PER_COLUMN);
            }
        }

        #[test]
        fn spans_never_overlap_even_when_clocks_disagree(stamps in prop::collection::vec((0..100_i64, 0..100_i64), 0..50)) {
            let mut lane = Lane::default();
            for (start, end) in stamps {
                lane.open(0, 0, start);
                lane.close(end, EndStage::Returned);
            }
            let spans: Vec<_> = lane.spans().collect();
            prop_assert!(spans.iter().all(|span| span.start <= span.end));
            prop_assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start));
        }
    }

    #[test]
    fn the_way_goes_from_span_to_span_and_back() {
        let lane = lane(&[(10, 20, false), (0, 5, true), (3, 7, false)]);
        let starts: Vec<_> = std::iter::successors(lane.span_after(i64::MIN), |span| lane.span_after(span.start))
            .map(|span| span.start)
            .collect();
        assert_eq!(starts, [10, 30, 38]);
        assert_eq!(lane.span_before(30).map(|span| span.item), Some(0));
        assert_eq!(lane.span_before(10), None);
        assert_eq!(lane.span_from(30).map(|span| span.item), Some(1));
        assert_eq!(lane.span_from(31), None);
    }

    #[test]
    fn an_open_span_counts_as_busy_up_to_now() {
        let mut lane = lane(&[(10, 20, false)]);
        lane.open(0, 1, 50);
        assert_eq!(lane.busy_until(30), 20);
        assert_eq!(lane.busy_until(50), 20);
        assert_eq!(lane.busy_until(75), 45);
        assert_eq!(lane.span_at(15).map(|span| span.item), Some(0));
        assert_eq!(lane.span_at(30), None);
    }

    #[test]
    fn what_runs_fills_no_column_after_now() {
        let mut lane = lane(&[(0, 1, false); 100]);
        lane.open(0, 100, 100);
        lane.turn(110, Activity::Blocking);
        assert!(lane.few_spans(0, 200, 20, 125).is_none(), "there are too many spans");
        let columns = lane.columns(0, 200, 20, 125);
        let filled = |column: &Column| (column.busy, column.blocking);
        let filled: Vec<_> = columns.iter().map(filled).collect();
        assert_eq!(filled[9..14], [(1.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.5), (0.0, 0.0)]);
        assert!(filled[14..].iter().all(|column| *column == (0.0, 0.0)));
    }
}
