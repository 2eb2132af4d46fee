//! How often times of which length occurred, in buckets that are a sixteenth of a power of two wide: any time is known to
//! 6 %, from nanoseconds to years, and counting one is a few instructions.

use std::ops::Range;
use std::sync::Arc;

/// Buckets a power of two.
const PARTS: usize = 16;
const PARTS_LOG2: u32 = PARTS.trailing_zeros();

/// See the module. A clone shares its counts until one of the two changes.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    buckets: Arc<Vec<Bucket>>,
    total: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    count: u64,
    /// By how much its times are longer than the shortest that it counts, all together, in nanoseconds.
    above: u64,
}

impl Histogram {
    /// Counts a time in nanoseconds; less than none is none.
    pub fn add(&mut self, nanos: i64) {
        let number = Self::bucket_of(nanos);
        let buckets = Arc::make_mut(&mut self.buckets);
        if number >= buckets.len() {
            buckets.resize(number + 1, Bucket::default());
        }
        let bucket = &mut buckets[number];
        bucket.count += 1;
        bucket.above = bucket.above.saturating_add((nanos.max(0) - Self::times_of(number).start) as u64);
        self.total += 1;
    }

    /// How many times were counted.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// The buckets from the first to the last that holds something: its number and its count.
    pub fn buckets(&self) -> impl Iterator<Item = (usize, u64)> {
        let first = self.buckets.iter().position(|bucket| bucket.count > 0).unwrap_or_default();
        self.buckets.iter().map(|bucket| bucket.count).enumerate().skip(first)
    }

    /// Which bucket counts times of that length.
    #[must_use]
    pub fn bucket_of(nanos: i64) -> usize {
        let nanos = nanos.max(0) as u64;
        if nanos < PARTS as u64 {
            return nanos as usize;
        }
        let power = nanos.ilog2();
        let part = (nanos >> (power - PARTS_LOG2)) as usize % PARTS;
        (power - PARTS_LOG2 + 1) as usize * PARTS + part
    }

    /// The times that a bucket counts, in nanoseconds.
    #[must_use]
    pub const fn times_of(bucket: usize) -> Range<i64> {
        if bucket < PARTS {
            return bucket as i64..bucket as i64 + 1;
        }
        let shift = (bucket / PARTS - 1) as u32;
        let part = (PARTS + bucket % PARTS) as i64;
        part << shift..(part + 1) << shift
    }

    /// About the length that `percent` of a hundred times do not exceed: the mean of the bucket that it is in, so to 6 %, and exactly
    /// where all in there are alike; 0 if there are none.
    #[must_use]
    pub fn quantile(&self, percent: u64) -> i64 {
        let rank = (self.total * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let found = self.buckets.iter().enumerate().find(|(_, bucket)| {
            seen += bucket.count;
            seen >= rank
        });
        found.map_or(0, |(number, bucket)| Self::times_of(number).start + (bucket.above / bucket.count.max(1)) as i64)
    }
}

impl FromIterator<i64> for Histogram {
    fn from_iter<I: IntoIterator<Item = i64>>(times: I) -> Self {
        let mut histogram = Self::default();
        times.into_iter().for_each(|nanos| histogram.add(nanos));
        histogram
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_time_is_in_its_bucket_and_that_is_narrow(nanos in 0..i64::MAX / 4) {
            let times = Histogram::times_of(Histogram::bucket_of(nanos));
            prop_assert!(times.contains(&nanos), "{} in {:?}", nanos, times);
            prop_assert!((times.end - times.start) * 16 <= times.start.max(16));
        }

        #[test]
        fn nothing_is_lost_and_quantiles_are_near(times in prop::collection::vec(0..1_000_000_000_i64, 1..300), percent in 1..=100_u64) {
            let histogram: Histogram = times.iter().copied().collect();
            prop_assert_eq!(histogram.total(), times.len() as u64);
            prop_assert_eq!(histogram.buckets().map(|(_, count)| count).sum::<u64>(), times.len() as u64);
            let mut sorted = times;
            sorted.sort_unstable();
            let exact = sorted[(sorted.len() * percent as usize).div_ceil(100) - 1];
            let of_bucket: Vec<_> = sorted.iter().filter(|time| Histogram::bucket_of(**time) == Histogram::bucket_of(exact)).collect();
            let mean = of_bucket.iter().copied().sum::<i64>() / of_bucket.len() as i64;
            prop_assert_eq!(histogram.quantile(percent), mean);
        }
    }

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        for bucket in 0..800 {
            assert_eq!(Histogram::times_of(bucket).end, Histogram::times_of(bucket + 1).start, "{bucket}");
        }
        assert_eq!(Histogram::default().quantile(50), 0);
    }
}
