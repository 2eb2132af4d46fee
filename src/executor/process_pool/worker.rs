//! The inside of a worker process: `poolscope worker`.
//!
//! ```text
//!  standard input ─▶ reader thread ─▶ calls ─▶ main thread ─▶ answers ─┐
//!                                                │ events              ├─▶ standard output
//!                                                └─▶ buffer ─▶ flusher ┘
//! ```
//! With [shared memory](super::shared) the main thread takes its calls from there, and answers and events leave by there; long calls,
//! orders and the end still come through standard input.
//!
//! Events go into a buffer, never into the pipe: a task is not held up by a parent that is slow to read. They travel with
//! the next answer, or after [`FLUSH_INTERVAL`], so that a long task is seen to run while it runs.
//!
//! The process lives as long as its standard input: when the parent ends, however it ends, the pipe closes and the
//! reader ends the process, whatever it is computing.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};
use parking_lot::{Condvar, Mutex, MutexGuard};

use super::prints::Prints;
use super::protocol::{
    Answer, FromWorker, GREETING, ReadError, SharedPlace, ToWorker, VERSION, append_frame, append_message, read_frame,
    read_message, release_if_large,
};
use super::shared::{Claim, Hall, INTERRUPT, RingWriter, SKIP_REST};
use crate::executor::context::{Control, ItemWatcher, TaskContext};
use crate::executor::error::TaskError;
use crate::executor::event::{Event, EventSink, NoEvents, WorkId, WorkerId};
use crate::executor::event_log::EventLog;
use crate::executor::function::{Called, Registry};
use crate::executor::gil::{Gil, GilSettings};
use crate::sys::{self, TickLength};

/// How long an event may wait for an answer to travel with: shorter than a frame of the screen.
const FLUSH_INTERVAL: Duration = Duration::from_millis(4);

/// Why a worker process ended badly.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// It was not started by a pool of this version.
    #[error("this worker speaks `{VERSION}`, but was greeted with {0}; only a pool starts workers")]
    Handshake(String),
    /// The parent's pipe failed.
    #[error("worker pipe: {0}")]
    Pipe(#[from] io::Error),
    /// The pool's initializer failed; the pool was told.
    #[error("the initializer failed: {0}")]
    Initializer(TaskError),
}

/// Serves a pool over standard input and output until the input closes. Ends the process when it does.
///
/// # Errors
/// When the process was not started by a pool of the same version, or a pipe fails.
pub fn run_worker(registry: &Registry) -> Result<(), WorkerError> {
    IS_WORKER.store(true, Ordering::Relaxed);
    let (input, mut output) = sys::take_worker_pipes()?;
    output.write_all(GREETING)?;
    let mut input = BufReader::new(input);
    let Greeting { worker, initializer, gil, shared } = shake_hands(&mut input)?;
    let outbox = Arc::new(Outbox::new(output, Prints::capture(worker)));
    let shared = match shared.map(|place| Hall::open(&place.path).map(|hall| (hall, place))).transpose() {
        Ok(shared) => shared,
        // Calls can come through the pipe instead.
        Err(cause) => return Ok(outbox.send(&FromWorker::NoSharedMemory { cause: cause.to_string() })?),
    };
    let control = Arc::new(Control::default());
    let context = |sink, watcher| TaskContext::new(Arc::clone(&control), 0, worker, sink).in_worker_process(watcher);
    let initializing = context(NoEvents::shared(), None);
    let context = context(Arc::clone(&outbox) as _, Some(Arc::clone(&outbox) as _))
        .with_gil(gil, &Arc::new(Gil::new(gil.switch_interval)));
    let (calls, inbox) = unbounded();
    // From here on the process ends as soon as its parent does, whatever it is doing.
    let reader_control = Arc::clone(&control);
    let reader = in_background("reader", move || read_calls(input, &calls, &reader_control));
    if let Err(cause) = reader.and_then(|()| outbox.start_threads()) {
        return Ok(outbox.send(&FromWorker::CannotStart { cause: cause.to_string() })?);
    }
    if let Some((function, arguments)) = initializer
        && let Err(error) = registry.initialize(&function, &arguments, &initializing)
    {
        outbox.send(&FromWorker::InitializerFailed { error: error.clone() })?;
        return Err(WorkerError::Initializer(error));
    }
    // What it has printed is no task's.
    outbox.ended(i64::MAX);
    outbox.send(&FromWorker::Hello { version: VERSION.to_owned() })?;
    if let Some((hall, place)) = &shared {
        outbox.output.lock().switch_to(RingWriter::new(hall.clone(), place.seat));
    }
    let server = Server { registry, inbox: &inbox, outbox: &outbox, context: &context };
    match shared {
        Some((hall, place)) => server.serve_shared(&hall, &place),
        None => server.serve(),
    }
}

