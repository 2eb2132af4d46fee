//! Which calls are in which queue, in the order in which they will leave it.

use std::collections::VecDeque;

use super::{Stage, Trace};

/// See the module. Pending calls are not kept apart: they leave in the order of their numbers, so they are all from one number on
/// that are still pending.
#[derive(Clone, Debug, Default)]
pub(super) struct Queued {
    first_pending: usize,
    call_queue: VecDeque<u32>,
    result_queue: VecDeque<u32>,
}

impl Queued {
    /// A call went from one stage to another.
    pub(super) fn moved(&mut self, call: u32, from: Stage, to: Stage) {
        if let Some(queue) = self.queue(from) {
            // Nearly always the first.
            if let Some(index) = queue.iter().position(|queued| *queued == call) {
                queue.remove(index);
            }
        }
        if let Some(queue) = self.queue(to) {
            queue.push_back(call);
        }
    }

    fn queue(&mut self, stage: Stage) -> Option<&mut VecDeque<u32>> {
        match stage {
            Stage::CallQueue => Some(&mut self.call_queue),
            Stage::ResultQueue => Some(&mut self.result_queue),
            _ => None,
        }
    }
}

impl Trace {
    /// Calls that are pending, the next to go first.
    pub fn pending(&self) -> impl Iterator<Item = u32> {
        let calls = self.calls.iter_from(self.queued.first_pending).zip(self.queued.first_pending as u32..);
        calls.filter(|(call, _)| call.stage == Stage::Pending).map(|(_, number)| number)
    }

    /// Calls in the call queue, the next to be taken first.
    pub fn in_call_queue(&self) -> impl Iterator<Item = u32> {
        self.queued.call_queue.iter().copied()
    }

    /// Calls in the result queue, the next to be received first.
    pub fn in_result_queue(&self) -> impl Iterator<Item = u32> {
        self.queued.result_queue.iter().copied()
    }

    /// A call went from one stage to another.
    pub(super) fn note_move(&mut self, call: u32, from: Stage, to: Stage) {
        self.queued.moved(call, from, to);
        let is_pending = |call: usize| self.calls.get(call).is_none_or(|call| call.stage == Stage::Pending);
        while !is_pending(self.queued.first_pending) {
            self.queued.first_pending += 1;
        }
    }
}
