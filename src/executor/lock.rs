//! A lock that tasks share: Python's `threading.Lock`. Taken through [`TaskContext::lock`](super::TaskContext::lock), so that waiting
//! for it is seen, done without the GIL, and over when the task is asked to stop.

use std::time::{Duration, Instant};

use super::error::TaskError;
// Not those of `super::sync`: a lock can be a `static`.
use parking_lot::{Condvar, Mutex};

/// How often a task that waits looks whether it is asked to stop, which no lock knows of.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Free, or one task's. Tasks of one process share it: make it a `static`, or give it to closures in an `Arc`.
#[derive(Debug, Default)]
pub struct TaskLock {
    taken: Mutex<bool>,
    freed: Condvar,
}

/// Has a [`TaskLock`], until it is dropped.
#[must_use]
#[derive(Debug)]
pub struct TaskLockGuard<'a>(&'a TaskLock);

impl TaskLock {
    /// Free.
    #[must_use]
    pub const fn new() -> Self {
        Self { taken: Mutex::new(false), freed: Condvar::new() }
    }

    pub(super) fn try_lock(&self) -> Option<TaskLockGuard<'_>> {
        let was_taken = std::mem::replace(&mut *self.taken.lock(), true);
        // Not made if it is not to be: dropping a guard frees the lock.
        (!was_taken).then(|| TaskLockGuard(self))
    }

    /// Waits for it, as long as `go_on` has nothing against it.
    pub(super) fn lock(&self, go_on: impl Fn() -> Result<(), TaskError>) -> Result<TaskLockGuard<'_>, TaskError> {
        let mut taken = self.taken.lock();
        while *taken {
            go_on()?;
            self.freed.wait_until(&mut taken, Instant::now() + LOOK_AGAIN);
        }
        *taken = true;
        Ok(TaskLockGuard(self))
    }
}

impl Drop for TaskLockGuard<'_> {
    fn drop(&mut self) {
        *self.0.taken.lock() = false;
        self.0.freed.notify_one();
    }
}
