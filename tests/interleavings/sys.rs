//! The system, with waiting and waking between processes as the model checker can follow it.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::Duration;

pub use poolscope::sys::*;
use shuttle::sync::{Condvar, Mutex};

use crate::core::sync::AtomicU32;

/// Who sleeps at which word, first come first.
#[derive(Default)]
struct Sleepers {
    queue: VecDeque<(usize, u64)>,
    next: u64,
}

shuttle::lazy_static! {
    static ref SLEEPERS: Mutex<Sleepers> = Mutex::new(Sleepers::default());
    static ref WOKEN: Condvar = Condvar::new();
}

fn place(word: &AtomicU32) -> usize {
    std::ptr::from_ref(word).addr()
}

/// As a futex: whoever wakes between the look at the word and the sleep is not missed.
pub fn wait(word: &AtomicU32, seen: u32, _timeout: Option<Duration>) {
    let mut sleepers = SLEEPERS.lock().unwrap();
    if word.load(Ordering::SeqCst) != seen {
        return;
    }
    let number = sleepers.next;
    sleepers.next += 1;
    sleepers.queue.push_back((place(word), number));
    while sleepers.queue.iter().any(|(_, sleeper)| *sleeper == number) {
        sleepers = WOKEN.wait(sleepers).unwrap();
    }
}

/// Wakes as many as it says, and no more.
pub fn wake(word: &AtomicU32, count: u32) {
    let mut sleepers = SLEEPERS.lock().unwrap();
    let mut left = count;
    sleepers.queue.retain(|(at, _)| {
        let woken = *at == place(word) && left > 0;
        left -= u32::from(woken);
        !woken
    });
    WOKEN.notify_all();
}
