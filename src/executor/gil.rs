//! The global interpreter lock, emulated: a real lock with real contention, taken and let go where CPython 3.14 does
//! (`Python/ceval_gil.c`). Whoever computes holds it. Whoever wants it waits for one switch interval, and if nobody else has
//! got it in that time asks the holder to let go, which it does at its next checkpoint (the eval breaker). It then stays away
//! until another has it: switching is forced.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::sync::{AtomicBool, Condvar, Mutex, MutexGuard, Patience, thread};

/// Who shares a lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GilMode {
    /// There is none: free-threaded Python.
    #[default]
    Off,
    /// All threads of a process: CPython as most know it.
    Shared,
    /// Each worker has its own: subinterpreters.
    PerWorker,
}

/// How computing in threads is held up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GilSettings {
    /// Who shares a lock.
    pub mode: GilMode,
    /// How long a waiter waits before it asks for the lock: `sys.setswitchinterval`.
    pub switch_interval: Duration,
}

impl GilSettings {
    /// `sys.getswitchinterval()`, if nobody has set another.
    pub const SWITCH_INTERVAL: Duration = Duration::from_millis(5);

    /// The lock for a worker, or `all`'s if they share one.
    pub(super) fn lock_for_worker(self, all: &Arc<Gil>) -> Option<Arc<Gil>> {
        match self.mode {
            GilMode::Off => None,
            GilMode::Shared => Some(Arc::clone(all)),
            GilMode::PerWorker => Some(Arc::new(Gil::new(self.switch_interval))),
        }
    }
}

impl Default for GilSettings {
    fn default() -> Self {
        Self { mode: GilMode::Off, switch_interval: Self::SWITCH_INTERVAL }
    }
}

/// One lock.
#[derive(Debug)]
pub struct Gil {
    state: Mutex<State>,
    /// It was let go.
    freed: Condvar,
    /// Another has it than before.
    switched: Condvar,
    /// The holder is to let go at its next checkpoint.
    asked_for: AtomicBool,
    switch_interval: Duration,
}

#[derive(Debug, Default)]
struct State {
    held: bool,
    /// Who has it, or had it last; 0 = nobody ever.
    last_holder: HolderId,
    /// How often it went to another.
    switches: u64,
}

/// So long before the end of its interval a waiter wakes up: longer than waking up takes.
const EARLY: Duration = Duration::from_micros(100);

/// Tells those who take it apart; not 0.
pub(super) type HolderId = u64;

impl Gil {
    /// Free.
    #[must_use]
    pub fn new(switch_interval: Duration) -> Self {
        Self {
            state: Mutex::default(),
            freed: Condvar::new(),
            switched: Condvar::new(),
            asked_for: AtomicBool::new(false),
            switch_interval,
        }
    }

    /// Takes it if it is free.
    pub(super) fn try_take(&self, me: HolderId) -> bool {
        let mut state = self.state.lock();
        let free = !state.held;
        if free {
            self.hold(&mut state, me);
        }
        free
    }

    /// Waits for it: `take_gil`.
    pub(super) fn take(&self, me: HolderId) {
        let mut state = self.state.lock();
        while state.held {
            let switches = state.switches;
            let began = Instant::now();
            let deadline = began + self.switch_interval;
            let asleep = self.switch_interval.saturating_sub(EARLY).max(self.switch_interval * 3 / 4);
            if !self.freed.wait_until(&mut state, began + asleep).timed_out() {
                continue;
            }
            // Nobody is woken on time to some microseconds: the rest of the interval, and the holder's way to its next checkpoint, is
            // spent awake, with the processor left to whoever computes.
            let mut patience = None;
            while state.held && state.switches == switches {
                match &patience {
                    None if Instant::now() >= deadline => {
                        self.asked_for.store(true, Ordering::Relaxed);
                        patience = Some(Patience::new());
                    }
                    Some(patience) if Patience::is_over(patience) => break,
                    None | Some(_) => MutexGuard::unlocked(&mut state, thread::yield_now),
                }
            }
        }
        self.hold(&mut state, me);
    }

    fn hold(&self, state: &mut MutexGuard<'_, State>, me: HolderId) {
        state.held = true;
        if state.last_holder != me {
            state.last_holder = me;
            state.switches += 1;
        }
        // Whoever asked has it now, or asks again.
        self.asked_for.store(false, Ordering::Relaxed);
        self.switched.notify_all();
    }

    /// Lets go of it: `drop_gil`. Who was asked to returns once another has it.
    pub(super) fn release(&self, me: HolderId) {
        let mut state = self.state.lock();
        state.held = false;
        self.freed.notify_one();
        while self.is_asked_for() && state.last_holder == me {
            self.switched.wait(&mut state);
        }
    }

    /// Whether the holder is to let go.
    #[inline]
    pub(super) fn is_asked_for(&self) -> bool {
        self.asked_for.load(Ordering::Relaxed)
    }
}
