//! Looking again for a little while before going to sleep.

use crossbeam_utils::Backoff;

use crate::sys;

/// Nanoseconds: less than two sleeps and two wake-ups take.
const LONGEST: i64 = 30_000;

/// What is waited for often comes at once, and waking a sleeper costs the one who brings it more than the looking costs the one
/// who waits: with tasks that do nothing, a pool of processes gets twice as many of them done like this. While waiting, the
/// processor is offered to whoever has something to do.
pub(super) struct Patience {
    backoff: Backoff,
    began: i64,
}

impl Patience {
    /// The waiting begins now.
    pub(super) fn new() -> Self {
        Self { backoff: Backoff::new(), began: sys::monotonic_nanos() }
    }

    /// Whether it is time to go to sleep.
    pub(super) fn is_over(&self) -> bool {
        self.backoff.is_completed() && sys::monotonic_nanos() - self.began >= LONGEST
    }

    /// Lets others go first for a moment.
    pub(super) fn wait(&self) {
        self.backoff.snooze();
    }
}
