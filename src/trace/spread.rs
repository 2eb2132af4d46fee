//! Time that is known only as a part of a stretch: how long a lane's items had no core for what they computed, or how long programs
//! that they ran did compute. A row for each stretch that was measured, in the order of time.

use super::blocks::Blocks;

#[derive(Clone, Debug, Default)]
pub(super) struct Spread(Blocks<Row>);

#[derive(Clone, Copy, Debug)]
struct Row {
    start: i64,
    end: i64,
    nanos: i64,
    /// The sum of the rows before.
    before: i64,
}

impl Spread {
    /// Of the stretch from `start` to `end`, after all that were pushed, it was so many nanoseconds.
    pub(super) fn push(&mut self, start: i64, end: i64, nanos: i64) {
        let before = self.0.last().map_or(0, |last| last.before + last.nanos);
        self.0.push(Row { start, end, nanos, before });
    }

    /// How long until `until`. When within a stretch it was is not known, so it is taken to be spread over all of it.
    pub(super) fn until(&self, until: i64) -> i64 {
        self.sum(self.0.partition_point(|row| row.start < until), until)
    }

    /// The same for who walks through time, and has come to `cursor`.
    pub(super) fn until_from(&self, cursor: &mut usize, until: i64) -> i64 {
        *cursor = self.0.partition_point_from(*cursor, |row| row.start < until);
        self.sum(*cursor, until)
    }

    fn sum(&self, after: usize, until: i64) -> i64 {
        let Some(row) = after.checked_sub(1).and_then(|index| self.0.get(index)) else { return 0 };
        let part = i128::from(until.min(row.end) - row.start) * i128::from(row.nanos)
            / i128::from((row.end - row.start).max(1));
        row.before + part as i64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn stretches_add_up_and_none_is_longer_than_itself(
            items in prop::collection::vec((0..50_i64, 1..50_i64, 0..50_i64), 0..200),
            cuts in prop::collection::vec(0..20_000_i64, 0..20),
        ) {
            let (mut spread, mut at, mut total) = (Spread::default(), 0, 0);
            for (gap, length, nanos) in items {
                let nanos = nanos.min(length);
                spread.push(at + gap, at + gap + length, nanos);
                (at, total) = (at + gap + length, total + nanos);
            }
            prop_assert_eq!(spread.until(i64::MAX), total);
            let mut cuts = cuts;
            cuts.sort_unstable();
            for pair in cuts.windows(2) {
                let stretch = spread.until(pair[1]) - spread.until(pair[0]);
                // Parts are rounded to whole nanoseconds.
                prop_assert!((0..=pair[1] - pair[0] + 1).contains(&stretch));
            }
        }
    }
}
