//! What `src/executor/sync.rs` offers, made of the model checker's parts.

use std::ops::{Deref, DerefMut};
use std::time::Instant;

pub use shuttle::sync::atomic::{AtomicBool, AtomicU32, fence};
pub(super) use shuttle::thread;

#[derive(Debug, Default)]
pub(super) struct Mutex<T: ?Sized>(shuttle::sync::Mutex<T>);

/// `None` only while its owner waits.
pub(super) struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    guard: Option<shuttle::sync::MutexGuard<'a, T>>,
}

impl<T> Mutex<T> {
    pub(super) fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }
}

impl<T: ?Sized> Mutex<T> {
    pub(super) fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard { mutex: self, guard: Some(self.0.lock().unwrap()) }
    }
}

impl<T: ?Sized> MutexGuard<'_, T> {
    pub(super) fn unlocked<R>(guard: &mut Self, work: impl FnOnce() -> R) -> R {
        guard.guard = None;
        let result = work();
        guard.guard = Some(guard.mutex.0.lock().unwrap());
        result
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.guard.as_ref().unwrap()
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.guard.as_mut().unwrap()
    }
}

#[derive(Debug, Default)]
pub(super) struct Condvar(shuttle::sync::Condvar);

/// Time does not pass here, so no wait ends by itself.
pub(super) struct NeverTimesOut;

impl NeverTimesOut {
    #[expect(clippy::unused_self, reason = "as the real one is asked")]
    pub(super) fn timed_out(&self) -> bool {
        false
    }
}

impl Condvar {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        let waiting = guard.guard.take().unwrap();
        guard.guard = Some(self.0.wait(waiting).unwrap());
    }

    pub(super) fn wait_until<T>(&self, guard: &mut MutexGuard<'_, T>, _deadline: Instant) -> NeverTimesOut {
        self.wait(guard);
        NeverTimesOut
    }

    pub(super) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(super) fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// Looks once more, and then sleeps: both ways are gone.
pub struct Patience(std::cell::Cell<bool>);

impl Patience {
    pub fn new() -> Self {
        Self(std::cell::Cell::new(false))
    }

    pub fn is_over(&self) -> bool {
        self.0.get()
    }

    pub fn wait(&self) {
        self.0.set(true);
        thread::yield_now();
    }
}
