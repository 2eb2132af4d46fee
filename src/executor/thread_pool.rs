//! A pool of threads over one queue.
//!
//! ```text
//!  submit ──▶ work queue (FIFO, unbounded) ──▶ worker threads ──▶ futures
//! ```
//! The queue has two ends, each with a lock of its own, so that those who submit and those who work are seldom in each
//! other's way: a worker that finds its end empty takes over all that has come in at the other. The lock of the submitting end
//! also guards the counters that decide about threads; a condition variable wakes idle workers. A thread is started only
//! when no idle one could take the call. It lives as long as the pool, unless the pool is made smaller.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;

use super::context::{Control, Interruption, TaskContext};
use super::error::{BrokenExecutor, BuildError, SubmitError, TaskError};
use super::event::{Event, EventKind, EventSink, NoEvents, WorkId, WorkerId};
use super::exit::{JoinAtExit, join_at_exit, next_pool_id, program_is_ending};
use super::future::{PoolId, TaskFuture};
use super::gil::{Gil, GilMode, GilSettings};
use super::guard;
use super::raw::{Pending, RawExecutor, Submit};
use super::sync::{AtomicBool, Condvar, Mutex, MutexGuard, Patience, thread};
use super::work_item::{Numbering, WorkItem};

/// Runs calls, and closures, in threads of this process.
///
/// ```
/// use poolscope::executor::{RawExecutor, ThreadPoolExecutor};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let executor = ThreadPoolExecutor::builder()
///     .max_workers(2)
///     .name_prefix("counter")
///     .initializer(|| Ok(println!("once in each thread")))
///     .build()?;
/// let words = vec!["a", "pool", "of", "threads"];
/// let letters = executor.submit_closure(move |_context| Ok(words.concat().len()))?;
/// assert_eq!(letters.result(None)?, 14);
/// # Ok(()) }
/// ```
pub struct ThreadPoolExecutor {
    pool: Pool,
}

type Initializer = dyn Fn() -> Result<(), TaskError> + Send + Sync;

/// What a [`ThreadPoolExecutor`] is made of.
#[must_use]
pub struct ThreadPoolBuilder {
    max_workers: usize,
    name_prefix: Option<String>,
    initializer: Option<Box<Initializer>>,
    gil: GilSettings,
    /// The lock that all workers share, if it is not the pool's own.
    one_gil: Option<Arc<Gil>>,
    control: Control,
    sink: Arc<dyn EventSink>,
}

/// How long a shortage of threads lasts until the system is asked again.
const TRY_AGAIN: Duration = Duration::from_millis(100);

/// A handle for those who start threads.
#[derive(Clone)]
struct Pool(Arc<Shared>);

struct Shared {
    id: PoolId,
    state: CachePadded<Mutex<State>>,
    /// The older calls. Locked after `state`, if both are.
    ready: CachePadded<Mutex<VecDeque<WorkItem>>>,
    /// There may be something for workers to notice other than a call: look at `state` after each task.
    changed: AtomicBool,
    /// Signalled when there is a call to take, or a change to notice.
    work_available: Condvar,
    sink: Arc<dyn EventSink>,
    control: Arc<Control>,
    name_prefix: String,
    initializer: Option<Box<Initializer>>,
    gil: GilSettings,
    /// The one that all workers share, if they do.
    one_gil: Arc<Gil>,
    threads: Mutex<Threads>,
    /// Held while joining, so that a second `shutdown(wait)` waits for real.
    joining: Mutex<()>,
}

#[derive(Default)]
struct Threads {
    workers: Vec<Worker>,
    /// The one that retired last. The next that does joins it, so that no more than one is kept, however many come and go.
    retired: Option<thread::JoinHandle<()>>,
}

struct Worker {
    id: thread::ThreadId,
    /// `None` once somebody has joined it, or is about to.
    handle: Option<thread::JoinHandle<()>>,
}

