//! A pool of child processes, built as CPython publishes it.
//!
//! ```text
//!            ┌─────────────────── parent ────────────────────┐             ┌── worker ──┐
//!  submit ─▶ work ids queue ─▶ manager thread ─▶ call queue ──────────────▶│ run items  │
//!            (unbounded)           ▲   (max_workers + 1)                   │            │
//!  future ◀── manager thread ◀── result queues ◀───────────────────────────│ answer     │
//!            └───────────────────────────────────────────────┘             └────────────┘
//! ```
//! - Call queue and result queues are in memory that all processes [share](shared); a worker takes its next call itself.
//!   Where the system has no such memory, calls and answers go through each worker's pipes, by two threads a worker
//!   ([`link`]). Through the pipes go, in either case, the greeting, orders, and calls that are too long to share; and their
//!   end is how a death is noticed.
//! - In the work ids queue a call is PENDING and can be cancelled. From the call queue on it is RUNNING.
//! - The call queue is refilled whenever a worker takes from it.
//! - Workers are started on demand, by the manager thread, which itself starts at the first submit.
//!
//! [`Shared`] is what callers and the manager both touch: one mutex, held for moments, never while a callback runs.
//! Everything else belongs to the manager alone.

mod builder;
mod call_queue;
mod link;
mod manager;
mod prints;
mod protocol;
mod shared;
mod worker;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle, ThreadId};

use arc_swap::ArcSwapOption;
use crossbeam_channel::{Receiver, Sender, bounded};
use parking_lot::Mutex;

pub use builder::{OnWorkerDeath, ProcessPoolBuilder, WorkerCommand};
pub use worker::{WorkerError, run_worker};

use super::context::Interruption;
use super::error::{BrokenExecutor, BuildError, ForcedShutdown, SubmitError};
use super::event::{Event, EventKind, EventSink, WorkId, WorkerId};
use super::exit::{JoinAtExit, join_at_exit, next_pool_id, program_is_ending};
use super::future::PoolId;
use super::work_item::{Numbering, WorkItem};
use super::{Pending, RawExecutor, Submit};
use builder::Settings;
use manager::Manager;
use shared::Hall;

/// Calls that wait in the call queue although every worker is busy: CPython's `EXTRA_QUEUED_CALLS`.
const EXTRA_QUEUED_CALLS: usize = 1;

/// Runs calls in child processes, so that one that crashes takes nothing else with it.
pub struct ProcessPoolExecutor {
    pool: Pool,
}

/// A handle for those who start the manager.
#[derive(Clone)]
struct Pool(Arc<Shared>);

struct Shared {
    id: PoolId,
    state: Mutex<State>,
    /// Room for one: wake-ups coalesce, so waking never blocks.
    wake_up: Sender<()>,
    settings: Settings,
    sink: Arc<dyn EventSink>,
    /// Locked while joining, so that a second `shutdown(wait)` waits for real.
    manager: Mutex<Option<JoinHandle<()>>>,
    manager_thread: OnceLock<ThreadId>,
    /// What the manager shares with its workers, and waits at, if that is not the channel.
    hall: ArcSwapOption<Hall>,
}

struct State {
    work_ids: VecDeque<WorkItem>,
    numbering: Numbering,
    max_workers: usize,
    shut_down: bool,
    /// It was the end of the program that shut it down.
    by_exit: bool,
    orders: Orders,
    /// Calls whose tasks are to end, if they execute.
    interrupt_calls: Vec<(WorkId, Interruption)>,
    /// Workers that are to be killed.
    kill_workers: Vec<WorkerId>,
    broken: Option<BrokenExecutor>,
    /// Until the first submit: what the manager thread will be woken by.
    not_started: Option<Receiver<()>>,
}

