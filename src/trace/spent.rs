//! What a lane's busy time went to.

use std::ops::Range;

use super::lane::Lane;
use crate::executor::Activity;

/// A stretch of a lane's time, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// An item executed. All others are parts of it.
    pub busy: i64,
    /// For the outside world: I/O or sleep, without what programs that the items ran have computed.
    pub blocking: i64,
    /// Waiting for the GIL.
    pub gil: i64,
    /// Waiting for a lock.
    pub lock: i64,
    /// Waiting for a future.
    pub future: i64,
    /// Computing, but without a core.
    pub off_core: i64,
}

impl Spent {
    /// Waiting for something within the program, or for a core.
    #[must_use]
    pub const fn waiting(&self) -> i64 {
        self.gil + self.lock + self.future + self.off_core
    }

    /// Computing on a core.
    #[must_use]
    pub fn computing(&self) -> i64 {
        (self.busy - self.blocking - self.waiting()).max(0)
    }
}

impl Lane {
    /// What it spent `time` on.
    #[must_use]
    pub fn spent(&self, time: &Range<i64>) -> Spent {
        let (before, after) = (self.away_until(time.start), self.away_until(time.end));
        let away = |activity: Activity| (after[activity as usize] - before[activity as usize]).max(0);
        Spent {
            busy: (self.busy_until(time.end) - self.busy_until(time.start)).max(0),
            blocking: away(Activity::Blocking),
            gil: away(Activity::WaitingForGil),
            lock: away(Activity::WaitingForLock),
            future: away(Activity::WaitingForFuture),
            off_core: (self.off_core_until(time.end) - self.off_core_until(time.start)).max(0),
        }
    }
}
