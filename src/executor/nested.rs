//! A pool of threads that a task has for itself: made in the task, gone before the task ends. What happens in it is told to whoever
//! hears of the task, as happening within it.

use std::ops::Deref;
use std::sync::Arc;

use super::context::TaskContext;
use super::error::BuildError;
use super::event::{Event, EventKind, EventSink, Printed, WorkId, WorkerId};
use super::exit::next_pool_id;
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
        let number = next_pool_id();
        let outer = Arc::clone(context.shared_sink());
        let sink = Nested { outer, worker: context.worker(), item: context.item(), pool: number };
        let pool =
            ThreadPoolExecutor::builder().max_workers(max_workers).events(Arc::new(sink)).within(context).build()?;
        Ok(Self { pool, context, number, ended: false })
    }

    /// Waits for what was submitted; or cancels what is pending, and asks what executes to stop.
    pub(super) fn end(mut self, cancel_futures: bool) {
        self.end_now(cancel_futures);
    }

    fn end_now(&mut self, cancel_futures: bool) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        if cancel_futures {
            self.pool.interrupt();
        }
        self.context.await_end(|| self.pool.shutdown(true, cancel_futures));
        let (worker, pool) = (self.context.worker(), self.number);
        self.context.sink().tell(Event::now(EventKind::NestedEnded { worker, pool }));
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
    /// The task that has the pool.
    item: (WorkId, u32),
    pool: u32,
}

impl EventSink for Nested {
    fn record(&self, Event { at, kind }: Event) {
        let (worker, pool) = (self.worker, self.pool);
        let kind = match kind {
            // What its threads have to say, the task has.
            EventKind::Printed { printed, .. } => {
                EventKind::Printed { worker, printed: Box::new(Printed { task: Some(self.item), ..*printed }) }
            }
            kind => EventKind::Nested { worker, pool, kind: Box::new(kind) },
        };
        self.outer.tell(Event::at(at, kind));
    }
}
