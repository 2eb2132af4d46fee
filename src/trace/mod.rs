//! A run as data: a pure fold over the events of an executor. A live run, an opened file and a test go through the same
//! [`Trace::apply`], so they give the same picture. Knows nothing but the event vocabulary.
//!
//! Cloning a trace is cheap (it shares its blocks), so a snapshot can be published many times a second.
//!
//! Invariants: the counts add up after every event, in calls and in items; spans of a lane never overlap; a worker is one
//! lane for its whole life.

mod blocks;
mod call;
mod counts;
mod deadlocks;
mod histogram;
mod history;
mod idle;
mod kept_columns;
mod lane;
mod log;
mod nested;
mod queries;
mod queued;
mod recorder;
mod recut;
mod replay;
mod series;
mod side;
mod spent;
mod spread;
mod summary;
mod turns;
mod waits;

use std::collections::HashMap;
use std::sync::Arc;

pub use call::{Call, Stage};
pub use counts::{Counts, QueueDepths, StageCounts};
pub use deadlocks::DeadlockPeriod;
pub use histogram::Histogram;
pub use history::{Historian, History};
pub use idle::IdleCause;
pub use kept_columns::KeptColumns;
pub use lane::{Column, EndStage, Lane, OpenSpan, Span};
pub use log::{LogLine, Omission};
pub use recorder::Recorder;
pub use replay::Replay;
pub use series::Series;
pub use side::Side;
pub use spent::Spent;
pub use summary::{ItemError, LaneSummary, Quantiles, Summary};
pub use turns::{ActivityTimes, SubSpan};
pub use waits::{Awaited, Deadlock, Wait};

use crate::executor::{Activity, Event, EventKind, Intervention, Outcome, Printed, TaskError, WorkId};
pub(crate) use blocks::Blocks;
use call::{Stamp, StoredCall};
use deadlocks::Deadlocks;
use log::Log;
use nested::Nested;
use queued::Queued;
use recut::Recut;
use waits::Waits;

/// A run, as far as its events have come. Times are nanoseconds from its start.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The stamp that counts as zero.
    origin: i64,
    calls: Blocks<StoredCall>,
    lanes: Vec<Lane>,
    counts: Counts,
    queued: Queued,
    recut: Recut,
    queues: Series<QueueDepths>,
    finished: Series<usize>,
    run_times: Histogram,
    queue_waits: Histogram,
    errors: Blocks<ItemError>,
    /// What the items of calls that are under way have come to, in case the call is lost after all.
    under_way: HashMap<WorkId, Outcomes>,
    log: Log,
    /// The numbers of the items whose programs have ended, and with what, in the order of time.
    exit_statuses: Blocks<(u32, i32)>,
    /// The numbers of the items that were tried again, once for each time.
    retries: Blocks<u32>,
    deadlocks: Deadlocks,
    /// How many events were taken.
    events: usize,
    waits: Waits,
    sides: Vec<Side>,
    interventions: Blocks<(i64, Intervention)>,
    /// What calls are called, of those that have a name, in the order of their numbers.
    names: Blocks<(u32, Arc<str>)>,
    last_event: i64,
    last_result: i64,
    ignored: usize,
    lost_in_queue: bool,
    /// Why a call was lost, of the first that was.
    lost_cause: Option<Arc<str>>,
    missing_worker: Option<Arc<str>>,
}

/// What items have come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// With a value.
    pub returned: usize,
    /// With an error.
    pub raised: usize,
    /// Not run, as another item of the call raised, or the run was stopped.
    pub skipped: usize,
    /// Asked to stop while they executed.
    pub interrupted: usize,
}

impl Outcomes {
    const fn sum(&self) -> usize {
        self.returned + self.raised + self.skipped + self.interrupted
    }
}

impl Trace {
    /// An empty run that starts at the stamp `origin` ([`crate::sys::monotonic_nanos`]).
    #[must_use]
    pub fn new(origin: i64) -> Self {
        Self {
            origin,
            calls: Blocks::default(),
            lanes: Vec::new(),
            counts: Counts::default(),
            queued: Queued::default(),
            recut: Recut::default(),
            queues: Series::default(),
            finished: Series::default(),
            run_times: Histogram::default(),
            queue_waits: Histogram::default(),
            errors: Blocks::default(),
            under_way: HashMap::new(),
            log: Log::default(),
            exit_statuses: Blocks::default(),
            retries: Blocks::default(),
            deadlocks: Deadlocks::default(),
            events: 0,
            waits: Waits::default(),
            sides: Vec::new(),
            interventions: Blocks::default(),
            names: Blocks::default(),
            last_event: 0,
            last_result: 0,
            ignored: 0,
            lost_in_queue: false,
            lost_cause: None,
            missing_worker: None,
        }
    }

