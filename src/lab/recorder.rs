//! Where the events of a run go: into buffers of the threads that record them, without a bound, as a worker must never wait
//! for a reader. How far the lab is behind is shown.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::executor::{Event, EventKind, EventLog, EventSink, Outcome};
use crate::trace;

/// The sink of a run's executor.
#[derive(Default)]
pub(super) struct Recorder {
    events: trace::Recorder,
    raised: AtomicBool,
}

impl Recorder {
    /// Whether an item has raised, or was lost.
    pub(super) fn has_raised(&self) -> bool {
        self.raised.load(Ordering::Relaxed)
    }

    /// Appends what has happened since the last time, causes before effects.
    pub(super) fn collect(&self, events: &mut Vec<Event>) {
        self.events.collect(events);
    }

    /// How many events were not collected.
    pub(super) fn backlog(&self) -> usize {
        self.events.backlog()
    }

    fn heed(&self, event: &Event) {
        if tells_of_an_error(event) {
            self.raised.store(true, Ordering::Relaxed);
        }
    }
}

impl EventSink for Recorder {
    fn record(&self, event: Event) {
        self.heed(&event);
        self.events.record(event);
    }

    fn record_log(&self, log: EventLog) {
        log.whole_events().for_each(|event| self.heed(event));
        self.events.record_log(log);
    }

    fn record_both(&self, first: Event, second: Event) {
        self.heed(&first);
        self.heed(&second);
        self.events.record_both(first, second);
    }
}

/// Whether an item raised, or was lost.
pub(super) const fn tells_of_an_error(event: &Event) -> bool {
    match &event.kind {
        EventKind::Finished { outcome: Outcome::Raised(error), .. } => !error.is_stop(),
        EventKind::Lost { .. } => true,
        _ => false,
    }
}
