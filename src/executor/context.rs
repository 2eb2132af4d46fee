//! What a task can ask of its surroundings while it runs, and how those surroundings ask it to stop. Each of these is also
//! what makes visible what a task spends its time with ([`Activity`]).

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::error::{Place, ResultError, TaskError};
use super::event::{Activity, Event, EventKind, EventSink, NoEvents, Omitted, Printed, Stream, WorkId, WorkerId};
use super::future::{PoolId, TaskFuture, deadline_after};
use super::gil::{Gil, GilSettings, HolderId};
use super::lock::{LOOK_AGAIN, LockUser, TaskLock, TaskLockGuard};
use super::nested::NestedPool;
use super::sync::{AtomicBool, Condvar, Mutex};
use super::thread_pool::ThreadPoolExecutor;
use crate::sys;

/// Handed to every task, for the thread that runs it. Compute loops call [`checkpoint`](Self::checkpoint) now and then; waiting
/// goes through [`blocking`](Self::blocking), [`sleep`](Self::sleep), [`lock`](Self::lock) and [`wait_for`](Self::wait_for).
///
/// Where there is a [GIL](super::GilMode) the task holds it, except while it waits.
#[derive(Clone)]
pub struct TaskContext {
    control: Arc<Control>,
    pool: PoolId,
    worker: WorkerId,
    /// The worker's process, if it is not the executor's.
    pid: Option<u32>,
    sink: Arc<dyn EventSink>,
    watcher: Option<Arc<dyn ItemWatcher>>,
    gil: Option<Arc<Gil>>,
    /// What pools within its tasks have.
    gil_settings: GilSettings,
    holder: HolderId,
    /// What runs now.
    item: Cell<(WorkId, u32)>,
    /// How many thousandths of it were told to be done.
    permille: Cell<u16>,
    cpu: Cell<CpuTime>,
    looks: Cell<Looks>,
}

/// Hears of items in the thread that runs them.
pub(super) trait ItemWatcher: Send + Sync {
    /// This one begins.
    fn begins(&self, call: WorkId, item: u32);

    /// It has ended after `nanos`. Returns whether hearing of it took some time, which then is not the next item's.
    fn ended(&self, nanos: i64) -> bool;
}

/// How far the thread's CPU clock was when it was last read.
#[derive(Clone, Copy)]
struct CpuTime {
    read: u64,
    /// How long items ran since, of which that was not told as they were too short.
    untold: i64,
    /// The stamp from which on the item that runs has not told how long it was on a core.
    from: i64,
}

/// How often the clock is looked at: not at each checkpoint, which may come every few nanoseconds, but several times an interval.
#[derive(Clone, Copy, Default)]
struct Looks {
    /// Checkpoints until the next look, and between two.
    left: u32,
    every: u32,
    last: i64,
}

/// An item that computes tells how long it was on a core this often, in nanoseconds.
const MEASURE_INTERVAL: i64 = 50_000_000;

/// Of items that run for less nanoseconds the CPU time is not read: that is a system call. They are as good as never without a
/// core.
const SHORTEST_MEASURED: i64 = 1_000_000;

impl TaskContext {
    /// For the tasks of one worker, in its thread. A pool of processes has no number there; no future of it can come there either.
    pub(super) fn new(control: Arc<Control>, pool: PoolId, worker: WorkerId, sink: Arc<dyn EventSink>) -> Self {
        // 0 is nobody.
        static HOLDERS: AtomicU64 = AtomicU64::new(1);
        Self {
            control,
            pool,
            worker,
            pid: None,
            sink,
            watcher: None,
            gil: None,
            gil_settings: GilSettings::default(),
            holder: HOLDERS.fetch_add(1, Ordering::Relaxed),
            item: Cell::default(),
            permille: Cell::default(),
            cpu: Cell::new(CpuTime { read: sys::thread_cpu_nanos().unwrap_or(0), untold: 0, from: i64::MAX }),
            looks: Cell::default(),
        }
    }

