//! What is the same in all executors, without the types of what they run.

use std::collections::VecDeque;
use std::sync::Arc;

use super::context::{Interruption, TaskContext};
use super::error::{BuildError, SubmitError, TaskError};
use super::event::{EventSink, WorkId, WorkerId};
use super::function::{Function, Portable};
use super::future::TaskFuture;
use super::work_item::WorkItem;

/// What an executor has to provide. Object-safe: a `dyn RawExecutor` is an [`Executor`](super::Executor) too, so switching is one word.
pub trait RawExecutor: Send + Sync {
    /// Takes a call. Never waits for room; the [`SequentialExecutor`](super::SequentialExecutor) runs it before it returns.
    ///
    /// # Errors
    /// When the executor is broken or was shut down, or the program is ending.
    fn submit_item(&self, item: WorkItem) -> Result<(), SubmitError>;

    /// A handle that submits and nothing else. It does not keep the executor from being dropped, which ends it.
    fn submitter(&self) -> Arc<dyn Submit>;

    /// Who hears of everything that happens.
    fn sink(&self) -> &Arc<dyn EventSink>;

    /// Takes no more calls. What was submitted still runs, unless `cancel_futures` cancels what is pending. With `wait`,
    /// returns when everything has run and all workers are gone; may be called again. A callback on a thread of this
    /// executor can't wait for that thread: there it returns at once.
    fn shutdown(&self, wait: bool, cancel_futures: bool);

    /// Beyond CPython: asks tasks, those to come included, to end at their next checkpoint. Final. A worker process that
    /// does not get there within two seconds is killed.
    fn interrupt(&self);

    /// Beyond CPython: asks the task of one call that executes, and no other, to end at its next checkpoint. Nothing, if it executes
    /// no longer.
    fn interrupt_call(&self, call: WorkId, why: Interruption);

    /// Beyond CPython: cancels calls that are pending, as [`TaskFuture::cancel`](super::TaskFuture::cancel) of their futures would.
    fn cancel_pending(&self, which: Pending);

    /// Beyond CPython: kills a worker on purpose, as a crash would. What follows is what follows from that. Only processes can be
    /// killed; nothing, if there is no such worker any more.
    fn kill_worker(&self, worker: WorkerId);

    /// Beyond CPython: tasks that have not begun return at once, as skipped. Final.
    fn skip_rest(&self);

    /// The most workers that there can be at a time.
    fn max_workers(&self) -> usize;

    /// Beyond CPython: changes that number while calls run. More workers start at once, if there is work for them; those
    /// that are too many end after their current task. No task is lost.
    ///
    /// # Errors
    /// When `max_workers` is out of range.
    fn set_max_workers(&self, max_workers: usize) -> Result<(), BuildError>;
}

/// Which of the pending calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pending {
    /// All of them.
    All,
    /// The one with that number, if it is pending.
    Call(WorkId),
}

impl Pending {
    /// Takes them out of `queue`, in which calls stand in the order of their numbers.
    pub(super) fn take_from(self, queue: &mut VecDeque<WorkItem>) -> VecDeque<WorkItem> {
        match self {
            Self::All => std::mem::take(queue),
            Self::Call(call) => {
                let index = queue.binary_search_by_key(&call, |item| item.id);
                index.ok().and_then(|index| queue.remove(index)).into_iter().collect()
            }
        }
    }
}

/// Where calls go in: see [`RawExecutor::submitter`]. A task can have one, and so submit to its own executor.
pub trait Submit: Send + Sync {
    /// See [`RawExecutor::submit_item`].
    ///
    /// # Errors
    /// When the executor is broken, was shut down or dropped, or the program is ending.
    fn submit_item(&self, item: WorkItem) -> Result<(), SubmitError>;

    /// Who hears of everything that happens.
    fn sink(&self) -> &Arc<dyn EventSink>;
}

impl dyn Submit + '_ {
    /// See [`Executor::submit`](super::Executor::submit).
    ///
    /// # Errors
    /// As [`Submit::submit_item`].
    pub fn submit<A: Portable, R: Portable>(
        &self,
        function: Function<A, R>,
        argument: A,
    ) -> Result<TaskFuture<R>, SubmitError> {
        let (item, future) = WorkItem::single(function, argument, self.sink());
        self.submit_item(item)?;
        Ok(future)
    }

    /// Schedules a closure. Processes can't run one: there its future fails.
    ///
    /// # Errors
    /// As [`Submit::submit_item`].
    pub fn submit_closure<T: Send + 'static>(
        &self,
        body: impl FnOnce(&TaskContext) -> Result<T, TaskError> + Send + 'static,
    ) -> Result<TaskFuture<T>, SubmitError> {
        let (item, future) = WorkItem::closure(body, self.sink());
        self.submit_item(item)?;
        Ok(future)
    }
}
