//! What happened inside an executor: facts in the past tense, plain data, stamped where they happened. Every executor
//! tells its [`EventSink`]; who listens is none of its business.
//!
//! The stream keeps cause before effect for each call: submitted < entered the call queue < taken < started < finished
//! < entered the result queue < result received. Stamps of local processes share one clock ([`crate::sys`]).

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

use super::error::TaskError;
use super::event_log::EventLog;
use super::guard;
use crate::units::grouped;

/// A call's number in its executor: counts up from 0 in the order of submission, never reused (CPython's work id).
pub type WorkId = u64;

/// A worker's number in its executor, counting up from 0.
pub type WorkerId = u32;

/// Tells the locks of a process apart.
pub type LockId = u64;

/// One fact about a call, an item of it, or a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When, in nanoseconds of [`crate::sys::monotonic_nanos`].
    pub at: i64,
    /// What.
    pub kind: EventKind,
}

impl Event {
    /// The fact `kind`, at that stamp.
    pub(super) const fn at(at: i64, kind: EventKind) -> Self {
        Self { at, kind }
    }

    /// The fact `kind`, now.
    #[must_use]
    pub fn now(kind: EventKind) -> Self {
        Self { at: crate::sys::monotonic_nanos(), kind }
    }
}

/// What can happen. A call has one item, or as many as `map` put in its chunk; `item` counts from 0 within the call.
#[expect(missing_docs, reason = "the fields are named as in the sentences")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum EventKind {
    /// A call came in, for the items from number `first_item` of the executor on: its future is PENDING.
    Submitted { call: WorkId, first_item: u32, items: u32 },
    /// A pending call was taken back by its `map`, which submits its items again in chunks of another size.
    Withdrawn { call: WorkId },
    /// Process pools: the manager put the call into the call queue; it can't be cancelled any more.
    EnteredCallQueue { call: WorkId },
    /// A worker took the call out of the queue that it waited in.
    Taken { call: WorkId, worker: WorkerId },
    /// An item began to execute.
    Started { call: WorkId, item: u32, worker: WorkerId },
    /// An item was handed out, but not run, as the rest is being skipped or stopped.
    Skipped { call: WorkId, item: u32 },
    /// An item ended.
    Finished { call: WorkId, item: u32, worker: WorkerId, outcome: Outcome },
    /// An item that executes is at something else now. It begins with computing.
    Turned { call: WorkId, item: u32, worker: WorkerId, to: Activity },
    /// An item is about to wait for a future: of `for_call` of the same executor, without an end of its own, or of whatever.
    WaitsFor { call: WorkId, item: u32, worker: WorkerId, for_call: Option<WorkId> },
    /// An item waits for a lock, which `held_by` has, if that is a call of the same executor.
    WaitsForLock { call: WorkId, item: u32, worker: WorkerId, lock: LockId, held_by: Option<WorkId> },
    /// A call got a lock for which it has waited, or others do.
    LockTaken { call: WorkId, worker: WorkerId, lock: LockId },
    /// A call let go of a lock for which others wait.
    LockFreed { call: WorkId, lock: LockId },
    /// An item that executes has done so many thousandths of its work.
    Progressed { call: WorkId, item: u32, worker: WorkerId, permille: u16 },
    /// Since that was told last, or since its start, an item was so long on a core: told now and then while it computes, and just
    /// before its end, if it took long enough to measure.
    CpuTime { call: WorkId, item: u32, worker: WorkerId, nanos: u64 },
    /// Process pools: the worker answered; the result is on its way to the manager.
    EnteredResultQueue { call: WorkId },
    /// The call's future is FINISHED with what its items gave.
    ResultReceived { call: WorkId },
    /// The call was cancelled before it ran.
    Cancelled { call: WorkId },
    /// The call's future is FINISHED with an error of the executor: what its items did is not known.
    Lost { call: WorkId, error: Box<TaskError> },
    /// A worker was started; a process has a `pid`.
    WorkerStarted { worker: WorkerId, pid: Option<u32> },
    /// A worker is ready to take calls.
    WorkerReady { worker: WorkerId },
    /// A worker's initializer failed: the pool is broken.
    InitializerFailed { worker: WorkerId, error: Box<TaskError> },
    /// What the pool may have at most was changed while it ran.
    MaxWorkersChanged { max_workers: u32 },
    /// A task wrote a line in a worker process, or told of one.
    Printed { worker: WorkerId, printed: Box<Printed> },
    /// One worker more was wanted, but could not be started; those that are there do the work.
    WorkerMissing { cause: Box<str> },
    /// A worker ended, as planned or not (`cause` in words).
    WorkerExited { worker: WorkerId, cause: Box<str> },
    /// A done callback of the call's future panicked; its siblings ran all the same.
    CallbackPanicked { call: WorkId, message: Box<str> },
    /// Something happened in a pool of threads that a task of `worker` has for itself: its `pool`th, counted from 0.
    Nested {
        worker: WorkerId,
        pool: u32,
        #[serde(deserialize_with = "within_limits")]
        kind: Box<EventKind>,
    },
    /// That pool is gone.
    NestedEnded { worker: WorkerId, pool: u32 },
    /// There are lanes beside the executor's ([`SideLanes`](super::SideLanes)), by this number and name.
    SideLanesBegan { side: u32, name: Box<str> },
    /// Something happened on lanes beside the executor's.
    Beside {
        side: u32,
        #[serde(deserialize_with = "within_limits")]
        kind: Box<EventKind>,
    },
    /// Somebody outside did something to the run.
    Intervened { what: Intervention },
    /// What a call on a lane beside the executor's is called.
    Named { call: WorkId, name: Box<str> },
    /// Since that was told last, or since its start, programs that an item runs and waits for were so long on a core.
    ChildCpuTime { call: WorkId, item: u32, worker: WorkerId, nanos: u64 },
    /// A program that an item ran has ended: with this exit code, or by this signal, negative (as Python's `subprocess` has it).
    ChildExited { call: WorkId, item: u32, worker: WorkerId, status: i32 },
    /// An item failed, and is tried again within the same call.
    Retried { call: WorkId, item: u32, worker: WorkerId, error: Box<TaskError> },
    /// A task said more than is kept.
    OutputOmitted { worker: WorkerId, omitted: Box<Omitted> },
}

