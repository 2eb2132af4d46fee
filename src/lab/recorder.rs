//! Where the events of a run go: a channel to the lab thread, without a bound, as a worker must never wait for a reader. How
//! far the lab is behind is shown.

use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::executor::{Event, EventKind, EventSink, Outcome};

/// The sink of a run's executor.
pub(super) struct Recorder {
    events: Sender<Event>,
    raised: AtomicBool,
}

impl Recorder {
    pub(super) fn new() -> (Self, Receiver<Event>) {
        let (events, receiver) = unbounded();
        (Self { events, raised: AtomicBool::new(false) }, receiver)
    }

    /// Whether an item has raised, or was lost.
    pub(super) fn has_raised(&self) -> bool {
        self.raised.load(Ordering::Relaxed)
    }
}

impl EventSink for Recorder {
    fn record(&self, event: Event) {
        if tells_of_an_error(&event) {
            self.raised.store(true, Ordering::Relaxed);
        }
        // A lab that went away does not want to know.
        let _ = self.events.send(event);
    }
}

/// Whether an item raised, or was lost.
pub(super) const fn tells_of_an_error(event: &Event) -> bool {
    matches!(&event.kind, EventKind::Finished { outcome: Outcome::Raised(_), .. } | EventKind::Lost { .. })
}
