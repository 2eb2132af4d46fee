//! The future: the one place where cancelling, starting and finishing a call race, and where the race is settled.
//!
//! One lock and one condition variable guard all of it. Whoever makes the last transition first tells those who wait,
//! then runs the callbacks, in the order in which they were added, with no lock held: a callback may use the future
//! and the pool freely. Rules: CPython 3.14, and the deviations that [`super`] lists.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use parking_lot::{Condvar, Mutex};

use super::error::{InvalidStateError, ResultError, TaskError};
use super::event::{Event, EventKind, EventSink, WorkId};

/// The result of a call that may still be on its way. Clones are handles to the same future.
///
/// It is also a [`std::future::Future`], so it can be awaited on any async runtime.
pub struct TaskFuture<T> {
    shared: Arc<Shared<T>>,
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

struct Shared<T> {
    inner: Mutex<Inner<T>>,
    /// Signalled at every transition to a final state.
    done: Condvar,
    /// Which call this is, and who wants to know. Not set for a future made by hand.
    origin: OnceLock<Origin>,
}

/// Ties a future to the call that it belongs to.
#[derive(Clone)]
pub(super) struct Origin {
    pub(super) call: WorkId,
    pub(super) sink: Arc<dyn EventSink>,
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
    Finished(Result<T, TaskError>),
}

type Callback<T> = Box<dyn FnOnce(&TaskFuture<T>) + Send>;

struct Observers<T> {
    callbacks: Vec<Callback<T>>,
    /// `wait` and `as_completed`: each is sent the key that it gave.
    waiters: Vec<(Sender<usize>, usize)>,
    wakers: Vec<Waker>,
}

impl<T> Default for Observers<T> {
    fn default() -> Self {
        Self { callbacks: Vec::new(), waiters: Vec::new(), wakers: Vec::new() }
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
        !matches!(self, Self::Pending | Self::Running)
    }
}

impl<T> TaskFuture<T> {
    /// A pending future that belongs to no executor; whoever makes it resolves it.
    #[must_use]
    pub fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                inner: Mutex::new(Inner { state: State::Pending, observers: None }),
                done: Condvar::new(),
                origin: OnceLock::new(),
            }),
        }
    }

    /// Says which call this is. Only the executor that takes the call does this, once, before it hands the future out.
    pub(super) fn set_origin(&self, origin: Origin) {
        let _ = self.shared.origin.set(origin);
    }

    /// The state now.
    #[must_use]
    pub fn state(&self) -> FutureState {
        self.shared.inner.lock().state.name()
    }

    /// Finished or cancelled.
    #[must_use]
    pub fn done(&self) -> bool {
        self.shared.inner.lock().state.is_done()
    }

    /// In either of the two cancelled states.
    #[must_use]
    pub fn cancelled(&self) -> bool {
        matches!(self.state(), FutureState::Cancelled | FutureState::CancelledAndNotified)
    }

    /// Handed to a worker and not done.
    #[must_use]
    pub fn running(&self) -> bool {
        self.state() == FutureState::Running
    }

    /// Finished with an error.
    pub(super) fn failed(&self) -> bool {
        matches!(self.shared.inner.lock().state, State::Finished(Err(_)))
    }

    /// Cancels the call if it is still pending. Returns whether it is cancelled now.
    ///
    /// Whoever waits for the future is told at once, `wait` and `as_completed` included; callbacks run in this thread.
    #[expect(clippy::must_use_candidate, reason = "cancelling is what it is called for")]
    pub fn cancel(&self) -> bool {
        {
            let mut inner = self.shared.inner.lock();
            match inner.state {
                State::Pending => inner.state = State::Cancelled,
                State::Cancelled | State::CancelledAndNotified => return true,
                State::Running | State::Finished(_) => return false,
            }
        }
        if let Some(origin) = self.shared.origin.get() {
            origin.sink.record(Event::now(EventKind::Cancelled { call: origin.call }));
        }
        self.announce();
        true
    }

    /// The gate from pending to running, for whoever is about to run the call: true = run it, false = it was cancelled,
    /// forget it.
    ///
    /// # Errors
    /// When it went through this gate before, or is finished.
    pub fn set_running_or_notify_cancel(&self) -> Result<bool, InvalidStateError> {
        let mut inner = self.shared.inner.lock();
        match inner.state {
            State::Pending => {
                inner.state = State::Running;
                Ok(true)
            }
            State::Cancelled => {
                inner.state = State::CancelledAndNotified;
                Ok(false)
            }
            State::Running | State::CancelledAndNotified | State::Finished(_) => {
                let state = inner.state.name();
                drop(inner);
                Err(InvalidStateError(format!("a future in state {state} cannot start: {self:?}")))
            }
        }
    }

    /// Finishes the future with a value.
    ///
    /// # Errors
    /// When it is already done; what is there stays.
    pub fn set_result(&self, value: T) -> Result<(), InvalidStateError> {
        self.finish(Ok(value))
    }

    /// Finishes the future with an error.
    ///
    /// # Errors
    /// When it is already done; what is there stays.
    pub fn set_exception(&self, error: TaskError) -> Result<(), InvalidStateError> {
        self.finish(Err(error))
    }

    fn finish(&self, result: Result<T, TaskError>) -> Result<(), InvalidStateError> {
        {
            let mut inner = self.shared.inner.lock();
            if inner.state.is_done() {
                let state = inner.state.name();
                drop(inner);
                return Err(InvalidStateError(format!("{state}: {self:?}")));
            }
            inner.state = State::Finished(result);
        }
        self.announce();
        Ok(())
    }

    /// Tells everyone that the state is final: first those who block, then the callbacks.
    fn announce(&self) {
        self.shared.done.notify_all();
        let Some(observers) = self.shared.inner.lock().observers.take() else { return };
        for (waiter, key) in observers.waiters {
            // A waiter that gave up has dropped its end.
            let _ = waiter.send(key);
        }
        for waker in observers.wakers {
            waker.wake();
        }
        for callback in observers.callbacks {
            self.run_callback(callback);
        }
    }

    fn run_callback(&self, callback: Callback<T>) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| callback(self)))
            && let Some(origin) = self.shared.origin.get()
        {
            let message = panic_message(&*panic);
            origin.sink.record(Event::now(EventKind::CallbackPanicked { call: origin.call, message }));
        }
    }

    /// Runs `callback` once the future is done: in the thread that finishes or cancels it, or here and now if it is done
    /// already. A panic in it is reported as an event and stays there.
    pub fn add_done_callback(&self, callback: impl FnOnce(&Self) + Send + 'static) {
        {
            let mut inner = self.shared.inner.lock();
            if !inner.state.is_done() {
                inner.observers.get_or_insert_default().callbacks.push(Box::new(callback));
                return;
            }
        }
        self.run_callback(Box::new(callback));
    }

    /// Sends `key` to `waiter` once the future is done. Returns false, and sends nothing, if it is done already.
    pub(super) fn add_waiter(&self, waiter: &Sender<usize>, key: usize) -> bool {
        let mut inner = self.shared.inner.lock();
        if inner.state.is_done() {
            return false;
        }
        inner.observers.get_or_insert_default().waiters.push((waiter.clone(), key));
        true
    }

    /// What tells this future from all others that exist.
    pub(super) fn address(&self) -> usize {
        Arc::as_ptr(&self.shared).addr()
    }

    pub(super) fn remove_waiter(&self, waiter: &Sender<usize>) {
        if let Some(observers) = &mut self.shared.inner.lock().observers {
            observers.waiters.retain(|(other, _)| !other.same_channel(waiter));
        }
    }

    /// Blocks until the future is done or `timeout` is over (`None` = for ever). Returns whether it is done.
    #[expect(clippy::must_use_candidate, reason = "waiting is what it is called for")]
    pub fn wait_done(&self, timeout: Option<Duration>) -> bool {
        let deadline = deadline_after(timeout);
        let mut inner = self.shared.inner.lock();
        while !inner.state.is_done() {
            match deadline {
                None => self.shared.done.wait(&mut inner),
                Some(deadline) if self.shared.done.wait_until(&mut inner, deadline).timed_out() => break,
                Some(_) => {}
            }
        }
        inner.state.is_done()
    }

    /// The value, waiting at most `timeout` for it (`None` = for ever; a value that is there is returned even with a
    /// timeout of zero).
    ///
    /// # Errors
    /// The task's own error, or that it was cancelled, or that time ran out.
    pub fn result(&self, timeout: Option<Duration>) -> Result<T, ResultError>
    where
        T: Clone,
    {
        self.wait_done(timeout);
        self.result_now().unwrap_or(Err(ResultError::TimedOut))
    }

    /// The error, if the task failed; waits like [`Self::result`].
    ///
    /// # Errors
    /// That the future was cancelled, or that time ran out.
    pub fn exception(&self, timeout: Option<Duration>) -> Result<Option<TaskError>, ResultError> {
        self.wait_done(timeout);
        match &self.shared.inner.lock().state {
            State::Pending | State::Running => Err(ResultError::TimedOut),
            State::Cancelled | State::CancelledAndNotified => Err(ResultError::Cancelled),
            State::Finished(Ok(_)) => Ok(None),
            State::Finished(Err(error)) => Ok(Some(error.clone())),
        }
    }

    /// Moves the result out, if there is one by now. For a future that nobody else has.
    pub(super) fn take(&self) -> Option<Result<T, ResultError>> {
        match &mut self.shared.inner.lock().state {
            State::Pending | State::Running => None,
            State::Cancelled | State::CancelledAndNotified => Some(Err(ResultError::Cancelled)),
            State::Finished(result) => {
                let taken = std::mem::replace(result, Err(TaskError::message("its result was taken")));
                Some(taken.map_err(ResultError::Task))
            }
        }
    }

    /// The result if there is one by now.
    fn result_now(&self) -> Option<Result<T, ResultError>>
    where
        T: Clone,
    {
        match &self.shared.inner.lock().state {
            State::Pending | State::Running => None,
            State::Cancelled | State::CancelledAndNotified => Some(Err(ResultError::Cancelled)),
            State::Finished(result) => Some(result.clone().map_err(ResultError::Task)),
        }
    }
}