struct State {
    /// The younger calls.
    incoming: VecDeque<WorkItem>,
    /// Threads that wait for work, or are about to start. Each may already have been promised a call that is still in the
    /// queue.
    idle: usize,
    /// Threads that have not ended.
    alive: usize,
    /// Threads that were ever started.
    started: WorkerId,
    max_workers: usize,
    /// The system gave no more threads than there are: when to try again.
    no_more_until: Option<Instant>,
    numbering: Numbering,
    shut_down: bool,
    /// It was the end of the program that shut it down.
    by_exit: bool,
    broken: Option<BrokenExecutor>,
}

/// Why a worker ends that is one too many.
const RETIRED: &str = "retired";

/// What a worker does next.
enum Next {
    Run(WorkItem),
    /// There are more workers than are wanted.
    Retire,
    /// The pool is shut down and its queue is empty, or it is broken.
    End,
}

impl ThreadPoolBuilder {
    /// At most so many threads; [`ThreadPoolExecutor::default_max_workers`] if it is not said.
    pub fn max_workers(mut self, max_workers: usize) -> Self {
        self.max_workers = max_workers;
        self
    }

    /// Threads are called `prefix_0`, `prefix_1` and so on; `ThreadPoolExecutor-<number of the pool>` if it is not said.
    pub fn name_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.name_prefix = Some(prefix.into());
        self
    }

    /// Runs in each thread before its first call. If it fails or panics, the pool is broken.
    pub fn initializer(mut self, initializer: impl Fn() -> Result<(), TaskError> + Send + Sync + 'static) -> Self {
        self.initializer = Some(Box::new(initializer));
        self
    }

    /// Computing takes a global interpreter lock; off if it is not said.
    pub fn gil(mut self, gil: GilSettings) -> Self {
        self.gil = gil;
        self
    }

    /// Who hears of everything that happens.
    pub fn events(mut self, sink: Arc<dyn EventSink>) -> Self {
        self.sink = sink;
        self
    }

    /// It belongs to the task that runs there: stops with it, and computes under the same GIL.
    pub(super) fn within(mut self, context: &TaskContext) -> Self {
        let (settings, gil) = context.gil();
        // The lock that the task computes under is that of its threads, whether it is its worker's alone or not.
        let mode = if gil.is_some() { GilMode::Shared } else { GilMode::Off };
        (self.gil, self.one_gil) = (GilSettings { mode, ..settings }, gil.cloned());
        self.control = context.control_within();
        self
    }

    /// # Errors
    /// When `max_workers` is 0 or above [`ThreadPoolExecutor::WORKERS_LIMIT`], or the prefix of the names holds a NUL, which no thread's
    /// name can.
    pub fn build(self) -> Result<ThreadPoolExecutor, BuildError> {
        BuildError::check_workers(self.max_workers, ThreadPoolExecutor::WORKERS_LIMIT)?;
        if self.name_prefix.as_ref().is_some_and(|prefix| prefix.contains('\0')) {
            return Err(BuildError::NamePrefix);
        }
        let id = next_pool_id();
        let state = State {
            incoming: VecDeque::new(),
            idle: 0,
            alive: 0,
            started: 0,
            max_workers: self.max_workers,
            no_more_until: None,
            numbering: Numbering::default(),
            shut_down: false,
            by_exit: false,
            broken: None,
        };
        let shared = Arc::new(Shared {
            id,
            state: CachePadded::new(Mutex::new(state)),
            ready: CachePadded::default(),
            changed: AtomicBool::new(false),
            work_available: Condvar::new(),
            sink: self.sink,
            control: Arc::new(self.control),
            name_prefix: self.name_prefix.unwrap_or_else(|| format!("ThreadPoolExecutor-{id}")),
            initializer: self.initializer,
            gil: self.gil,
            one_gil: self.one_gil.unwrap_or_else(|| Arc::new(Gil::new(self.gil.switch_interval))),
            threads: Mutex::default(),
            joining: Mutex::new(()),
        });
        join_at_exit(&shared);
        Ok(ThreadPoolExecutor { pool: Pool(shared) })
    }
}

impl ThreadPoolExecutor {
    /// More threads than this are never what was meant.
    pub const WORKERS_LIMIT: usize = 1024;

