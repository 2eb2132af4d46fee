//! An executor under test, whose events are all checked as they come out.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, unbounded};
use poolscope::executor::{
    Event, EventKind, EventSink, ProcessPoolBuilder, ProcessPoolExecutor, RawExecutor, SequentialExecutor,
    ThreadPoolBuilder, ThreadPoolExecutor, WorkerCommand,
};
use poolscope::trace::{Span, Trace};

/// Long enough for a loaded machine, and never waited for when all is well.
pub const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sequential,
    Threads,
    Processes,
    /// Processes, with calls and answers through pipes.
    Pipes,
}

pub struct Traced<E: RawExecutor + ?Sized = dyn RawExecutor> {
    pub executor: Arc<E>,
    events: Receiver<Event>,
    origin: i64,
}

pub fn worker_command() -> WorkerCommand {
    WorkerCommand { program: std::env::current_exe().unwrap(), arguments: vec!["worker".into()] }
}

impl Traced {
    pub fn new(kind: Kind, workers: usize) -> Self {
        Self::with_command(kind, workers, worker_command())
    }

    pub fn with_command(kind: Kind, workers: usize, command: WorkerCommand) -> Self {
        Self::watch(|sink| -> Arc<dyn RawExecutor> {
            match kind {
                Kind::Sequential => Arc::new(SequentialExecutor::new(sink)),
                Kind::Threads => Arc::new(ThreadPoolExecutor::new(workers, sink).unwrap()),
                Kind::Processes => Arc::new(ProcessPoolExecutor::new(workers, command, sink).unwrap()),
                Kind::Pipes => {
                    let builder = ProcessPoolExecutor::builder().max_workers(workers).worker_command(command);
                    Arc::new(builder.pipes_only().events(sink).build().unwrap())
                }
            }
        })
    }
}

impl Kind {
    /// Whether workers are processes of their own.
    pub fn has_processes(self) -> bool {
        matches!(self, Self::Processes | Self::Pipes)
    }
}

impl Traced<ThreadPoolExecutor> {
    pub fn threads(build: impl FnOnce(ThreadPoolBuilder) -> ThreadPoolBuilder) -> Self {
        Self::watch(|sink| Arc::new(build(ThreadPoolExecutor::builder().events(sink)).build().unwrap()))
    }
}

impl Traced<ProcessPoolExecutor> {
    pub fn processes(build: impl FnOnce(ProcessPoolBuilder) -> ProcessPoolBuilder) -> Self {
        let builder = ProcessPoolExecutor::builder().worker_command(worker_command());
        Self::watch(|sink| Arc::new(build(builder.events(sink)).build().unwrap()))
    }
}

impl<E: RawExecutor + ?Sized> Traced<E> {
    fn watch(build: impl FnOnce(Arc<dyn EventSink>) -> Arc<E>) -> Self {
        let origin = poolscope::sys::monotonic_nanos();
        let (sink, events) = unbounded::<Event>();
        Self { executor: build(Arc::new(sink)), events, origin }
    }

    /// Waits until something has happened.
    pub fn until(&self, mut happened: impl FnMut(&EventKind) -> bool) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let event = self.events.recv_timeout(PATIENCE).expect("it never happened");
            let last = happened(&event.kind);
            events.push(event);
            if last {
                return events;
            }
        }
    }

    /// Shuts the executor down, checks what every executor owes, and returns the trace.
    pub fn finish(self) -> Trace {
        self.finish_after(Vec::new())
    }

    /// The same, when `events` were looked at before.
    pub fn finish_after(self, mut events: Vec<Event>) -> Trace {
        self.executor.shutdown(true, false);
        // Whatever happened, happened before the shutdown returned.
        events.extend(self.events.try_iter());
        check_order(&events);
        let mut trace = Trace::new(self.origin);
        for event in &events {
            trace.apply(event);
            let counts = trace.counts();
            assert!(counts.calls.add_up() && counts.items.add_up(), "after {event:?}: {counts:?}");
        }
        assert_eq!(trace.ignored(), 0, "events that make no sense");
        let calls = trace.counts().calls;
        assert_eq!(calls.submitted, calls.finished + calls.cancelled + calls.lost, "not over: {calls:?}");
        for lane in trace.lanes() {
            assert!(lane.exited.is_some(), "worker {} was left behind", lane.worker);
            let spans: Vec<_> = lane.spans().collect();
            assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start), "spans overlap");
            for part in lane.sub_spans(i64::MIN, i64::MAX) {
                let inside = |span: &&Span| span.start <= part.start && part.end <= span.end;
                assert!(spans.iter().copied().any(|span| inside(&span)), "{part:?} lies in no task");
            }
        }
        // The same events give the same trace.
        let mut again = Trace::new(self.origin);
        for event in &events {
            again.apply(event);
        }
        assert_eq!(format!("{trace:?}").len(), format!("{again:?}").len());
        trace
    }
}

/// Cause before effect, for each call.
fn check_order(events: &[Event]) {
    let mut reached: HashMap<u64, u32> = HashMap::new();
    for event in events {
        let (call, step) = match &event.kind {
            EventKind::Submitted { call, .. } => (call, 1),
            EventKind::EnteredCallQueue { call } => (call, 2),
            EventKind::Taken { call, .. } => (call, 3),
            EventKind::Started { call, item, .. } => (call, 4 + 2 * item),
            EventKind::Finished { call, item, .. } | EventKind::Skipped { call, item } => (call, 5 + 2 * item),
            EventKind::EnteredResultQueue { call } => (call, u32::MAX - 1),
            EventKind::ResultReceived { call }
            | EventKind::Cancelled { call }
            | EventKind::Withdrawn { call }
            | EventKind::Lost { call, .. } => (call, u32::MAX),
            _ => continue,
        };
        let before = reached.insert(*call, step).unwrap_or(0);
        assert!(before < step, "call {call} went from step {before} to {step}");
    }
}
