//! How much is where, in calls and in items. After every event it adds up.

use super::call::Stage;

/// How many calls or items there are at each stage; `submitted` is the sum of all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageCounts {
    /// All that came in.
    pub submitted: usize,
    /// See [`Stage::Pending`].
    pub pending: usize,
    /// See [`Stage::CallQueue`].
    pub call_queue: usize,
    /// See [`Stage::Executing`].
    pub executing: usize,
    /// See [`Stage::ResultQueue`]. Of items, those that have executed and whose result is not there yet: it waits for the rest of the
    /// chunk, or is on its way back.
    pub result_queue: usize,
    /// See [`Stage::Done`]: the result is there.
    pub finished: usize,
    /// See [`Stage::Cancelled`].
    pub cancelled: usize,
    /// See [`Stage::Lost`].
    pub lost: usize,
}

/// The counts of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// In calls: what the queues hold.
    pub calls: StageCounts,
    /// In items: what the user asked for. `cancelled` includes items that were skipped or interrupted.
    pub items: StageCounts,
    /// Of the finished items, those with a value.
    pub returned: usize,
    /// Of the finished items, those with an error.
    pub raised: usize,
    /// Of the cancelled items, those that were asked to stop while they executed.
    pub interrupted: usize,
    /// Items that have executed to their end, whether their result is there or not. Those that were lost later count no more.
    pub executed: usize,
}

/// How many calls wait where, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueDepths {
    /// In the work ids queue, or the work queue.
    pub pending: u32,
    /// In the call queue.
    pub call_queue: u32,
    /// With workers.
    pub executing: u32,
    /// In the result queue.
    pub result_queue: u32,
}

impl StageCounts {
    pub(super) fn at(&mut self, stage: Stage) -> &mut usize {
        match stage {
            Stage::Pending => &mut self.pending,
            Stage::CallQueue => &mut self.call_queue,
            Stage::Executing => &mut self.executing,
            Stage::ResultQueue => &mut self.result_queue,
            Stage::Done => &mut self.finished,
            Stage::Cancelled => &mut self.cancelled,
            Stage::Lost => &mut self.lost,
        }
    }

    /// Whether the stages add up to what was submitted.
    #[must_use]
    pub const fn add_up(&self) -> bool {
        self.submitted
            == self.pending
                + self.call_queue
                + self.executing
                + self.result_queue
                + self.finished
                + self.cancelled
                + self.lost
    }
}