impl<T> Clone for TaskFuture<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
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

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        {
            let mut inner = self.shared.inner.lock();
            if !inner.state.is_done() {
                let wakers = &mut inner.observers.get_or_insert_default().wakers;
                if !wakers.iter().any(|waker| waker.will_wake(context.waker())) {
                    wakers.push(context.waker().clone());
                }
                return Poll::Pending;
            }
        }
        self.result_now().map_or(Poll::Pending, Poll::Ready)
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
        match self.shared.origin.get() {
            Some(origin) => write!(f, "<TaskFuture of call {}", origin.call)?,
            None => write!(f, "<TaskFuture at {:p}", Arc::as_ptr(&self.shared))?,
        }
        let inner = self.shared.inner.lock();
        write!(f, " state={}", inner.state.name())?;
        match &inner.state {
            State::Finished(Ok(_)) => write!(f, " returned {}>", std::any::type_name::<T>()),
            State::Finished(Err(error)) => write!(f, " raised {error}>"),
            _ => f.write_str(">"),
        }
    }
}

/// When a timeout that begins now is over. A deadline that is too far away to be told is none.
pub(super) fn deadline_after(timeout: Option<Duration>) -> Option<Instant> {
    timeout.and_then(|timeout| Instant::now().checked_add(timeout))
}

/// What a panic said.
pub(super) fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic that said nothing".to_owned())
}
