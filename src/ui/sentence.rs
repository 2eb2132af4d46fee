//! Events as sentences: `worker 2 takes item 14: call queue 3 → 2`.

use super::format;
use crate::executor::{Activity, EventKind, Intervention, Outcome, WorkId};
use crate::trace::{Call, StageCounts, Trace};

/// What `event` says, where `after` is the run right after it.
pub(super) fn sentence(after: &Trace, event: &EventKind) -> String {
    let sentence = Teller { trace: Some(after), prefix: "" }.tell(event);
    // A deadlock has no event of its own: it begins with the wait that closes the circle.
    let Some(period) = after.deadlocks().last() else { return sentence };
    let now = after.last_event();
    match event {
        EventKind::WaitsFor { .. } | EventKind::WaitsForLock { .. } | EventKind::WorkerExited { .. }
            if period.from == now =>
        {
            format!("{sentence} — {}", period.description)
        }
        _ if period.until == Some(now) => format!("{sentence} — the deadlock is over"),
        _ => sentence,
    }
}

struct Teller<'a> {
    /// `None` where calls have numbers of their own, within a task or beside workers.
    trace: Option<&'a Trace>,
    prefix: &'static str,
}

impl Teller<'_> {
    fn tell(&self, event: &EventKind) -> String {
        let it = |call: &WorkId| self.call(*call);
        let part = |call: &WorkId, item: &u32| self.item(*call, *item);
        match event {
            EventKind::Submitted { call, .. } => format!("{} is submitted{}", it(call), self.into(&[PENDING])),
            EventKind::Withdrawn { call } => {
                format!("{} is taken back, to be cut into chunks anew{}", it(call), self.out_of(&[PENDING]))
            }
            EventKind::EnteredCallQueue { call } => {
                let counts = self.moved(PENDING, CALL_QUEUE);
                format!("the manager puts {} into the call queue{counts}", it(call))
            }
            EventKind::Taken { call, worker } => {
                let queued = self.facts(*call).is_some_and(|call| call.queued.is_some());
                let counts = self.out_of(if queued { &[CALL_QUEUE] } else { &[PENDING] });
                format!("{} takes {}{counts}", self.worker(*worker), it(call))
            }
            EventKind::Started { call, item, worker } => {
                format!("{} starts on {}", part(call, item), self.worker(*worker))
            }
            EventKind::Skipped { call, item } => format!("{} is skipped", part(call, item)),
            EventKind::Finished { call, item, worker, outcome } => {
                let took = self.took(*worker).map(|nanos| format!(" after {}", format::duration(nanos)));
                let took = took.unwrap_or_default();
                match outcome {
                    Outcome::Returned => format!("{} returns{took}", part(call, item)),
                    Outcome::Raised(error) if error.is_stop() => format!("{} is interrupted{took}", part(call, item)),
                    Outcome::Raised(error) => format!("{} raises{took}: {}", part(call, item), error.full_message()),
                }
            }
            EventKind::Turned { call, item, to, .. } => {
                let what = match to {
                    Activity::Computing => "computes",
                    Activity::WaitingForGil => "waits for the GIL",
                    Activity::WaitingForLock => "waits for a lock",
                    Activity::WaitingForFuture => "waits for a future",
                    Activity::Blocking => "waits for I/O or sleeps",
                };
                format!("{} {what}", part(call, item))
            }
            EventKind::WaitsFor { call, item, for_call, .. } => match for_call {
                Some(other) => format!("{} wants the result of {}", part(call, item), it(other)),
                None => format!("{} wants the result of another future", part(call, item)),
            },
            EventKind::WaitsForLock { call, item, held_by, .. } => match held_by {
                Some(other) => format!("{} wants a lock that {} has", part(call, item), it(other)),
                None => format!("{} wants a lock", part(call, item)),
            },
            EventKind::LockTaken { call, .. } => format!("{} has got the lock", it(call)),
            EventKind::LockFreed { call, .. } => format!("{} lets go of a lock", it(call)),
            EventKind::Progressed { call, item, permille, .. } => {
                format!("{} is {:.1} % done", part(call, item), f32::from(*permille) / 10.0)
            }
            EventKind::CpuTime { call, item, nanos, .. } => {
                let nanos = i64::try_from(*nanos).unwrap_or(i64::MAX);
                format!("{} was on a core for {} of its time", part(call, item), format::duration(nanos))
            }
            EventKind::EnteredResultQueue { call } => {
                format!("the answer for {} enters the result queue{}", it(call), self.into(&[RESULT_QUEUE]))
            }
            EventKind::ResultReceived { call } => {
                let answered = self.facts(*call).is_some_and(|call| call.answered.is_some());
                let counts = self.out_of(if answered { &[RESULT_QUEUE] } else { &[] });
                format!("the result of {} is there: its future is FINISHED{counts}", it(call))
            }
            EventKind::Cancelled { call } => {
                format!("{} is cancelled: its future is CANCELLED{}", it(call), self.out_of(&[PENDING]))
            }
            EventKind::Lost { call, error } => format!("{} is lost: {}", it(call), error.full_message()),
            EventKind::ChildCpuTime { call, item, nanos, .. } => {
                let nanos = i64::try_from(*nanos).unwrap_or(i64::MAX);
                format!("the program of {} was on a core for {}", part(call, item), format::duration(nanos))
            }
            EventKind::ChildExited { call, item, status, .. } => {
                format!("the program of {} ends with {}", part(call, item), format::exit_status(*status))
            }
            EventKind::Retried { call, item, error, .. } => {
                format!("{} fails and is tried again: {}", part(call, item), error.full_message())
            }
            other => self.tell_of_workers(other),
        }
    }

    /// What has to do with workers and pools rather than with calls.
    fn tell_of_workers(&self, event: &EventKind) -> String {
        match event {
            EventKind::WorkerStarted { worker, pid: Some(pid) } => {
                format!("{} is started, pid {pid}", self.worker(*worker))
            }
            EventKind::WorkerStarted { worker, pid: None } => format!("{} is started", self.worker(*worker)),
            EventKind::WorkerReady { worker } => format!("{} is ready for calls", self.worker(*worker)),
            EventKind::InitializerFailed { worker, error } => {
                format!("the initializer of {} fails: {}", self.worker(*worker), error.full_message())
            }
            EventKind::MaxWorkersChanged { max_workers } => {
                format!("pool size is now {max_workers}")
            }
            EventKind::Printed { worker, printed } => match printed.task {
                Some((call, item)) => format!("{} prints: {}", self.item(call, item), printed.line),
                None => format!("{} prints: {}", self.worker(*worker), printed.line),
            },
            EventKind::OutputOmitted { omitted, .. } => {
                let (call, item) = omitted.task;
                format!("{} of {} is not kept", format::omission(omitted.lines, omitted.bytes), self.item(call, item))
            }
            EventKind::WorkerMissing { cause } => format!("one worker more could not be started: {cause}"),
            EventKind::WorkerExited { worker, cause } => format!("{} ends: {cause}", self.worker(*worker)),
            EventKind::CallbackPanicked { call, message } => {
                format!("a done callback of {} panics: {message}", self.call(*call))
            }
            EventKind::Nested { worker, pool, kind } => {
                let inner = Teller { trace: None, prefix: "its " }.tell(kind);
                format!("within {}, pool {pool}: {inner}", self.worker(*worker))
            }
            EventKind::NestedEnded { worker, pool } => format!("within {}, pool {pool} is gone", self.worker(*worker)),
            EventKind::SideLanesBegan { name, .. } => format!("beside the workers: {name}"),
            EventKind::Beside { side, kind } => {
                let name = self.trace.and_then(|trace| trace.side(*side)).map_or("beside", |side| &*side.name);
                format!("{name}: {}", Teller { trace: None, prefix: "" }.tell(kind))
            }
            EventKind::Intervened { what: what @ Intervention::MoreItems(_) } => format!("{what} added"),
            EventKind::Intervened { what: Intervention::Other(what) } => what.to_string(),
            EventKind::Intervened { what } => format!("set to {what}"),
            EventKind::Named { call, name } => format!("{} is {name}", self.call(*call)),
            _ => String::new(),
        }
    }

    fn worker(&self, worker: u32) -> String {
        // What works within a task is one of its threads.
        if self.prefix.is_empty() { format!("worker {worker}") } else { format!("thread {worker}") }
    }

    fn facts(&self, call: WorkId) -> Option<Call> {
        self.trace?.call(u32::try_from(call).ok()?)
    }

    /// A call of one item is called like that.
    fn call(&self, call: WorkId) -> String {
        match self.facts(call) {
            Some(Call { first_item, items: 1, .. }) => format!("item {first_item}"),
            Some(Call { first_item, items, .. }) if items > 1 => {
                format!("chunk {call} (items {first_item} to {})", first_item + items - 1)
            }
            _ => format!("{}call {call}", self.prefix),
        }
    }

    fn item(&self, call: WorkId, item: u32) -> String {
        match self.facts(call) {
            Some(facts) => format!("item {}", facts.first_item.saturating_add(item)),
            None => self.call(call),
        }
    }

    /// How long the item took that has just ended on that worker.
    fn took(&self, worker: u32) -> Option<i64> {
        let span = self.trace?.lane_of(worker)?.span_before(i64::MAX)?;
        Some(span.end - span.start)
    }

    fn into(&self, queues: &[Queue]) -> String {
        self.counts(&[], queues)
    }

    fn out_of(&self, queues: &[Queue]) -> String {
        self.counts(queues, &[])
    }

    fn moved(&self, from: Queue, to: Queue) -> String {
        self.counts(&[from], &[to])
    }

    /// How a call that left and entered queues changed what is in them.
    fn counts(&self, left: &[Queue], entered: &[Queue]) -> String {
        let Some(trace) = self.trace else { return String::new() };
        let now = |(name, count): &Queue| (*name, count(&trace.counts().calls));
        let left = left.iter().map(now).map(|(name, after)| format!("{name} {} → {after}", after + 1));
        let entered =
            entered.iter().map(now).map(|(name, after)| format!("{name} {} → {after}", after.saturating_sub(1)));
        let parts: Vec<_> = left.chain(entered).collect();
        if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) }
    }
}

