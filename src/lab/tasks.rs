//! The items of a run as a table: a row each, in the order of their numbers.

use super::run::Run;
use crate::trace::{EndStage, Stage};

/// An item of a run. Times are nanoseconds from the start of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its number.
    pub item: u32,
    /// The call (chunk) that it belongs to.
    pub call: u32,
    /// Where it is, or what became of it.
    pub state: TaskState,
    /// The worker that executes or executed it.
    pub worker: Option<u32>,
    /// When it was submitted, in a call of whatever size.
    pub submitted: i64,
    /// When it started.
    pub started: Option<i64>,
    /// When it ended.
    pub ended: Option<i64>,
}

/// Where an item is, or what became of it.
#[expect(missing_docs, reason = "the names say it")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaskState {
    Pending,
    InCallQueue,
    /// Taken by a worker, and waits for earlier items of its chunk.
    Taken,
    Executing,
    /// Waits for another task that waits for it, directly or not.
    Deadlocked,
    /// To its end, but its result is not there yet: it waits for the rest of its chunk, or is on its way back.
    Executed,
    Returned,
    Raised,
    Lost,
    /// Before it ran.
    Cancelled,
    /// While it ran.
    Interrupted,
}

impl TaskState {
    /// Of an item that has ended like that, in a call of which no result is there yet if it is `under_way`.
    #[must_use]
    pub const fn of(end: EndStage, under_way: bool) -> Self {
        match end {
            EndStage::Returned | EndStage::Raised if under_way => Self::Executed,
            EndStage::Returned => Self::Returned,
            EndStage::Raised => Self::Raised,
            EndStage::Lost => Self::Lost,
            EndStage::Interrupted => Self::Interrupted,
        }
    }

    /// In a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InCallQueue => "in the call queue",
            Self::Taken => "taken",
            Self::Executing => "executing",
            Self::Deadlocked => "deadlocked",
            Self::Executed => "executed",
            Self::Returned => "returned",
            Self::Raised => "raised",
            Self::Lost => "lost",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }
}

impl Task {
    /// How long it waited until it started.
    #[must_use]
    pub fn waited(&self) -> Option<i64> {
        self.started.map(|started| started - self.submitted)
    }

    /// How long it ran, if it has ended.
    #[must_use]
    pub fn ran(&self) -> Option<i64> {
        self.ended.zip(self.started).map(|(ended, started)| ended - started)
    }
}

impl Run {
    /// All items that were submitted. Takes some milliseconds for each hundred thousand.
    #[must_use]
    pub fn tasks(&self) -> Vec<Task> {
        let trace = &self.trace;
        let mut tasks: Vec<Option<Task>> = Vec::with_capacity(trace.counts().items.submitted);
        for (number, call) in (0..).map_while(|number| Some((number, trace.call(number)?))) {
            let state = match call.stage {
                Stage::Pending => TaskState::Pending,
                Stage::CallQueue => TaskState::InCallQueue,
                Stage::Executing => TaskState::Taken,
                // Its items have started, all but those that were skipped.
                Stage::ResultQueue | Stage::Done | Stage::Cancelled => TaskState::Cancelled,
                Stage::Lost => TaskState::Lost,
            };
            for item in call.first_item..call.first_item.saturating_add(call.items) {
                let index = item as usize;
                if index >= tasks.len() {
                    tasks.resize(index + 1, None);
                }
                // Items that were submitted anew, in other chunks, are where their last call is.
                let (submitted, ended) = (call.submitted, call.done.filter(|_| state == TaskState::Lost));
                tasks[index] = Some(Task { item, call: number, state, worker: None, submitted, started: None, ended });
            }
        }
        let stuck = trace.current_deadlock().filter(|period| period.deadlock.within.is_empty() && !self.ended());
        let is_stuck =
            |item: u32| stuck.is_some_and(|period| period.deadlock.waits.iter().any(|wait| wait.item == item));
        for lane in trace.lanes() {
            let ended = lane.spans().map(|span| {
                let state = TaskState::of(span.end_stage, trace.is_under_way(span.call));
                (span.item, span.call, state, span.start, Some(span.end))
            });
            let open = lane.open.map(|open| {
                let state = if is_stuck(open.item) { TaskState::Deadlocked } else { TaskState::Executing };
                (open.item, open.call, state, open.start, None)
            });
            for (item, call, state, start, end) in ended.chain(open) {
                // Two that began with the same number are told apart by their calls.
                if let Some(Some(task)) =
                    tasks.get_mut(item as usize).filter(|task| task.is_some_and(|t| t.call == call))
                {
                    *task = Task { state, worker: Some(lane.worker), started: Some(start), ended: end, ..*task };
                }
            }
        }
        tasks.into_iter().flatten().collect()
    }
}