    /// A pool of at most `max_workers` threads; events go to `sink`.
    ///
    /// # Errors
    /// When `max_workers` is 0 or above [`Self::WORKERS_LIMIT`].
    pub fn new(max_workers: usize, sink: Arc<dyn EventSink>) -> Result<Self, BuildError> {
        Self::builder().max_workers(max_workers).events(sink).build()
    }

    /// All that can be said about a pool.
    pub fn builder() -> ThreadPoolBuilder {
        let max_workers = Self::default_max_workers();
        ThreadPoolBuilder {
            max_workers,
            name_prefix: None,
            initializer: None,
            gil: GilSettings::default(),
            one_gil: None,
            control: Control::default(),
            sink: NoEvents::shared(),
        }
    }

    /// CPython's default: `min(32, cores + 4)`, of the cores that this process may use.
    #[must_use]
    pub fn default_max_workers() -> usize {
        (std::thread::available_parallelism().map_or(1, usize::from) + 4).min(32)
    }

    /// Schedules a closure.
    ///
    /// # Errors
    /// When the executor is broken or was shut down.
    pub fn submit_closure<T: Send + 'static>(
        &self,
        body: impl FnOnce(&TaskContext) -> Result<T, TaskError> + Send + 'static,
    ) -> Result<TaskFuture<T>, SubmitError> {
        let pool: &dyn Submit = &self.pool;
        pool.submit_closure(body)
    }
}

impl Pool {
    fn shared(&self) -> &Shared {
        &self.0
    }

    /// One thread more. Under the lock, so that a shutdown that comes next finds it in the list.
    fn spawn(&self, state: &mut State) -> io::Result<()> {
        let worker = state.started;
        let pool = self.clone();
        let name = format!("{}_{worker}", self.0.name_prefix);
        let started = Event::now(EventKind::WorkerStarted { worker, pid: None });
        let thread = thread::Builder::new().name(name).spawn(move || pool.shared().work(&pool, worker))?;
        // It waits for the lock that is held here before it tells anything.
        self.0.sink.tell(started);
        self.0.threads.lock().workers.push(Worker { id: thread.thread().id(), handle: Some(thread) });
        state.started += 1;
        state.alive += 1;
        state.idle += 1;
        Ok(())
    }

    /// Starts threads for the calls that no idle one will take, pending ones and `more`, as far as there may be more threads.
    /// If the system gives no more, that is told, and tried again after a while.
    fn spawn_for(&self, more: usize, state: &mut State) -> io::Result<()> {
        let calls = self.0.ready.lock().len() + state.incoming.len() + more;
        while calls > state.idle && state.alive < state.max_workers {
            if state.no_more_until.is_some_and(|until| Instant::now() < until) {
                break;
            }
            match self.spawn(state) {
                Ok(()) => state.no_more_until = None,
                Err(cause) if state.alive == 0 => return Err(cause),
                // With other workers left the call is in good hands, only later.
                Err(cause) => {
                    if state.no_more_until.is_none() {
                        self.0.record(EventKind::WorkerMissing { cause: cause.to_string().into() });
                    }
                    state.no_more_until = Some(Instant::now() + TRY_AGAIN);
                    // Workers look after each call whether there is room by now.
                    self.0.changed.store(true, Ordering::Relaxed);
                }
            }
        }
        Ok(())
    }
}

impl Submit for Pool {
    fn submit_item(&self, mut item: WorkItem) -> Result<(), SubmitError> {
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
        if state.alive < state.max_workers {
            self.spawn_for(1, &mut state).map_err(|cause| SubmitError::Spawn(cause.to_string()))?;
        }
        item.submitted(self.0.id, &mut state.numbering, &*self.0.sink);
        state.incoming.push_back(item);
        drop(state);
        self.0.work_available.notify_one();
        Ok(())
    }

    fn sink(&self) -> &Arc<dyn EventSink> {
        &self.0.sink
    }
}