    /// Takes the next event.
    pub fn apply(&mut self, event: &Event) {
        let at = self.time_of(event.at);
        self.events += 1;
        self.last_event = self.last_event.max(at);
        let known = match &event.kind {
            EventKind::Submitted { call, first_item, items } => self.submitted(*call, *first_item, *items, at),
            EventKind::Withdrawn { call } => self.withdrawn(*call, at),
            EventKind::EnteredCallQueue { call } => self.advance(*call, Stage::CallQueue, at),
            EventKind::Taken { call, worker } => {
                let known = self.advance(*call, Stage::Executing, at);
                if known {
                    let lane = self.lane(*worker);
                    (lane.calls, lane.taken) = (lane.calls + 1, u32::try_from(*call).ok());
                }
                known
            }
            EventKind::Started { call, item, worker } => self.started(*call, *item, *worker, at),
            EventKind::Skipped { call, .. } => self.skipped(*call),
            EventKind::Finished { call, item, worker, outcome } => self.finished(*call, *item, *worker, outcome, at),
            EventKind::Turned { call, item, worker, to } => {
                if *to != Activity::WaitingForFuture {
                    self.waits.end(*worker);
                }
                self.executes(*call, *item, *worker) && self.lane(*worker).turn(at, *to)
            }
            EventKind::CpuTime { call, item, worker, nanos } => {
                self.executes(*call, *item, *worker) && self.lane(*worker).was_on_core(at, *nanos)
            }
            EventKind::ChildCpuTime { .. }
            | EventKind::ChildExited { .. }
            | EventKind::Retried { .. }
            | EventKind::Printed { .. }
            | EventKind::OutputOmitted { .. } => self.programs_and_output(&event.kind, at),
            EventKind::WaitsFor { .. }
            | EventKind::WaitsForLock { .. }
            | EventKind::LockTaken { .. }
            | EventKind::LockFreed { .. } => self.waiting(&event.kind, at),
            EventKind::Progressed { call, item, worker, permille } => {
                self.executes(*call, *item, *worker) && self.lane(*worker).progressed(*permille)
            }
            EventKind::EnteredResultQueue { call } => self.advance(*call, Stage::ResultQueue, at),
            EventKind::ResultReceived { call } => {
                let known = self.all_ended(*call) && self.advance(*call, Stage::Done, at);
                if known {
                    self.delivered(*call);
                    self.last_result = self.last_result.max(at);
                }
                known
            }
            EventKind::Cancelled { call } => self.advance(*call, Stage::Cancelled, at),
            EventKind::Lost { call, error } => self.lost(*call, error, at),
            EventKind::WorkerStarted { worker, pid } => {
                // The system has some again.
                self.missing_worker = None;
                let lane = self.lane(*worker);
                // Threads within tasks take the lanes of earlier ones.
                if lane.exited.take().is_none() {
                    lane.started = at;
                }
                lane.pid = *pid;
                true
            }
            EventKind::WorkerReady { worker } => {
                self.lane(*worker).ready = Some(at);
                true
            }
            EventKind::WorkerExited { worker, cause } => {
                self.waits.end(*worker);
                let lane = self.lane(*worker);
                lane.close(at, EndStage::Lost);
                lane.exited = Some((at, cause.to_string()));
                if let Some(nested) = &mut lane.nested {
                    Arc::make_mut(nested).lose(event.at, cause);
                }
                true
            }
            EventKind::WorkerMissing { cause } => {
                self.missing_worker = Some((**cause).into());
                true
            }
            EventKind::Nested { .. }
            | EventKind::NestedEnded { .. }
            | EventKind::SideLanesBegan { .. }
            | EventKind::Beside { .. } => self.elsewhere(&event.kind, event.at),
            EventKind::Named { call, name } => {
                let known = self.names.last().is_none_or(|last| u64::from(last.0) < *call);
                if known && let Ok(call) = u32::try_from(*call) {
                    self.names.push((call, (**name).into()));
                }
                known
            }
            EventKind::Intervened { what } => {
                self.interventions.push((at, what.clone()));
                true
            }
            EventKind::MaxWorkersChanged { .. }
            | EventKind::InitializerFailed { .. }
            | EventKind::CallbackPanicked { .. } => true,
        };
        self.ignored += usize::from(!known);
        self.note_deadlock(&event.kind, at);
    }

