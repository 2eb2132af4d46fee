//! A run's events, kept packed and in the order of time, so that any moment of it can be folded again
//! ([`Replay`](super::Replay)) and told event by event.
//!
//! Events of a worker process are heard a little later than others of the same time. So the [`Historian`] keeps the newest apart
//! until nothing older can come, and only then adds them to the [`History`], which is never changed but at its end.

use std::sync::Arc;

use crate::executor::{Event, EventLog};

/// Events a block, which is what is unpacked to read one of them, and copied if somebody reads while more are added.
const BLOCK: usize = 2048;

/// A run's events in the order of time; their stamps are nanoseconds from its start. A clone shares its blocks.
#[derive(Clone, Debug, Default)]
pub struct History {
    blocks: Vec<Arc<Block>>,
    length: usize,
}

#[derive(Clone, Debug)]
struct Block {
    log: EventLog,
    /// When the last of it happened.
    until: i64,
}

impl History {
    /// How many events there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// When the last event happened.
    #[must_use]
    pub fn until(&self) -> i64 {
        self.blocks.last().map_or(0, |block| block.until)
    }

    /// How many bytes its packed events take; those that carry text or errors are not counted.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.blocks.iter().map(|block| block.log.packed_bytes()).sum()
    }

    /// The events from number `start` on, counted from 0.
    pub fn events_from(&self, start: usize) -> impl Iterator<Item = Event> {
        let blocks = self.blocks.get(start / BLOCK..).unwrap_or_default();
        blocks.iter().flat_map(|block| block.log.events()).skip(start % BLOCK)
    }

    /// The events as they are kept, in order.
    pub fn logs(&self) -> impl Iterator<Item = &EventLog> {
        self.blocks.iter().map(|block| &block.log)
    }

    /// How many events happened until `time`, that moment included.
    #[must_use]
    pub fn count_until(&self, time: i64) -> usize {
        let whole = self.blocks.partition_point(|block| block.until <= time);
        let Some(block) = self.blocks.get(whole) else { return self.length };
        whole * BLOCK + block.log.events().take_while(|event| event.at <= time).count()
    }

    /// Appends an event. One that seems to have happened before the last is taken to have happened with it.
    fn push(&mut self, mut event: Event) {
        event.at = event.at.max(self.until());
        if self.length.is_multiple_of(BLOCK) {
            self.blocks.push(Arc::new(Block { log: EventLog::default(), until: event.at }));
        }
        if let Some(last) = self.blocks.last_mut() {
            let last = Arc::make_mut(last);
            last.until = event.at;
            last.log.push(event);
            self.length += 1;
        }
    }
}

impl FromIterator<Event> for History {
    /// Of events in the order of time.
    fn from_iter<I: IntoIterator<Item = Event>>(events: I) -> Self {
        let mut history = Self::default();
        events.into_iter().for_each(|event| history.push(event));
        history
    }
}

/// Puts the events of a run that is under way into its [`History`].
#[derive(Debug)]
pub struct Historian {
    /// The stamp that counts as zero.
    origin: i64,
    history: History,
    /// Those before which others may still be heard of, in the order of time.
    recent: Vec<Event>,
}

impl Historian {
    /// Of a run that starts at the stamp `origin` ([`crate::sys::monotonic_nanos`]).
    #[must_use]
    pub const fn new(origin: i64) -> Self {
        Self { origin, history: History { blocks: Vec::new(), length: 0 }, recent: Vec::new() }
    }

    /// Takes an event, which has a stamp, in the order in which they are heard of.
    pub fn keep(&mut self, mut event: Event) {
        event.at -= self.origin;
        // Nearly always the newest.
        let later = self.recent.iter().rev().take_while(|other| other.at > event.at).count();
        self.recent.insert(self.recent.len() - later, event);
    }

    /// Nothing older than the stamp `until` will be heard of any more.
    pub fn settle(&mut self, until: i64) {
        let settled = self.recent.partition_point(|event| event.at <= until.saturating_sub(self.origin));
        for event in self.recent.drain(..settled) {
            self.history.push(event);
        }
    }

    /// What is settled.
    #[must_use]
    pub const fn history(&self) -> &History {
        &self.history
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::executor::EventKind;

    fn event(at: i64, call: u64) -> Event {
        Event { at, kind: EventKind::ResultReceived { call } }
    }

    proptest! {
        #[test]
        fn what_is_heard_late_gets_its_place(
            steps in prop::collection::vec((0..20_i64, 0..40_i64), 1..5000), every in 1..700_usize,
        ) {
            const ORIGIN: i64 = 1_000;
            const LATEST: i64 = 40;
            let mut historian = Historian::new(ORIGIN);
            let (mut now, mut all) = (ORIGIN, Vec::new());
            for (call, (step, late)) in (0..).zip(steps) {
                now += step;
                let heard = event((now - late).max(ORIGIN), call);
                all.push(Event { at: heard.at - ORIGIN, ..heard.clone() });
                historian.keep(heard);
                if all.len() % every == 0 {
                    historian.settle(now - LATEST);
                }
            }
            historian.settle(i64::MAX);
            all.sort_by_key(|event| event.at);
            let history = historian.history();
            prop_assert_eq!(history.events_from(0).collect::<Vec<_>>(), all.clone());
            prop_assert_eq!(history.len(), all.len());
            for start in [0, 1, 2047, 2048, 2049, all.len()] {
                let expected = all.get(start..).unwrap_or_default().to_vec();
                prop_assert_eq!(history.events_from(start).collect::<Vec<_>>(), expected);
            }
            for time in [-1, 0, 17, 5_000, 20_000, i64::MAX] {
                prop_assert_eq!(history.count_until(time), all.partition_point(|event| event.at <= time));
            }
        }
    }

    #[test]
    fn a_reader_keeps_what_it_has_while_more_is_added() {
        let mut historian = Historian::new(0);
        (0..3000).for_each(|at| historian.keep(event(at, 0)));
        historian.settle(2499);
        let seen = historian.history().clone();
        historian.settle(i64::MAX);
        assert_eq!((seen.len(), seen.until(), seen.events_from(0).count()), (2500, 2499, 2500));
        assert_eq!((historian.history().len(), historian.history().until()), (3000, 2999));
    }

    #[test]
    fn what_comes_too_late_counts_as_the_last() {
        let mut historian = Historian::new(0);
        historian.keep(event(10, 0));
        historian.settle(10);
        historian.keep(event(5, 1));
        historian.settle(i64::MAX);
        assert_eq!(historian.history().events_from(0).map(|event| event.at).collect::<Vec<_>>(), [10, 10]);
    }
}
