//! The future: the one place where cancelling, starting and finishing a call race, and where the race is settled.
//!
//! One lock and one condition variable guard all of it. Whoever makes the last transition first tells those who wait,
//! then runs the callbacks, in the order in which they were added, with no lock held: a callback may use the future
//! and the pool freely. Rules: CPython 3.14, and the deviations that [`super`] lists.
//!
//! A future and the call that resolves it share one allocation: a pending call takes little memory, and submitting one
//! little time.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::error::{InvalidStateError, ResultError, TaskError};
use super::event::{Event, EventKind, EventSink, WorkId};
use super::guard;
use super::sync::{Condvar, Mutex, MutexGuard};
use super::waiting::wait_until_found;

/// The result of a call that may still be on its way. Clones are handles to the same future.
///
/// It is also a [`std::future::Future`], so it can be awaited on any async runtime.
pub struct TaskFuture<T> {
    shared: Arc<Shared<T, dyn Send + Sync>>,
    /// Under which key the waker is kept that this handle was last polled with, if it was.
    waker: Option<u32>,
}

/// The five states, as CPython names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FutureState {
    /// Can still be cancelled.
    Pending,
    /// A worker has it; in a process pool, from the call queue on.
    Running,
    /// Cancelled; no worker has come across it yet.
    Cancelled,
    /// Cancelled, and seen by the worker or manager that would have run it.
    CancelledAndNotified,
    /// There is a value or an error.
    Finished,
}

/// A future at one moment, read under one lock: its parts belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot<T> {
    /// The state.
    pub state: FutureState,
    /// What it holds, if it is finished.
    pub result: Option<Result<T, TaskError>>,
}

impl<T> Snapshot<T> {
    /// Finished or cancelled.
    #[must_use]
    pub const fn done(&self) -> bool {
        self.state.is_done()
    }

    /// In either of the two cancelled states.
    #[must_use]
    pub const fn cancelled(&self) -> bool {
        self.state.is_cancelled()
    }
}

/// A future, and beside it what will resolve it.
pub(super) struct Shared<T, C: ?Sized> {
    pub(super) future: Core<T>,
    pub(super) call: C,
}

/// All that a future is.
pub(super) struct Core<T> {
    inner: Mutex<Inner<T>>,
    /// Signalled at every transition to a final state.
    done: Condvar,
    identity: Identity,
    /// Who wants to know what happens to it. Nobody, for a future made by hand.
    sink: Option<Arc<dyn EventSink>>,
}

/// Which call of which pool this is. Written once, by the executor that takes the call, before it hands anything out.
struct Identity {
    call: AtomicU64,
    pool: AtomicU32,
}

/// A pool's number in this program; 0 = none.
pub(super) type PoolId = u32;

impl Identity {
    const NO_CALL: WorkId = WorkId::MAX;

    fn call(&self) -> Option<WorkId> {
        Some(self.call.load(Ordering::Relaxed)).filter(|call| *call != Self::NO_CALL)
    }
}

struct Inner<T> {
    state: State<T>,
    /// Boxed, as most futures have none: a pending call stays small.
    observers: Option<Box<Observers<T>>>,
}

enum State<T> {
    Pending,
    Running,
    Cancelled,
    CancelledAndNotified,
    Finished(Result<T, Box<TaskError>>),
}

type Callback<T> = Box<dyn FnOnce(&TaskFuture<T>) + Send>;

struct Observers<T> {
    callbacks: Vec<Callback<T>>,
    /// `wait`, `as_completed` and `gather`: each is told the key that it gave.
    waiters: Vec<(Arc<dyn Waiter>, usize)>,
    /// One for each handle that was polled, by its key.
    wakers: Vec<(u32, Waker)>,
    next_key: u32,
}

impl<T> Default for Observers<T> {
    fn default() -> Self {
        Self { callbacks: Vec::new(), waiters: Vec::new(), wakers: Vec::new(), next_key: 0 }
    }
}

/// Who is told that a future is done.
pub(super) trait Waiter: Send + Sync {
    /// The future with that key is; `well` = it holds a value.
    fn tell(&self, key: usize, well: bool);
}

impl FutureState {
    const fn is_done(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }

    const fn is_cancelled(self) -> bool {
        matches!(self, Self::Cancelled | Self::CancelledAndNotified)
    }
}