/// What the manager is told to do. Each is given once and never taken back.
#[derive(Clone, Copy, Default)]
struct Orders {
    cancel_futures: bool,
    interrupt: bool,
    skip_rest: bool,
    forced: Option<ForcedShutdown>,
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
        Self::builder().max_workers(max_workers).worker_command(worker_command).events(sink).build()
    }

    /// All that can be said about a pool.
    pub fn builder() -> ProcessPoolBuilder {
        ProcessPoolBuilder::new(Self::default_max_workers())
    }

    fn with_settings(max_workers: usize, settings: Settings, sink: Arc<dyn EventSink>) -> Result<Self, BuildError> {
        BuildError::check_workers(max_workers, Self::WORKERS_LIMIT)?;
        let (wake_up, wake_ups) = bounded(1);
        let state = State {
            work_ids: VecDeque::new(),
            numbering: Numbering::default(),
            max_workers,
            shut_down: false,
            by_exit: false,
            orders: Orders::default(),
            interrupt_calls: Vec::new(),
            kill_workers: Vec::new(),
            broken: None,
            not_started: Some(wake_ups),
        };
        let shared = Arc::new(Shared {
            id: next_pool_id(),
            state: Mutex::new(state),
            wake_up,
            settings,
            sink,
            manager: Mutex::new(None),
            manager_thread: OnceLock::new(),
            hall: ArcSwapOption::empty(),
        });
        join_at_exit(&shared);
        Ok(Self { pool: Pool(shared) })
    }

    /// CPython's default: one worker a core, of the cores that this process may use.
    #[must_use]
    pub fn default_max_workers() -> usize {
        thread::available_parallelism().map_or(1, usize::from).min(Self::WORKERS_LIMIT)
    }

    /// How many calls the call queue of a pool of `max_workers` holds.
    #[must_use]
    pub const fn call_queue_capacity(max_workers: usize) -> usize {
        max_workers + EXTRA_QUEUED_CALLS
    }

    /// Ends the pool without waiting for its tasks, politely (CPython 3.14): takes no more calls, cancels what is pending,
    /// and asks every worker process to end. Calls that are RUNNING fail with [`BrokenExecutor::ForcedDown`]. Returns at
    /// once.
    pub fn terminate_workers(&self) {
        self.force_down(ForcedShutdown::Terminate);
    }

    /// Like [`Self::terminate_workers`], the hard way: no task can keep its worker from ending.
    pub fn kill_workers(&self) {
        self.force_down(ForcedShutdown::Kill);
    }

    fn force_down(&self, how: ForcedShutdown) {
        {
            let mut state = self.pool.0.state.lock();
            state.shut_down = true;
            state.orders.cancel_futures = true;
            state.orders.forced = Some(how);
        }
        self.pool.0.wake();
    }
}

impl Pool {
    fn start_manager(&self, wake_ups: Receiver<()>) -> std::io::Result<()> {
        let pool = self.clone();
        let manager = move || {
            Manager::new(Arc::clone(&pool.0), wake_ups).run();
            // Nobody shares it any more.
            pool.0.hall.store(None);
        };
        let thread = thread::Builder::new().name("executor manager".to_owned()).spawn(manager)?;
        let _ = self.0.manager_thread.set(thread.thread().id());
        *self.0.manager.lock() = Some(thread);
        Ok(())
    }
}

impl Submit for Pool {
    fn submit_item(&self, mut item: WorkItem) -> Result<(), SubmitError> {
        {
            let mut state = self.0.state.lock();
            if let Some(broken) = &state.broken {
                return Err(SubmitError::Broken(broken.clone()));
            }
            if state.shut_down && !state.by_exit {
                return Err(SubmitError::ShutDown);
            }
            if program_is_ending() {
                return Err(SubmitError::ProgramEnding);
            }
            if let Some(wake_ups) = state.not_started.take()
                && let Err(cause) = self.start_manager(wake_ups.clone())
            {
                state.not_started = Some(wake_ups);
                return Err(SubmitError::Spawn(cause.to_string()));
            }
            item.submitted(self.0.id, &mut state.numbering, &*self.0.sink);
            state.work_ids.push_back(item);
        }
        self.0.wake();
        Ok(())
    }

    fn sink(&self) -> &Arc<dyn EventSink> {
        &self.0.sink
    }
}

impl RawExecutor for ProcessPoolExecutor {
    fn submit_item(&self, item: WorkItem) -> Result<(), SubmitError> {
        self.pool.submit_item(item)
    }

    fn submitter(&self) -> Arc<dyn Submit> {
        Arc::new(self.pool.clone())
    }

    fn sink(&self) -> &Arc<dyn EventSink> {
        &self.pool.0.sink
    }

