//! When tasks waited for each other, and so forever, until somebody ended that: facts of the run, found while its events come, so a
//! replayed moment and an opened file have them too.

use std::sync::Arc;

use super::Trace;
use super::waits::Deadlock;
use crate::executor::EventKind;

/// A time in which tasks could not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadlockPeriod {
    /// Since when.
    pub from: i64,
    /// Until when; `None` = they still can't.
    pub until: Option<i64>,
    /// Which tasks, as it was last.
    pub deadlock: Arc<Deadlock>,
    /// The same in words.
    pub description: Arc<str>,
}

/// All of them, in the order of time.
#[derive(Clone, Debug, Default)]
pub(super) struct Deadlocks(Vec<DeadlockPeriod>);

/// More than these are not kept: a program that ends one deadlock to run into the next does so forever.
const KEPT: usize = 1_000;

impl Trace {
    /// When tasks waited for each other forever, in the order of time.
    #[must_use]
    pub fn deadlocks(&self) -> &[DeadlockPeriod] {
        &self.deadlocks.0
    }

    /// The deadlock that there is now.
    #[must_use]
    pub fn current_deadlock(&self) -> Option<&DeadlockPeriod> {
        self.deadlocks.0.last().filter(|last| last.until.is_none())
    }

    /// An event was taken: there may be a deadlock, or no longer be one.
    pub(super) fn note_deadlock(&mut self, kind: &EventKind, at: i64) {
        let is_deadlocked = self.current_deadlock().is_some();
        if !(can_begin_one(kind) || is_deadlocked && can_end_one(kind)) {
            return;
        }
        match (self.deadlock(), is_deadlocked) {
            (None, true) => {
                if let Some(last) = self.deadlocks.0.last_mut() {
                    last.until = Some(at);
                }
            }
            (Some(deadlock), true) => {
                let description = self.describe_deadlock(&deadlock).into();
                if let Some(last) = self.deadlocks.0.last_mut() {
                    (last.deadlock, last.description) = (Arc::new(deadlock), description);
                }
            }
            (Some(deadlock), false) if self.deadlocks.0.len() < KEPT => {
                let description = self.describe_deadlock(&deadlock).into();
                let deadlock = Arc::new(deadlock);
                self.deadlocks.0.push(DeadlockPeriod { from: at, until: None, deadlock, description });
            }
            // There is none, or there are too many.
            (_, false) => {}
        }
    }
}

/// Whether tasks that could go on before may be stuck after this.
fn can_begin_one(kind: &EventKind) -> bool {
    match kind {
        EventKind::WaitsFor { .. } | EventKind::WaitsForLock { .. } | EventKind::WorkerExited { .. } => true,
        EventKind::Nested { kind, .. } => can_begin_one(kind),
        _ => false,
    }
}

/// Whether tasks that were stuck may go on after this. What others do meanwhile does not matter.
fn can_end_one(kind: &EventKind) -> bool {
    match kind {
        EventKind::WorkerStarted { .. }
        | EventKind::Turned { .. }
        | EventKind::Finished { .. }
        | EventKind::LockTaken { .. }
        | EventKind::LockFreed { .. }
        | EventKind::Cancelled { .. }
        | EventKind::Skipped { .. }
        | EventKind::ResultReceived { .. }
        | EventKind::Lost { .. }
        | EventKind::NestedEnded { .. } => true,
        EventKind::Nested { kind, .. } => can_end_one(kind),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::{Activity, Event, Outcome};

    #[test]
    fn a_deadlock_has_a_beginning_and_an_end() {
        let start = |worker| EventKind::WorkerStarted { worker, pid: None };
        let submit = |call: u64| EventKind::Submitted { call, first_item: call as u32, items: 1 };
        let waits =
            |call: u64, other| EventKind::WaitsFor { call, item: 0, worker: call as u32, for_call: Some(other) };
        let kinds = [
            start(0),
            start(1),
            submit(0),
            submit(1),
            EventKind::Taken { call: 0, worker: 0 },
            EventKind::Started { call: 0, item: 0, worker: 0 },
            EventKind::Taken { call: 1, worker: 1 },
            EventKind::Started { call: 1, item: 0, worker: 1 },
            waits(0, 1),
            waits(1, 0),
            EventKind::Turned { call: 1, item: 0, worker: 1, to: Activity::Computing },
            EventKind::Finished { call: 1, item: 0, worker: 1, outcome: Outcome::Returned },
        ];
        let mut trace = Trace::new(0);
        for (at, kind) in (0..).zip(kinds) {
            trace.apply(&Event { at, kind });
            assert_eq!(trace.current_deadlock().is_some(), at == 9, "at {at}");
        }
        let [period] = trace.deadlocks() else { panic!("{:?}", trace.deadlocks()) };
        assert_eq!((period.from, period.until, period.deadlock.waits.len()), (9, Some(10), 2));
    }
}