    /// That worker is this process, and not the executor's.
    pub(super) fn in_worker_process(self, watcher: Option<Arc<dyn ItemWatcher>>) -> Self {
        Self { pid: Some(std::process::id()), watcher, ..self }
    }

    /// Computing takes a lock as `settings` say; `all` is the one of this process.
    pub(super) fn with_gil(self, settings: GilSettings, all: &Arc<Gil>) -> Self {
        let gil = settings.lock_for_worker(all);
        if gil.is_some() {
            sys::wake_this_thread_on_time();
        }
        Self { gil, gil_settings: settings, ..self }
    }

    /// The lock that it takes, if there is one, and how it was set.
    pub(super) fn gil(&self) -> (GilSettings, Option<&Arc<Gil>>) {
        (self.gil_settings, self.gil.as_ref())
    }

    /// For a pool that the item that runs has for itself: whoever asks this item to stop asks those of that pool.
    pub(super) fn control_within(&self) -> Control {
        let within = Some((Arc::clone(&self.control), self.item.get().0));
        // Of what is asked of the task around it, it hears only if it looks.
        Control { within, attention: AtomicBool::new(true), ..Control::default() }
    }

    /// The item that runs.
    pub(super) const fn item(&self) -> (WorkId, u32) {
        self.item.get()
    }

    pub(super) fn shared_sink(&self) -> &Arc<dyn EventSink> {
        &self.sink
    }

    pub(super) const fn worker(&self) -> WorkerId {
        self.worker
    }

    pub(super) fn sink(&self) -> &dyn EventSink {
        &*self.sink
    }

    /// Where an error of the item that runs came from, if that is another process.
    pub(super) fn place(&self) -> Option<Place> {
        let (call, item) = self.item.get();
        self.pid.map(|pid| Place { worker: self.worker, pid, call, item })
    }

    /// Passes on what all tasks are asked.
    pub(super) fn obey(&self, interrupt: bool, skip_rest: bool) {
        if interrupt {
            self.control.interrupt();
        }
        if skip_rest {
            self.control.skip_rest();
        }
    }

    /// # Errors
    /// Why an item of `call` that has not begun is not to be run at all.
    pub(super) fn may_begin(&self, call: WorkId) -> Result<(), TaskError> {
        self.control.may_begin(call)
    }

    /// This item begins; its start was told, with the stamp `at`.
    pub(super) fn begin(&self, call: WorkId, item: u32, at: i64) {
        self.item.set((call, item));
        self.permille.set(0);
        self.cpu.set(CpuTime { from: at, ..self.cpu.get() });
        if let Some(watcher) = &self.watcher {
            watcher.begins(call, item);
        }
        if let Some(gil) = &self.gil
            && !gil.try_take(self.holder)
        {
            self.wait_for_gil(gil);
        }
    }

    /// The item that runs has ended at the stamp `at`, after `nanos`; its end is told next. Returns whether that took some time.
    pub(super) fn end(&self, at: i64, nanos: i64) -> bool {
        if let Some(gil) = &self.gil {
            gil.release(self.holder);
        }
        let measured = self.measure(at, nanos);
        let watched = self.watcher.as_ref().is_some_and(|watcher| watcher.ended(nanos));
        measured || watched
    }

    /// The item that runs has ended after `nanos`: tells how much of its time, since that was told last, it was on a core.
    fn measure(&self, at: i64, nanos: i64) -> bool {
        let cpu = self.cpu.get();
        if nanos < SHORTEST_MEASURED {
            self.cpu.set(CpuTime { untold: cpu.untold + nanos, from: i64::MAX, ..cpu });
            return false;
        }
        let measured = self.measure_until(at);
        self.cpu.set(CpuTime { from: i64::MAX, ..self.cpu.get() });
        measured
    }