/// What a queue is called, and how many calls are in it.
type Queue = (&'static str, fn(&StageCounts) -> usize);

const PENDING: Queue = ("pending", |calls| calls.pending);
const CALL_QUEUE: Queue = ("call queue", |calls| calls.call_queue);
const RESULT_QUEUE: Queue = ("result queue", |calls| calls.result_queue);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::{Event, TaskError};

    #[test]
    fn a_life_reads_like_a_story() {
        let mut trace = Trace::new(0);
        let kinds = [
            (0, EventKind::WorkerStarted { worker: 0, pid: Some(4711) }),
            (1, EventKind::Submitted { call: 0, first_item: 0, items: 3 }),
            (2, EventKind::Submitted { call: 1, first_item: 3, items: 1 }),
            (3, EventKind::EnteredCallQueue { call: 0 }),
            (4, EventKind::EnteredCallQueue { call: 1 }),
            (5, EventKind::Taken { call: 1, worker: 0 }),
            (6, EventKind::Started { call: 1, item: 0, worker: 0 }),
            (7, EventKind::Turned { call: 1, item: 0, worker: 0, to: Activity::Blocking }),
            (
                1_000_006,
                EventKind::Finished {
                    call: 1,
                    item: 0,
                    worker: 0,
                    outcome: Outcome::Raised(Box::new(TaskError::message("Boom!"))),
                },
            ),
            (1_000_007, EventKind::EnteredResultQueue { call: 1 }),
            (1_000_008, EventKind::ResultReceived { call: 1 }),
            (1_000_009, EventKind::MaxWorkersChanged { max_workers: 3 }),
        ];
        let told = kinds.map(|(at, kind)| {
            trace.apply(&Event { at, kind: kind.clone() });
            sentence(&trace, &kind)
        });
        assert_eq!(
            told,
            [
                "worker 0 is started, pid 4711",
                "chunk 0 (items 0 to 2) is submitted: pending 0 → 1",
                "item 3 is submitted: pending 1 → 2",
                "the manager puts chunk 0 (items 0 to 2) into the call queue: pending 2 → 1, call queue 0 → 1",
                "the manager puts item 3 into the call queue: pending 1 → 0, call queue 1 → 2",
                "worker 0 takes item 3: call queue 2 → 1",
                "item 3 starts on worker 0",
                "item 3 waits for I/O or sleeps",
                "item 3 raises after 1.00 ms: Boom!",
                "the answer for item 3 enters the result queue: result queue 0 → 1",
                "the result of item 3 is there: its future is FINISHED: result queue 1 → 0",
                "pool size is now 3",
            ]
        );
    }
}
