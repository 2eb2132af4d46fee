//! A run as data: a pure fold over the events of an executor. A live run, an opened file and a test go through the same
//! [`Trace::apply`], so they give the same picture. Knows nothing but the event vocabulary.
//!
//! Cloning a trace is cheap (it shares its blocks), so a snapshot can be published many times a second.
//!
//! Invariants: the counts add up after every event, in calls and in items; spans of a lane never overlap; a worker is one
//! lane for its whole life.

mod blocks;
mod lane;
mod series;
mod summary;

use std::collections::HashMap;
use std::sync::Arc;

pub use lane::{Column, EndStage, Lane, Marks, OpenSpan, Span};
pub use series::Series;
pub use summary::{ItemError, LaneSummary, Quantiles, Summary};

use crate::executor::{Event, EventKind, Outcome, TaskError, WorkId};
use blocks::Blocks;

/// A run, as far as its events have come. Times are nanoseconds from its start.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The stamp that counts as zero.
    origin: i64,
    calls: Blocks<StoredCall>,
    lanes: Vec<Lane>,
    counts: Counts,
    queues: Series<QueueDepths>,
    errors: Blocks<ItemError>,
    /// What the items of calls that are under way have come to, in case the call is lost after all.
    under_way: HashMap<WorkId, Outcomes>,
    items_submitted: u32,
    last_event: i64,
    last_result: i64,
    ignored: usize,
    missing_worker: Option<Arc<str>>,
}

/// A call: its way through the queues. A time that has not come is `None`.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// When it was submitted.
    pub submitted: i64,
    /// When it entered the call queue.
    pub queued: Option<i64>,
    /// When a worker took it.
    pub taken: Option<i64>,
    /// When its worker had answered.
    pub answered: Option<i64>,
    /// When its future was resolved.
    pub done: Option<i64>,
    /// The number of its first item in the run.
    pub first_item: u32,
    /// How many items it has.
    pub items: u32,
    /// Where it is.
    pub stage: Stage,
}

/// A [`Call`] as it is stored: half as large.
#[derive(Clone, Copy, Debug)]
struct StoredCall {
    submitted: i64,
    queued: Stamp,
    taken: Stamp,
    answered: Stamp,
    done: Stamp,
    first_item: u32,
    items: u32,
    stage: Stage,
}

/// A time that may not have come, in eight bytes.
#[derive(Clone, Copy, Debug)]
struct Stamp(i64);

impl Stamp {
    const NEVER: Self = Self(i64::MIN);

    fn get(self) -> Option<i64> {
        (self.0 != Self::NEVER.0).then_some(self.0)
    }
}

/// Where a call is. A call only ever moves down this list, and ends at one of the last three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// In the work ids queue (process pool) or the work queue (thread pool): can be cancelled.
    Pending,
    /// In the call queue.
    CallQueue,
    /// With a worker.
    Executing,
    /// On its way back.
    ResultQueue,
    /// Its future has what its items gave.
    Done,
    /// Cancelled before it ran.
    Cancelled,
    /// Its future has an error of the executor.
    Lost,
}

/// How many calls or items there are at each stage; `submitted` is the sum of all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageCounts {
    /// All that came in.
    pub submitted: usize,
    /// See [`Stage::Pending`].
    pub pending: usize,
    /// See [`Stage::CallQueue`].
    pub call_queue: usize,
    /// See [`Stage::Executing`].
    pub executing: usize,
    /// See [`Stage::ResultQueue`]. Items count as finished from there on.
    pub result_queue: usize,
    /// See [`Stage::Done`].
    pub finished: usize,
    /// See [`Stage::Cancelled`].
    pub cancelled: usize,
    /// See [`Stage::Lost`].
    pub lost: usize,
}

/// The counts of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// In calls: what the queues hold.
    pub calls: StageCounts,
    /// In items: what the user asked for. `cancelled` includes items that were skipped.
    pub items: StageCounts,
    /// Of the finished items, those with a value.
    pub returned: usize,
    /// Of the finished items, those with an error.
    pub raised: usize,
}

/// How many calls wait where, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueDepths {
    /// In the work ids queue, or the work queue.
    pub pending: u32,
    /// In the call queue.
    pub call_queue: u32,
    /// With workers.
    pub executing: u32,
    /// In the result queue.
    pub result_queue: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Outcomes {
    returned: usize,
    raised: usize,
    skipped: usize,
}

impl StageCounts {
    fn at(&mut self, stage: Stage) -> &mut usize {
        match stage {
            Stage::Pending => &mut self.pending,
            Stage::CallQueue => &mut self.call_queue,
            Stage::Executing => &mut self.executing,
            Stage::ResultQueue => &mut self.result_queue,
            Stage::Done => &mut self.finished,
            Stage::Cancelled => &mut self.cancelled,
            Stage::Lost => &mut self.lost,
        }
    }

