//! How long the rest of a run will take, as far as that can be told from what has run.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::run::Run;
use super::settings::ExecutorKind;
use crate::trace::{Lane, Stage};

/// Up to so many calls a worker are handed out in thought, one by one; more are as good as evenly shared.
const CALLS: usize = 16;

impl Run {
    /// Nanoseconds until the last item ends, if those to come take as long as those that have ended did in the mean, and workers take them
    /// in turn. `None` = nothing has ended yet, or it is over, or that moment is past and what came is known.
    #[must_use]
    pub fn time_left(&self) -> Option<i64> {
        let counts = self.trace.counts();
        let ended = counts.executed;
        let left = self.items?.saturating_sub(self.totals().sum() + counts.items.result_queue);
        if self.ended() || self.moment.is_some() || left == 0 || ended == 0 {
            return None;
        }
        let now = self.known_until();
        let alive: Vec<_> = self.trace.lanes().iter().filter(|lane| lane.exited.is_none()).collect();
        // What executes has not ended, so it is in no mean.
        let busy: i64 = self.trace.lanes().iter().map(|lane| busy_with_ended(lane, now)).sum();
        let each = busy / ended as i64;
        // Who submits one by one has not submitted them all; from a pool, that would be awaited in vain.
        let to_come = self.items?.saturating_sub(counts.items.submitted);
        let arrives = to_come > 0 && self.settings.executor != ExecutorKind::Sequential;
        let waiting = counts.calls.pending + counts.calls.call_queue + to_come;
        let time = if arrives || alive.is_empty() || waiting > CALLS * alive.len() {
            // Since the last one ended, others have gone on.
            let paced = self.trace.last_finished() - self.trace.first_submission();
            (paced as f64 / ended as f64 * left as f64) as i64 - (now - self.trace.last_finished())
        } else {
            self.in_turn(&alive, to_come, now, each) - now
        };
        (time > 0).then_some(time)
    }

    /// When the last item ends, if each takes so long, and whoever is free first takes what waits longest; so many are `to_come`.
    fn in_turn(&self, alive: &[&Lane], to_come: usize, now: i64, each: i64) -> i64 {
        let mut free: BinaryHeap<_> = alive.iter().map(|lane| Reverse(self.free_at(lane, now, each))).collect();
        let items = |call: u32| self.trace.call(call).map_or(1, |call| call.items);
        let mut waiting: Vec<_> = self.trace.in_call_queue().chain(self.trace.pending()).map(items).collect();
        waiting.extend(std::iter::repeat_n(1, to_come));
        for items in waiting {
            if let Some(Reverse(first)) = free.pop() {
                free.push(Reverse(first + each * i64::from(items)));
            }
        }
        free.into_iter().map(|Reverse(at)| at).max().unwrap_or(now)
    }

    /// When a worker has done what it has taken.
    fn free_at(&self, lane: &Lane, now: i64, each: i64) -> i64 {
        let Some(open) = lane.open else { return now };
        let call = self.trace.call(open.call).filter(|call| call.stage == Stage::Executing);
        let after_it = call.map_or(0, |call| (call.first_item + call.items).saturating_sub(open.item + 1));
        (open.start + each).max(now) + each * i64::from(after_it)
    }
}

/// What a lane was busy with apart from what it executes now.
fn busy_with_ended(lane: &Lane, now: i64) -> i64 {
    lane.busy_until(now) - lane.open.map_or(0, |open| (now - open.start).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::{Event, EventKind, Outcome};
    use crate::lab::{RunSettings, Status};

    /// Chunks of `size` items, each of which takes 100, on `workers`: what was submitted at 0, as it is at `now`.
    fn run(workers: u32, chunks: u32, size: u32, now: i64) -> Run {
        let mut run = Run::new(1, RunSettings { workers: workers as usize, ..RunSettings::default() }, 0);
        (run.status, run.items) = (Status::Running, Some((chunks * size) as usize));
        let mut events = Vec::new();
        for call in 0..chunks {
            events.push((0, 0, EventKind::Submitted { call: call.into(), first_item: call * size, items: size }));
        }
        for worker in 0..workers {
            events.push((0, 1, EventKind::WorkerStarted { worker, pid: None }));
        }
        for call in 0..chunks {
            let (worker, round) = (call % workers, i64::from(call / workers));
            let (call, taken) = (u64::from(call), round * 100 * i64::from(size));
            events.push((taken, 5, EventKind::Taken { call, worker }));
            for item in 0..size {
                let at = taken + 100 * i64::from(item);
                events.push((at, 6, EventKind::Started { call, item, worker }));
                let outcome = Outcome::Returned;
                events.push((at + 100, 3, EventKind::Finished { call, item, worker, outcome }));
            }
            events.push((taken + 100 * i64::from(size), 4, EventKind::ResultReceived { call }));
        }
        events.sort_by_key(|(at, order, _)| (*at, *order));
        for (at, _, kind) in events.into_iter().filter(|(at, ..)| *at <= now) {
            run.trace.apply(&Event { at, kind });
        }
        run
    }

    /// At that time, as if it were now.
    fn left(run: &Run, now: i64) -> Option<i64> {
        // A moment that is looked at has no time left, so the run is asked as one that is far behind: it knows what was until its last event.
        let run = Run { backlog: usize::MAX, ..run.clone() };
        assert_eq!(run.known_until(), now, "the last event was then");
        run.time_left()
    }

    #[test]
    fn what_runs_and_what_waits_is_counted_to_the_end() {
        // Four items on three workers take two rounds.
        assert_eq!(left(&run(3, 4, 1, 100), 100), Some(100));
        // Ten chunks of three on four workers: three rounds, the last of them with two workers.
        assert_eq!(left(&run(4, 10, 3, 100), 100), Some(800));
        assert_eq!(left(&run(4, 10, 3, 600), 600), Some(300));
        assert_eq!(left(&run(4, 10, 3, 800), 800), Some(100));
        // Many are as good as evenly shared.
        assert_eq!(left(&run(2, 1000, 1, 1000), 1000), Some(49_000));
        // What is submitted one by one is to come, at the pace that it had.
        let mut one_by_one = run(1, 4, 1, 300);
        one_by_one.settings.executor = ExecutorKind::Sequential;
        one_by_one.items = Some(1_000);
        assert_eq!(left(&one_by_one, 300), Some(99_700));
        one_by_one.items = Some(6);
        assert_eq!(left(&one_by_one, 300), Some(300));
        // Nothing has ended, or everything has.
        assert_eq!([left(&run(3, 4, 1, 0), 0), left(&run(3, 4, 1, 200), 200)], [None, None]);
    }
}