impl<T> State<T> {
    const fn name(&self) -> FutureState {
        match self {
            Self::Pending => FutureState::Pending,
            Self::Running => FutureState::Running,
            Self::Cancelled => FutureState::Cancelled,
            Self::CancelledAndNotified => FutureState::CancelledAndNotified,
            Self::Finished(_) => FutureState::Finished,
        }
    }

    const fn is_done(&self) -> bool {
        self.name().is_done()
    }

    /// What `result()` has to say, if the state is final.
    fn outcome(&self) -> Option<Result<T, ResultError>>
    where
        T: Clone,
    {
        match self {
            Self::Pending | Self::Running => None,
            Self::Cancelled | Self::CancelledAndNotified => Some(Err(ResultError::Cancelled)),
            Self::Finished(Ok(value)) => Some(Ok(value.clone())),
            Self::Finished(Err(error)) => Some(Err(ResultError::Task((**error).clone()))),
        }
    }
}

impl<T, C> Shared<T, C> {
    /// A pending future and the call that will resolve it; `sink` hears what happens to it.
    pub(super) fn new(call: C, sink: Option<Arc<dyn EventSink>>) -> Arc<Self> {
        let inner = Mutex::new(Inner { state: State::Pending, observers: None });
        let identity = Identity { call: AtomicU64::new(Identity::NO_CALL), pool: AtomicU32::new(0) };
        Arc::new(Self { future: Core { inner, done: Condvar::new(), identity, sink }, call })
    }
}

impl<T> Core<T> {
    /// Says which call of which pool this is.
    pub(super) fn set_identity(&self, call: WorkId, pool: PoolId) {
        self.identity.call.store(call, Ordering::Relaxed);
        self.identity.pool.store(pool, Ordering::Relaxed);
    }

    pub(super) fn done(&self) -> bool {
        self.inner.lock().state.is_done()
    }

    /// See [`TaskFuture::set_running_or_notify_cancel`]; `None` = it went through this gate before.
    pub(super) fn start(&self) -> Option<bool> {
        let mut inner = self.inner.lock();
        match inner.state {
            State::Pending => {
                inner.state = State::Running;
                Some(true)
            }
            State::Cancelled => {
                inner.state = State::CancelledAndNotified;
                Some(false)
            }
            State::Running | State::CancelledAndNotified | State::Finished(_) => None,
        }
    }

    /// Pending to cancelled, and nothing else. `Err` = it was in that state instead.
    fn try_cancel(&self) -> Result<Option<Box<Observers<T>>>, FutureState> {
        let mut inner = self.inner.lock();
        match inner.state {
            State::Pending => {
                inner.state = State::Cancelled;
                Ok(inner.observers.take())
            }
            _ => Err(inner.state.name()),
        }
    }

    /// Cancels a pending call because its items will be submitted again in another one. Returns whether it was pending.
    pub(super) fn withdraw(&self) -> bool {
        let withdrawn = self.try_cancel().is_ok();
        if withdrawn {
            self.record(|call| EventKind::Withdrawn { call });
            self.done.notify_all();
        }
        withdrawn
    }

    fn record(&self, kind: impl FnOnce(WorkId) -> EventKind) {
        if let (Some(call), Some(sink)) = (self.identity.call(), &self.sink) {
            sink.tell(Event::now(kind(call)));
        }
    }

    /// Waits until the future is done or the deadline is over.
    fn wait(&self, timeout: Option<Duration>) -> MutexGuard<'_, Inner<T>> {
        let mut inner = self.inner.lock();
        if inner.state.is_done() || (timeout.is_none() && self.waiting_would_never_end()) {
            return inner;
        }
        let done = |inner: &mut Inner<T>| inner.state.is_done().then_some(());
        wait_until_found(&self.done, &mut inner, deadline_after(timeout), done);
        inner
    }

    /// Whether this thread is the one that has to resolve this future.
    pub(super) fn waiting_would_never_end(&self) -> bool {
        let pool = RESOLVES_FOR.get();
        pool != 0 && pool == self.identity.pool.load(Ordering::Relaxed)
    }

    /// Whether whoever polls it here blocks the one thread that could wake it: a callback, as in `block_on`. An executor that polls where it
    /// wakes does not wait.
    pub(super) fn polling_would_never_end(&self) -> bool {
        self.waiting_would_never_end() && CALLBACKS.with_borrow(|callbacks| callbacks.depth > 0)
    }

    /// Why a state that is not final is no result.
    fn not_done(&self, timeout: Option<Duration>) -> ResultError {
        if timeout.is_none() && self.waiting_would_never_end() {
            ResultError::OwnManager
        } else {
            ResultError::TimedOut
        }
    }
}