impl RawExecutor for ThreadPoolExecutor {
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
        let shared = self.pool.shared();
        let cancelled = {
            let mut state = shared.state.lock();
            state.shut_down = true;
            shared.notify(&state);
            if cancel_futures { shared.take_all(&mut state) } else { VecDeque::new() }
        };
        // Outside the lock: a callback may use the pool.
        cancelled.into_iter().for_each(WorkItem::cancel);
        if wait {
            shared.join();
        }
    }

    fn interrupt(&self) {
        self.pool.0.control.interrupt();
    }

    fn interrupt_call(&self, call: WorkId, why: Interruption) {
        self.pool.0.control.interrupt_call(call, why);
    }

    fn cancel_pending(&self, which: Pending) {
        let cancelled = {
            let shared = self.pool.shared();
            let mut state = shared.state.lock();
            let mut cancelled = which.take_from(&mut shared.ready.lock());
            cancelled.append(&mut which.take_from(&mut state.incoming));
            cancelled
        };
        // Outside the lock: a callback may use the pool.
        cancelled.into_iter().for_each(WorkItem::cancel);
    }

    fn kill_worker(&self, _worker: WorkerId) {}

    fn skip_rest(&self) {
        self.pool.0.control.skip_rest();
    }

    fn max_workers(&self) -> usize {
        self.pool.0.state.lock().max_workers
    }

    fn set_max_workers(&self, max_workers: usize) -> Result<(), BuildError> {
        BuildError::check_workers(max_workers, Self::WORKERS_LIMIT)?;
        let mut state = self.pool.0.state.lock();
        if state.max_workers == max_workers {
            return Ok(());
        }
        state.max_workers = max_workers;
        state.no_more_until = None;
        self.pool.0.record(EventKind::MaxWorkersChanged { max_workers: WorkerId::try_from(max_workers).unwrap_or(0) });
        // Threads that can't be started are missed only if there is none, and then there is no call either.
        let _ = self.pool.spawn_for(0, &mut state);
        // Idle workers that are too many notice it now, busy ones after their task.
        self.pool.0.notify(&state);
        Ok(())
    }
}

impl fmt::Debug for ThreadPoolExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPoolExecutor").field("name_prefix", &self.pool.0.name_prefix).finish_non_exhaustive()
    }
}

impl Drop for ThreadPoolExecutor {
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
            self.notify(&state);
        }
        self.join();
    }
}

impl Shared {
    fn record(&self, kind: EventKind) {
        self.sink.tell(Event::now(kind));
    }

    /// Waits for all threads, which end once the pool is shut down; a callback in one of them can't wait for itself.
    fn join(&self) {
        let this = thread::current().id();
        if self.threads.lock().workers.iter().any(|worker| worker.id == this) {
            return;
        }
        let _joining = self.joining.lock();
        // One by one: whoever starts a thread meanwhile must not wait for this lock.
        while let Some(thread) = self.next_to_join() {
            // A worker catches what its tasks do, so it has nothing to say here.
            let _ = thread.join();
        }
    }

    fn next_to_join(&self) -> Option<thread::JoinHandle<()>> {
        let mut threads = self.threads.lock();
        let Threads { workers, retired } = &mut *threads;
        workers.iter_mut().find_map(|worker| worker.handle.take()).or_else(|| retired.take())
    }

    /// This thread is about to end although the pool goes on: whoever retires next, or shuts the pool down, joins it.
    fn retire(&self) {
        let this = thread::current().id();
        let before = {
            let mut threads = self.threads.lock();
            let place = threads.workers.iter().position(|worker| worker.id == this);
            match place.and_then(|place| threads.workers.swap_remove(place).handle) {
                Some(own) => threads.retired.replace(own),
                // Somebody joins it right now.
                None => None,
            }
        };
        if let Some(before) = before {
            let _ = before.join();
        }
    }