    /// Whether the stages add up to what was submitted.
    #[must_use]
    pub const fn add_up(&self) -> bool {
        self.submitted
            == self.pending
                + self.call_queue
                + self.executing
                + self.result_queue
                + self.finished
                + self.cancelled
                + self.lost
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
            queues: Series::default(),
            errors: Blocks::default(),
            under_way: HashMap::new(),
            items_submitted: 0,
            last_event: 0,
            last_result: 0,
            ignored: 0,
            missing_worker: None,
        }
    }

    /// Takes the next event.
    pub fn apply(&mut self, event: &Event) {
        let at = self.time_of(event.at);
        self.last_event = self.last_event.max(at);
        let known = match &event.kind {
            EventKind::Submitted { call, items } => self.submitted(*call, *items, at),
            EventKind::EnteredCallQueue { call } => self.advance(*call, Stage::CallQueue, at),
            EventKind::Taken { call, worker } => {
                let known = self.advance(*call, Stage::Executing, at);
                self.lane(*worker).calls += usize::from(known);
                known
            }
            EventKind::Started { call, item, worker } => self.started(*call, *item, *worker, at),
            EventKind::Skipped { call, .. } => self.skipped(*call),
            EventKind::Finished { call, item, worker, outcome } => self.finished(*call, *item, *worker, outcome, at),
            EventKind::EnteredResultQueue { call } => self.advance(*call, Stage::ResultQueue, at),
            EventKind::ResultReceived { call } => {
                self.under_way.remove(call);
                self.last_result = self.last_result.max(at);
                self.advance(*call, Stage::Done, at)
            }
            EventKind::Cancelled { call } => self.advance(*call, Stage::Cancelled, at),
            EventKind::Lost { call, error } => self.lost(*call, error, at),
            EventKind::WorkerStarted { worker, pid } => {
                let lane = self.lane(*worker);
                (lane.started, lane.pid) = (at, *pid);
                true
            }
            EventKind::WorkerReady { worker } => {
                self.lane(*worker).ready = Some(at);
                true
            }
            EventKind::WorkerExited { worker, cause } => {
                let lane = self.lane(*worker);
                lane.close(at, EndStage::Lost);
                lane.exited = Some((at, cause.clone()));
                true
            }
            EventKind::WorkerMissing { cause } => {
                self.missing_worker = Some(cause.as_str().into());
                true
            }
            EventKind::CallbackPanicked { .. } => true,
        };
        self.ignored += usize::from(!known);
    }

    fn submitted(&mut self, call: WorkId, items: u32, at: i64) -> bool {
        if call != self.calls.len() as WorkId {
            return false;
        }
        self.calls.push(StoredCall {
            submitted: at,
            queued: Stamp::NEVER,
            taken: Stamp::NEVER,
            answered: Stamp::NEVER,
            done: Stamp::NEVER,
            first_item: self.items_submitted,
            items,
            stage: Stage::Pending,
        });
        self.items_submitted = self.items_submitted.saturating_add(items);
        self.counts.calls.submitted += 1;
        self.counts.calls.pending += 1;
        self.counts.items.submitted += items as usize;
        self.counts.items.pending += items as usize;
        self.note_queues(at);
        true
    }

    /// Moves a call, and those of its items that are where it is, to `stage`.
    fn advance(&mut self, call: WorkId, stage: Stage, at: i64) -> bool {
        let Some(row) = self.calls.get_mut(call as usize) else { return false };
        if row.stage >= Stage::Done || stage <= row.stage {
            return false;
        }
        let from = std::mem::replace(&mut row.stage, stage);
        match stage {
            Stage::Pending => {}
            Stage::CallQueue => row.queued = Stamp(at),
            Stage::Executing => row.taken = Stamp(at),
            Stage::ResultQueue => row.answered = Stamp(at),
            Stage::Done | Stage::Cancelled | Stage::Lost => row.done = Stamp(at),
        }
        let items = row.items as usize;
        *self.counts.calls.at(from) -= 1;
        *self.counts.calls.at(stage) += 1;
        // Executing items leave that stage one by one, as they finish.
        if !matches!(from, Stage::Executing | Stage::ResultQueue) {
            *self.counts.items.at(from) -= items;
            *self.counts.items.at(stage) += items;
        }
        self.note_queues(at);
        true
    }

    fn started(&mut self, call: WorkId, item: u32, worker: u32, at: i64) -> bool {
        let Some(row) = self.calls.get(call as usize) else { return false };
        let known = row.stage == Stage::Executing && item < row.items;
        if known {
            let item = row.first_item + item;
            self.lane(worker).open(call as u32, item, at);
        }
        known
    }

    fn finished(&mut self, call: WorkId, item: u32, worker: u32, outcome: &Outcome, at: i64) -> bool {
        let Some(row) = self.calls.get(call as usize).filter(|row| row.stage == Stage::Executing) else { return false };
        let item = row.first_item + item;
        if self.lane(worker).open.is_none_or(|open| open.item != item) {
            return false;
        }
        let so_far = self.under_way.entry(call).or_default();
        let items = &mut self.counts.items;
        items.executing -= 1;
        let end_stage = match outcome {
            Outcome::Returned => {
                so_far.returned += 1;
                items.finished += 1;
                self.counts.returned += 1;
                EndStage::Returned
            }
            Outcome::Raised(error) => {
                so_far.raised += 1;
                items.finished += 1;
                self.counts.raised += 1;
                self.errors.push(ItemError { item, message: error.full_message().into() });
                EndStage::Raised
            }
        };
        self.lane(worker).close(at, end_stage);
        true
    }

    fn skipped(&mut self, call: WorkId) -> bool {
        let known = self.calls.get(call as usize).is_some_and(|row| row.stage == Stage::Executing);
        if known {
            self.under_way.entry(call).or_default().skipped += 1;
            self.counts.items.executing -= 1;
            self.counts.items.cancelled += 1;
        }
        known
    }

    /// The whole call is lost, also those of its items that had finished: nobody got their results.
    fn lost(&mut self, call: WorkId, error: &TaskError, at: i64) -> bool {
        let Some(row) = self.calls.get(call as usize) else { return false };
        let (first, items, from, taken) = (row.first_item, row.items, row.stage, row.taken);
        if from >= Stage::Done {
            return false;
        }
        let Outcomes { returned, raised, skipped } = self.under_way.remove(&call).unwrap_or_default();
        if matches!(from, Stage::Executing | Stage::ResultQueue) {
            if let Some(taken) = taken.get() {
                self.lanes.iter_mut().for_each(|lane| lane.lose(call as u32, taken));
            }
            let counts = &mut self.counts.items;
            counts.finished -= returned + raised;
            counts.cancelled -= skipped;
            counts.executing -= items as usize - returned - raised - skipped;
            counts.lost += items as usize;
            self.counts.returned -= returned;
            self.counts.raised -= raised;
        }
        let message: Arc<str> = error.full_message().into();
        for item in first..first + items {
            self.errors.push(ItemError { item, message: Arc::clone(&message) });
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

    /// One row a worker, in the order of their numbers.
    #[must_use]
    pub fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// Where everything is.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Queue depths over time.
    #[must_use]
    pub const fn queues(&self) -> &Series<QueueDepths> {
        &self.queues
    }

    /// A call's way.
    #[must_use]
    pub fn call(&self, call: u32) -> Option<Call> {
        let &StoredCall { submitted, queued, taken, answered, done, first_item, items, stage } =
            self.calls.get(call as usize)?;
        let [queued, taken, answered, done] = [queued, taken, answered, done].map(Stamp::get);
        Some(Call { submitted, queued, taken, answered, done, first_item, items, stage })
    }

    /// How many calls were submitted.
    #[must_use]
    pub const fn call_count(&self) -> usize {
        self.calls.len()
    }

    /// What raised or was lost, in the order in which it was heard of.
    pub fn errors(&self) -> impl Iterator<Item = &ItemError> {
        self.errors.iter()
    }

    /// [`Self::errors`] from number `start` on.
    pub fn errors_from(&self, start: usize) -> impl Iterator<Item = &ItemError> {
        self.errors.iter_from(start)
    }

    /// How many [`Self::errors`] there are.
    #[must_use]
    pub const fn error_count(&self) -> usize {
        self.errors.len()
    }

    /// The time of the last event.
    #[must_use]
    pub const fn last_event(&self) -> i64 {
        self.last_event
    }

    /// The time of a stamp of [`crate::sys::monotonic_nanos`].
    #[must_use]
    pub const fn time_of(&self, stamp: i64) -> i64 {
        stamp - self.origin
    }

    /// Why there are fewer workers than were wanted, if that is so.
    #[must_use]
    pub fn missing_worker(&self) -> Option<&str> {
        self.missing_worker.as_deref()
    }

    /// Events that made no sense, such as of a call that was never submitted.
    #[must_use]
    pub const fn ignored(&self) -> usize {
        self.ignored
    }
}