/// [`run_worker`] was called in this process.
static IS_WORKER: AtomicBool = AtomicBool::new(false);

/// In the environment of a worker, which process started it.
pub(super) const STARTED_BY: &str = "POOLSCOPE_WORKER_OF";

/// Whether this process was started to be a worker, but has not called [`run_worker`]: were it to start workers of its own, they would do
/// the same, and so on.
pub(super) fn forgot_to_be_a_worker() -> bool {
    let started_by = std::env::var(STARTED_BY).ok().and_then(|pid| pid.parse().ok());
    // Programs that a task starts have that variable too, and another parent.
    !IS_WORKER.load(Ordering::Relaxed) && started_by.is_some() && started_by == sys::parent_id()
}

fn in_background(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
}

struct Call {
    id: WorkId,
    function: Called,
    arguments: Vec<u8>,
}

struct Greeting {
    worker: WorkerId,
    initializer: Option<(Called, Vec<u8>)>,
    gil: GilSettings,
    shared: Option<SharedPlace>,
}

fn shake_hands(input: &mut BufReader<File>) -> Result<Greeting, WorkerError> {
    let mut buffer = Vec::new();
    match read_frame::<ToWorker>(input, &mut buffer) {
        Ok((ToWorker::Hello { version, worker, tick_length, initializer, gil, shared }, arguments))
            if version == VERSION =>
        {
            sys::adopt_tick_length(TickLength(tick_length));
            let initializer = initializer.map(|function| (function, arguments.to_vec()));
            Ok(Greeting { worker, initializer, gil, shared })
        }
        Ok((ToWorker::Hello { version, .. }, _)) => Err(WorkerError::Handshake(format!("`{version}`"))),
        Ok(_) => Err(WorkerError::Handshake("something else".to_owned())),
        Err(error) => Err(WorkerError::Handshake(error.to_string())),
    }
}

fn read_calls(mut input: BufReader<File>, calls: &Sender<Call>, control: &Control) {
    let mut buffer = Vec::new();
    loop {
        release_if_large(&mut buffer);
        match read_frame(&mut input, &mut buffer) {
            Ok((ToWorker::Call { call, function }, arguments)) => {
                let arguments = arguments.to_vec();
                if calls.send(Call { id: call, function, arguments }).is_err() {
                    return;
                }
            }
            Ok((ToWorker::Interrupt, _)) => control.interrupt(),
            Ok((ToWorker::InterruptCall { call, why }, _)) => control.interrupt_call(call, why),
            Ok((ToWorker::SkipRest, _)) => control.skip_rest(),
            Ok((ToWorker::Hello { .. }, _)) => {}
            // The parent closed the pipe, or is gone: nobody wants an answer any more.
            Err(ReadError::Closed) => std::process::exit(0),
            Err(error) => {
                // Whoever reads standard error may be gone too.
                let _ = writeln!(io::stderr(), "poolscope worker: {error}");
                std::process::exit(1);
            }
        }
    }
}

