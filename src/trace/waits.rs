//! Who waits for whom: a graph over tasks, workers and futures, kept while events come, in which deadlocks are found.
//!
//! A task that waits for a lock waits for the call that has it; who has it is told only while somebody waits ([`crate::executor::TaskLock`]).
//! A task that waits can go on if the call that it waits for is over, or will be: it executes on a worker that can go on, or it is
//! queued and some worker can go on, which then comes to it. Whoever waits for anything else (with a timeout, or for what no worker
//! of this executor does) can go on too. Those for which none of this holds are stuck; nothing that happens inside the executor
//! will ever change that, so there is no false alarm.

use std::collections::{BTreeMap, HashMap};

use super::{Lane, Stage, Trace};
use serde::{Deserialize, Serialize};

use crate::executor::{LockId, WorkId};

/// Tasks that wait for each other, or for workers that are all waiting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadlock {
    /// Those that can't go on, in the order of their workers. Never empty.
    pub waits: Vec<Wait>,
    /// The worker within whose tasks they are, in a pool that these have for themselves, and the thread of that pool within whose tasks,
    /// and so on; empty = they are the run's own.
    pub within: Vec<u32>,
    /// Whether one of them waits for a call that no worker is left to take: another worker would help.
    pub starved: bool,
}

/// A task that waits for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// Its worker.
    pub worker: u32,
    /// The call that waits.
    pub call: u32,
    /// The item of it that waits, by its number in the run.
    pub item: u32,
    /// The call that it waits for.
    pub for_call: u32,
    /// What of it.
    pub awaited: Awaited,
    /// The worker that executes that one; `None` = it is still queued.
    pub on_worker: Option<u32>,
    /// Since when.
    pub since: i64,
}

/// What a task can wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Awaited {
    /// The result of a call.
    Result,
    /// A lock that a call has.
    Lock(LockId),
}

/// What each worker's task waits for, as far as that could be forever.
#[derive(Clone, Debug, Default)]
pub(super) struct Waits {
    workers: BTreeMap<u32, Waiting>,
    /// Which call has a lock that somebody waits for; `None` = none of ours.
    locks: HashMap<LockId, Option<WorkId>>,
}

#[derive(Clone, Copy, Debug)]
enum Waiting {
    ForCall(WorkId, i64),
    ForLock(LockId, i64),
}

impl Waits {
    pub(super) fn begin(&mut self, worker: u32, for_call: Option<WorkId>, at: i64) {
        if let Some(call) = for_call {
            self.workers.insert(worker, Waiting::ForCall(call, at));
        }
    }

    pub(super) fn begin_for_lock(&mut self, worker: u32, lock: LockId, held_by: Option<WorkId>, at: i64) {
        self.workers.insert(worker, Waiting::ForLock(lock, at));
        self.locks.insert(lock, held_by);
    }

    /// Another has it, or nobody. It may be one for which only tasks of other executors wait.
    pub(super) fn lock_has(&mut self, lock: LockId, holder: Option<WorkId>) {
        if let Some(held_by) = self.locks.get_mut(&lock) {
            *held_by = holder;
        }
    }

    pub(super) fn end(&mut self, worker: u32) {
        if let Some(Waiting::ForLock(lock, _)) = self.workers.remove(&worker)
            && !self.workers.values().any(|waiting| matches!(waiting, Waiting::ForLock(other, _) if *other == lock))
        {
            self.locks.remove(&lock);
        }
    }
}

impl Trace {
    /// The tasks that can't go on, if there are any. Costs nothing while no task waits for another.
    #[must_use]
    pub fn deadlock(&self) -> Option<Deadlock> {
        self.deadlock_of_its_own().or_else(|| {
            self.lanes.iter().find_map(|lane| {
                let mut deadlock = lane.nested()?.deadlock()?;
                deadlock.within.insert(0, lane.worker);
                Some(deadlock)
            })
        })
    }

    fn deadlock_of_its_own(&self) -> Option<Deadlock> {
        if self.waits.workers.is_empty() {
            return None;
        }
        let executing: HashMap<u32, u32> =
            self.lanes.iter().filter_map(|lane| Some((lane.open?.call, lane.worker))).collect();
        let waits = self.waits.workers.iter();
        let mut stuck: BTreeMap<u32, Wait> = waits
            .filter_map(|(&worker, &waiting)| Some((worker, self.wait_of(worker, waiting, &executing)?)))
            .collect();
        loop {
            let goes_on = |worker: u32| !stuck.contains_key(&worker);
            let any_goes_on = self.lanes.iter().any(|lane| lane.exited.is_none() && goes_on(lane.worker));
            let freed: Vec<u32> = stuck
                .values()
                .filter(|wait| wait.on_worker.map_or(any_goes_on, goes_on))
                .map(|wait| wait.worker)
                .collect();
            if freed.is_empty() {
                break;
            }
            stuck.retain(|worker, _| !freed.contains(worker));
        }
        let waits: Vec<Wait> = stuck.into_values().collect();
        let starved = waits.iter().any(|wait| wait.on_worker.is_none());
        (!waits.is_empty()).then_some(Deadlock { waits, within: Vec::new(), starved })
    }

