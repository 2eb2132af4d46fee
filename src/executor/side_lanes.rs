//! Lanes beside an executor's own, for what takes part in a run and is no worker: an event loop, the clients of a service. They are
//! told of in the same words as workers, so that a trace keeps and a chart draws them the same way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::error::TaskError;
use super::event::{Activity, Event, EventKind, EventSink, Outcome, WorkId, WorkerId};
use super::sync::Mutex;

/// A group of lanes with a name.
///
/// ```
/// use poolscope::executor::{Activity, NoEvents, SideLanes};
///
/// let clients = SideLanes::new("clients", &NoEvents::shared());
/// let lane = clients.lane();
/// let answer = lane.span("GET /", Activity::Blocking, || Ok("200"));
/// assert_eq!(answer, Ok("200"));
/// ```
#[derive(Clone)]
pub struct SideLanes(Arc<Group>);

struct Group {
    side: u32,
    sink: Arc<dyn EventSink>,
    /// The next call. Held while one is told of, as calls come in the order of their numbers.
    next: Mutex<WorkId>,
    lanes: AtomicU32,
}

/// One of them: it does one thing at a time. It ends when it is dropped.
pub struct SideLane {
    group: SideLanes,
    lane: WorkerId,
}

impl SideLanes {
    /// A group that whoever listens to `sink` hears of.
    #[must_use]
    pub fn new(name: &str, sink: &Arc<dyn EventSink>) -> Self {
        static SIDES: AtomicU32 = AtomicU32::new(0);
        let side = SIDES.fetch_add(1, Ordering::Relaxed);
        sink.tell(Event::now(EventKind::SideLanesBegan { side, name: name.into() }));
        Self(Arc::new(Group { side, sink: Arc::clone(sink), next: Mutex::new(0), lanes: AtomicU32::new(0) }))
    }

    /// One lane more.
    #[must_use]
    pub fn lane(&self) -> SideLane {
        let lane = self.0.lanes.fetch_add(1, Ordering::Relaxed);
        self.tell(EventKind::WorkerStarted { worker: lane, pid: None });
        self.tell(EventKind::WorkerReady { worker: lane });
        SideLane { group: self.clone(), lane }
    }

    /// Something called `name` is to be done. Returns its number.
    fn submit(&self, name: &str) -> WorkId {
        let mut next = self.0.next.lock();
        let call = *next;
        *next += 1;
        self.tell(EventKind::Submitted { call, first_item: u32::try_from(call).unwrap_or(u32::MAX), items: 1 });
        self.tell(EventKind::Named { call, name: name.into() });
        call
    }

    fn tell(&self, kind: EventKind) {
        self.0.sink.tell(Event::now(EventKind::Beside { side: self.0.side, kind: Box::new(kind) }));
    }
}

impl SideLane {
    /// Does `work`, which is called `name`; it is at `activity` all the time.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn span<T>(
        &self,
        name: &str,
        activity: Activity,
        work: impl FnOnce() -> Result<T, TaskError>,
    ) -> Result<T, TaskError> {
        let call = self.group.submit(name);
        let worker = self.lane;
        self.group.tell(EventKind::Taken { call, worker });
        self.group.tell(EventKind::Started { call, item: 0, worker });
        if activity != Activity::Computing {
            self.group.tell(EventKind::Turned { call, item: 0, worker, to: activity });
        }
        let result = work();
        let outcome = match &result {
            Ok(_) => Outcome::Returned,
            Err(error) => Outcome::Raised(Box::new(error.clone())),
        };
        self.group.tell(EventKind::Finished { call, item: 0, worker, outcome });
        self.group.tell(EventKind::ResultReceived { call });
        result
    }
}

impl Drop for SideLane {
    fn drop(&mut self) {
        self.group.tell(EventKind::WorkerExited { worker: self.lane, cause: "done".into() });
    }
}