    fn measure_until(&self, at: i64) -> bool {
        let CpuTime { read, untold, from } = self.cpu.get();
        let Some(now) = sys::thread_cpu_nanos() else { return false };
        self.cpu.set(CpuTime { read: now, untold: 0, from: at });
        let used = now.saturating_sub(read) as i64 - untold;
        let (call, item) = self.item.get();
        let nanos = used.clamp(0, (at - from).max(0)) as u64;
        self.sink.tell(Event::at(at, EventKind::CpuTime { call, item, worker: self.worker, nanos }));
        true
    }

    /// Tells how long the item was on a core, if it has not told for a while: what it lacks of a core is seen while it runs.
    #[inline]
    fn measure_now_and_then(&self) {
        let looks = self.looks.get();
        if looks.left > 0 {
            self.looks.set(Looks { left: looks.left - 1, ..looks });
        } else {
            self.look_at_clock(looks);
        }
    }

    #[cold]
    fn look_at_clock(&self, Looks { every, last, .. }: Looks) {
        const MOST: u32 = 1 << 16;
        let at = sys::monotonic_nanos();
        let every = match at - last {
            ..1_000_000 => (2 * every + 1).min(MOST),
            10_000_000.. => every / 4,
            _ => every,
        };
        self.looks.set(Looks { left: every, every, last: at });
        if at.saturating_sub(self.cpu.get().from) > MEASURE_INTERVAL {
            self.measure_until(at);
        }
    }

    fn tell(&self, kind: EventKind) {
        self.sink.tell(Event::now(kind));
    }

    fn turn(&self, to: Activity) {
        let (call, item) = self.item.get();
        self.tell(EventKind::Turned { call, item, worker: self.worker, to });
    }

    fn wait_for_gil(&self, gil: &Gil) {
        self.turn(Activity::WaitingForGil);
        gil.take(self.holder);
        self.turn(Activity::Computing);
    }

    /// A context that nobody can interrupt, for calling a task function by hand.
    #[must_use]
    pub fn detached() -> Self {
        Self::new(Arc::default(), 0, 0, NoEvents::shared())
    }

    /// Lets the GIL go if another waits for it for long enough: CPython's eval breaker.
    ///
    /// # Errors
    /// [`TaskError::Interrupted`] once the task was asked to stop: return it.
    #[inline]
    pub fn checkpoint(&self) -> Result<(), TaskError> {
        if let Some(gil) = &self.gil
            && gil.is_asked_for()
        {
            gil.release(self.holder);
            self.wait_for_gil(gil);
        }
        self.measure_now_and_then();
        self.control.check(self.item.get().0)
    }

    /// Does `work` that computes in native code, which needs no interpreter: without the GIL.
    pub fn native<T>(&self, work: impl FnOnce() -> T) -> T {
        self.measure_now_and_then();
        match &self.gil {
            Some(gil) => {
                gil.release(self.holder);
                let _return = Return(self, None);
                work()
            }
            None => work(),
        }
    }

    /// Does `work` that waits for the outside world: without the GIL.
    pub fn blocking<T>(&self, work: impl FnOnce() -> T) -> T {
        self.away(Activity::Blocking, work)
    }

    /// Without the GIL, and as `activity`; also if `work` panics.
    fn away<T>(&self, activity: Activity, work: impl FnOnce() -> T) -> T {
        self.turn(activity);
        if let Some(gil) = &self.gil {
            gil.release(self.holder);
        }
        let _return = Return(self, Some(activity));
        work()
    }

    /// Waits for `duration` without computing.
    ///
    /// # Errors
    /// [`TaskError::Interrupted`] as soon as the task was asked to stop: return it.
    pub fn sleep(&self, duration: Duration) -> Result<(), TaskError> {
        self.blocking(|| {
            let nothing = || None::<()>;
            self.control.wait_until(self.item.get().0, Some(duration), nothing).map(drop)
        })
    }