    /// `None` if what it waits for is over. `executing` has the worker of each call that executes an item.
    fn wait_of(&self, worker: u32, waiting: Waiting, executing: &HashMap<u32, u32>) -> Option<Wait> {
        let open = self.lane_of(worker)?.open?;
        let (for_call, awaited, since) = match waiting {
            Waiting::ForCall(call, since) => (call, Awaited::Result, since),
            Waiting::ForLock(lock, since) => ((*self.waits.locks.get(&lock)?)?, Awaited::Lock(lock), since),
        };
        let for_call = u32::try_from(for_call).ok()?;
        let on_worker = match self.call(for_call)?.stage {
            Stage::Pending | Stage::CallQueue => None,
            // Between two of its items it executes too, and can go on.
            Stage::Executing => Some(*executing.get(&for_call)?),
            Stage::ResultQueue | Stage::Done | Stage::Cancelled | Stage::Lost => return None,
        };
        Some(Wait { worker, call: open.call, item: open.item, for_call, awaited, on_worker, since })
    }

    /// A deadlock in words.
    #[must_use]
    pub fn describe_deadlock(&self, deadlock: &Deadlock) -> String {
        /// More than these are a flood.
        const TOLD: usize = 4;
        if let [worker, deeper @ ..] = deadlock.within.as_slice()
            && let Some(nested) = self.lane_of(*worker).and_then(Lane::nested)
        {
            let inner = nested.describe_deadlock(&Deadlock { within: deeper.to_vec(), ..deadlock.clone() });
            return format!("in the threads of a task on worker {worker}: {inner}");
        }
        let item_of = |call: u32| self.call(call).map_or(0, |call| call.first_item);
        let sentence = |wait: &Wait| {
            let Wait { worker, item, for_call, on_worker, .. } = *wait;
            let target = item_of(for_call);
            match on_worker {
                Some(on) if matches!(wait.awaited, Awaited::Lock(_)) => {
                    format!("item {item} on worker {worker} waits for a lock that item {target} on worker {on} has")
                }
                Some(on) => {
                    format!("item {item} on worker {worker} waits for item {target}, which worker {on} executes")
                }
                None => format!("item {item} on worker {worker} waits for item {target}, which waits for a worker"),
            }
        };
        let mut told: Vec<_> = deadlock.waits.iter().take(TOLD).map(sentence).collect();
        if deadlock.waits.len() > TOLD {
            told.push(format!("and {} more wait", deadlock.waits.len() - TOLD));
        }
        let why = if deadlock.starved { "every worker waits" } else { "they wait for each other" };
        format!("deadlock: {}; {why}, so none can proceed", told.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::{Activity, Event, EventKind, Outcome};

    fn trace(kinds: &[EventKind]) -> Trace {
        let mut trace = Trace::new(0);
        for (at, kind) in kinds.iter().enumerate() {
            trace.apply(&Event { at: at as i64, kind: kind.clone() });
        }
        assert_eq!(trace.ignored(), 0);
        trace
    }

    fn start(worker: u32) -> EventKind {
        EventKind::WorkerStarted { worker, pid: None }
    }

    fn submit(call: WorkId) -> EventKind {
        EventKind::Submitted { call, first_item: call as u32, items: 1 }
    }

    fn execute(call: WorkId, worker: u32) -> [EventKind; 2] {
        [EventKind::Taken { call, worker }, EventKind::Started { call, item: 0, worker }]
    }

    fn wait(call: WorkId, worker: u32, for_call: Option<WorkId>) -> [EventKind; 2] {
        let to = Activity::WaitingForFuture;
        [EventKind::WaitsFor { call, item: 0, worker, for_call }, EventKind::Turned { call, item: 0, worker, to }]
    }

    fn pair() -> Vec<EventKind> {
        let mut kinds = vec![start(0), start(1), submit(0), submit(1), submit(2)];
        kinds.extend(execute(0, 0).into_iter().chain(execute(1, 1)));
        kinds
    }

    #[test]
    fn two_that_wait_for_each_other_are_stuck_and_one_is_not() {
        let mut kinds = pair();
        kinds.extend(wait(0, 0, Some(1)));
        assert_eq!(trace(&kinds).deadlock(), None);
        kinds.extend(wait(1, 1, Some(0)));
        let trace = trace(&kinds);
        let deadlock = trace.deadlock().unwrap();
        assert_eq!(deadlock.waits.iter().map(|wait| (wait.item, wait.for_call)).collect::<Vec<_>>(), [(0, 1), (1, 0)]);
        assert!(!deadlock.starved);
        assert!(
            trace.describe_deadlock(&deadlock).contains("item 0 on worker 0 waits for item 1, which worker 1 executes")
        );
    }

    #[test]
    fn a_pending_call_is_taken_by_a_worker_that_is_free_or_will_be() {
        let mut kinds = pair();
        kinds.extend(wait(0, 0, Some(2)));
        assert_eq!(trace(&kinds).deadlock(), None, "worker 1 computes, and then takes it");
        kinds.extend(wait(1, 1, Some(2)));
        let deadlock = trace(&kinds).deadlock().unwrap();
        assert!(deadlock.starved && deadlock.waits.len() == 2);
        // One worker more.
        kinds.push(start(2));
        assert_eq!(trace(&kinds).deadlock(), None);
    }

    fn wait_for_lock(call: WorkId, worker: u32, lock: LockId, held_by: Option<WorkId>) -> [EventKind; 2] {
        let to = Activity::WaitingForLock;
        [
            EventKind::Turned { call, item: 0, worker, to },
            EventKind::WaitsForLock { call, item: 0, worker, lock, held_by },
        ]
    }

    #[test]
    fn two_locks_in_the_wrong_order_are_a_deadlock_and_in_the_right_one_not() {
        let mut kinds = pair();
        kinds.extend(wait_for_lock(0, 0, 7, Some(1)));
        assert_eq!(trace(&kinds).deadlock(), None, "worker 1 computes, and then frees it");
        let mut circle = kinds.clone();
        circle.extend(wait_for_lock(1, 1, 8, Some(0)));
        let circle = trace(&circle);
        let deadlock = circle.deadlock().unwrap();
        assert_eq!(deadlock.waits.iter().map(|wait| wait.awaited).collect::<Vec<_>>(), [7, 8].map(Awaited::Lock));
        let told = circle.describe_deadlock(&deadlock);
        assert!(told.contains("item 0 on worker 0 waits for a lock that item 1 on worker 1 has"), "{told}");
        // It lets go before it waits for the other: the first can go on, whoever had it before.
        kinds.push(EventKind::LockFreed { call: 1, lock: 7 });
        kinds.extend(wait_for_lock(1, 1, 8, Some(0)));
        assert_eq!(trace(&kinds).deadlock(), None);
    }

    /// Whoever gets a lock that it has waited for does not wait for itself until it says that it computes again.
    #[test]
    fn a_lock_that_changes_hands_is_no_deadlock_at_any_moment() {
        let mut kinds = pair();
        kinds.extend(wait_for_lock(0, 0, 7, Some(1)));
        kinds.push(EventKind::LockFreed { call: 1, lock: 7 });
        kinds.push(EventKind::LockTaken { call: 0, worker: 0, lock: 7 });
        kinds.extend(wait_for_lock(1, 1, 7, Some(0)));
        kinds.push(EventKind::Turned { call: 0, item: 0, worker: 0, to: Activity::Computing });
        kinds.push(EventKind::LockFreed { call: 0, lock: 7 });
        kinds.push(EventKind::LockTaken { call: 1, worker: 1, lock: 7 });
        for until in 0..=kinds.len() {
            assert_eq!(trace(&kinds[..until]).deadlock(), None, "after {until} events");
        }
    }

    #[test]
    fn threads_within_a_task_that_wait_for_each_other_are_found() {
        let mut kinds = pair();
        let inner = pair().into_iter().chain(wait(0, 0, Some(1))).chain(wait(1, 1, Some(0)));
        kinds.extend(inner.map(|kind| EventKind::Nested { worker: 1, pool: 0, kind: Box::new(kind) }));
        let outer = trace(&kinds);
        let deadlock = outer.deadlock().unwrap();
        assert_eq!((deadlock.within.as_slice(), deadlock.waits.len()), (&[1][..], 2));
        assert!(
            outer.describe_deadlock(&deadlock).starts_with("in the threads of a task on worker 1: deadlock: item 0")
        );
    }

    #[test]
    fn a_wait_that_ends_by_itself_or_has_ended_is_no_deadlock() {
        let mut kinds = pair();
        kinds.extend(wait(0, 0, Some(1)));
        let mut timed = kinds.clone();
        timed.extend(wait(1, 1, None));
        assert_eq!(trace(&timed).deadlock(), None);
        kinds.extend(wait(1, 1, Some(0)));
        kinds.push(EventKind::Turned { call: 1, item: 0, worker: 1, to: Activity::Computing });
        assert_eq!(trace(&kinds).deadlock(), None);
        kinds.push(EventKind::Finished { call: 1, item: 0, worker: 1, outcome: Outcome::Returned });
        kinds.push(EventKind::ResultReceived { call: 1 });
        assert_eq!(trace(&kinds).deadlock(), None);
    }
}
