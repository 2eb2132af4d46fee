//! The parent's side of one worker process: the child, a thread that feeds it and a thread that reads it.
//!
//! ```text
//!  call queue ─▶ feeder ─▶ standard input │ worker │ standard output ─▶ reader ─▶ news for the manager, events
//!                  ▲                                                       │
//!                  └────────────────── orders: ready for the next ─────────┘
//! ```
//! The feeder takes a call only when its worker is idle, so no call waits behind a busy worker while another is free. Both
//! threads may block on a pipe; the manager never does.

use std::io::{self, BufReader};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, never, select, unbounded};
use parking_lot::Mutex;

use super::protocol::{FromWorker, ReadError, ToWorker, VERSION, read_frame, release_if_large, write_frame};
use crate::executor::error::TaskError;
use crate::executor::event::{Event, EventKind, EventSink, WorkId, WorkerId};
use crate::executor::work_item::EncodedCall;
use crate::sys;

/// A call in the call queue, or on its way to a worker.
pub(super) struct CallItem {
    pub(super) call: WorkId,
    pub(super) encoded: EncodedCall,
}

/// What the threads of a link tell the manager.
pub(super) enum News {
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
    /// The last thing that is heard of a worker. `fault` = it spoke, but not our protocol.
    Exited {
        worker: WorkerId,
        exit: String,
        fault: Option<String>,
    },
}

/// What the feeder is told.
pub(super) enum Order {
    NextPlease,
    Interrupt,
    SkipRest,
    /// Close the worker's input, which ends it.
    Close,
}

/// One worker process.
pub(super) struct Link {
    pub(super) pid: u32,
    /// The call that it holds.
    pub(super) call: Option<WorkId>,
    /// It was killed because it did not stop when it was asked to.
    pub(super) deaf: bool,
    orders: Sender<Order>,
    child: Arc<Mutex<Child>>,
    feeder: JoinHandle<()>,
    reader: JoinHandle<()>,
}

impl Link {
    /// Starts worker number `worker` and its two threads.
    pub(super) fn start(
        worker: WorkerId,
        mut command: Command,
        call_queue: Receiver<CallItem>,
        news: Sender<News>,
        sink: Arc<dyn EventSink>,
    ) -> io::Result<Self> {
        sys::detach_from_terminal(&mut command);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let pid = child.id();
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the worker has no pipes"));
        };
        sink.record(Event::now(EventKind::WorkerStarted { worker, pid: Some(pid) }));
        let (orders, orders_in) = unbounded();
        let child = Arc::new(Mutex::new(child));
        let reader = Reader {
            worker,
            child: Arc::clone(&child),
            orders: orders.clone(),
            news: news.clone(),
            sink: Arc::clone(&sink),
        };
        let ended_sink = Arc::clone(&sink);
        let feeder = Feeder { worker, call_queue, orders: orders_in, news, sink };
        // Without its threads a child would wait for ever; without a child they end by themselves.
        let name = |role: &str| thread::Builder::new().name(format!("{role} of worker {worker}"));
        let threads = name("feeder").spawn(move || feeder.run(stdin)).and_then(|feeder| {
            let reader = name("reader").spawn(move || reader.run(stdout))?;
            Ok((feeder, reader))
        });
        match threads {
            Ok((feeder, reader)) => Ok(Self { pid, call: None, deaf: false, orders, child, feeder, reader }),
            Err(error) => {
                let mut child = child.lock();
                let _ = child.kill();
                let _ = child.wait();
                ended_sink.record(Event::now(EventKind::WorkerExited { worker, cause: error.to_string() }));
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

    /// Waits for the two threads, which end once the process has.
    pub(super) fn join(self) {
        self.order(Order::Close);
        let _ = self.feeder.join();
        let _ = self.reader.join();
    }
}

struct Feeder {
    worker: WorkerId,
    call_queue: Receiver<CallItem>,
    orders: Receiver<Order>,
    news: Sender<News>,
    sink: Arc<dyn EventSink>,
}

impl Feeder {
    /// Until it is told to close the pipe, or the pipe breaks (then the reader has more to tell).
    fn run(self, mut stdin: ChildStdin) {
        let worker = self.worker;
        let hello = ToWorker::Hello { version: VERSION.to_owned(), worker };
        let mut written = write_frame(&mut stdin, &hello, &[]);
        let nothing = never();
        // It is not ready for a first call until it has said hello.
        let mut ready = false;
        while written.is_ok() {
            select! {
                recv(if ready { &self.call_queue } else { &nothing }) -> item => {
                    let Ok(CallItem { call, encoded }) = item else { return };
                    ready = false;
                    self.sink.record(Event::now(EventKind::Taken { call, worker }));
                    let _ = self.news.send(News::Taken { worker, call });
                    let message = ToWorker::Call { call, function: encoded.function.to_owned() };
                    written = write_frame(&mut stdin, &message, &encoded.arguments);
                }
                recv(self.orders) -> order => match order {
                    Ok(Order::NextPlease) => ready = true,
                    Ok(Order::Interrupt) => written = write_frame(&mut stdin, &ToWorker::Interrupt, &[]),
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
    orders: Sender<Order>,
    news: Sender<News>,
    sink: Arc<dyn EventSink>,
}

impl Reader {
    /// Until the process has ended; then reaps it.
    fn run(self, stdout: ChildStdout) {
        let fault = self.read(&mut BufReader::with_capacity(1 << 16, stdout));
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
        let worker = self.worker;
        self.sink.record(Event::now(EventKind::WorkerExited { worker, cause: exit.clone() }));
        let _ = self.news.send(News::Exited { worker, exit, fault });
        let _ = self.orders.send(Order::Close);
    }

    /// Returns what was wrong with the last message, if that is why reading ended.
    fn read(&self, stdout: &mut BufReader<ChildStdout>) -> Option<String> {
        let worker = self.worker;
        let mut buffer = Vec::new();
        let mut greeted = false;
        loop {
            release_if_large(&mut buffer);
            match read_frame(stdout, &mut buffer) {
                Ok((FromWorker::Hello { version }, _)) if version == VERSION => {
                    greeted = true;
                    self.sink.record(Event::now(EventKind::WorkerReady { worker }));
                    let _ = self.orders.send(Order::NextPlease);
                }
                Ok((FromWorker::Hello { version }, _)) => {
                    return Some(format!("it speaks `{version}`, this program `{VERSION}`"));
                }
                Ok(_) if !greeted => return Some("it did not say hello first".to_owned()),
                Ok((FromWorker::Events(events), _)) => events.into_iter().for_each(|event| self.sink.record(event)),
                Ok((FromWorker::Answer { call, error }, results)) => {
                    let answer = error.map_or_else(|| Ok(results.to_vec()), Err);
                    // The manager hears of the answer before the feeder can take the next call.
                    let _ = self.news.send(News::Answered { worker, call, answer });
                    let _ = self.orders.send(Order::NextPlease);
                }
                // Half a message from a process that was killed while it wrote is a death, not a fault.
                Err(ReadError::Closed | ReadError::Truncated) => return None,
                Err(error) => return Some(error.to_string()),
            }
        }
    }
}
