//! Any moment of a run: the fold of its events until then. Going on folds what comes next; going back, or far ahead, starts from
//! the nearest trace that was kept on the way, so that a jump costs some milliseconds at most, however long the run is.

use std::time::Instant;

use super::{History, Trace};

/// So many events from one kept trace to the next: a millisecond or two of folding.
const EVERY: usize = 1 << 14;

/// Between two looks at the clock.
const AT_ONCE: usize = 256;

/// See the module. All calls must be given the same history, which may have become longer.
#[derive(Debug)]
pub struct Replay {
    /// The folds of [`EVERY`] events, of twice as many, and so on, as far as was ever gone.
    kept: Vec<Trace>,
    trace: Trace,
    /// How many events are folded.
    index: usize,
}

impl Default for Replay {
    fn default() -> Self {
        Self { kept: Vec::new(), trace: Trace::new(0), index: 0 }
    }
}

impl Replay {
    /// Goes to the moment after the first `index` events of `history`. Returns whether it got there before `deadline`; if
    /// not, the next call goes on from where it is.
    pub fn seek(&mut self, history: &History, index: usize, deadline: Instant) -> bool {
        let index = index.min(history.len());
        let nearest = (index / EVERY).min(self.kept.len());
        if index < self.index || nearest * EVERY > self.index {
            self.index = nearest * EVERY;
            self.trace = nearest.checked_sub(1).map_or_else(|| Trace::new(0), |kept| self.kept[kept].clone());
        }
        for event in history.events_from(self.index).take(index - self.index) {
            self.trace.apply(&event);
            self.index += 1;
            if self.index == (self.kept.len() + 1) * EVERY {
                self.kept.push(self.trace.clone());
            }
            if self.index.is_multiple_of(AT_ONCE) && Instant::now() >= deadline {
                break;
            }
        }
        self.index == index
    }

    /// The run as it was at that moment.
    #[must_use]
    pub const fn trace(&self) -> &Trace {
        &self.trace
    }

    /// How many events had happened.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::executor::{Event, EventKind, Outcome};

    /// A call after the other, each of one item, on two workers in turn.
    fn history(calls: u64) -> History {
        let of_call = |call: u64| {
            let (at, worker) = (call as i64 * 100, (call % 2) as u32);
            let outcome = Outcome::Returned;
            [
                (0, EventKind::Submitted { call, first_item: call as u32, items: 1 }),
                (10, EventKind::Taken { call, worker }),
                (10, EventKind::Started { call, item: 0, worker }),
                (90, EventKind::Finished { call, item: 0, worker, outcome }),
                (95, EventKind::ResultReceived { call }),
            ]
            .map(|(after, kind)| Event { at: at + after, kind })
        };
        (0..calls).flat_map(of_call).collect()
    }

    fn later() -> Instant {
        Instant::now() + Duration::from_mins(1)
    }

    #[test]
    fn any_moment_is_what_a_fold_from_the_start_gives() {
        let history = history(10_000);
        let mut replay = Replay::default();
        for index in [0, 7, 20_000, 20_001, 19_999, 49_990, 3, 40_000, EVERY, EVERY - 1, 2 * EVERY, usize::MAX, 1] {
            assert!(replay.seek(&history, index, later()));
            let mut trace = Trace::new(0);
            history.events_from(0).take(index).for_each(|event| trace.apply(&event));
            assert_eq!(replay.index(), index.min(history.len()));
            assert_eq!(format!("{:?}", replay.trace()), format!("{trace:?}"), "after {index} events");
        }
    }

    #[test]
    fn it_stops_in_time_and_goes_on_later() {
        let history = history(10_000);
        let (mut replay, mut steps) = (Replay::default(), 0);
        while !replay.seek(&history, usize::MAX, Instant::now()) {
            steps += 1;
        }
        assert_eq!(steps, history.len().div_ceil(AT_ONCE) - 1);
        assert_eq!(replay.trace().counts().returned, 10_000);
    }

    #[test]
    fn it_follows_a_history_that_grows() {
        let (short, long) = (history(100), history(200));
        let mut replay = Replay::default();
        assert!(replay.seek(&short, usize::MAX, later()));
        assert_eq!(replay.trace().counts().returned, 100);
        assert!(replay.seek(&long, usize::MAX, later()));
        assert_eq!(replay.trace().counts().returned, 200);
    }
}