    /// The number in the run of an item of `call`.
    fn number_of(&self, call: WorkId, item: u32) -> Option<u32> {
        self.calls.get(usize::try_from(call).ok()?)?.first_item.checked_add(item)
    }

    /// The results of `call` are there.
    fn delivered(&mut self, call: WorkId) {
        let Outcomes { returned, raised, skipped, interrupted } = self.under_way.remove(&call).unwrap_or_default();
        let items = &mut self.counts.items;
        items.result_queue -= returned + raised + skipped + interrupted;
        items.finished += returned + raised;
        items.cancelled += skipped + interrupted;
        self.counts.returned += returned;
        self.counts.raised += raised;
        self.counts.interrupted += interrupted;
    }

    /// What an item's programs did, and what was written.
    fn programs_and_output(&mut self, kind: &EventKind, at: i64) -> bool {
        match kind {
            EventKind::ChildCpuTime { call, item, worker, nanos } => {
                self.executes(*call, *item, *worker) && self.lane(*worker).children_were_on_core(at, *nanos)
            }
            EventKind::ChildExited { call, item, worker, status } => {
                let number = self.number_of(*call, *item).filter(|_| self.executes(*call, *item, *worker));
                number.map(|number| self.exit_statuses.push((number, *status))).is_some()
            }
            EventKind::Retried { call, item, worker, .. } => {
                let number = self.number_of(*call, *item).filter(|_| self.executes(*call, *item, *worker));
                number.map(|number| self.retries.push(number)).is_some()
            }
            EventKind::Printed { worker, printed } => {
                let Printed { task, stream, line } = &**printed;
                let item = task.and_then(|(call, item)| self.number_of(call, item));
                let (worker, stream, line) = (*worker, *stream, line.as_str().into());
                self.log.push(LogLine { at, item, worker, stream, line, omitted: None });
                true
            }
            EventKind::OutputOmitted { worker, omitted } => {
                let item = self.number_of(omitted.task.0, omitted.task.1);
                self.log.omitted(at, item, *worker, omitted);
                true
            }
            _ => false,
        }
    }

    /// Who waits for whom.
    fn waiting(&mut self, kind: &EventKind, at: i64) -> bool {
        match kind {
            EventKind::WaitsFor { call, item, worker, for_call } => {
                self.waits.begin(*worker, *for_call, at);
                self.executes(*call, *item, *worker)
            }
            EventKind::WaitsForLock { call, item, worker, lock, held_by } => {
                self.waits.begin_for_lock(*worker, *lock, *held_by, at);
                self.executes(*call, *item, *worker)
            }
            EventKind::LockTaken { call, worker, lock } => {
                self.waits.end(*worker);
                self.waits.lock_has(*lock, Some(*call));
                true
            }
            EventKind::LockFreed { lock, .. } => {
                self.waits.lock_has(*lock, None);
                true
            }
            _ => false,
        }
    }

    /// What happened within tasks and beside workers, at the stamp `at`.
    fn elsewhere(&mut self, kind: &EventKind, at: i64) -> bool {
        match kind {
            EventKind::Nested { worker, pool, kind } => {
                let origin = self.origin;
                let nested = self.lane(*worker).nested.get_or_insert_with(|| Arc::new(Nested::new(origin)));
                Arc::make_mut(nested).apply(*pool, at, kind)
            }
            EventKind::NestedEnded { worker, pool } => {
                // One to which nothing was submitted was never heard of.
                if let Some(nested) = &mut self.lane(*worker).nested {
                    Arc::make_mut(nested).end(*pool);
                }
                true
            }
            EventKind::SideLanesBegan { side, name } => {
                self.sides.push(Side::new(*side, name, self.origin));
                true
            }
            EventKind::Beside { side, kind } => {
                let side = self.sides.iter_mut().find(|known| known.number == *side);
                side.map(|side| side.apply(at, kind)).is_some()
            }
            _ => false,
        }
    }

