//! Sleeping and waking between processes without missing the call.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::executor::sync::{AtomicU32, Patience, fence};
use crate::sys;

/// Two words: how often it was rung, and how many sleep. Who has something to tell writes it down and then rings; who wants
/// to know looks, and only sleeps if nobody rang since before it looked.
#[derive(Clone, Copy)]
pub(in crate::executor::process_pool) struct Bell<'a> {
    rung: &'a AtomicU32,
    sleepers: &'a AtomicU32,
}

impl<'a> Bell<'a> {
    /// `words` are its two words.
    pub(super) fn new(words: &'a [AtomicU32]) -> Self {
        Self { rung: &words[0], sleepers: &words[1] }
    }

    /// Wakes up to `count` sleepers. Costs a system call only if there are any.
    pub(in crate::executor::process_pool) fn ring(self, count: u32) {
        // What was written before this is seen by whoever sees no ring after it.
        fence(Ordering::SeqCst);
        if self.sleepers.load(Ordering::Relaxed) > 0 {
            self.rung.fetch_add(1, Ordering::SeqCst);
            sys::wake(self.rung, count);
        }
    }

    /// Waits until `look` finds something, or for `timeout` at most; then `None`. A worker that is killed while it sleeps is
    /// counted on as a sleeper, which costs whoever rings a system call, and nothing else.
    pub(in crate::executor::process_pool) fn wait<T>(
        self,
        timeout: Option<Duration>,
        mut look: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        let patience = Patience::new();
        while !patience.is_over() {
            if let Some(found) = look() {
                return Some(found);
            }
            patience.wait();
        }
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        let found = loop {
            let seen = self.rung.load(Ordering::SeqCst);
            fence(Ordering::SeqCst);
            let found = look();
            if found.is_some() {
                break found;
            }
            sys::wait(self.rung, seen, timeout);
            if timeout.is_some() {
                break look();
            }
        };
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
        found
    }
}
