//! The parent's side of one worker process: the child, a thread that feeds it and a thread that reads it.
//!
//! ```text
//!  call queue ─▶ feeder ─▶ standard input │ worker │ standard output ─▶ reader ─▶ news for the manager, events
//!                  ▲                                                       │
//!                  └────────────────── orders: ready for the next ─────────┘
//! ```
//! The feeder takes a call only when its worker is idle, so no call waits behind a busy worker while another is free. Both
//! threads may block on a pipe; the manager never does.
//!
//! With [shared memory](super::shared) calls and answers do not come this way: the feeder passes on orders, and calls that are
//! too long to share; the reader hears the greeting, and that the process has ended.

use std::io::{self, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, never, select, unbounded};
use parking_lot::Mutex;

use super::builder::Settings;
use super::protocol::{
    Answer, FromWorker, GREETING, ReadError, SharedPlace, ToWorker, VERSION, read_frame, release_if_large, write_frame,
};
use super::shared::{Hall, Seat};
use super::worker::STARTED_BY;
use crate::executor::context::Interruption;
use crate::executor::error::{ForcedShutdown, TaskError};
use crate::executor::event::{Event, EventKind, EventSink, Printed, Stream, WorkId, WorkerId};
use crate::executor::event_log::{EventLog, EventLogError};
use crate::executor::function::EncodedCall;
use crate::executor::gil::GilSettings;
use crate::sys;

/// A call in the call queue, or on its way to a worker.
#[derive(Clone)]
pub(super) struct CallItem {
    pub(super) call: WorkId,
    pub(super) encoded: EncodedCall,
}

/// What the threads of a link tell the manager.
pub(super) enum News {
    /// The worker can take calls.
    Ready {
        worker: WorkerId,
    },
    /// It never will.
    InitializerFailed {
        worker: WorkerId,
        error: TaskError,
    },
    /// The system has no threads for it.
    CannotStart {
        worker: WorkerId,
        cause: String,
    },
    /// It can't open the memory that it was to share.
    NoSharedMemory {
        worker: WorkerId,
        cause: String,
    },
    /// A call left the call queue.
    Taken {
        worker: WorkerId,
        call: WorkId,
    },
    Answered {
        worker: WorkerId,
        call: WorkId,
        answer: Result<Vec<u8>, TaskError>,
    },
    /// It takes no more calls: its input was closed, as it was told to retire or has done as many as it may.
    Leaving {
        worker: WorkerId,
    },
    /// The last thing that is heard of a worker.
    Exited {
        worker: WorkerId,
        at: i64,
        end: WorkerEnd,
    },
}

/// How a worker ended.
pub(super) struct WorkerEnd {
    /// In words.
    pub(super) exit: String,
    /// It called `run_worker`.
    pub(super) was_worker: bool,
    /// It spoke, but not our protocol.
    pub(super) fault: Option<String>,
}

/// What the feeder is told.
pub(super) enum Order {
    NextPlease,
    /// This call was taken from the shared memory, where it had no room.
    Send(CallItem),
    Interrupt,
    InterruptCall(WorkId, Interruption),
    SkipRest,
    /// Leave after the call that it executes, if it does.
    Retire,
    /// Close the worker's input, which ends it.
    Close,
}

/// Where calls come from.
pub(super) enum Source {
    /// From this queue, through its pipe.
    Queue(Receiver<CallItem>),
    /// From the shared memory.
    Shared(SharedPlace),
}

/// Tells the manager.
#[derive(Clone)]
pub(super) struct NewsSender {
    pub(super) news: Sender<News>,
    /// What the manager waits at, if not at the channel.
    pub(super) hall: Option<Hall>,
}

impl NewsSender {
    pub(super) fn send(&self, news: News) {
        // A manager that has ended does not want to know.
        let _ = self.news.send(news);
        if let Some(hall) = &self.hall {
            hall.manager_bell().ring(1);
        }
    }
}

/// How a worker is expected to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Not before the pool does.
    Stays,
    /// It was told to leave after its current call.
    Retiring,
    /// Its input is closed; it ends any moment.
    Leaving,
    /// It was killed, because it did not stop when it was asked to.
    Deaf,
    /// It was killed, because what it said made no sense.
    OutOfMind,
    /// It was ended on request.
    Forced(ForcedShutdown),
}

