//! No pool at all: `submit` runs the call in the caller's thread before it returns. The yardstick for the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::RawExecutor;
use super::context::Control;
use super::error::SubmitError;
use super::event::{Event, EventKind, EventSink};
use super::function::CallSite;
use super::work_item::WorkItem;

/// Runs each call where and when it is submitted. Its one worker is whoever submits.
pub struct SequentialExecutor {
    sink: Arc<dyn EventSink>,
    control: Arc<Control>,
    next_call: AtomicU64,
    shut_down: AtomicBool,
}

const WORKER: u32 = 0;

impl SequentialExecutor {
    /// Events go to `sink`.
    #[must_use]
    pub fn new(sink: Arc<dyn EventSink>) -> Self {
        sink.record(Event::now(EventKind::WorkerStarted { worker: WORKER, pid: None }));
        sink.record(Event::now(EventKind::WorkerReady { worker: WORKER }));
        Self { sink, control: Arc::default(), next_call: AtomicU64::new(0), shut_down: AtomicBool::new(false) }
    }
}

impl RawExecutor for SequentialExecutor {
    fn submit_item(&self, item: WorkItem) -> Result<(), SubmitError> {
        if self.shut_down.load(Ordering::Acquire) {
            return Err(SubmitError::ShutDown);
        }
        let call = self.next_call.fetch_add(1, Ordering::Relaxed);
        item.submitted(call, &self.sink);
        // Nobody else has the future yet, so nobody can have cancelled it.
        if item.start() {
            self.sink.record(Event::now(EventKind::Taken { call, worker: WORKER }));
            item.run(&CallSite { call, worker: WORKER, sink: &*self.sink, control: &self.control });
        }
        Ok(())
    }

    fn shutdown(&self, _wait: bool, _cancel_futures: bool) {
        if !self.shut_down.swap(true, Ordering::AcqRel) {
            let cause = "shutdown".to_owned();
            self.sink.record(Event::now(EventKind::WorkerExited { worker: WORKER, cause }));
        }
    }

    fn interrupt(&self) {
        self.control.interrupt();
    }

    fn skip_rest(&self) {
        self.control.skip_rest();
    }

    fn max_workers(&self) -> usize {
        1
    }
}

impl Drop for SequentialExecutor {
    fn drop(&mut self) {
        self.shutdown(false, false);
    }
}