    /// A worker's life. Whoever has started it tells of that, at the same time as of the call that it is for.
    fn work(&self, pool: &Pool, worker: WorkerId) {
        drop(self.state.lock());
        if let Err(error) = self.initialize() {
            self.record(EventKind::InitializerFailed { worker, error: Box::new(error.clone()) });
            self.break_pool(&BrokenExecutor::Initializer { worker, error: Box::new(error) });
            {
                let mut state = self.state.lock();
                (state.alive, state.idle) = (state.alive - 1, state.idle - 1);
            }
            self.record(EventKind::WorkerExited { worker, cause: "its initializer failed".into() });
            return;
        }
        self.record(EventKind::WorkerReady { worker });
        let mut is_new = true;
        let context = TaskContext::new(Arc::clone(&self.control), self.id, worker, Arc::clone(&self.sink))
            .with_gil(self.gil, &self.one_gil);
        let cause = loop {
            match self.next(pool, std::mem::take(&mut is_new)) {
                Next::Run(item) => {
                    if item.start() {
                        item.run(&context);
                    }
                }
                Next::Retire => break RETIRED,
                Next::End => break "shutdown",
            }
        };
        self.record(EventKind::WorkerExited { worker, cause: cause.into() });
        if cause == RETIRED {
            self.retire();
        }
    }

    fn initialize(&self) -> Result<(), TaskError> {
        let Some(initializer) = &self.initializer else { return Ok(()) };
        guard::run(initializer).unwrap_or_else(|message| Err(TaskError::panicked(message)))
    }

    /// No worker can be trusted to be set up: what is pending fails, what others execute finishes.
    fn break_pool(&self, broken: &BrokenExecutor) {
        let pending = {
            let mut state = self.state.lock();
            state.broken.get_or_insert_with(|| broken.clone());
            self.notify(&state);
            self.take_all(&mut state)
        };
        // Outside the lock: a callback may use the pool. One that is cancelled stays so.
        for item in pending {
            if item.start() {
                item.lose(broken, &*self.sink);
            }
        }
    }

    /// Tells every worker that `state` has changed.
    fn notify(&self, _state: &MutexGuard<'_, State>) {
        self.changed.store(true, Ordering::Relaxed);
        self.work_available.notify_all();
    }

    /// All pending calls, in their order.
    fn take_all(&self, state: &mut State) -> VecDeque<WorkItem> {
        let mut all = std::mem::take(&mut *self.ready.lock());
        all.append(&mut state.incoming);
        all
    }

    /// What this worker is to do next, waiting for it. A new one still counts as idle: until it takes the call that it was started for,
    /// in one step with that, or it would be started again.
    fn next(&self, pool: &Pool, is_new: bool) -> Next {
        if !is_new
            && !self.changed.load(Ordering::Relaxed)
            && let Some(item) = self.ready.lock().pop_front()
        {
            return Next::Run(item);
        }
        let mut state = self.state.lock();
        state.idle -= usize::from(is_new);
        let patience = Patience::new();
        loop {
            let surplus = state.alive > state.max_workers;
            // The next worker looks too, until nobody is too many or missing.
            self.changed.store(surplus || state.no_more_until.is_some(), Ordering::Relaxed);
            if surplus {
                state.alive -= 1;
                // It may have been this worker that was woken for a call.
                self.work_available.notify_one();
                return Next::Retire;
            }
            if let Some(item) = self.next_ready(&mut state) {
                if state.no_more_until.is_some() {
                    // With this worker there, that is no error.
                    let _ = pool.spawn_for(0, &mut state);
                }
                return Next::Run(item);
            }
            // Nothing waits for a worker that is missing.
            state.no_more_until = None;
            if state.shut_down || state.broken.is_some() {
                state.alive -= 1;
                return Next::End;
            }
            state.idle += 1;
            self.wait_for_work(&mut state, &patience);
            state.idle -= 1;
        }
    }

    /// The oldest call.
    fn next_ready(&self, state: &mut State) -> Option<WorkItem> {
        let mut ready = self.ready.lock();
        if ready.is_empty() {
            std::mem::swap(&mut *ready, &mut state.incoming);
        }
        ready.pop_front()
    }

    /// A moment at first, for the next call often comes at once and waking up takes longer; then for as long as it takes.
    fn wait_for_work(&self, state: &mut MutexGuard<'_, State>, patience: &Patience) {
        if patience.is_over() {
            self.work_available.wait(state);
        } else {
            MutexGuard::unlocked(state, || patience.wait());
        }
    }
}