    fn submitted(&mut self, call: WorkId, first_item: u32, items: u32, at: i64) -> bool {
        if call != self.calls.len() as WorkId || first_item.checked_add(items).is_none() {
            return false;
        }
        let since = self.recut.waits_since(first_item, items, at);
        self.calls.push(StoredCall::submitted(since, first_item, items));
        self.counts.calls.submitted += 1;
        self.counts.calls.pending += 1;
        self.counts.items.submitted += items as usize;
        self.counts.items.pending += items as usize;
        self.note_queues(at);
        true
    }

    /// The call counts as cancelled; its items were never submitted, as they will be again.
    fn withdrawn(&mut self, call: WorkId, at: i64) -> bool {
        let Some(&StoredCall { first_item, items, submitted, .. }) = self.calls.get(call as usize) else {
            return false;
        };
        let known = self.advance(call, Stage::Cancelled, at);
        if known {
            self.counts.items.cancelled -= items as usize;
            self.counts.items.submitted -= items as usize;
            self.recut.withdrawn(first_item, items, submitted);
        }
        known
    }

    /// Moves a call, and those of its items that are where it is, to `stage`.
    fn advance(&mut self, call: WorkId, stage: Stage, at: i64) -> bool {
        let Some(row) = self.calls.get_mut(call as usize) else { return false };
        if !row.stage.may_become(stage) {
            return false;
        }
        let from = std::mem::replace(&mut row.stage, stage);
        match stage {
            Stage::Pending => {}
            Stage::CallQueue => row.queued = Stamp::at(at),
            Stage::Executing => row.taken = Stamp::at(at),
            Stage::ResultQueue => row.answered = Stamp::at(at),
            Stage::Done | Stage::Cancelled | Stage::Lost => row.done = Stamp::at(at),
        }
        let items = row.items as usize;
        *self.counts.calls.at(from) -= 1;
        *self.counts.calls.at(stage) += 1;
        // Executing items leave that stage one by one, as they finish.
        if !matches!(from, Stage::Executing | Stage::ResultQueue) {
            *self.counts.items.at(from) -= items;
            *self.counts.items.at(stage) += items;
        }
        self.note_move(call as u32, from, stage);
        self.note_queues(at);
        true
    }

    fn started(&mut self, call: WorkId, item: u32, worker: u32, at: i64) -> bool {
        let Some(row) = self.calls.get(call as usize) else { return false };
        let known = row.stage == Stage::Executing && item < row.items;
        if known {
            let (item, waited) = (row.first_item + item, at - row.submitted);
            self.queue_waits.add(waited);
            self.lane(worker).open(call as u32, item, at);
        }
        known
    }

    fn finished(&mut self, call: WorkId, item: u32, worker: u32, outcome: &Outcome, at: i64) -> bool {
        let Some(row) = self.calls.get(call as usize).filter(|row| row.stage == Stage::Executing && item < row.items)
        else {
            return false;
        };
        let item = row.first_item + item;
        if self.lane(worker).open.is_none_or(|open| open.item != item) || self.all_ended(call) {
            return false;
        }
        let so_far = self.under_way.entry(call).or_default();
        let items = &mut self.counts.items;
        items.executing -= 1;
        items.result_queue += 1;
        let end_stage = match outcome {
            Outcome::Returned => {
                so_far.returned += 1;
                self.counts.executed += 1;
                EndStage::Returned
            }
            Outcome::Raised(error) if error.is_stop() => {
                so_far.interrupted += 1;
                EndStage::Interrupted
            }
            Outcome::Raised(error) => {
                so_far.raised += 1;
                self.counts.executed += 1;
                let (message, report) = (error.full_message().into(), error.report().into());
                self.errors.push(ItemError { item, message, report });
                EndStage::Raised
            }
        };
        self.waits.end(worker);
        let lane = self.lane(worker);
        lane.close(at, end_stage);
        let span = lane.last_span().copied();
        if let Some(span) = span.filter(|_| end_stage != EndStage::Interrupted) {
            self.run_times.add(span.end - span.start);
            self.finished.push(at, self.counts.executed);
        }
        true
    }

