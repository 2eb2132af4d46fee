//! What a lane's items were at while they executed: a row each time that it changed, in the order of time. An item that only
//! computed has none.

use super::blocks::Blocks;
use crate::executor::Activity;

/// How many nanoseconds went to each activity, in the order of [`Activity::ALL`]. Computing is what is left of busy time, so it is
/// not counted here, and 0.
pub type ActivityTimes = [i64; Activity::ALL.len()];

/// A part of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubSpan {
    /// When it began.
    pub start: i64,
    /// When it ended.
    pub end: i64,
    /// What the item was at.
    pub activity: Activity,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Turns(Blocks<Turn>);

#[derive(Clone, Copy, Debug)]
struct Turn {
    at: i64,
    to: Activity,
    /// What was spent before.
    before: ActivityTimes,
}

impl Turn {
    /// What was spent until `until`, which is not before this turn and not after the next.
    fn spent(&self, until: i64) -> ActivityTimes {
        let mut times = self.before;
        if self.to != Activity::Computing {
            times[self.to as usize] += (until - self.at).max(0);
        }
        times
    }
}

impl Turns {
    /// The item that runs is at `to` from now on. Stamps that go back count as the last.
    pub(super) fn push(&mut self, at: i64, to: Activity) {
        let last = self.0.last();
        let at = last.map_or(at, |last| at.max(last.at));
        let before = last.map_or_else(ActivityTimes::default, |last| last.spent(at));
        self.0.push(Turn { at, to, before });
    }

    /// An item ends: whatever it was at ends with it.
    pub(super) fn close(&mut self, at: i64) {
        if self.0.last().is_some_and(|last| last.to != Activity::Computing) {
            self.push(at, Activity::Computing);
        }
    }

    /// What was spent until `until`.
    pub(super) fn until(&self, until: i64) -> ActivityTimes {
        self.spent(self.0.partition_point(|turn| turn.at <= until), until)
    }

    /// The same for who walks through time, and has come to `cursor`.
    pub(super) fn until_from(&self, cursor: &mut usize, until: i64) -> ActivityTimes {
        *cursor = self.0.partition_point_from(*cursor, |turn| turn.at <= until);
        self.spent(*cursor, until)
    }

    fn spent(&self, after: usize, until: i64) -> ActivityTimes {
        let last = after.checked_sub(1).and_then(|index| self.0.get(index));
        last.map_or_else(ActivityTimes::default, |turn| turn.spent(until))
    }

    /// How many rows there are in `from..to`.
    pub(super) fn count_between(&self, from: i64, to: i64) -> usize {
        self.0.partition_point(|turn| turn.at < to) - self.0.partition_point(|turn| turn.at < from)
    }

    /// Of `from..to`, the parts that were not computing.
    pub(super) fn between(&self, from: i64, to: i64) -> impl Iterator<Item = SubSpan> {
        let first = self.0.partition_point(|turn| turn.at <= from).saturating_sub(1);
        let rows = self.0.iter_from(first);
        let nexts = self.0.iter_from(first + 1).map(|next| next.at).chain([i64::MAX]);
        rows.zip(nexts)
            .take_while(move |(turn, _)| turn.at < to)
            .map(move |(turn, next)| SubSpan { start: turn.at.max(from), end: next.min(to), activity: turn.to })
            .filter(|part| part.activity != Activity::Computing && part.start < part.end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_time_of_any_stretch_is_what_its_parts_add_up_to(
            steps in prop::collection::vec((0..50_i64, 0..5_usize), 0..2000),
            from in 0..5000_i64,
            length in 0..5000_i64,
        ) {
            let mut turns = Turns::default();
            let mut at = 0;
            for (step, activity) in steps {
                at += step;
                turns.push(at, Activity::ALL[activity]);
            }
            let to = from + length;
            let mut added = ActivityTimes::default();
            for part in turns.between(from, to) {
                prop_assert!(from <= part.start && part.end <= to);
                added[part.activity as usize] += part.end - part.start;
            }
            let (before, after) = (turns.until(from), turns.until(to));
            prop_assert_eq!(added, std::array::from_fn(|index| after[index] - before[index]));
        }
    }
}
