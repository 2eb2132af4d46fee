//! What goes on within the tasks of one worker: the pools of threads that they have for themselves, as one trace. A worker's tasks come one
//! after the other, so its pools do too, and share what is drawn: a thread takes the first row that is free, and numbers count on.

use std::collections::HashMap;

use super::Trace;
use super::blocks::Blocks;
use crate::executor::{Event, EventKind, WorkId, WorkerId};

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Nested {
    pub(super) trace: Trace,
    pools: HashMap<u32, Pool>,
    /// Which thread of which pool has a row.
    rows: Vec<Option<(u32, WorkerId)>>,
    next_item: u32,
}

/// A pool that there is.
#[derive(Clone, Debug, Default)]
struct Pool {
    /// What its calls are numbered here, which count from 0 there.
    calls: Blocks<WorkId>,
    workers: HashMap<WorkerId, u32>,
}

/// No call or row of ours.
const NOBODY: u32 = u32::MAX;

impl Nested {
    /// Nothing yet, in a run that starts at the stamp `origin`.
    pub(super) fn new(origin: i64) -> Self {
        Self { trace: Trace::new(origin), pools: HashMap::new(), rows: Vec::new(), next_item: 0 }
    }

    /// Takes an event of a pool. Returns whether it makes sense.
    pub(super) fn apply(&mut self, number: u32, at: i64, kind: &EventKind) -> bool {
        let pool = self.pools.entry(number).or_default();
        let mut kind = kind.clone();
        match &mut kind {
            EventKind::Submitted { call, first_item, items } if *call == pool.calls.len() as WorkId => {
                pool.calls.push(self.trace.call_count() as WorkId);
                *first_item = self.next_item;
                self.next_item = self.next_item.saturating_add(*items);
            }
            EventKind::WorkerStarted { worker, .. } => {
                let free = self.rows.iter().position(Option::is_none).unwrap_or_else(|| {
                    self.rows.push(None);
                    self.rows.len() - 1
                });
                self.rows[free] = Some((number, *worker));
                pool.workers.insert(*worker, free as u32);
            }
            EventKind::WorkerExited { worker, .. } => {
                if let Some(row) = pool.workers.get(worker).map(|row| &mut self.rows[*row as usize]) {
                    // It may be another's by now, if this is told twice.
                    row.take_if(|owner| *owner == (number, *worker));
                }
            }
            _ => {}
        }
        let call = |call: WorkId| pool.calls.get(call as usize).copied().unwrap_or(NOBODY.into());
        let worker = |worker: WorkerId| pool.workers.get(&worker).copied();
        if kind.worker().is_some_and(|number| worker(number).is_none()) {
            // A thread that was never started.
            return false;
        }
        let kind = kind.renumbered(call, |number| worker(number).unwrap_or(NOBODY));
        let before = self.trace.ignored();
        self.trace.apply(&Event { at, kind });
        self.trace.ignored() == before
    }

    /// A pool is gone.
    pub(super) fn end(&mut self, number: u32) {
        self.pools.remove(&number);
    }

    /// The worker itself is gone, and its threads with it.
    pub(super) fn lose(&mut self, at: i64, cause: &str) {
        for row in 0..self.rows.len() {
            if self.rows[row].take().is_some() {
                let kind = EventKind::WorkerExited { worker: row as u32, cause: cause.into() };
                self.trace.apply(&Event { at, kind });
            }
        }
        self.pools.clear();
    }
}