    fn shutdown(&self, wait: bool, cancel_futures: bool) {
        {
            let mut state = self.pool.0.state.lock();
            state.shut_down = true;
            state.orders.cancel_futures |= cancel_futures;
        }
        self.pool.0.wake();
        if wait {
            self.pool.0.join();
        }
    }

    fn interrupt(&self) {
        self.pool.0.state.lock().orders.interrupt = true;
        self.pool.0.wake();
    }

    fn interrupt_call(&self, call: WorkId, why: Interruption) {
        self.pool.0.state.lock().interrupt_calls.push((call, why));
        self.pool.0.wake();
    }

    fn cancel_pending(&self, which: Pending) {
        let cancelled = which.take_from(&mut self.pool.0.state.lock().work_ids);
        // Outside the lock: a callback may use the pool.
        cancelled.into_iter().for_each(WorkItem::cancel);
    }

    fn kill_worker(&self, worker: WorkerId) {
        self.pool.0.state.lock().kill_workers.push(worker);
        self.pool.0.wake();
    }

    fn skip_rest(&self) {
        self.pool.0.state.lock().orders.skip_rest = true;
        self.pool.0.wake();
    }

    fn max_workers(&self) -> usize {
        self.pool.0.state.lock().max_workers
    }

    fn set_max_workers(&self, max_workers: usize) -> Result<(), BuildError> {
        BuildError::check_workers(max_workers, Self::WORKERS_LIMIT)?;
        {
            let mut state = self.pool.0.state.lock();
            if state.max_workers == max_workers {
                return Ok(());
            }
            state.max_workers = max_workers;
            let max_workers = u32::try_from(max_workers).unwrap_or(u32::MAX);
            self.sink().tell(Event::now(EventKind::MaxWorkersChanged { max_workers }));
        }
        self.pool.0.wake();
        Ok(())
    }
}

impl fmt::Debug for ProcessPoolExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessPoolExecutor").field("settings", &self.pool.0.settings).finish_non_exhaustive()
    }
}

impl Drop for ProcessPoolExecutor {
    fn drop(&mut self) {
        self.shutdown(false, false);
    }
}

impl JoinAtExit for Shared {
    fn join_at_exit(&self) {
        {
            let mut state = self.state.lock();
            state.by_exit = !state.shut_down;
            state.shut_down = true;
        }
        self.wake();
        self.join();
    }
}

impl Shared {
    fn wake(&self) {
        // Full means that the manager will wake up anyway.
        let _ = self.wake_up.try_send(());
        if let Some(hall) = &*self.hall.load() {
            hall.manager_bell().ring(1);
        }
    }

    /// Waits for the manager; a callback in its thread can't.
    fn join(&self) {
        if self.manager_thread.get() == Some(&thread::current().id()) {
            return;
        }
        let mut manager = self.manager.lock();
        if let Some(manager) = manager.take() {
            // It catches its own panics.
            let _ = manager.join();
        }
    }

    fn next_pending(&self) -> Option<WorkItem> {
        self.state.lock().work_ids.pop_front()
    }

    /// What is to be cancelled, if `shutdown(cancel_futures)` was called.
    fn take_cancelled(&self) -> VecDeque<WorkItem> {
        let mut state = self.state.lock();
        if state.orders.cancel_futures { std::mem::take(&mut state.work_ids) } else { VecDeque::new() }
    }

    fn orders(&self) -> Orders {
        self.state.lock().orders
    }

    fn take_interrupted_calls(&self) -> Vec<(WorkId, Interruption)> {
        std::mem::take(&mut self.state.lock().interrupt_calls)
    }

    fn take_kill_workers(&self) -> Vec<WorkerId> {
        std::mem::take(&mut self.state.lock().kill_workers)
    }

    fn max_workers(&self) -> usize {
        self.state.lock().max_workers
    }

    fn is_shut_down_and_empty(&self) -> bool {
        let state = self.state.lock();
        state.shut_down && state.work_ids.is_empty()
    }

    /// Refuses calls from now on; returns those that are pending.
    fn set_broken(&self, broken: &BrokenExecutor) -> VecDeque<WorkItem> {
        let mut state = self.state.lock();
        state.broken = Some(broken.clone());
        state.shut_down = true;
        std::mem::take(&mut state.work_ids)
    }
}