    /// Waits until nobody else has `lock`, and has it until the guard is dropped.
    ///
    /// # Errors
    /// [`TaskError::Interrupted`] as soon as the task was asked to stop: return it.
    pub fn lock<'a>(&'a self, lock: &'a TaskLock) -> Result<TaskLockGuard<'a>, TaskError> {
        let (call, item) = self.item.get();
        let user = LockUser { pool: self.pool, worker: self.worker, call, item, sink: &*self.sink };
        match lock.try_lock(user) {
            Some(guard) => Ok(guard),
            None => self.away(Activity::WaitingForLock, || lock.lock(user, || self.control.check(call))),
        }
    }

    /// Tells how much of its work the item has done, from 0 to 1. Less than was told before, and no full thousandth more, is not
    /// told: call it as often as you like.
    pub fn progress(&self, done: f64) {
        let permille = (done.clamp(0.0, 1.0) * 1000.0) as u16;
        if permille > self.permille.replace(permille.max(self.permille.get())) {
            let (call, item) = self.item.get();
            self.tell(EventKind::Progressed { call, item, worker: self.worker, permille });
        }
    }

    /// Tells of a line that the task has to say, as of one that it prints in a worker process.
    pub fn print(&self, stream: Stream, line: impl Into<String>) {
        let printed = Printed { task: Some(self.item.get()), stream, line: line.into() };
        self.tell(EventKind::Printed { worker: self.worker, printed: Box::new(printed) });
    }

    /// Tells that after the last line of [`print`](Self::print) so many lines, or so many bytes of that line, are missing.
    pub fn output_omitted(&self, stream: Stream, lines: u64, bytes: u64) {
        let omitted = Omitted { task: self.item.get(), stream, lines, bytes };
        self.tell(EventKind::OutputOmitted { worker: self.worker, omitted: Box::new(omitted) });
    }

    /// Tells that a program which the task runs, and waits for in [`blocking`](Self::blocking), was on a core for so long since that was
    /// told last: this part of the wait counts as computing.
    pub fn child_cpu_time(&self, time: Duration) {
        let (call, item) = self.item.get();
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.tell(EventKind::ChildCpuTime { call, item, worker: self.worker, nanos });
    }

    /// Tells how a program ended that the task ran: its exit code, or the signal, negative.
    pub fn child_exited(&self, status: i32) {
        let (call, item) = self.item.get();
        self.tell(EventKind::ChildExited { call, item, worker: self.worker, status });
    }

    /// Does `attempt` until it succeeds, at most `retries` times more than once, and tells of each failure after which it is tried again.
    ///
    /// # Errors
    /// What the last attempt raises. A task that is asked to stop is not tried again.
    pub fn retry<T>(&self, retries: u32, mut attempt: impl FnMut() -> Result<T, TaskError>) -> Result<T, TaskError> {
        for _ in 0..retries {
            match attempt() {
                Err(error) if !error.is_stop() => {
                    self.checkpoint()?;
                    let (call, item) = self.item.get();
                    let kind = EventKind::Retried { call, item, worker: self.worker, error: Box::new(error) };
                    self.tell(kind);
                }
                ended => return ended,
            }
        }
        attempt()
    }

    /// Whether the task may go on, for those who wait in [`blocking`](Self::blocking) for what this crate does not know of.
    ///
    /// # Errors
    /// [`TaskError::Interrupted`], or [`TaskError::TimedOut`], once the task was asked to stop: return it.
    pub fn may_go_on(&self) -> Result<(), TaskError> {
        self.control.check(self.item.get().0)
    }