/// The thread that runs tasks.
struct Server<'a> {
    registry: &'a Registry,
    /// Calls that came through the pipe.
    inbox: &'a Receiver<Call>,
    outbox: &'a Outbox,
    context: &'a TaskContext,
}

impl Server<'_> {
    /// Runs what comes through the pipe. When that closes the process ends.
    fn serve(&self) -> Result<(), WorkerError> {
        for Call { id, function, arguments } in self.inbox {
            self.run(id, &function, &mut { arguments })?;
        }
        Ok(())
    }

    /// Runs what it can get of the shared call queue, until it is to leave.
    fn serve_shared(&self, hall: &Hall, place: &SharedPlace) -> Result<(), WorkerError> {
        let mut calls_left = place.calls;
        let mut message = Vec::new();
        while calls_left != Some(0) {
            let claim = hall.claim(place.seat, &mut message);
            // Whoever gave an order gave it before the call.
            self.context.obey(hall.orders() & INTERRUPT != 0, hall.orders() & SKIP_REST != 0);
            match claim {
                Claim::Message => {
                    let (call, function, start) = match read_message::<ToWorker>(&message) {
                        Ok((ToWorker::Call { call, function }, arguments)) => {
                            (call, function, message.len() - arguments.len())
                        }
                        _ => return Err(WorkerError::Pipe(io::Error::other("what is in the call queue is no call"))),
                    };
                    let mut arguments = message.split_off(start);
                    self.run(call, &function, &mut arguments)?;
                }
                Claim::ThroughThePipe(expected) => match self.inbox.recv() {
                    Ok(Call { id, function, mut arguments }) if id == expected => {
                        self.run(id, &function, &mut arguments)?;
                    }
                    _ => return Err(WorkerError::Pipe(io::Error::other("another call came than was taken"))),
                },
                Claim::Leave => break,
            }
            calls_left = calls_left.map(|left| left - 1);
        }
        Ok(self.outbox.send(&FromWorker::Leaving)?)
    }

    fn run(&self, call: WorkId, function: &Called, arguments: &mut Vec<u8>) -> Result<(), WorkerError> {
        let results = self.registry.run(function, call, self.context, arguments);
        // Freed before the result is sent: an idle worker holds nothing of its last task.
        drop(std::mem::take(arguments));
        Ok(self.outbox.answer(call, results)?)
    }
}

/// Events that wait, and the pipe that they leave by.
struct Outbox {
    waiting: Mutex<Waiting>,
    /// Wakes the flusher from its sleep.
    event_came: Condvar,
    output: Mutex<Output>,
    /// What tasks print. `None` if the system does not let us have it.
    prints: Option<Arc<Prints>>,
}

/// Where a worker's messages leave it.
struct Output {
    /// Stays open as long as the process lives, which is how the parent knows that it does.
    pipe: File,
    ring: Option<RingWriter>,
    /// What is being told, for its memory; empty in between.
    events: EventLog,
    frame: Vec<u8>,
}

impl Output {
    fn switch_to(&mut self, ring: RingWriter) {
        self.ring = Some(ring);
    }

    /// Tells of `events`, and of the answer if there is one: together, unless there is much to tell.
    fn report(&mut self, answer: Option<Answer>, results: &[u8]) -> io::Result<()> {
        const MUCH: usize = 1 << 16;
        let mut events = std::mem::take(&mut self.events);
        let others = events.take_others();
        let apart = answer.is_none() || !others.is_empty() || events.packed_bytes() > MUCH;
        if apart && !events.is_empty() {
            let report = FromWorker::Report { others, packed: events.packed_bytes(), answer: None };
            self.write(&report, &[events.packed()])?;
            events.clear();
        }
        if answer.is_some() {
            let report = FromWorker::Report { others: Vec::new(), packed: events.packed_bytes(), answer };
            self.write(&report, &[events.packed(), results])?;
            events.clear();
        }
        self.events = events;
        Ok(())
    }