    /// Whether that item is what that worker executes.
    fn executes(&mut self, call: WorkId, item: u32, worker: u32) -> bool {
        let Some(number) = self.calls.get(call as usize).and_then(|row| row.first_item.checked_add(item)) else {
            return false;
        };
        self.lane(worker).open.is_some_and(|open| u64::from(open.call) == call && open.item == number)
    }

    /// Whether every item of a call has been heard of.
    fn all_ended(&self, call: WorkId) -> bool {
        let ended = self.under_way.get(&call).map_or(0, Outcomes::sum);
        self.calls.get(call as usize).is_some_and(|row| ended >= row.items as usize)
    }

    fn skipped(&mut self, call: WorkId) -> bool {
        let executing = self.calls.get(call as usize).is_some_and(|row| row.stage == Stage::Executing);
        let known = executing && !self.all_ended(call);
        if known {
            self.under_way.entry(call).or_default().skipped += 1;
            self.counts.items.executing -= 1;
            self.counts.items.result_queue += 1;
        }
        known
    }

    /// The whole call is lost, also those of its items that had finished: nobody got their results.
    fn lost(&mut self, call: WorkId, error: &TaskError, at: i64) -> bool {
        let Some(row) = self.calls.get(call as usize) else { return false };
        let Call { first_item: first, items, stage: from, taken, .. } = row.expand();
        if !from.may_become(Stage::Lost) {
            return false;
        }
        let outcomes = self.under_way.remove(&call).unwrap_or_default();
        let Outcomes { returned, raised, .. } = outcomes;
        if matches!(from, Stage::Executing | Stage::ResultQueue) {
            if let Some(taken) = taken {
                let mut ends = Vec::new();
                self.lanes.iter_mut().for_each(|lane| lane.lose(call as u32, taken, &mut ends));
                // What is lost has not been finished after all, not even for a while.
                ends.sort_unstable();
                let ended_before = |time: i64| ends.partition_point(|end| *end < time);
                self.finished.amend(|until, finished| *finished = finished.saturating_sub(ended_before(until)));
            }
            let counts = &mut self.counts.items;
            counts.result_queue -= outcomes.sum();
            counts.executing -= items as usize - outcomes.sum();
            counts.lost += items as usize;
            self.counts.executed -= returned + raised;
        }
        self.lost_in_queue |= taken.is_none();
        let (message, report): (Arc<str>, Arc<str>) = (error.full_message().into(), error.report().into());
        self.lost_cause.get_or_insert_with(|| Arc::clone(&message));
        for item in first..first + items {
            self.errors.push(ItemError { item, message: Arc::clone(&message), report: Arc::clone(&report) });
        }
        self.last_result = self.last_result.max(at);
        self.advance(call, Stage::Lost, at)
    }

    fn note_queues(&mut self, at: i64) {
        let calls = &self.counts.calls;
        let depth = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        self.queues.push(
            at,
            QueueDepths {
                pending: depth(calls.pending),
                call_queue: depth(calls.call_queue),
                executing: depth(calls.executing),
                result_queue: depth(calls.result_queue),
            },
        );
    }