thread_local! {
    /// The pool whose futures only this thread resolves; 0 = none.
    static RESOLVES_FOR: Cell<PoolId> = const { Cell::new(0) };
    static CALLBACKS: RefCell<Callbacks> = const { RefCell::new(Callbacks { depth: 0, deferred: VecDeque::new() }) };
}

/// The callbacks that run in this thread.
struct Callbacks {
    /// One within another, as each resolves the next future.
    depth: usize,
    /// Those that would be too deep: they run when the outermost has.
    deferred: VecDeque<Box<dyn FnOnce()>>,
}

/// A chain of callbacks may be as long as memory; the stack is not.
const DEEPEST: usize = 64;

/// Runs `callbacks` now, or, where callbacks run deep within each other, soon.
fn in_turn(callbacks: impl FnOnce() + 'static) {
    let depth = CALLBACKS.with_borrow(|now| now.depth);
    if depth >= DEEPEST {
        return CALLBACKS.with_borrow_mut(|now| now.deferred.push_back(Box::new(callbacks)));
    }
    CALLBACKS.with_borrow_mut(|now| now.depth += 1);
    callbacks();
    if depth == 0 {
        while let Some(next) = CALLBACKS.with_borrow_mut(|now| now.deferred.pop_front()) {
            next();
        }
    }
    CALLBACKS.with_borrow_mut(|now| now.depth -= 1);
}

/// From now on waiting without a timeout for a future of `pool` is an error in this thread: it is the one that has to
/// resolve it.
pub(super) fn this_thread_resolves_for(pool: PoolId) {
    RESOLVES_FOR.set(pool);
}

impl<T> TaskFuture<T> {
    /// A pending future that belongs to no executor; whoever makes it resolves it.
    #[must_use]
    pub fn new() -> Self {
        Self { shared: Shared::new((), None), waker: None }
    }