    fn write(&mut self, message: &FromWorker, blobs: &[&[u8]]) -> io::Result<()> {
        if let Some(ring) = &mut self.ring {
            append_message(&mut self.frame, message, blobs)?;
            ring.write(&self.frame);
        } else {
            append_frame(&mut self.frame, message, blobs)?;
            self.pipe.write_all(&self.frame)?;
        }
        release_if_large(&mut self.frame);
        Ok(())
    }
}

struct Waiting {
    events: EventLog,
    flusher_sleeps: bool,
}

impl Outbox {
    fn new(output: File, prints: Option<Arc<Prints>>) -> Self {
        Self {
            waiting: Mutex::new(Waiting { events: EventLog::default(), flusher_sleeps: false }),
            event_came: Condvar::new(),
            output: Mutex::new(Output { pipe: output, ring: None, events: EventLog::default(), frame: Vec::new() }),
            prints,
        }
    }

    /// From here on what is printed is read, and events that wait leave by themselves.
    fn start_threads(self: &Arc<Self>) -> io::Result<()> {
        let flusher = Arc::clone(self);
        in_background("flusher", move || flusher.flush_regularly())?;
        if let Some(prints) = self.prints.clone() {
            let outbox = Arc::clone(self);
            in_background("prints", move || prints.run(|event| outbox.push(event)))?;
        }
        Ok(())
    }

    /// Sends `message`, and before it whatever events are waiting.
    fn send(&self, message: &FromWorker) -> io::Result<()> {
        let mut output = self.output_with_events();
        output.report(None, &[])?;
        output.write(message, &[])
    }

    /// Sends what came of a call, and whatever events are waiting.
    fn answer(&self, call: WorkId, results: Result<Vec<u8>, TaskError>) -> io::Result<()> {
        let (results, error) = match results {
            Ok(results) => (results, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        self.output_with_events().report(Some(Answer { call, error }), &results)
    }

    fn flush(&self) -> io::Result<()> {
        self.output_with_events().report(None, &[])
    }

    /// The output's lock is taken first: events leave in the order in which they were recorded.
    fn output_with_events(&self) -> MutexGuard<'_, Output> {
        let mut output = self.output.lock();
        std::mem::swap(&mut output.events, &mut self.waiting.lock().events);
        output
    }

    /// Flushes while there is something to flush, and sleeps without a timer when there is not.
    fn flush_regularly(&self) {
        loop {
            {
                let mut waiting = self.waiting.lock();
                if waiting.events.is_empty() {
                    waiting.flusher_sleeps = true;
                    while waiting.events.is_empty() {
                        self.event_came.wait(&mut waiting);
                    }
                    waiting.flusher_sleeps = false;
                }
            }
            thread::sleep(FLUSH_INTERVAL);
            if self.flush().is_err() {
                // The parent is gone; the reader ends the process.
                return;
            }
        }
    }
}

impl Outbox {
    fn push(&self, event: Event) {
        self.log(|events| events.push(event));
    }

    fn log(&self, push: impl FnOnce(&mut EventLog)) {
        let mut waiting = self.waiting.lock();
        push(&mut waiting.events);
        if waiting.flusher_sleeps {
            self.event_came.notify_one();
        }
    }
}

/// What a task prints is parted from what others print.
impl ItemWatcher for Outbox {
    fn begins(&self, call: WorkId, item: u32) {
        if let Some(prints) = &self.prints {
            prints.begin((call, item));
        }
    }

    fn ended(&self, nanos: i64) -> bool {
        self.prints.as_ref().is_some_and(|prints| prints.end(nanos, |printed| self.push(printed)))
    }
}

impl EventSink for Outbox {
    fn record(&self, event: Event) {
        self.push(event);
    }

    fn record_both(&self, first: Event, second: Event) {
        self.log(|events| events.push_both(first, second));
    }
}
