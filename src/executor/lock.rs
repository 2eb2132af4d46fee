//! A lock that tasks share: Python's `threading.Lock`. Taken through [`TaskContext::lock`](super::TaskContext::lock), so that waiting
//! for it is seen, done without the GIL, and over when the task is asked to stop.
//!
//! Who has a lock is told only while somebody waits for it, and when somebody has waited: taking and freeing one that nobody else wants
//! costs no event. What is told is told under the lock's own mutex, so at any moment the events say who has it and who waits.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::error::TaskError;
use super::event::{Event, EventKind, EventSink, LockId, WorkId, WorkerId};
use super::future::PoolId;
// Not those of `super::sync`: a lock can be a `static`.
use parking_lot::{Condvar, Mutex};

/// How often a task that waits looks whether it is asked to stop, which no lock knows of.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Free, or one task's. Tasks of one process share it: make it a `static`, or give it to closures in an `Arc`.
#[derive(Debug, Default)]
pub struct TaskLock {
    state: Mutex<State>,
    freed: Condvar,
    /// 0 until somebody waits for it.
    id: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    /// Which call of which pool has it.
    holder: Option<(PoolId, WorkId)>,
    waiting: usize,
}

/// Has a [`TaskLock`], until it is dropped.
#[must_use]
pub struct TaskLockGuard<'a> {
    lock: &'a TaskLock,
    user: LockUser<'a>,
}

/// The item that wants or has a lock, and who hears of it.
#[derive(Clone, Copy)]
pub(super) struct LockUser<'a> {
    pub(super) pool: PoolId,
    pub(super) worker: WorkerId,
    pub(super) call: WorkId,
    pub(super) item: u32,
    pub(super) sink: &'a dyn EventSink,
}

impl TaskLock {
    /// Free.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: Mutex::new(State { holder: None, waiting: 0 }), freed: Condvar::new(), id: AtomicU64::new(0) }
    }

    fn id(&self) -> LockId {
        static IDS: AtomicU64 = AtomicU64::new(1);
        match self.id.load(Ordering::Relaxed) {
            // Called under the mutex, so nobody else gives it a number.
            0 => {
                let id = IDS.fetch_add(1, Ordering::Relaxed);
                self.id.store(id, Ordering::Relaxed);
                id
            }
            id => id,
        }
    }

    fn hold<'a>(&'a self, state: &mut State, user: LockUser<'a>, has_waited: bool) -> TaskLockGuard<'a> {
        state.holder = Some((user.pool, user.call));
        if state.waiting > 0 || has_waited {
            let LockUser { call, worker, .. } = user;
            user.sink.tell(Event::now(EventKind::LockTaken { call, worker, lock: self.id() }));
        }
        TaskLockGuard { lock: self, user }
    }

    pub(super) fn try_lock<'a>(&'a self, user: LockUser<'a>) -> Option<TaskLockGuard<'a>> {
        let mut state = self.state.lock();
        // A guard that is not to be must not be made: dropping it frees the lock.
        if state.holder.is_some() { None } else { Some(self.hold(&mut state, user, false)) }
    }

    /// Waits for it, as long as `go_on` has nothing against it.
    pub(super) fn lock<'a>(
        &'a self,
        user: LockUser<'a>,
        go_on: impl Fn() -> Result<(), TaskError>,
    ) -> Result<TaskLockGuard<'a>, TaskError> {
        let mut state = self.state.lock();
        let LockUser { pool, worker, call, item, sink } = user;
        let held_by = state.holder.filter(|holder| holder.0 == pool).map(|holder| holder.1);
        sink.tell(Event::now(EventKind::WaitsForLock { call, item, worker, lock: self.id(), held_by }));
        state.waiting += 1;
        let mut waited = Ok(());
        while waited.is_ok() && state.holder.is_some() {
            waited = go_on();
            if waited.is_ok() {
                self.freed.wait_until(&mut state, Instant::now() + LOOK_AGAIN);
            }
        }
        state.waiting -= 1;
        waited.map(|()| self.hold(&mut state, user, true))
    }
}

impl std::fmt::Debug for TaskLockGuard<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TaskLockGuard").field("lock", self.lock).finish_non_exhaustive()
    }
}

impl Drop for TaskLockGuard<'_> {
    fn drop(&mut self) {
        let Self { lock, user } = self;
        {
            let mut state = lock.state.lock();
            state.holder = None;
            if state.waiting > 0 {
                user.sink.tell(Event::now(EventKind::LockFreed { call: user.call, lock: lock.id() }));
            }
        }
        lock.freed.notify_one();
    }
}
