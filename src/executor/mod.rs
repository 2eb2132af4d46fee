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
//! In reading order: [`Function`] (what is run), [`TaskFuture`] (what comes of it), [`wait`] and friends, the three
//! executors, and [`Event`] (what can be watched).
//!
//! Rules are CPython 3.14's. Decided otherwise:
//! - A cancelled future counts as done for `wait` and `as_completed` at once, so nothing waits for it for ever.
//! - `map` yields one `Result` an item; an error does not end it. Dropping it cancels what has not started.
//! - `chunksize` means the same on every executor.
//! - Panics in tasks and callbacks are caught, reported, and stay where they are.
//! - A second `shutdown(wait = true)` waits for real. Dropping an executor is `shutdown(wait = false)`.
//! - A worker that dies breaks the pool, as in CPython, and the error names worker, exit and call.
//! - Bytes that can't be decoded, in the worker or in the parent, fail that one call and not the pool.
//!
//! Invariants: every future that was handed out is resolved exactly once; after a shutdown that waited, no thread, child
//! process or pipe of the executor is left; no lock is held while a callback runs.

mod context;
mod error;
mod event;
mod function;
mod future;
mod map;
mod process_pool;
mod sequential;
mod thread_pool;
mod waiting;
mod work_item;

pub use context::TaskContext;
pub use error::{BrokenExecutor, BuildError, Codec, InvalidStateError, MapError, ResultError, SubmitError, TaskError};
pub use event::{Event, EventKind, EventSink, NoEvents, Outcome, WorkId, WorkerId};
pub use function::{Function, Portable, Registry};
pub use future::{FutureState, TaskFuture};
pub use map::{Map, MapOptions};
pub use process_pool::{ProcessPoolExecutor, WorkerCommand, WorkerError, run_worker};
pub use sequential::SequentialExecutor;
pub use thread_pool::ThreadPoolExecutor;
pub use waiting::{AsCompleted, DoneAndNotDone, ReturnWhen, Unfinished, as_completed, gather, wait};
pub use work_item::WorkItem;

/// What an executor has to provide. Object-safe: a `dyn RawExecutor` is an [`Executor`] too, so switching is one word.
pub trait RawExecutor: Send + Sync {
    /// Takes a call. Never waits for room; the [`SequentialExecutor`] runs it before it returns.
    ///
    /// # Errors
    /// When the executor is broken or was shut down.
    fn submit_item(&self, item: WorkItem) -> Result<(), SubmitError>;

    /// Takes no more calls. What was submitted still runs, unless `cancel_futures` cancels what is pending. With `wait`,
    /// returns when everything has run and all workers are gone; may be called again.
    fn shutdown(&self, wait: bool, cancel_futures: bool);

    /// Beyond CPython: asks tasks, those to come included, to end at their next checkpoint. Final. A worker process that
    /// does not get there within two seconds is killed.
    fn interrupt(&self);

    /// Beyond CPython: tasks that have not begun return at once, as skipped. Final.
    fn skip_rest(&self);

    /// The most workers that there can be at a time.
    fn max_workers(&self) -> usize;
}

/// Runs named functions, asynchronously. Implemented for every [`RawExecutor`].
pub trait Executor: RawExecutor {
    /// Schedules `function(argument)`.
    ///
    /// # Errors
    /// When the executor is broken or was shut down.
    fn submit<A: Portable, R: Portable>(
        &self,
        function: Function<A, R>,
        argument: A,
    ) -> Result<TaskFuture<R>, SubmitError> {
        let (item, future) = WorkItem::single(function, argument);
        self.submit_item(item)?;
        Ok(future)
    }

    /// Schedules `function` for each argument, in chunks. All of the input is taken and submitted before it returns.
    ///
    /// # Errors
    /// When the chunk size is 0, or the executor takes no (more) calls; what was submitted before is then cancelled.
    fn map<A: Portable, R: Portable>(
        &self,
        function: Function<A, R>,
        arguments: impl IntoIterator<Item = A>,
        options: MapOptions,
    ) -> Result<Map<R>, MapError> {
        Map::submit(self, function, arguments, options)
    }
}

impl<E: RawExecutor + ?Sized> Executor for E {}
