//! No pool at all: `submit` runs the call in the caller's thread before it returns. The yardstick for the others.

use std::sync::Arc;

use parking_lot::{Mutex, ReentrantMutex};

use super::RawExecutor;
use super::context::Control;
use super::error::SubmitError;
use super::event::{Event, EventKind, EventSink, WorkId};
use super::function::CallSite;
use super::work_item::WorkItem;

/// Runs each call where and when it is submitted. Its one worker is whoever submits; two threads take turns.
pub struct SequentialExecutor {
    sink: Arc<dyn EventSink>,
    control: Arc<Control>,
    /// Held while a call runs. Its callbacks run under it too, and may submit.
    turn: ReentrantMutex<()>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next_call: WorkId,
    /// Calls that are running: more than one when a callback submits.
    running: usize,
    shut_down: bool,
    /// Its worker was told to have ended.
    ended: bool,
}

const WORKER: u32 = 0;

impl SequentialExecutor {
    /// Events go to `sink`.
    #[must_use]
    pub fn new(sink: Arc<dyn EventSink>) -> Self {
        sink.record(Event::now(EventKind::WorkerStarted { worker: WORKER, pid: None }));
        sink.record(Event::now(EventKind::WorkerReady { worker: WORKER }));
        Self { sink, control: Arc::default(), turn: ReentrantMutex::new(()), state: Mutex::default() }
    }

    /// The worker ends once it was told to and has nothing left to do.
    fn end_if_over(&self, state: &mut State) {
        if state.shut_down && state.running == 0 && !state.ended {
            state.ended = true;
            let cause = "shutdown".to_owned();
            self.sink.record(Event::now(EventKind::WorkerExited { worker: WORKER, cause }));
        }
    }
}

impl RawExecutor for SequentialExecutor {
    fn submit_item(&self, item: WorkItem) -> Result<(), SubmitError> {
        let _turn = self.turn.lock();
        let call = {
            let mut state = self.state.lock();
            if state.shut_down {
                return Err(SubmitError::ShutDown);
            }
            state.running += 1;
            state.next_call += 1;
            state.next_call - 1
        };
        item.submitted(call, &self.sink);
        // Nobody else has the future yet, so nobody can have cancelled it.
        if item.start() {
            self.sink.record(Event::now(EventKind::Taken { call, worker: WORKER }));
            item.run(&CallSite { call, worker: WORKER, sink: &*self.sink, control: &self.control });
        }
        let mut state = self.state.lock();
        state.running -= 1;
        self.end_if_over(&mut state);
        Ok(())
    }

    fn shutdown(&self, wait: bool, _cancel_futures: bool) {
        {
            let mut state = self.state.lock();
            state.shut_down = true;
            self.end_if_over(&mut state);
        }
        if wait {
            drop(self.turn.lock());
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
