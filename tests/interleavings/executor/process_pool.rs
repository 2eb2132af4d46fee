//! Calls that a manager offers and workers take, with the bell between them: no call is left while a worker lives that could take it.

mod shared;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use shuttle::sync::atomic::AtomicUsize;
use shuttle::thread;

use super::sync::AtomicU32;
use shared::{Bell, bell};

/// What manager and workers share: how many calls were offered and not taken, and two bells.
struct Board {
    calls: AtomicUsize,
    over: AtomicUsize,
    taken: AtomicUsize,
    words: [AtomicU32; 4],
}

/// What a worker comes to.
enum Claim {
    Call,
    Over,
    /// It was killed as it woke up.
    Dead,
}

impl Board {
    fn new() -> Arc<Self> {
        let words = [0; 4].map(AtomicU32::new);
        Arc::new(Self { calls: AtomicUsize::new(0), over: AtomicUsize::new(0), taken: AtomicUsize::new(0), words })
    }

    fn workers(&self) -> Bell<'_> {
        bell(&self.words[..2])
    }

    fn manager(&self) -> Bell<'_> {
        bell(&self.words[2..])
    }

    fn offer(&self) {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.workers().ring(1);
    }

    /// Until all is over; a worker that `dies` does when it is woken for the first time.
    fn work(&self, dies: bool) {
        let mut looks = 0;
        loop {
            let look = || {
                // The first look is out of patience, the second comes before it sleeps.
                looks += 1;
                if dies && looks == 3 {
                    return Some(Claim::Dead);
                }
                let take = |calls: usize| calls.checked_sub(1);
                if self.calls.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok() {
                    return Some(Claim::Call);
                }
                (self.over.load(Ordering::SeqCst) > 0).then_some(Claim::Over)
            };
            match self.workers().wait(None, look) {
                Some(Claim::Call) => {
                    self.taken.fetch_add(1, Ordering::SeqCst);
                    self.manager().ring(1);
                }
                _ => return,
            }
        }
    }

    /// Waits until so many calls were taken, and ends.
    fn manage(&self, calls: usize) {
        let all = || (self.taken.load(Ordering::SeqCst) == calls).then_some(());
        self.manager().wait(None, all);
        self.over.fetch_add(1, Ordering::SeqCst);
        self.workers().ring(u32::MAX >> 1);
    }
}

/// Each call that is offered is taken.
pub fn every_call_is_taken() {
    let board = Board::new();
    let workers = [(); 2].map(|()| {
        let board = Arc::clone(&board);
        thread::spawn(move || board.work(false))
    });
    (0..3).for_each(|_| board.offer());
    board.manage(3);
    for worker in workers {
        worker.join().unwrap();
    }
}

/// Also one for which a worker was woken that died before it took it, once its end is heard of.
pub fn a_death_leaves_no_call_behind() {
    let board = Board::new();
    let [mortal, other] = [true, false].map(|dies| {
        let board = Arc::clone(&board);
        thread::spawn(move || board.work(dies))
    });
    let hears_of_its_end = {
        let board = Arc::clone(&board);
        thread::spawn(move || {
            mortal.join().unwrap();
            if board.calls.load(Ordering::SeqCst) > 0 {
                board.workers().ring(u32::MAX >> 1);
            }
        })
    };
    board.offer();
    board.manage(1);
    other.join().unwrap();
    hears_of_its_end.join().unwrap();
}