/// One worker process.
pub(super) struct Link {
    pub(super) pid: u32,
    /// The call that it holds.
    pub(super) call: Option<WorkId>,
    /// Where in the shared memory it takes calls and answers them; `None` = it does through its pipes.
    pub(super) seat: Option<Seat>,
    pub(super) ready: bool,
    /// What it was told to do, or has come to.
    pub(super) fate: Fate,
    orders: Sender<Order>,
    child: Arc<Mutex<Child>>,
    feeder: JoinHandle<()>,
    reader: JoinHandle<()>,
}

impl Link {
    /// Starts worker number `worker` and its two threads.
    pub(super) fn start(
        worker: WorkerId,
        settings: &Settings,
        source: Source,
        news: NewsSender,
        sink: Arc<dyn EventSink>,
    ) -> io::Result<Self> {
        let mut command = Command::new(&settings.worker_command.program);
        command.args(&settings.worker_command.arguments);
        sys::detach_from_terminal(&mut command);
        command.env(STARTED_BY, std::process::id().to_string());
        let (its_input, stdin) = sys::worker_input()?;
        let mut child = command.stdin(its_input).stdout(Stdio::piped()).spawn()?;
        let pid = child.id();
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("the worker has no pipe"))?;
        let stdout = sys::child_output(stdout, pid);
        sink.tell(Event::now(EventKind::WorkerStarted { worker, pid: Some(pid) }));
        let (orders, orders_in) = unbounded();
        let child = Arc::new(Mutex::new(child));
        let reader = Reader {
            worker,
            child: Arc::clone(&child),
            _suspendable: sys::suspend_worker_with_this(pid),
            orders: orders.clone(),
            news: news.clone(),
            sink: Arc::clone(&sink),
        };
        let ended_sink = Arc::clone(&sink);
        let (call_queue, shared, calls_left) = match source {
            Source::Queue(queue) => (queue, None, settings.max_tasks_per_child),
            // There it counts for itself.
            Source::Shared(place) => (never(), Some(place), None),
        };
        let seat = shared.as_ref().map(|place| place.seat);
        let feeder = Feeder {
            worker,
            initializer: settings.initializer.clone(),
            gil: settings.gil,
            shared,
            calls_left,
            call_queue,
            orders: orders_in,
            news,
            sink,
        };
        // Without its threads a child would wait forever; without a child they end by themselves.
        let name = |role: &str| thread::Builder::new().name(format!("{role} of worker {worker}"));
        let threads = name("feeder").spawn(move || feeder.run(stdin)).and_then(|feeder| {
            let reader = name("reader").spawn(move || reader.run(stdout))?;
            Ok((feeder, reader))
        });
        match threads {
            Ok((feeder, reader)) => {
                Ok(Self { pid, call: None, seat, ready: false, fate: Fate::Stays, orders, child, feeder, reader })
            }
            Err(error) => {
                let mut child = child.lock();
                let _ = child.kill();
                let _ = child.wait();
                ended_sink.tell(Event::now(EventKind::WorkerExited { worker, cause: error.to_string().into() }));
                Err(error)
            }
        }
    }

    pub(super) fn order(&self, order: Order) {
        // A feeder that has ended has nothing left to obey.
        let _ = self.orders.send(order);
    }

    /// Ends the process the hard way. Its reader will tell.
    pub(super) fn kill(&self) {
        let _ = self.child.lock().kill();
    }

    /// Ends the process on request. It may be dead already.
    pub(super) fn force_down(&mut self, how: ForcedShutdown) {
        self.fate = Fate::Forced(how);
        match how {
            // Under the lock it is not reaped, so the pid is still its own.
            ForcedShutdown::Terminate => sys::terminate(&mut self.child.lock()),
            ForcedShutdown::Kill => self.kill(),
        }
    }

    /// Waits for the two threads, which end once the process has.
    pub(super) fn join(self) {
        self.order(Order::Close);
        let _ = self.feeder.join();
        let _ = self.reader.join();
    }
}

