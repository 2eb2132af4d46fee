//! Python's `concurrent.futures`, native, with every step observable. Knows nothing of workloads, traces or screens.
//!
//! ```
//! use poolscope::executor::{Executor, Function, MapOptions, NoEvents, ThreadPoolExecutor};
//!
//! const SQUARE: Function<u64, u64> = Function::new("square", |n, _context| Ok(n * n));
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let executor = ThreadPoolExecutor::new(3, NoEvents::shared())?;
//! assert_eq!(executor.submit(SQUARE, 5)?.result(None)?, 25);
//! let squares: Result<Vec<u64>, _> = executor.map(SQUARE, [2, 3, 4, 5], MapOptions::default())?.collect();
//! assert_eq!(squares?, [4, 9, 16, 25]);
//! # Ok(()) }
//! ```
//!
//! Threads also take closures ([`ThreadPoolExecutor::submit_closure`]). Either pool can be told more than how many workers
//! it has: see [`ThreadPoolExecutor::builder`] and [`ProcessPoolExecutor::builder`].
//!
//! In reading order: [`Function`] (what is run), [`TaskContext`] (what it can ask for: checkpoints, waiting, locks; with or
//! without an emulated [GIL](GilMode)), [`TaskFuture`] (what comes of it), [`wait`] and friends, the three executors, and
//! [`Event`] (what can be watched).
//!
//! Rules are CPython 3.14's. Decided otherwise:
//! - A cancelled future counts as done for `wait` and `as_completed` at once, so nothing waits for it forever.
//! - `map` yields one `Result` an item; an error does not end it. Dropping it cancels what has not started.
//! - `chunksize` means the same on every executor.
//! - Panics in tasks and callbacks are caught, reported, and stay where they are.
//! - A second `shutdown(wait = true)` waits for real. Dropping an executor is `shutdown(wait = false)`.
//! - A worker that dies breaks the pool, as in CPython, and the error names worker, exit and call; or only that call is
//!   lost, if the pool was told to restart workers ([`OnWorkerDeath`]).
//! - `map` with a `buffersize` yields what is buffered before it says that the executor takes no more; it never ends early.
//! - A process pool whose executor was dropped still replaces workers that have had their `max_tasks_per_child`.
//! - The end of the program waits for pools only if `main` holds an [`ExitGuard`].
//! - Bytes that can't be decoded, in the worker or in the parent, fail that one call and not the pool; so does a function whose types
//!   are others in the worker, or whose name two have there.
//! - In a callback, waiting without a timeout for what only its own thread can resolve is refused ([`ResultError::OwnManager`]).
//! - A program that is started as a worker and has not called [`run_worker`] can't make pools.
//!
//! Invariants: every future that was handed out is resolved exactly once; after a shutdown that waited, no thread, child
//! process or pipe of the executor is left; no lock is held while a callback runs.

mod context;
mod error;
mod event;
mod event_log;
mod exit;
mod function;
mod future;
mod gil;
mod guard;
mod item_results;
mod lock;
mod map;
mod nested;
mod patience;
mod process_pool;
mod raw;
mod sequential;
mod side_lanes;
mod sync;
mod thread_pool;
mod waiting;
mod work_item;

pub use context::{Interruption, TaskContext};
pub use error::{
    BrokenExecutor, BuildError, Causes, Codec, Failure, ForcedShutdown, InvalidStateError, MapError, Place,
    ResultError, SubmitError, TaskError, TimeoutError,
};
pub use event::{
    Activity, Event, EventKind, EventSink, Intervention, LockId, NoEvents, Omitted, Outcome, Printed, Stream, WorkId,
    WorkerId,
};
pub use event_log::EventLog;
pub use exit::ExitGuard;
pub use function::{Function, Portable, Registry};
pub use future::{FutureState, Snapshot, TaskFuture};
pub use gil::{GilMode, GilSettings};
pub use lock::{TaskLock, TaskLockGuard};
pub use map::{Chunking, Map, MapOptions};
pub use process_pool::{
    OnWorkerDeath, ProcessPoolBuilder, ProcessPoolExecutor, WorkerCommand, WorkerError, run_worker,
};
pub use raw::{Pending, RawExecutor, Submit};
pub use sequential::SequentialExecutor;
pub use side_lanes::{SideLane, SideLanes};
pub use thread_pool::{ThreadPoolBuilder, ThreadPoolExecutor};
pub use waiting::{
    AsCompleted, DoneAndNotDone, Gather, ReturnWhen, Unfinished, as_completed, gather, gather_results, timeout, wait,
};
pub use work_item::WorkItem;

/// Runs named functions, asynchronously. Implemented forevery [`RawExecutor`].
pub trait Executor: RawExecutor {
    /// Schedules `function(argument)`.
    ///
    /// # Errors
    /// When the executor is broken or was shut down, or the program is ending.
    fn submit<A: Portable, R: Portable>(
        &self,
        function: Function<A, R>,
        argument: A,
    ) -> Result<TaskFuture<R>, SubmitError> {
        let (item, future) = WorkItem::single(function, argument, self.sink());
        self.submit_item(item)?;
        Ok(future)
    }

    /// Schedules `function` for each argument, in chunks. All of the input is taken and submitted before it returns,
    /// unless the options give a `buffersize`.
    ///
    /// # Errors
    /// When the chunk size or buffer size is 0, or the executor takes no (more) calls; what was submitted before is then
    /// cancelled.
    fn map<'a, A: Portable, R: Portable>(
        &self,
        function: Function<A, R>,
        arguments: impl IntoIterator<Item = A, IntoIter: Send + 'a>,
        options: MapOptions,
    ) -> Result<Map<'a, R>, MapError> {
        Map::submit(self, function, arguments, options)
    }

    /// Does `work` with the executor and then shuts it down and waits, also if `work` panics: Python's `with`.
    ///
    /// ```
    /// use poolscope::executor::{Executor, MapOptions, Function, NoEvents, ThreadPoolExecutor};
    ///
    /// const SQUARE: Function<u64, u64> = Function::new("square", |n, _context| Ok(n * n));
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let squares = ThreadPoolExecutor::new(2, NoEvents::shared())?.scope(|executor| {
    ///     executor.map(SQUARE, 1..=3, MapOptions::default()).map(Iterator::collect::<Vec<_>>)
    /// })?;
    /// assert_eq!(squares, [Ok(1), Ok(4), Ok(9)]);
    /// # Ok(()) }
    /// ```
    fn scope<T>(&self, work: impl FnOnce(&Self) -> T) -> T {
        struct Leave<'a, E: RawExecutor + ?Sized>(&'a E);
        impl<E: RawExecutor + ?Sized> Drop for Leave<'_, E> {
            fn drop(&mut self) {
                self.0.shutdown(true, false);
            }
        }
        let leave = Leave(self);
        work(leave.0)
    }
}

impl<E: RawExecutor + ?Sized> Executor for E {}
