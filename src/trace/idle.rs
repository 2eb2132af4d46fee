//! Why workers that could work had nothing to do.

use std::ops::Range;

use super::{QueueDepths, Trace};

/// Why nothing was there to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdleCause {
    /// Nothing was pending, though more came later.
    NoWork,
    /// Nothing was pending any more: the last calls were executing, and whoever had none waited for them.
    Tail,
    /// All results were there: the worker was on its way to its end.
    Over,
}

impl Trace {
    /// When nothing was pending and nothing was in the call queue, from the first submission until `until`, in the order of time.
    /// A worker that is idle at another time has not been handed what is there. `over` = nothing will be submitted any more.
    pub fn without_work(&self, until: i64, over: bool) -> impl Iterator<Item = (Range<i64>, IdleCause)> {
        let points = self.queues.points();
        let waits = |depths: &QueueDepths| depths.pending + depths.call_queue > 0;
        let last_wait = points.iter().rposition(|(_, depths)| waits(depths));
        let stretches = points.chunk_by(move |one, next| waits(&one.1) == waits(&next.1));
        let mut index = 0;
        let without = stretches.filter_map(move |stretch| {
            let first = index;
            index += stretch.len();
            let (start, depths) = stretch.first()?;
            if waits(depths) {
                return None;
            }
            let end = points.get(index).map_or(until, |(at, _)| *at);
            let cause = if last_wait.is_some_and(|last| first < last) { IdleCause::NoWork } else { IdleCause::Tail };
            Some((*start..end, cause))
        });
        // The tail ends with the last result.
        let over_at = if over { self.last_result } else { i64::MAX };
        let parts = without.flat_map(move |(time, cause)| {
            let done =
                if cause == IdleCause::Tail { over_at.clamp(time.start, time.end.max(time.start)) } else { time.end };
            [(time.start..done, cause), (done..time.end, IdleCause::Over)]
        });
        parts.filter(|(time, _)| !time.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::{Event, EventKind, Outcome};

    #[test]
    fn what_lies_between_two_batches_is_no_work_and_what_lies_at_the_end_the_tail() {
        let mut trace = Trace::new(0);
        let call = |call: u64, at: i64| {
            let (item, worker, outcome) = (0, 0, Outcome::Returned);
            [
                (at, EventKind::Submitted { call, first_item: call as u32, items: 1 }),
                (at + 10, EventKind::Taken { call, worker }),
                (at + 10, EventKind::Started { call, item, worker }),
                (at + 50, EventKind::Finished { call, item, worker, outcome }),
                (at + 51, EventKind::ResultReceived { call }),
            ]
        };
        for (at, kind) in call(0, 0).into_iter().chain(call(1, 200)) {
            trace.apply(&Event { at, kind });
        }
        let stretches: Vec<_> = trace.without_work(300, false).collect();
        assert_eq!(stretches, [(10..200, IdleCause::NoWork), (210..300, IdleCause::Tail)]);
        let over: Vec<_> = trace.without_work(300, true).skip(1).collect();
        assert_eq!(over, [(210..251, IdleCause::Tail), (251..300, IdleCause::Over)]);
        assert_eq!(Trace::new(0).without_work(5, true).count(), 0);
    }
}