    fn lane(&mut self, worker: u32) -> &mut Lane {
        let index = self.lanes.binary_search_by_key(&worker, |lane| lane.worker).unwrap_or_else(|index| {
            self.lanes.insert(index, Lane::new(worker));
            index
        });
        &mut self.lanes[index]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_event() -> impl Strategy<Value = Event> {
        let (call, item, worker) = (0..6_u64, 0..3_u32, 0..3_u32);
        let raised = |error| Just(Outcome::Raised(Box::new(error)));
        let outcome =
            prop_oneof![Just(Outcome::Returned), raised(TaskError::message("no")), raised(TaskError::Interrupted)];
        let kind = (0..20_u8, call, item, worker, outcome).prop_map(|(kind, call, item, worker, outcome)| match kind {
            0 => EventKind::Submitted { call, first_item: item, items: item },
            1 => EventKind::EnteredCallQueue { call },
            2 => EventKind::Taken { call, worker },
            3 => EventKind::Started { call, item, worker },
            4 => EventKind::Finished { call, item, worker, outcome },
            5 => EventKind::Skipped { call, item },
            6 => EventKind::EnteredResultQueue { call },
            7 => EventKind::ResultReceived { call },
            8 => EventKind::Cancelled { call },
            9 => EventKind::Lost { call, error: Box::new(TaskError::Interrupted) },
            10 => EventKind::Withdrawn { call },
            11 => EventKind::Turned { call, item, worker, to: Activity::ALL[item as usize] },
            12 => EventKind::WaitsFor { call, item, worker, for_call: Some(u64::from(item)) },
            13 => EventKind::WaitsForLock { call, item, worker, lock: call, held_by: Some(u64::from(item)) },
            14 => EventKind::LockTaken { call, worker, lock: call },
            15 => EventKind::Progressed { call, item, worker, permille: 7 },
            16 => EventKind::Named { call, name: "a".into() },
            17 => EventKind::NestedEnded { worker, pool: item },
            18 => EventKind::WorkerStarted { worker, pid: None },
            _ => EventKind::WorkerExited { worker, cause: Box::default() },
        });
        // Some of it happens within tasks, or beside workers.
        (0..1000_i64, kind, 0..3_u8, 0..2_u32).prop_map(|(at, kind, place, number)| {
            let kind = match place {
                0 => EventKind::Nested { worker: number, pool: number, kind: Box::new(kind) },
                1 => EventKind::Beside { side: number, kind: Box::new(kind) },
                _ => kind,
            };
            Event { at, kind }
        })
    }

    /// Two chunks of two items, on a worker each; the second's results never arrive.
    #[test]
    fn what_was_lost_was_never_finished() {
        let of_call = |call: u64| {
            let (worker, outcome) = (call as u32, || Outcome::Returned);
            [
                (0, EventKind::Submitted { call, first_item: 2 * worker, items: 2 }),
                (1, EventKind::Taken { call, worker }),
                (10, EventKind::Started { call, item: 0, worker }),
                (20 + call as i64, EventKind::Finished { call, item: 0, worker, outcome: outcome() }),
                (30, EventKind::Started { call, item: 1, worker }),
                (40 + call as i64, EventKind::Finished { call, item: 1, worker, outcome: outcome() }),
            ]
        };
        let mut events: Vec<_> = (0..2).flat_map(of_call).collect();
        events.sort_by_key(|(at, _)| *at);
        let mut trace = Trace::new(0);
        for (at, kind) in events {
            trace.apply(&Event { at, kind });
        }
        let finished = |trace: &Trace| trace.finished_items().points().to_vec();
        assert_eq!(finished(&trace), [(20, 1), (21, 2), (40, 3), (41, 4)]);
        trace.apply(&Event { at: 50, kind: EventKind::Lost { call: 1, error: Box::new(TaskError::Interrupted) } });
        assert_eq!(trace.counts().executed, 2);
        assert_eq!(finished(&trace), [(20, 1), (21, 1), (40, 2), (41, 2)]);
    }

    proptest! {
        /// Events may come from a file or another program: nonsense is counted, and breaks nothing.
        #[test]
        fn counts_add_up_whatever_comes(events in prop::collection::vec(any_event(), 0..200)) {
            let mut trace = Trace::new(0);
            trace.apply(&Event { at: 0, kind: EventKind::SideLanesBegan { side: 0, name: "side".into() } });
            for call in 0..4 {
                trace.apply(&Event { at: 0, kind: EventKind::Submitted { call, first_item: 2 * call as u32, items: 2 } });
            }
            for event in &events {
                trace.apply(event);
                prop_assert!(trace.counts.calls.add_up() && trace.counts.items.add_up(), "{:?}", trace.counts);
                let finished = trace.counts.items.finished;
                prop_assert_eq!(trace.counts.returned + trace.counts.raised, finished);
                let calls = &trace.counts.calls;
                let queued = [trace.pending().count(), trace.in_call_queue().count(), trace.in_result_queue().count()];
                prop_assert_eq!(queued, [calls.pending, calls.call_queue, calls.result_queue]);
            }
            let _ = trace.deadlock().map(|deadlock| trace.describe_deadlock(&deadlock));
            let nested = trace.lanes.iter().filter_map(Lane::nested);
            for part in nested.chain(trace.sides().iter().map(Side::trace)) {
                prop_assert!(part.counts.calls.add_up() && part.counts.items.add_up(), "{:?}", part.counts);
            }
            for lane in &trace.lanes {
                let spans: Vec<_> = lane.spans().collect();
                prop_assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start));
            }
        }
    }
}
