//! The columns of a lane, kept from one look to the next: what is long past does not change any more, so that drawing costs no more the
//! longer a run lasts.

use std::ops::Range;

use super::Trace;
use super::lane::{Column, Lane};

/// See the module. It is about one lane.
#[derive(Clone, Debug, Default)]
pub struct KeptColumns {
    time: Range<i64>,
    columns: Vec<Column>,
    /// What was known when they were last counted: until when, of how many events, spans, and items that were lost.
    now: i64,
    events: usize,
    spans: usize,
    lost: usize,
    /// What began after this may still turn out otherwise: an item that executes may fail as a whole.
    unsettled: i64,
}

/// What happened so long ago, in nanoseconds, has been heard of.
const HEARD_OF: i64 = 2_000_000_000;

impl KeptColumns {
    /// What went on in each of so many columns of `time`, as is known at time `now`: as [`Lane::columns`] gives it. `lane` is one of `trace`.
    pub fn of(&mut self, trace: &Trace, lane: &Lane, time: &Range<i64>, columns: usize, now: i64) -> &[Column] {
        let lost = trace.counts().items.lost;
        // What is lost may be anything that was there.
        let same = self.time == *time && self.columns.len() == columns && self.lost == lost && now >= self.now;
        if same && (self.now, self.events) == (now, trace.events()) {
            return &self.columns;
        }
        let changed = lane.start_of_span(self.spans).unwrap_or(i64::MAX).min(self.unsettled).min(self.now - HEARD_OF);
        let from = if same { column_of(changed, time, columns) } else { 0 };
        let start = edge(from, time, columns);
        self.columns.truncate(from);
        self.columns.extend(lane.columns(start, time.end, columns - from, now));
        self.unsettled = lane.open.map_or(now, |open| open.start);
        (self.time, self.now, self.events) = (time.clone(), now, trace.events());
        (self.spans, self.lost) = (lane.spans_count(), lost);
        &self.columns
    }
}

/// Where column number `column` of so many begins.
fn edge(column: usize, time: &Range<i64>, columns: usize) -> i64 {
    time.start + (i128::from(time.end - time.start) * column as i128 / columns.max(1) as i128) as i64
}

/// The column in which that moment is, or one before it.
fn column_of(at: i64, time: &Range<i64>, columns: usize) -> usize {
    let length = i128::from(time.end - time.start).max(1);
    let column = i128::from(at.saturating_sub(time.start)) * columns as i128 / length;
    column.clamp(0, columns as i128) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::executor::{Event, EventKind, Outcome, TaskError};

    const MILLISECOND: i64 = 1_000_000;

    proptest! {
        /// Items of some milliseconds and of some seconds, of which some raise, and some of whose calls are lost; looked at again and again
        /// while they run, also late.
        #[test]
        fn what_is_kept_is_what_counting_anew_gives(
            items in prop::collection::vec((0..200_i64, prop_oneof![1..100_i64, 3_000..9_000_i64], 0..10_u8, any::<bool>()), 1..60),
            columns in 1..80_usize,
        ) {
            let whole = 0..60_000 * MILLISECOND;
            let (mut trace, mut kept, mut now) = (Trace::new(0), KeptColumns::default(), 0);
            let (worker, item) = (0, 0);
            trace.apply(&Event { at: 0, kind: EventKind::WorkerStarted { worker, pid: None } });
            for (call, (gap, length, end, looks)) in items.into_iter().enumerate() {
                let (call, start) = (call as u64, now + gap * MILLISECOND);
                now = start + length * MILLISECOND;
                let raised = || Outcome::Raised(Box::new(TaskError::message("Boom!")));
                let outcome = if end == 0 { raised() } else { Outcome::Returned };
                let lost = EventKind::Lost { call, error: Box::new(TaskError::message("It is gone.")) };
                let over = if end == 1 { lost } else { EventKind::ResultReceived { call } };
                for (at, kind) in [
                    (start, EventKind::Submitted { call, first_item: call as u32, items: 1 }),
                    (start, EventKind::Taken { call, worker }),
                    (start, EventKind::Started { call, item, worker }),
                    (now, EventKind::Finished { call, item, worker, outcome }),
                    (now, over),
                ] {
                    if looks && let Some(lane) = trace.lanes().first() {
                        kept.of(&trace, lane, &whole, columns, at);
                    }
                    trace.apply(&Event { at, kind });
                }
            }
            let lane = &trace.lanes()[0];
            let anew = lane.columns(whole.start, whole.end, columns, now);
            let kept = kept.of(&trace, lane, &whole, columns, now);
            prop_assert_eq!(kept.len(), anew.len());
            for (kept, anew) in kept.iter().zip(&anew) {
                prop_assert!((kept.busy - anew.busy).abs() < 1e-3, "{:?} {:?}", kept, anew);
                prop_assert_eq!(kept.failed > 0, anew.failed > 0);
            }
        }
    }
}