/// What is missing after the last line of a task that was told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Omitted {
    /// The call, and the number of the item within it.
    pub task: (WorkId, u32),
    /// Where to.
    pub stream: Stream,
    /// So many whole lines; 0 = the rest of that line.
    pub lines: u64,
    /// So many bytes.
    pub bytes: u64,
}

/// An event within an event, and so on: what comes from elsewhere may be nested no deeper than any program nests its pools.
fn within_limits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Box<EventKind>, D::Error> {
    const DEEPEST: u32 = 16;
    thread_local! {
        static DEPTH: Cell<u32> = const { Cell::new(0) };
    }
    let depth = DEPTH.get();
    if depth >= DEEPEST {
        return Err(serde::de::Error::custom("events are nested too deeply"));
    }
    DEPTH.set(depth + 1);
    let kind = Deserialize::deserialize(deserializer);
    DEPTH.set(depth);
    kind
}

impl EventKind {
    /// The worker that it tells of, if it does.
    #[must_use]
    pub const fn worker(&self) -> Option<WorkerId> {
        match self {
            Self::Taken { worker, .. }
            | Self::Started { worker, .. }
            | Self::Finished { worker, .. }
            | Self::Turned { worker, .. }
            | Self::Progressed { worker, .. }
            | Self::CpuTime { worker, .. }
            | Self::WaitsFor { worker, .. }
            | Self::WaitsForLock { worker, .. }
            | Self::LockTaken { worker, .. }
            | Self::WorkerStarted { worker, .. }
            | Self::WorkerReady { worker }
            | Self::InitializerFailed { worker, .. }
            | Self::WorkerExited { worker, .. }
            | Self::Nested { worker, .. }
            | Self::NestedEnded { worker, .. }
            | Self::ChildCpuTime { worker, .. }
            | Self::ChildExited { worker, .. }
            | Self::Retried { worker, .. }
            | Self::OutputOmitted { worker, .. }
            | Self::Printed { worker, .. } => Some(*worker),
            Self::Submitted { .. }
            | Self::Withdrawn { .. }
            | Self::EnteredCallQueue { .. }
            | Self::Skipped { .. }
            | Self::LockFreed { .. }
            | Self::EnteredResultQueue { .. }
            | Self::ResultReceived { .. }
            | Self::Cancelled { .. }
            | Self::Lost { .. }
            | Self::MaxWorkersChanged { .. }
            | Self::WorkerMissing { .. }
            | Self::CallbackPanicked { .. }
            | Self::SideLanesBegan { .. }
            | Self::Beside { .. }
            | Self::Intervened { .. }
            | Self::Named { .. } => None,
        }
    }