    /// The future of a call.
    pub(super) fn of<C: Send + Sync + 'static>(shared: Arc<Shared<T, C>>) -> Self {
        Self { shared, waker: None }
    }

    pub(super) fn core(&self) -> &Core<T> {
        &self.shared.future
    }

    /// The state now.
    #[must_use]
    pub fn state(&self) -> FutureState {
        self.core().inner.lock().state.name()
    }

    /// State and result, read at one moment (CPython main's `_get_snapshot`).
    #[must_use]
    pub fn snapshot(&self) -> Snapshot<T>
    where
        T: Clone,
    {
        let inner = self.core().inner.lock();
        let result = match &inner.state {
            State::Finished(Ok(value)) => Some(Ok(value.clone())),
            State::Finished(Err(error)) => Some(Err((**error).clone())),
            _ => None,
        };
        Snapshot { state: inner.state.name(), result }
    }

    /// Finished or cancelled.
    #[must_use]
    pub fn done(&self) -> bool {
        self.core().done()
    }

    /// In either of the two cancelled states.
    #[must_use]
    pub fn cancelled(&self) -> bool {
        self.state().is_cancelled()
    }

    /// Handed to a worker and not done.
    #[must_use]
    pub fn running(&self) -> bool {
        self.state() == FutureState::Running
    }

    /// Finished with an error.
    pub(super) fn failed(&self) -> bool {
        matches!(self.core().inner.lock().state, State::Finished(Err(_)))
    }

    /// Cancels the call if it is still pending. Returns whether it is cancelled now.
    ///
    /// Whoever waits for the future is told at once, `wait` and `as_completed` included; callbacks run in this thread.
    #[expect(clippy::must_use_candidate, reason = "cancelling is what it is called for")]
    pub fn cancel(&self) -> bool
    where
        T: 'static,
    {
        match self.core().try_cancel() {
            Ok(observers) => {
                self.core().record(|call| EventKind::Cancelled { call });
                self.announce(observers);
                true
            }
            Err(state) => state.is_cancelled(),
        }
    }

    /// The gate from pending to running, for whoever is about to run the call: true = run it, false = it was cancelled,
    /// forget it.
    ///
    /// # Errors
    /// When it went through this gate before, or is finished.
    pub fn set_running_or_notify_cancel(&self) -> Result<bool, InvalidStateError> {
        self.core().start().ok_or_else(|| {
            let state = self.state();
            InvalidStateError(format!("a future in state {state} cannot start: {self:?}"))
        })
    }

    /// Finishes the future with a value.
    ///
    /// # Errors
    /// When it is already done; what is there stays.
    pub fn set_result(&self, value: T) -> Result<(), InvalidStateError>
    where
        T: 'static,
    {
        self.finish(Ok(value))
    }

    /// Finishes the future with an error.
    ///
    /// # Errors
    /// When it is already done; what is there stays.
    pub fn set_exception(&self, error: TaskError) -> Result<(), InvalidStateError>
    where
        T: 'static,
    {
        self.finish(Err(error))
    }

    pub(super) fn finish(&self, result: Result<T, TaskError>) -> Result<(), InvalidStateError>
    where
        T: 'static,
    {
        let observers = {
            let mut inner = self.core().inner.lock();
            if inner.state.is_done() {
                let state = inner.state.name();
                drop(inner);
                return Err(InvalidStateError(format!("{state}: {self:?}")));
            }
            inner.state = State::Finished(result.map_err(Box::new));
            inner.observers.take()
        };
        self.announce(observers);
        Ok(())
    }

    /// Tells everyone that the state is final: first those who block, then the callbacks.
    fn announce(&self, observers: Option<Box<Observers<T>>>)
    where
        T: 'static,
    {
        self.core().done.notify_all();
        let Some(observers) = observers else { return };
        let Observers { callbacks, waiters, wakers, .. } = *observers;
        if !waiters.is_empty() {
            let well = matches!(self.core().inner.lock().state, State::Finished(Ok(_)));
            for (waiter, key) in waiters {
                waiter.tell(key, well);
            }
        }
        for (_, waker) in wakers {
            // What wakes a task is its runtime's, and no reason to tell others nothing.
            let _ = guard::run(|| waker.wake());
        }
        if !callbacks.is_empty() {
            let future = self.clone();
            in_turn(move || callbacks.into_iter().for_each(|callback| future.run_callback(callback)));
        }
    }

    fn run_callback(&self, callback: Callback<T>) {
        if let Err(message) = guard::run(|| callback(self)) {
            let message = message.into();
            self.core().record(|call| EventKind::CallbackPanicked { call, message });
        }
    }

    /// Runs `callback` once the future is done: in the thread that finishes or cancels it, or here and now if it is done
    /// already. A panic in it is reported as an event and stays there. Where callbacks resolve futures whose callbacks resolve others, and
    /// so on, those that would run too deep within each other wait until the outermost has run.
    pub fn add_done_callback(&self, callback: impl FnOnce(&Self) + Send + 'static)
    where
        T: 'static,
    {
        {
            let mut inner = self.core().inner.lock();
            if !inner.state.is_done() {
                inner.observers.get_or_insert_default().callbacks.push(Box::new(callback));
                return;
            }
        }
        let future = self.clone();
        in_turn(move || future.run_callback(Box::new(callback)));
    }

    /// Tells `waiter` the `key` once the future is done. Returns false, and tells nothing, if it is done already.
    pub(super) fn add_waiter(&self, waiter: Arc<dyn Waiter>, key: usize) -> bool {
        let mut inner = self.core().inner.lock();
        if inner.state.is_done() {
            return false;
        }
        inner.observers.get_or_insert_default().waiters.push((waiter, key));
        true
    }

    /// Which call of `pool` it is the future of, if it is.
    pub(super) fn call_in(&self, pool: PoolId) -> Option<WorkId> {
        let identity = &self.core().identity;
        identity.call().filter(|_| pool != 0 && pool == identity.pool.load(Ordering::Relaxed))
    }

    /// What tells this future from all others that exist: Python's `id`.
    #[must_use]
    pub fn id(&self) -> usize {
        Arc::as_ptr(&self.shared).addr()
    }

    pub(super) fn remove_waiter<W: Waiter>(&self, waiter: &Arc<W>) {
        if let Some(observers) = &mut self.core().inner.lock().observers {
            observers.waiters.retain(|(other, _)| !std::ptr::addr_eq(Arc::as_ptr(other), Arc::as_ptr(waiter)));
        }
    }

    /// Why there is no result, after a wait of so long.
    pub(super) fn not_done(&self, timeout: Option<Duration>) -> ResultError {
        self.core().not_done(timeout)
    }

    /// Blocks until the future is done or `timeout` is over (`None` = forever). Returns whether it is done.
    #[expect(clippy::must_use_candidate, reason = "waiting is what it is called for")]
    pub fn wait_done(&self, timeout: Option<Duration>) -> bool {
        self.core().wait(timeout).state.is_done()
    }

    /// The value, waiting at most `timeout` for it (`None` = forever; a value that is there is returned even with a
    /// timeout of zero).
    ///
    /// # Errors
    /// The task's own error, or that it was cancelled, or that time ran out; or, in a callback on the manager thread of
    /// the future's own pool, that the wait would never end.
    pub fn result(&self, timeout: Option<Duration>) -> Result<T, ResultError>
    where
        T: Clone,
    {
        let outcome = self.core().wait(timeout).state.outcome();
        outcome.unwrap_or_else(|| Err(self.core().not_done(timeout)))
    }

    /// The error, if the task failed; waits like [`Self::result`].
    ///
    /// # Errors
    /// That the future was cancelled, or that time ran out; or as [`Self::result`] in a callback.
    pub fn exception(&self, timeout: Option<Duration>) -> Result<Option<TaskError>, ResultError> {
        match &self.core().wait(timeout).state {
            State::Pending | State::Running => Err(self.core().not_done(timeout)),
            State::Cancelled | State::CancelledAndNotified => Err(ResultError::Cancelled),
            State::Finished(Ok(_)) => Ok(None),
            State::Finished(Err(error)) => Ok(Some((**error).clone())),
        }
    }

    /// Moves the result out, if there is one by now. For a future that nobody else has.
    pub(super) fn take(&self) -> Option<Result<T, ResultError>> {
        match &mut self.core().inner.lock().state {
            State::Pending | State::Running => None,
            State::Cancelled | State::CancelledAndNotified => Some(Err(ResultError::Cancelled)),
            State::Finished(result) => {
                let taken = std::mem::replace(result, Err(Box::new(TaskError::message("its result was taken"))));
                Some(taken.map_err(|error| ResultError::Task(*error)))
            }
        }
    }
}

