//! What a run came to, in figures.

use std::sync::Arc;

use serde::Serialize;

use super::{Lane, Trace};

/// The figures of a run. Times are seconds.
#[derive(Clone, Debug)]
pub struct Summary {
    /// From the first submission to the last result.
    pub makespan_s: f64,
    /// A row a worker.
    pub lanes: Vec<LaneSummary>,
    /// How long items waited from submission until they started.
    pub queue_wait_s: Quantiles,
    /// How long items ran.
    pub run_s: Quantiles,
}

/// The figures of a worker.
#[derive(Clone, Debug, Serialize)]
pub struct LaneSummary {
    /// Its number.
    pub worker: u32,
    /// Its process, if it is one.
    pub pid: Option<u32>,
    /// How many calls it took.
    pub calls: usize,
    /// How many items it finished.
    pub items: usize,
    /// How long it was executing: all that follows.
    pub busy_s: f64,
    /// Computing, on a core.
    pub computing_s: f64,
    /// Of what items computed, how long they had no core for it, as far as it was measured.
    pub waiting_for_core_s: f64,
    /// See [`Spent::gil`](super::Spent::gil).
    pub waiting_for_gil_s: f64,
    /// See [`Spent::lock`](super::Spent::lock).
    pub waiting_for_lock_s: f64,
    /// See [`Spent::future`](super::Spent::future).
    pub waiting_for_future_s: f64,
    /// See [`Spent::blocking`](super::Spent::blocking).
    pub blocking_s: f64,
    /// The threads that its tasks had for themselves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub threads: Vec<LaneSummary>,
}

/// Of a set of times, in seconds; all 0 if it is empty. Nearest rank: `p50` of two values is the smaller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Quantiles {
    /// The median.
    pub p50: f64,
    /// 95 of 100 are at most this.
    pub p95: f64,
    /// The largest.
    pub max: f64,
}

/// An item that has an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemError {
    /// Its number in the run, from 0.
    pub item: u32,
    /// The error and its causes. Shared by all items of a call that was lost.
    pub message: Arc<str>,
    /// All that is known of it, on several lines ([`crate::executor::TaskError::report`]). Shared likewise.
    pub report: Arc<str>,
}

impl Trace {
    /// The figures so far. Walks through all tasks.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut waits = Vec::new();
        let mut runs = Vec::new();
        for span in self.lanes.iter().flat_map(Lane::spans) {
            runs.push(span.end - span.start);
            if let Some(call) = self.call(span.call) {
                waits.push(span.start - call.submitted);
            }
        }
        Summary {
            makespan_s: seconds(self.makespan()),
            lanes: self.lanes.iter().map(|lane| self.lane_summary(lane)).collect(),
            queue_wait_s: Quantiles::of(waits),
            run_s: Quantiles::of(runs),
        }
    }

    fn lane_summary(&self, lane: &Lane) -> LaneSummary {
        let spent = lane.spent(&(0..self.last_event));
        LaneSummary {
            worker: lane.worker,
            pid: lane.pid,
            calls: lane.calls,
            items: lane.items(),
            busy_s: seconds(spent.busy),
            computing_s: seconds(spent.computing()),
            waiting_for_core_s: seconds(spent.off_core),
            waiting_for_gil_s: seconds(spent.gil),
            waiting_for_lock_s: seconds(spent.lock),
            waiting_for_future_s: seconds(spent.future),
            blocking_s: seconds(spent.blocking),
            threads: lane.nested().map(|nested| nested.summary().lanes).unwrap_or_default(),
        }
    }
}

impl Quantiles {
    /// Of nanoseconds, in any order.
    #[must_use]
    pub fn of(mut nanos: Vec<i64>) -> Self {
        nanos.sort_unstable();
        let Some(&max) = nanos.last() else { return Self::default() };
        let rank = |percent: usize| nanos[(nanos.len() * percent).div_ceil(100).saturating_sub(1)];
        Self { p50: seconds(rank(50)), p95: seconds(rank(95)), max: seconds(max) }
    }
}

fn seconds(nanos: i64) -> f64 {
    nanos as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_occurred() {
        assert_eq!(Quantiles::of(Vec::new()), Quantiles::default());
        let seconds: Vec<i64> = (1..=100).rev().map(|n| n * 1_000_000_000).collect();
        assert_eq!(Quantiles::of(seconds), Quantiles { p50: 50.0, p95: 95.0, max: 100.0 });
        assert_eq!(Quantiles::of(vec![2_000_000_000, 1_000_000_000]), Quantiles { p50: 1.0, p95: 2.0, max: 2.0 });
    }
}