/// Tells `sink` of the events that a worker has packed in the first bytes of `blob`, and returns the rest of it.
pub(super) fn record_packed<'a>(
    sink: &dyn EventSink,
    others: Vec<Event>,
    packed: usize,
    blob: &'a [u8],
) -> Result<&'a [u8], EventLogError> {
    let (packed, rest) = blob.split_at_checked(packed).ok_or(EventLogError)?;
    if !packed.is_empty() || !others.is_empty() {
        sink.tell_log(EventLog::from_parts(packed.to_vec(), others)?);
    }
    Ok(rest)
}

struct Feeder {
    worker: WorkerId,
    initializer: Option<EncodedCall>,
    gil: GilSettings,
    shared: Option<SharedPlace>,
    /// How many more calls its worker may have; `None` = as many as there are.
    calls_left: Option<usize>,
    call_queue: Receiver<CallItem>,
    orders: Receiver<Order>,
    news: NewsSender,
    sink: Arc<dyn EventSink>,
}

impl Feeder {
    /// Until its worker is to end, or the pipe breaks (then the reader has more to tell).
    fn run(mut self, mut stdin: sys::WorkerInput) {
        let worker = self.worker;
        let (initializer, arguments) = match self.initializer.take() {
            Some(encoded) => (Some(encoded.called()), encoded.arguments),
            None => (None, Vec::new()),
        };
        let tick_length = sys::tick_length().0;
        let (shared, gil) = (self.shared.take(), self.gil);
        let hello = ToWorker::Hello { version: VERSION.to_owned(), worker, tick_length, initializer, gil, shared };
        let mut written = write_frame(&mut stdin, &hello, &arguments);
        let nothing = never();
        // It is not ready for a first call until it has said hello.
        let mut ready = false;
        let mut retiring = false;
        while written.is_ok() {
            if ready && (retiring || self.calls_left == Some(0)) {
                self.news.send(News::Leaving { worker });
                return;
            }
            select! {
                recv(if ready { &self.call_queue } else { &nothing }) -> item => {
                    let Ok(CallItem { call, encoded }) = item else { return };
                    ready = false;
                    self.calls_left = self.calls_left.map(|left| left - 1);
                    self.sink.tell(Event::now(EventKind::Taken { call, worker }));
                    self.news.send(News::Taken { worker, call });
                    let message = ToWorker::Call { call, function: encoded.called() };
                    written = write_frame(&mut stdin, &message, &encoded.arguments);
                }
                recv(self.orders) -> order => match order {
                    Ok(Order::NextPlease) => ready = true,
                    Ok(Order::Send(CallItem { call, encoded })) => {
                        let message = ToWorker::Call { call, function: encoded.called() };
                        written = write_frame(&mut stdin, &message, &encoded.arguments);
                    }
                    Ok(Order::Retire) => retiring = true,
                    Ok(Order::Interrupt) => written = write_frame(&mut stdin, &ToWorker::Interrupt, &[]),
                    Ok(Order::InterruptCall(call, why)) => {
                        written = write_frame(&mut stdin, &ToWorker::InterruptCall { call, why }, &[]);
                    }
                    Ok(Order::SkipRest) => written = write_frame(&mut stdin, &ToWorker::SkipRest, &[]),
                    Ok(Order::Close) | Err(_) => return,
                },
            }
        }
    }
}

struct Reader {
    worker: WorkerId,
    child: Arc<Mutex<Child>>,
    /// Until the process has been reaped.
    _suspendable: Option<sys::Suspendable>,
    orders: Sender<Order>,
    news: NewsSender,
    sink: Arc<dyn EventSink>,
}

impl Reader {
    /// Until the process has ended; then reaps it.
    fn run(self, stdout: impl Read) {
        let mut stdout = BufReader::with_capacity(1 << 16, stdout);
        let (was_worker, fault) = match read_greeting(&mut stdout) {
            Greeting::Worker(printed) => {
                self.tell_printed(&printed);
                (true, self.read(&mut stdout))
            }
            Greeting::None => (false, None),
            Greeting::Other(fault) => (false, Some(fault)),
        };
        let mut child = self.child.lock();
        if fault.is_some() {
            let _ = child.kill();
        }
        // A closed output means that the process is ending; whoever closes it and lives on is ended here.
        let exit = if let Ok(Some(status)) = child.try_wait() {
            sys::describe_exit(status)
        } else {
            let _ = child.kill();
            child.wait().map_or_else(|error| error.to_string(), sys::describe_exit)
        };
        drop(child);
        // The manager tells of it, once it has heard what the worker said before.
        let end = WorkerEnd { exit, was_worker, fault };
        self.news.send(News::Exited { worker: self.worker, at: sys::monotonic_nanos(), end });
        let _ = self.orders.send(Order::Close);
    }

