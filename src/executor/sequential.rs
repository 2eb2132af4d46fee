//! No pool at all: `submit` runs the call in the caller's thread before it returns. The yardstick for the others.

use std::fmt;
use std::sync::Arc;

use parking_lot::{Mutex, ReentrantMutex};

use super::context::{Control, Interruption, TaskContext};
use super::error::{BuildError, SubmitError, TaskError};
use super::event::{Event, EventKind, EventSink, WorkId, WorkerId};
use super::exit::{next_pool_id, program_is_ending};
use super::future::{PoolId, TaskFuture};
use super::gil::{Gil, GilSettings};
use super::raw::{Pending, RawExecutor, Submit};
use super::work_item::{Numbering, WorkItem};

/// Runs each call where and when it is submitted. Its one worker is whoever submits; two threads take turns.
pub struct SequentialExecutor {
    shared: Arc<Shared>,
}

struct Shared {
    pool: PoolId,
    sink: Arc<dyn EventSink>,
    control: Arc<Control>,
    gil: GilSettings,
    /// The one that whoever submits takes, if there is one.
    one_gil: Arc<Gil>,
    /// Held while a call runs. Its callbacks run under it too, and may submit.
    turn: ReentrantMutex<()>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    numbering: Numbering,
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
        Self::with_gil(GilSettings::default(), sink)
    }

    /// Computing takes a global interpreter lock, which is felt by threads that a task has for itself. Events go to `sink`.
    #[must_use]
    pub fn with_gil(gil: GilSettings, sink: Arc<dyn EventSink>) -> Self {
        sink.tell(Event::now(EventKind::WorkerStarted { worker: WORKER, pid: None }));
        sink.tell(Event::now(EventKind::WorkerReady { worker: WORKER }));
        let (control, turn, state) = (Arc::default(), ReentrantMutex::new(()), Mutex::default());
        let one_gil = Arc::new(Gil::new(gil.switch_interval));
        Self { shared: Arc::new(Shared { pool: next_pool_id(), sink, control, gil, one_gil, turn, state }) }
    }

    /// Runs a closure.
    ///
    /// # Errors
    /// When the executor was shut down.
    pub fn submit_closure<T: Send + 'static>(
        &self,
        body: impl FnOnce(&TaskContext) -> Result<T, TaskError> + Send + 'static,
    ) -> Result<TaskFuture<T>, SubmitError> {
        let pool: &dyn Submit = &*self.shared;
        pool.submit_closure(body)
    }
}

impl Shared {
    /// The worker ends once it was told to and has nothing left to do.
    fn end_if_over(&self, state: &mut State) {
        if state.shut_down && state.running == 0 && !state.ended {
            state.ended = true;
            let cause = "shutdown".into();
            self.sink.tell(Event::now(EventKind::WorkerExited { worker: WORKER, cause }));
        }
    }
}

impl Submit for Shared {
    fn submit_item(&self, mut item: WorkItem) -> Result<(), SubmitError> {
        let _turn = self.turn.lock();
        let within_another = {
            let mut state = self.state.lock();
            if state.shut_down {
                return Err(SubmitError::ShutDown);
            }
            if program_is_ending() {
                return Err(SubmitError::ProgramEnding);
            }
            state.running += 1;
            item.submitted(self.pool, &mut state.numbering, &*self.sink);
            state.running > 1
        };
        // Nobody else has the future yet, so nobody can have cancelled it.
        if item.start() {
            let context = TaskContext::new(Arc::clone(&self.control), self.pool, WORKER, Arc::clone(&self.sink));
            // A task that submits here runs the call itself: it has the lock already.
            let gil = if within_another { GilSettings::default() } else { self.gil };
            item.run(&context.with_gil(gil, &self.one_gil));
        }
        let mut state = self.state.lock();
        state.running -= 1;
        self.end_if_over(&mut state);
        Ok(())
    }

    fn sink(&self) -> &Arc<dyn EventSink> {
        &self.sink
    }
}

impl RawExecutor for SequentialExecutor {
    fn interrupt_call(&self, call: WorkId, why: Interruption) {
        self.shared.control.interrupt_call(call, why);
    }

    fn submit_item(&self, item: WorkItem) -> Result<(), SubmitError> {
        self.shared.submit_item(item)
    }

    fn submitter(&self) -> Arc<dyn Submit> {
        Arc::clone(&self.shared) as _
    }

    fn sink(&self) -> &Arc<dyn EventSink> {
        &self.shared.sink
    }

    fn shutdown(&self, wait: bool, _cancel_futures: bool) {
        {
            let mut state = self.shared.state.lock();
            state.shut_down = true;
            self.shared.end_if_over(&mut state);
        }
        if wait {
            drop(self.shared.turn.lock());
        }
    }

    fn interrupt(&self) {
        self.shared.control.interrupt();
    }

    /// Nothing is ever pending.
    fn cancel_pending(&self, _which: Pending) {}

    fn kill_worker(&self, _worker: WorkerId) {}

    fn skip_rest(&self) {
        self.shared.control.skip_rest();
    }

    fn max_workers(&self) -> usize {
        1
    }

    fn set_max_workers(&self, max_workers: usize) -> Result<(), BuildError> {
        BuildError::check_workers(max_workers, 1)
    }
}

impl fmt::Debug for SequentialExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SequentialExecutor").finish_non_exhaustive()
    }
}

impl Drop for SequentialExecutor {
    fn drop(&mut self) {
        self.shutdown(false, false);
    }
}