    /// The same, where calls and workers have other numbers.
    #[must_use]
    pub fn renumbered(mut self, of_call: impl Fn(WorkId) -> WorkId, of_worker: impl Fn(WorkerId) -> WorkerId) -> Self {
        match &mut self {
            Self::Submitted { call, .. }
            | Self::Withdrawn { call }
            | Self::EnteredCallQueue { call }
            | Self::Skipped { call, .. }
            | Self::LockFreed { call, .. }
            | Self::EnteredResultQueue { call }
            | Self::ResultReceived { call }
            | Self::Cancelled { call }
            | Self::Lost { call, .. }
            | Self::CallbackPanicked { call, .. }
            | Self::Named { call, .. } => *call = of_call(*call),
            Self::Taken { call, worker }
            | Self::LockTaken { call, worker, .. }
            | Self::Started { call, worker, .. }
            | Self::Finished { call, worker, .. }
            | Self::Turned { call, worker, .. }
            | Self::Progressed { call, worker, .. }
            | Self::ChildCpuTime { call, worker, .. }
            | Self::ChildExited { call, worker, .. }
            | Self::Retried { call, worker, .. }
            | Self::CpuTime { call, worker, .. } => (*call, *worker) = (of_call(*call), of_worker(*worker)),
            Self::WaitsFor { call, worker, for_call: other, .. }
            | Self::WaitsForLock { call, worker, held_by: other, .. } => {
                (*call, *worker, *other) = (of_call(*call), of_worker(*worker), other.map(of_call));
            }
            Self::WorkerStarted { worker, .. }
            | Self::WorkerReady { worker }
            | Self::InitializerFailed { worker, .. }
            | Self::WorkerExited { worker, .. }
            | Self::Nested { worker, .. }
            | Self::NestedEnded { worker, .. } => *worker = of_worker(*worker),
            Self::Printed { worker, printed } => {
                *worker = of_worker(*worker);
                if let Some((call, _)) = &mut printed.task {
                    *call = of_call(*call);
                }
            }
            Self::OutputOmitted { worker, omitted } => {
                *worker = of_worker(*worker);
                omitted.task.0 = of_call(omitted.task.0);
            }
            Self::MaxWorkersChanged { .. }
            | Self::WorkerMissing { .. }
            | Self::SideLanesBegan { .. }
            | Self::Intervened { .. }
            | Self::Beside { .. } => {}
        }
        self
    }
}

/// What somebody outside can do to a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Intervention {
    /// It may have so many workers from now on.
    Workers(u32),
    /// Chunks have so many items from now on.
    Chunksize(u32),
    /// So many items come in addition.
    MoreItems(u32),
    /// Something else, in a few words: `kill worker 2`.
    Other(Box<str>),
}

impl fmt::Display for Intervention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workers(1) => f.write_str("1 worker"),
            Self::Workers(workers) => write!(f, "{} workers", grouped(u64::from(*workers))),
            Self::Chunksize(chunksize) => write!(f, "chunksize {}", grouped(u64::from(*chunksize))),
            Self::MoreItems(1) => f.write_str("1 more item"),
            Self::MoreItems(items) => write!(f, "{} more items", grouped(u64::from(*items))),
            Self::Other(what) => f.write_str(what),
        }
    }
}

/// How an item ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// With a value.
    Returned,
    /// With an error or a panic.
    Raised(Box<TaskError>),
}

/// What an item is at while it executes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activity {
    /// Computing, or waiting for a core to do so.
    #[default]
    Computing,
    /// Waiting for the global interpreter lock.
    WaitingForGil,
    /// Waiting for a lock that another task has.
    WaitingForLock,
    /// Waiting for another task's result.
    WaitingForFuture,
    /// Waiting for the outside world, or asleep: without the GIL.
    Blocking,
}

impl Activity {
    /// All, in the order of their declaration.
    pub const ALL: [Self; 5] =
        [Self::Computing, Self::WaitingForGil, Self::WaitingForLock, Self::WaitingForFuture, Self::Blocking];
}

/// A line that was written to standard output or error of a worker process, or that a task told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Printed {
    /// The call, and the number of the item within it. `None` = no task ran.
    pub task: Option<(WorkId, u32)>,
    /// Where to.
    pub stream: Stream,
    /// The line, without its end.
    pub line: String,
}

/// Where a task wrote to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Where events go. Called where things happen, on a worker's own thread or under an executor's lock: it must be quick,
/// must never block, and must not call the executor.
///
/// An event is recorded before anything that it causes can happen, and stamped after its own causes were recorded: whoever
/// gathers events in several places gets causes before effects by sorting them by their stamps.
pub trait EventSink: Send + Sync {
    /// Takes one event.
    fn record(&self, event: Event);

    /// Takes many that were packed elsewhere: quicker than one after the other, if the sink can make it so.
    fn record_log(&self, log: EventLog) {
        log.into_events().for_each(|event| self.record(event));
    }

    /// Takes two that come together: quicker than one after the other, if the sink can make it so.
    fn record_both(&self, first: Event, second: Event) {
        self.record(first);
        self.record(second);
    }
}

impl dyn EventSink + '_ {
    /// Has it take one event; that it panics is its own affair.
    pub(super) fn tell(&self, event: Event) {
        let _ = guard::run(|| self.record(event));
    }

    /// As [`Self::tell`], for many that were packed elsewhere.
    pub(super) fn tell_log(&self, log: EventLog) {
        let _ = guard::run(|| self.record_log(log));
    }

    /// As [`Self::tell`], for two that come together.
    pub(super) fn tell_both(&self, first: Event, second: Event) {
        let _ = guard::run(|| self.record_both(first, second));
    }
}

/// A sink for those who don't watch.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoEvents;

impl EventSink for NoEvents {
    fn record(&self, _event: Event) {}
}

impl NoEvents {
    /// The sink as executors want it.
    #[must_use]
    pub fn shared() -> Arc<dyn EventSink> {
        Arc::new(Self)
    }
}

impl EventSink for crossbeam_channel::Sender<Event> {
    fn record(&self, event: Event) {
        // A receiver that went away does not want to know.
        let _ = self.send(event);
    }
}