    /// What the program printed before it was a worker.
    fn tell_printed(&self, printed: &[u8]) {
        for line in String::from_utf8_lossy(printed).lines() {
            let printed = Printed { task: None, stream: Stream::Stdout, line: line.to_owned() };
            let told = EventKind::Printed { worker: self.worker, printed: Box::new(printed) };
            self.sink.tell(Event::now(told));
        }
    }

    /// Returns what was wrong with the last message, if that is why reading ended.
    fn read(&self, stdout: &mut impl Read) -> Option<String> {
        let worker = self.worker;
        let mut buffer = Vec::new();
        let mut greeted = false;
        loop {
            release_if_large(&mut buffer);
            match read_frame(stdout, &mut buffer) {
                Ok((FromWorker::Hello { version }, _)) if version == VERSION => {
                    greeted = true;
                    self.sink.tell(Event::now(EventKind::WorkerReady { worker }));
                    self.news.send(News::Ready { worker });
                    let _ = self.orders.send(Order::NextPlease);
                }
                Ok((FromWorker::Hello { version }, _)) => {
                    return Some(format!("it speaks `{version}`, this program `{VERSION}`"));
                }
                Ok((FromWorker::InitializerFailed { error }, _)) if !greeted => {
                    let told = EventKind::InitializerFailed { worker, error: Box::new(error.clone()) };
                    self.sink.tell(Event::now(told));
                    self.news.send(News::InitializerFailed { worker, error });
                }
                Ok((FromWorker::CannotStart { cause }, _)) if !greeted => {
                    self.news.send(News::CannotStart { worker, cause });
                }
                Ok((FromWorker::NoSharedMemory { cause }, _)) if !greeted => {
                    self.news.send(News::NoSharedMemory { worker, cause });
                }
                Ok((FromWorker::CannotStart { .. } | FromWorker::NoSharedMemory { .. }, _)) => {
                    return Some("it said that it can't start after it had".to_owned());
                }
                Ok((FromWorker::InitializerFailed { .. }, _)) => {
                    return Some("its initializer failed twice".to_owned());
                }
                // An initializer may have printed.
                Ok((FromWorker::Report { answer: Some(_), .. } | FromWorker::Leaving, _)) if !greeted => {
                    return Some("it did not say hello first".to_owned());
                }
                Ok((FromWorker::Leaving, _)) => self.news.send(News::Leaving { worker }),
                Ok((FromWorker::Report { others, packed, answer }, blob)) => {
                    let results = match record_packed(&*self.sink, others, packed, blob) {
                        Ok(results) => results,
                        Err(error) => return Some(error.to_string()),
                    };
                    if let Some(Answer { call, error }) = answer {
                        let answer = error.map_or_else(|| Ok(results.to_vec()), Err);
                        // The manager hears of the answer before the feeder can take the next call.
                        self.news.send(News::Answered { worker, call, answer });
                        let _ = self.orders.send(Order::NextPlease);
                    }
                }
                // Half a message from a process that was killed while it wrote is a death, not a fault.
                Err(ReadError::Closed | ReadError::Truncated) => return None,
                Err(error) => return Some(error.to_string()),
            }
        }
    }
}

/// How a worker begins.
enum Greeting {
    /// After it has printed this, as a program may before it calls `run_worker`.
    Worker(Vec<u8>),
    /// It ended without.
    None,
    /// It says too much to be one.
    Other(String),
}

fn read_greeting(stdout: &mut impl Read) -> Greeting {
    /// No program has more to say before its work begins.
    const LONGEST: usize = 1 << 20;
    let mut said = Vec::new();
    while said.len() < LONGEST {
        let mut byte = [0];
        match stdout.read(&mut byte) {
            Ok(0) => return Greeting::None,
            Ok(_) => said.push(byte[0]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Greeting::None,
        }
        if said.ends_with(GREETING) {
            said.truncate(said.len() - GREETING.len());
            return Greeting::Worker(said);
        }
    }
    Greeting::Other(format!("it printed {LONGEST} bytes and did not call `run_worker`"))
}
