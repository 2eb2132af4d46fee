//! What a task can ask of its surroundings while it runs, and how those surroundings ask it to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::error::TaskError;
use super::sync::{Condvar, Mutex};

/// Handed to every task. Compute loops call [`checkpoint`](Self::checkpoint) now and then; waiting goes through
/// [`sleep`](Self::sleep). Both end early, with an error to pass on, when the task is asked to stop.
#[derive(Clone, Debug)]
pub struct TaskContext {
    control: Arc<Control>,
    /// The worker's process, if it is not the executor's.
    pid: Option<u32>,
}

impl TaskContext {
    /// For tasks in threads of the executor's own process.
    pub(super) const fn new(control: Arc<Control>) -> Self {
        Self { control, pid: None }
    }

    /// For tasks in a worker process.
    pub(super) fn in_worker_process(control: Arc<Control>) -> Self {
        Self { control, pid: Some(std::process::id()) }
    }

    pub(super) const fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// Passes on what all tasks are asked.
    pub(super) fn obey(&self, interrupt: bool, skip_rest: bool) {
        if interrupt {
            self.control.interrupt();
        }
        if skip_rest {
            self.control.skip_rest();
        }
    }

    /// # Errors
    /// Why an item that has not begun is not to be run at all.
    pub(super) fn may_begin(&self) -> Result<(), TaskError> {
        self.control.may_begin()
    }

    /// A context that nobody can interrupt, for calling a task function by hand.
    #[must_use]
    pub fn detached() -> Self {
        Self::new(Arc::new(Control::default()))
    }

    /// # Errors
    /// [`TaskError::Interrupted`] once the task was asked to stop: return it.
    #[inline]
    pub fn checkpoint(&self) -> Result<(), TaskError> {
        if self.control.interrupted.load(Ordering::Relaxed) { Err(TaskError::Interrupted) } else { Ok(()) }
    }

    /// Waits for `duration` without computing.
    ///
    /// # Errors
    /// [`TaskError::Interrupted`] as soon as the task was asked to stop: return it.
    pub fn sleep(&self, duration: Duration) -> Result<(), TaskError> {
        let deadline = Instant::now().checked_add(duration);
        let mut gate = self.control.gate.lock();
        while !self.control.interrupted.load(Ordering::Relaxed) {
            match deadline {
                Some(deadline) if self.control.changed.wait_until(&mut gate, deadline).timed_out() => return Ok(()),
                Some(_) => {}
                None => self.control.changed.wait(&mut gate),
            }
        }
        Err(TaskError::Interrupted)
    }
}

/// What an executor asks of all its tasks. Asking is final: it is how a run ends early.
#[derive(Debug, Default)]
pub(super) struct Control {
    interrupted: AtomicBool,
    skipping: AtomicBool,
    /// Guards nothing but the sleepers' wait.
    gate: Mutex<()>,
    changed: Condvar,
}

impl Control {
    /// Executing tasks are to end at their next checkpoint.
    pub(super) fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
        // A sleeper that has looked at the flag holds the gate until it sleeps, so the notification can't fall between.
        drop(self.gate.lock());
        self.changed.notify_all();
    }

    /// Tasks that have not begun are to return at once, as [`TaskError::Skipped`].
    pub(super) fn skip_rest(&self) {
        self.skipping.store(true, Ordering::Relaxed);
    }

    fn may_begin(&self) -> Result<(), TaskError> {
        if self.interrupted.load(Ordering::Relaxed) {
            Err(TaskError::Interrupted)
        } else if self.skipping.load(Ordering::Relaxed) {
            Err(TaskError::Skipped)
        } else {
            Ok(())
        }
    }
}