    /// Waits until `future` is done, at most `timeout` (`None` = forever). Returns whether it is; its result can then be asked for.
    ///
    /// # Errors
    /// [`TaskError::Interrupted`] as soon as the task was asked to stop: return it.
    pub fn wait_for<T: 'static>(&self, future: &TaskFuture<T>, timeout: Option<Duration>) -> Result<bool, TaskError> {
        self.checkpoint()?;
        if future.done() {
            return Ok(true);
        }
        let (call, item) = self.item.get();
        // A wait that ends by itself is told as one for nothing in particular.
        let for_call = future.call_in(self.pool).filter(|_| timeout.is_none());
        self.tell(EventKind::WaitsFor { call, item, worker: self.worker, for_call });
        let control = Arc::clone(&self.control);
        future.add_done_callback(move |_| control.look_again());
        self.away(Activity::WaitingForFuture, || {
            let done = || future.done().then_some(());
            self.control.wait_until(call, timeout, done).map(|done| done.is_some())
        })
    }

    /// Waits for `future` and gives what came of it; an error is this task's too.
    ///
    /// # Errors
    /// What that future's task raised, or that it was cancelled; [`TaskError::Interrupted`] as soon as this task was asked to stop.
    pub fn result_of<T: Clone + 'static>(&self, future: &TaskFuture<T>) -> Result<T, TaskError> {
        self.wait_for(future, None)?;
        future.result(None).map_err(|error| match error {
            ResultError::Task(error) => error,
            other => TaskError::from_error(&other),
        })
    }

    /// Does `work` with a pool of threads that is this task's own, and then ends the pool: Python's `with ThreadPoolExecutor(…)` in
    /// a task. Its threads compute under the same GIL as the task, stop when it is asked to, and are lanes within its lane.
    ///
    /// ```
    /// use poolscope::executor::{Function, TaskContext};
    ///
    /// const LETTERS: Function<Vec<String>, usize> = Function::new("letters", |pages, context| {
    ///     context.with_thread_pool(2, |pool| {
    ///         let futures: Result<Vec<_>, _> =
    ///             pages.into_iter().map(|page| pool.submit_closure(move |_| Ok(page.len()))).collect();
    ///         futures?.iter().map(|letters| context.result_of(letters)).sum()
    ///     })
    /// });
    /// let pages = vec!["one".to_owned(), "two".to_owned(), "three".to_owned()];
    /// assert_eq!(LETTERS.call(pages, &TaskContext::detached()), Ok(11));
    /// ```
    ///
    /// # Errors
    /// What `work` raises (what is pending in the pool is cancelled then, and what executes asked to stop), or that there can't be such a pool.
    pub fn with_thread_pool<T>(
        &self,
        max_workers: usize,
        work: impl FnOnce(&ThreadPoolExecutor) -> Result<T, TaskError>,
    ) -> Result<T, TaskError> {
        let pool = NestedPool::new(self, max_workers).map_err(|error| TaskError::from_error(&error))?;
        let result = work(&pool);
        pool.end(result.is_err());
        result
    }

    /// As when it waits for a future, but for the end of a pool.
    pub(super) fn await_end(&self, end: impl FnOnce()) {
        self.away(Activity::WaitingForFuture, end);
    }
}

/// Takes the GIL back and goes on computing, also when the work in between panics. What that work was at, if not computing too.
struct Return<'a>(&'a TaskContext, Option<Activity>);

impl Drop for Return<'_> {
    fn drop(&mut self) {
        let Self(context, was_at) = self;
        match &context.gil {
            Some(gil) if !gil.try_take(context.holder) => context.wait_for_gil(gil),
            _ if was_at.is_some() => context.turn(Activity::Computing),
            _ => {}
        }
    }
}

impl fmt::Debug for TaskContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskContext").field("worker", &self.worker).field("item", &self.item).finish_non_exhaustive()
    }
}

/// Why one task is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Interruption {
    /// Nobody wants it any more: [`TaskError::Interrupted`], now and at each checkpoint to come.
    Cancelled,
    /// What it waits for takes too long: [`TaskError::TimedOut`], once, as Python's `TimeoutError` out of `result(timeout)`.
    TimedOut,
}

/// What an executor asks of all its tasks. Asking is final: it is how a run ends early.
#[derive(Debug, Default)]
pub(super) struct Control {
    /// There may be a reason not to go on: all that a checkpoint with nothing to do looks at.
    attention: AtomicBool,
    interrupted: AtomicBool,
    /// Some calls alone are to end.
    interrupted_calls: Mutex<BTreeMap<WorkId, Interruption>>,
    skipping: AtomicBool,
    /// The executor and the call that this executor belongs to, if a task has it for itself.
    within: Option<(Arc<Control>, WorkId)>,
    /// Guards nothing but the sleepers' wait.
    gate: Mutex<()>,
    changed: Condvar,
}

