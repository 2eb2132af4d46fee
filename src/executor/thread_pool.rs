//! A pool of threads over one queue.
//!
//! ```text
//!  submit ──▶ work queue (FIFO, unbounded) ──▶ worker threads ──▶ futures
//! ```
//! One mutex guards the queue and the two counters that decide about new threads; one condition variable wakes idle
//! workers. A thread is started only when no idle one could take the call, and then lives as long as the pool.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use parking_lot::{Condvar, Mutex};

use super::RawExecutor;
use super::context::Control;
use super::error::{BuildError, SubmitError};
use super::event::{Event, EventKind, EventSink, WorkId, WorkerId};
use super::function::CallSite;
use super::work_item::WorkItem;

/// Runs calls in threads of this process.
pub struct ThreadPoolExecutor {
    shared: Arc<Shared>,
    max_workers: usize,
    name_prefix: String,
    /// Locked while joining, so that a second `shutdown(wait)` waits for real.
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Shared {
    state: Mutex<State>,
    /// Signalled when there is a call to take, or a shutdown to notice.
    work_available: Condvar,
    sink: Arc<dyn EventSink>,
    control: Arc<Control>,
}

struct State {
    queue: VecDeque<(WorkId, WorkItem)>,
    /// Threads that wait for work. Each may already have been promised a call that is still in the queue.
    idle: usize,
    started: usize,
    /// `max_workers`, or fewer if the system gives no more.
    limit: usize,
    next_call: WorkId,
    shut_down: bool,
}

impl ThreadPoolExecutor {
    /// More threads than this are never what was meant.
    pub const WORKERS_LIMIT: usize = 1024;

    /// A pool of at most `max_workers` threads; events go to `sink`.
    ///
    /// # Errors
    /// When `max_workers` is 0 or above [`Self::WORKERS_LIMIT`].
    pub fn new(max_workers: usize, sink: Arc<dyn EventSink>) -> Result<Self, BuildError> {
        static POOLS: AtomicUsize = AtomicUsize::new(0);
        if !(1..=Self::WORKERS_LIMIT).contains(&max_workers) {
            return Err(BuildError::Workers { given: max_workers, limit: Self::WORKERS_LIMIT });
        }
        let state =
            State { queue: VecDeque::new(), idle: 0, started: 0, limit: max_workers, next_call: 0, shut_down: false };
        Ok(Self {
            shared: Arc::new(Shared {
                state: Mutex::new(state),
                work_available: Condvar::new(),
                sink,
                control: Arc::default(),
            }),
            max_workers,
            name_prefix: format!("ThreadPoolExecutor-{}", POOLS.fetch_add(1, Ordering::Relaxed)),
            threads: Mutex::new(Vec::new()),
        })
    }

    /// CPython's default: `min(32, cores + 4)`.
    #[must_use]
    pub fn default_max_workers() -> usize {
        (thread::available_parallelism().map_or(1, usize::from) + 4).min(32)
    }

    fn spawn(&self, worker: usize) -> std::io::Result<()> {
        let shared = Arc::clone(&self.shared);
        let name = format!("{}_{worker}", self.name_prefix);
        let worker = WorkerId::try_from(worker).unwrap_or(WorkerId::MAX);
        let thread = thread::Builder::new().name(name).spawn(move || shared.work(worker))?;
        self.threads.lock().push(thread);
        Ok(())
    }
}

impl RawExecutor for ThreadPoolExecutor {
    fn submit_item(&self, item: WorkItem) -> Result<(), SubmitError> {
        let mut state = self.shared.state.lock();
        if state.shut_down {
            return Err(SubmitError::ShutDown);
        }
        if state.queue.len() >= state.idle && state.started < state.limit {
            // Under the lock, so that a shutdown that comes next finds the thread in the list.
            match self.spawn(state.started) {
                Ok(()) => state.started += 1,
                Err(cause) if state.started == 0 => return Err(SubmitError::Spawn(cause.to_string())),
                // With other workers left the call is in good hands, only later; and it is not tried again.
                Err(cause) => {
                    state.limit = state.started;
                    let cause = cause.to_string();
                    self.shared.sink.record(Event::now(EventKind::WorkerMissing { cause }));
                }
            }
        }
        let call = state.next_call;
        state.next_call += 1;
        item.submitted(call, &self.shared.sink);
        state.queue.push_back((call, item));
        self.shared.work_available.notify_one();
        Ok(())
    }

    fn shutdown(&self, wait: bool, cancel_futures: bool) {
        let cancelled = {
            let mut state = self.shared.state.lock();
            state.shut_down = true;
            self.shared.work_available.notify_all();
            if cancel_futures { std::mem::take(&mut state.queue) } else { VecDeque::new() }
        };
        // Outside the lock: a callback may use the pool.
        for (_, item) in cancelled {
            item.cancel();
            // As a worker would have: CANCELLED becomes CANCELLED_AND_NOTIFIED.
            item.start();
        }
        // A callback in a worker can't wait for its own thread.
        if wait && !self.shared.is_this_thread_a_worker() {
            for thread in self.threads.lock().drain(..) {
                // A worker catches what its tasks do, so it has nothing to say here.
                let _ = thread.join();
            }
        }
    }

    fn interrupt(&self) {
        self.shared.control.interrupt();
    }

    fn skip_rest(&self) {
        self.shared.control.skip_rest();
    }

    fn max_workers(&self) -> usize {
        self.max_workers
    }
}

impl Drop for ThreadPoolExecutor {
    fn drop(&mut self) {
        self.shutdown(false, false);
    }
}

thread_local! {
    /// The pool that this thread works for, by the address of its [`Shared`]; 0 = for none.
    static WORKS_FOR: Cell<usize> = const { Cell::new(0) };
}

impl Shared {
    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn is_this_thread_a_worker(&self) -> bool {
        WORKS_FOR.get() == self.address()
    }

    /// A worker's life.
    fn work(&self, worker: WorkerId) {
        WORKS_FOR.set(self.address());
        self.sink.record(Event::now(EventKind::WorkerStarted { worker, pid: None }));
        self.sink.record(Event::now(EventKind::WorkerReady { worker }));
        while let Some((call, item)) = self.take() {
            if item.start() {
                self.sink.record(Event::now(EventKind::Taken { call, worker }));
                item.run(&CallSite { call, worker, sink: &*self.sink, control: &self.control });
            }
        }
        self.sink.record(Event::now(EventKind::WorkerExited { worker, cause: "shutdown".to_owned() }));
    }

    /// The next call, waiting for it. `None` once the pool is shut down and its queue is empty.
    fn take(&self) -> Option<(WorkId, WorkItem)> {
        let mut state = self.state.lock();
        loop {
            if let Some(next) = state.queue.pop_front() {
                return Some(next);
            }
            if state.shut_down {
                return None;
            }
            state.idle += 1;
            self.work_available.wait(&mut state);
            state.idle -= 1;
        }
    }
}
