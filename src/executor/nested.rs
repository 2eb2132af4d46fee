//! A pool of threads that a task has for itself: made in the task, gone before the task ends. What happens in it is told to whoever
//! hears of the task, as happening within it.

use std::ops::Deref;
use std::sync::Arc;

use super::context::TaskContext;
use super::error::BuildError;
use super::event::{Event, EventKind, EventSink, WorkerId};
use super::raw::RawExecutor;
use super::thread_pool::ThreadPoolExecutor;

/// The pool, until it is ended or dropped.
pub(super) struct NestedPool<'a> {
    pool: ThreadPoolExecutor,
    context: &'a TaskContext,
    number: u32,
    ended: bool,
}

impl<'a> NestedPool<'a> {
    /// # Errors
    /// When the number of workers is out of range.
    pub(super) fn new(context: &'a TaskContext, max_workers: usize) -> Result<Self, BuildError> {
        let number = context.next_nested_pool();
        let sink = Nested { outer: Arc::clone(context.shared_sink()), worker: context.worker(), pool: number };
        let pool =
            ThreadPoolExecutor::builder().max_workers(max_workers).events(Arc::new(sink)).within(context).build()?;
        Ok(Self { pool, context, number, ended: false })
    }

    /// Waits for what was submitted, or cancels what is pending.
    pub(super) fn end(mut self, cancel_futures: bool) {
        self.end_now(cancel_futures);
    }

    fn end_now(&mut self, cancel_futures: bool) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        self.context.await_end(|| self.pool.shutdown(true, cancel_futures));
        let (worker, pool) = (self.context.worker(), self.number);
        self.context.sink().record(Event::now(EventKind::NestedEnded { worker, pool }));
    }
}

impl Deref for NestedPool<'_> {
    type Target = ThreadPoolExecutor;

    fn deref(&self) -> &ThreadPoolExecutor {
        &self.pool
    }
}

impl Drop for NestedPool<'_> {
    /// The task panicked: what is pending is not run.
    fn drop(&mut self) {
        self.end_now(true);
    }
}

/// Passes events on.
struct Nested {
    outer: Arc<dyn EventSink>,
    worker: WorkerId,
    pool: u32,
}

impl EventSink for Nested {
    fn record(&self, Event { at, kind }: Event) {
        let (worker, pool) = (self.worker, self.pool);
        self.outer.record(Event::at(at, EventKind::Nested { worker, pool, kind: Box::new(kind) }));
    }
}