impl Control {
    /// Executing tasks are to end at their next checkpoint.
    pub(super) fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
        self.attention.store(true, Ordering::Release);
        self.look_again();
    }

    /// The task of `call` is to end at its next checkpoint.
    pub(super) fn interrupt_call(&self, call: WorkId, why: Interruption) {
        let mut calls = self.interrupted_calls.lock();
        // Whoever is cancelled can't be timed out any more.
        if calls.get(&call) != Some(&Interruption::Cancelled) {
            calls.insert(call, why);
        }
        drop(calls);
        self.attention.store(true, Ordering::Release);
        self.look_again();
    }

    /// Tasks that have not begun are to return at once, as [`TaskError::Skipped`].
    pub(super) fn skip_rest(&self) {
        self.skipping.store(true, Ordering::Relaxed);
    }

    /// Something has changed that a waiting task may wait for.
    fn look_again(&self) {
        // A sleeper that has looked holds the gate until it sleeps, so the notification can't fall between.
        drop(self.gate.lock());
        self.changed.notify_all();
    }

    /// Until `look` finds something, or the time is over: then `None`.
    fn wait_until<T>(
        &self,
        call: WorkId,
        timeout: Option<Duration>,
        mut look: impl FnMut() -> Option<T>,
    ) -> Result<Option<T>, TaskError> {
        let deadline = deadline_after(timeout);
        let mut gate = self.gate.lock();
        loop {
            self.check(call)?;
            if let Some(found) = look() {
                return Ok(Some(found));
            }
            // That the task around this pool was asked to stop is not told here.
            let look_again = self.within.as_ref().map(|_| Instant::now() + LOOK_AGAIN);
            let until = deadline.into_iter().chain(look_again).min();
            let timed_out = if let Some(until) = until {
                self.changed.wait_until(&mut gate, until).timed_out()
            } else {
                self.changed.wait(&mut gate);
                false
            };
            if timed_out && until == deadline {
                return Ok(look());
            }
        }
    }

    /// Whether `call` may go on.
    #[inline]
    fn check(&self, call: WorkId) -> Result<(), TaskError> {
        if self.attention.load(Ordering::Acquire) { self.look_closer(call) } else { Ok(()) }
    }

    #[cold]
    fn look_closer(&self, call: WorkId) -> Result<(), TaskError> {
        self.check_cancelled(call)?;
        let mut calls = self.interrupted_calls.lock();
        match calls.get(&call) {
            None => Ok(()),
            Some(Interruption::Cancelled) => Err(TaskError::Interrupted),
            // Once: the task may have something else to do then.
            Some(Interruption::TimedOut) => {
                calls.remove(&call);
                Err(TaskError::TimedOut)
            }
        }
    }

    /// Whether nobody wants `call` any more, or the task that this executor belongs to. That the latter waits for too long is its own affair.
    fn check_cancelled(&self, call: WorkId) -> Result<(), TaskError> {
        let cancelled = || self.interrupted_calls.lock().get(&call) == Some(&Interruption::Cancelled);
        if self.interrupted.load(Ordering::Relaxed) || cancelled() {
            return Err(TaskError::Interrupted);
        }
        self.check_around()
    }

    /// Whether the task that this executor belongs to is wanted, if it belongs to one.
    fn check_around(&self) -> Result<(), TaskError> {
        match &self.within {
            Some((around, call)) if around.attention.load(Ordering::Acquire) => around.check_cancelled(*call),
            _ => Ok(()),
        }
    }

    fn may_begin(&self, call: WorkId) -> Result<(), TaskError> {
        if self.attention.load(Ordering::Acquire) {
            self.check_cancelled(call)?;
        } else {
            self.check_around()?;
        }
        if self.skipping.load(Ordering::Relaxed) { Err(TaskError::Skipped) } else { Ok(()) }
    }
}
