//! A pool of child processes, built as CPython publishes it.
//!
//! ```text
//!            ┌──────────────────────── parent ───────────────────────────┐   ┌─ worker ─┐
//!  submit ─▶ work ids queue ─▶ manager thread ─▶ call queue ─▶ feeder ────▶│ run items  │
//!            (unbounded)           ▲   (max_workers + 1)                   │            │
//!  future ◀── manager thread ◀── result queue ◀─────────────── reader ◀────│ answer     │
//!            └───────────────────────────────────────────────────────────┘   └──────────┘
//! ```
//! - In the work ids queue a call is PENDING and can be cancelled. From the call queue on it is RUNNING.
//! - The call queue is refilled whenever a worker takes from it.
//! - Workers are started on demand, by the manager thread, which itself starts at the first submit.
//!
//! [`Shared`] is what callers and the manager both touch: one mutex, held for moments, never while a callback runs.
//! Everything else belongs to the manager alone.

mod link;
mod manager;
mod protocol;
mod worker;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle, ThreadId};

use crossbeam_channel::{Receiver, Sender, bounded};
use parking_lot::Mutex;

pub use worker::{WorkerError, run_worker};

use super::RawExecutor;
use super::error::{BrokenExecutor, BuildError, SubmitError};
use super::event::{EventSink, WorkId};
use super::work_item::WorkItem;
use manager::Manager;

/// Calls that wait in the call queue although every worker is busy: CPython's `EXTRA_QUEUED_CALLS`.
const EXTRA_QUEUED_CALLS: usize = 1;

/// Runs calls in child processes, so that one that crashes takes nothing else with it.
pub struct ProcessPoolExecutor {
    shared: Arc<Shared>,
    /// Locked while joining, so that a second `shutdown(wait)` waits for real.
    manager: Mutex<Option<JoinHandle<()>>>,
    manager_thread: OnceLock<ThreadId>,
}

/// How a worker process is started: a program that ends up in [`run_worker`] with the functions that will be called.
#[derive(Clone, Debug)]
pub struct WorkerCommand {
    /// The program.
    pub program: PathBuf,
    /// What follows its name.
    pub arguments: Vec<OsString>,
}

impl WorkerCommand {
    /// This program itself, as `… worker`.
    ///
    /// # Errors
    /// When the system does not say where this program is.
    pub fn this_program() -> std::io::Result<Self> {
        Ok(Self { program: std::env::current_exe()?, arguments: vec!["worker".into()] })
    }
}

struct Shared {
    state: Mutex<State>,
    /// Room for one: wake-ups coalesce, so waking never blocks.
    wake_up: Sender<()>,
    max_workers: usize,
    worker_command: WorkerCommand,
    sink: Arc<dyn EventSink>,
}

#[expect(clippy::struct_excessive_bools, reason = "each is an order of its own, given once and never taken back")]
#[derive(Default)]
struct State {
    work_ids: VecDeque<(WorkId, WorkItem)>,
    next_call: WorkId,
    shut_down: bool,
    cancel_futures: bool,
    interrupt: bool,
    skip_rest: bool,
    broken: Option<BrokenExecutor>,
    /// Until the first submit: what the manager thread will be woken by.
    not_started: Option<Receiver<()>>,
}

impl ProcessPoolExecutor {
    /// More processes than this are never what was meant; on Windows, what one wait call can watch (as in CPython).
    pub const WORKERS_LIMIT: usize = if cfg!(windows) { 61 } else { 256 };

    /// A pool of at most `max_workers` processes started by `worker_command`; events go to `sink`.
    ///
    /// # Errors
    /// When `max_workers` is 0 or above [`Self::WORKERS_LIMIT`].
    pub fn new(
        max_workers: usize,
        worker_command: WorkerCommand,
        sink: Arc<dyn EventSink>,
    ) -> Result<Self, BuildError> {
        if !(1..=Self::WORKERS_LIMIT).contains(&max_workers) {
            return Err(BuildError::Workers { given: max_workers, limit: Self::WORKERS_LIMIT });
        }
        let (wake_up, wake_ups) = bounded(1);
        let state = Mutex::new(State { not_started: Some(wake_ups), ..State::default() });
        Ok(Self {
            shared: Arc::new(Shared { state, wake_up, max_workers, worker_command, sink }),
            manager: Mutex::new(None),
            manager_thread: OnceLock::new(),
        })
    }