impl<T> Clone for TaskFuture<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), waker: None }
    }
}

impl<T> Drop for TaskFuture<T> {
    fn drop(&mut self) {
        let Some(key) = self.waker else { return };
        // Nobody waits with this handle any more.
        let waker = self.core().inner.lock().observers.as_mut().and_then(|observers| {
            let place = observers.wakers.iter().position(|(other, _)| *other == key)?;
            Some(observers.wakers.swap_remove(place))
        });
        // Outside the lock: it is not ours.
        drop(waker);
    }
}

impl<T> Default for TaskFuture<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Two handles are equal when they are the same future.
impl<T> PartialEq for TaskFuture<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl<T> Eq for TaskFuture<T> {}

impl<T: Clone> Future for TaskFuture<T> {
    type Output = Result<T, ResultError>;

    /// Ready with [`ResultError::OwnManager`] in a callback on the manager thread of the future's own pool.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let waker = context.waker();
        let replaced = {
            let mut inner = this.shared.future.inner.lock();
            if let Some(outcome) = inner.state.outcome() {
                return Poll::Ready(outcome);
            }
            if this.shared.future.polling_would_never_end() {
                return Poll::Ready(Err(ResultError::OwnManager));
            }
            let Observers { wakers, next_key, .. } = &mut **inner.observers.get_or_insert_default();
            match wakers.iter_mut().find(|(key, _)| Some(*key) == this.waker) {
                Some((_, known)) if known.will_wake(waker) => None,
                Some((_, known)) => Some(std::mem::replace(known, waker.clone())),
                None => {
                    this.waker = Some(*next_key);
                    wakers.push((*next_key, waker.clone()));
                    *next_key += 1;
                    None
                }
            }
        };
        drop(replaced);
        Poll::Pending
    }
}

impl fmt::Display for FutureState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Cancelled | Self::CancelledAndNotified => "cancelled",
            Self::Finished => "finished",
        })
    }
}

impl<T> fmt::Debug for TaskFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.core().identity.call() {
            Some(call) => write!(f, "<TaskFuture of call {call}")?,
            None => write!(f, "<TaskFuture at {:p}", Arc::as_ptr(&self.shared))?,
        }
        let inner = self.core().inner.lock();
        write!(f, " state={}", inner.state.name())?;
        match &inner.state {
            State::Finished(Ok(_)) => write!(f, " returned {}>", std::any::type_name::<T>()),
            State::Finished(Err(error)) => write!(f, " raised {}>", error.kind()),
            _ => f.write_str(">"),
        }
    }
}

/// When a timeout that begins now is over. A deadline that is too far away to be told is none.
pub(super) fn deadline_after(timeout: Option<Duration>) -> Option<Instant> {
    timeout.and_then(|timeout| Instant::now().checked_add(timeout))
}