    /// CPython's default: one worker a core.
    #[must_use]
    pub fn default_max_workers() -> usize {
        thread::available_parallelism().map_or(1, usize::from).min(Self::WORKERS_LIMIT)
    }

    /// How many calls the call queue of a pool of `max_workers` holds.
    #[must_use]
    pub const fn call_queue_capacity(max_workers: usize) -> usize {
        max_workers + EXTRA_QUEUED_CALLS
    }

    fn start_manager(&self, wake_ups: Receiver<()>) -> std::io::Result<JoinHandle<()>> {
        let shared = Arc::clone(&self.shared);
        thread::Builder::new().name("executor manager".to_owned()).spawn(move || Manager::new(shared, wake_ups).run())
    }
}

impl RawExecutor for ProcessPoolExecutor {
    fn submit_item(&self, item: WorkItem) -> Result<(), SubmitError> {
        {
            let mut state = self.shared.state.lock();
            if let Some(broken) = &state.broken {
                return Err(SubmitError::Broken(broken.clone()));
            }
            if state.shut_down {
                return Err(SubmitError::ShutDown);
            }
            if let Some(wake_ups) = state.not_started.take() {
                match self.start_manager(wake_ups.clone()) {
                    Ok(manager) => {
                        let _ = self.manager_thread.set(manager.thread().id());
                        *self.manager.lock() = Some(manager);
                    }
                    Err(cause) => {
                        state.not_started = Some(wake_ups);
                        return Err(SubmitError::Spawn(cause.to_string()));
                    }
                }
            }
            let call = state.next_call;
            state.next_call += 1;
            item.submitted(call, &self.shared.sink);
            state.work_ids.push_back((call, item));
        }
        self.shared.wake();
        Ok(())
    }

    fn shutdown(&self, wait: bool, cancel_futures: bool) {
        {
            let mut state = self.shared.state.lock();
            state.shut_down = true;
            state.cancel_futures |= cancel_futures;
        }
        self.shared.wake();
        // A callback in the manager thread can't wait for itself.
        if wait && self.manager_thread.get() != Some(&thread::current().id()) {
            let mut manager = self.manager.lock();
            if let Some(manager) = manager.take() {
                // It catches its own panics.
                let _ = manager.join();
            }
        }
    }

    fn interrupt(&self) {
        self.shared.state.lock().interrupt = true;
        self.shared.wake();
    }

    fn skip_rest(&self) {
        self.shared.state.lock().skip_rest = true;
        self.shared.wake();
    }

    fn max_workers(&self) -> usize {
        self.shared.max_workers
    }
}

impl Drop for ProcessPoolExecutor {
    fn drop(&mut self) {
        self.shutdown(false, false);
    }
}

impl Shared {
    fn wake(&self) {
        // Full means that the manager will wake up anyway.
        let _ = self.wake_up.try_send(());
    }

    const fn call_queue_capacity(&self) -> usize {
        ProcessPoolExecutor::call_queue_capacity(self.max_workers)
    }

    fn next_pending(&self) -> Option<(WorkId, WorkItem)> {
        self.state.lock().work_ids.pop_front()
    }

    /// What is to be cancelled, if `shutdown(cancel_futures)` was called.
    fn take_cancelled(&self) -> VecDeque<(WorkId, WorkItem)> {
        let mut state = self.state.lock();
        if state.cancel_futures { std::mem::take(&mut state.work_ids) } else { VecDeque::new() }
    }

    /// Whether to interrupt, and whether to skip the rest.
    fn orders(&self) -> (bool, bool) {
        let state = self.state.lock();
        (state.interrupt, state.skip_rest)
    }

    fn is_shut_down_and_empty(&self) -> bool {
        let state = self.state.lock();
        state.shut_down && state.work_ids.is_empty()
    }

    /// Refuses calls from now on; returns those that are pending.
    fn set_broken(&self, broken: &BrokenExecutor) -> VecDeque<(WorkId, WorkItem)> {
        let mut state = self.state.lock();
        state.broken = Some(broken.clone());
        state.shut_down = true;
        std::mem::take(&mut state.work_ids)
    }
}
