//! Waiting for many futures at once: [`wait`], [`as_completed`], [`gather`] and [`gather_results`]. Futures of different executors mix;
//! duplicates count once.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::error::{ResultError, TimeoutError};
use super::future::{TaskFuture, Waiter, deadline_after};
use super::guard;
use super::sync::{Condvar, Mutex, MutexGuard, Patience};

/// Where futures tell that they are done, each by the key that was given for it, and a thread waits for that.
#[derive(Default)]
struct DoneQueue {
    done: Mutex<VecDeque<usize>>,
    one_more: Condvar,
}

impl Waiter for DoneQueue {
    fn tell(&self, key: usize, _well: bool) {
        self.done.lock().push_back(key);
        self.one_more.notify_one();
    }
}

impl DoneQueue {
    /// The key of the next future that is done; `None` if there is none before the deadline.
    fn next(&self, deadline: Option<Instant>) -> Option<usize> {
        wait_until_found(&self.one_more, &mut self.done.lock(), deadline, VecDeque::pop_front)
    }
}

/// Waits until `look` finds something in what `guard` guards, looking again whenever `changed` says so; `None` if there is
/// nothing before the deadline.
pub(super) fn wait_until_found<T, R>(
    changed: &Condvar,
    guard: &mut MutexGuard<'_, T>,
    deadline: Option<Instant>,
    mut look: impl FnMut(&mut T) -> Option<R>,
) -> Option<R> {
    let patience = Patience::new();
    loop {
        if let Some(found) = look(guard) {
            return Some(found);
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return None;
        }
        match deadline {
            _ if !patience.is_over() => MutexGuard::unlocked(guard, || patience.wait()),
            None => changed.wait(guard),
            Some(deadline) => _ = changed.wait_until(guard, deadline),
        }
    }
}

impl fmt::Debug for DoneQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DoneQueue").field(&*self.done.lock()).finish()
    }
}

/// Seconds, as CPython takes them, as a timeout: less than 0 is 0, infinity (and whatever is longer than can be told) is no
/// timeout at all.
///
/// # Errors
/// When it is not a number.
///
/// ```
/// use std::time::Duration;
/// use poolscope::executor::timeout;
///
/// assert_eq!(timeout(0.25), Ok(Some(Duration::from_millis(250))));
/// assert_eq!(timeout(-1.0), Ok(Some(Duration::ZERO)));
/// assert_eq!(timeout(f64::INFINITY), Ok(None));
/// assert!(timeout(f64::NAN).is_err());
/// ```
pub fn timeout(seconds: f64) -> Result<Option<Duration>, TimeoutError> {
    if seconds.is_nan() {
        return Err(TimeoutError);
    }
    Ok(Duration::try_from_secs_f64(seconds.max(0.0)).ok())
}

/// When [`wait`] returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnWhen {
    /// As soon as one future is done.
    FirstCompleted,
    /// As soon as one future has failed (a cancelled one has not), or all are done.
    FirstException,
    /// When all are done.
    AllCompleted,
}

/// What [`wait`] found, each future once, in the order in which they were given.
#[derive(Debug)]
pub struct DoneAndNotDone<T> {
    /// Finished or cancelled.
    pub done: Vec<TaskFuture<T>>,
    /// Pending or running.
    pub not_done: Vec<TaskFuture<T>>,
}

/// Waits for futures, at most `timeout` (`None` = forever). Running out of time is no error: what is done so far is
/// returned. Without a timeout, futures for which waiting would never end ([`ResultError::OwnManager`]) are not waited for.
pub fn wait<T>(
    futures: impl IntoIterator<Item = TaskFuture<T>>,
    timeout: Option<Duration>,
    return_when: ReturnWhen,
) -> DoneAndNotDone<T> {
    let futures = distinct(futures);
    let enough = |future: &TaskFuture<T>| match return_when {
        ReturnWhen::FirstCompleted => future.done(),
        ReturnWhen::FirstException => future.failed(),
        ReturnWhen::AllCompleted => false,
    };
    let deadline = deadline_after(timeout);
    let subscription = Subscription::new(&futures);
    let mut open = subscription.open;
    if timeout.is_none() {
        open -= stuck(&futures).min(open);
    }
    if !futures.iter().any(enough) {
        while open > 0 {
            let Some(index) = subscription.waiter.next(deadline) else { break };
            open -= 1;
            if enough(&futures[index]) {
                break;
            }
        }
    }
    drop(subscription);
    let (done, not_done) = futures.into_iter().partition(TaskFuture::done);
    DoneAndNotDone { done, not_done }
}

/// How many of them only this thread can resolve, while it waits.
fn stuck<'a, T: 'a>(futures: impl IntoIterator<Item = &'a TaskFuture<T>>) -> usize {
    futures.into_iter().filter(|future| future.core().waiting_would_never_end() && !future.done()).count()
}

/// Futures as they get done: first those that are done already, then the others in the order of completion.
///
/// Nothing happens before the first `next()`, and the deadline counts from there, as in CPython. If it passes, or waiting for the rest would
/// never end ([`ResultError::OwnManager`]), the last thing that the iterator yields is [`Unfinished`].
pub fn as_completed<T>(futures: impl IntoIterator<Item = TaskFuture<T>>, timeout: Option<Duration>) -> AsCompleted<T> {
    AsCompleted { state: AsCompletedState::NotStarted { futures: distinct(futures), timeout } }
}

/// See [`as_completed`].
#[derive(Debug)]
pub struct AsCompleted<T> {
    state: AsCompletedState<T>,
}

#[derive(Debug)]
enum AsCompletedState<T> {
    NotStarted { futures: Vec<TaskFuture<T>>, timeout: Option<Duration> },
    Started { ready: Vec<TaskFuture<T>>, pending: Pending<T>, total: usize, deadline: Option<Instant> },
    Ended,
}

#[derive(Debug)]
struct Pending<T> {
    futures: Vec<Option<TaskFuture<T>>>,
    left: usize,
    waiter: Arc<DoneQueue>,
}

impl<T> Drop for Pending<T> {
    fn drop(&mut self) {
        for future in self.futures.iter().flatten() {
            future.remove_waiter(&self.waiter);
        }
    }
}

/// The deadline of [`as_completed`] passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{pending} (of {total}) futures unfinished")]
pub struct Unfinished {
    /// How many futures were not done.
    pub pending: usize,
    /// Of how many.
    pub total: usize,
}

impl<T> Iterator for AsCompleted<T> {
    type Item = Result<TaskFuture<T>, Unfinished>;

    fn next(&mut self) -> Option<Self::Item> {
        if let AsCompletedState::NotStarted { futures, timeout } = &mut self.state {
            self.state = AsCompletedState::start(std::mem::take(futures), *timeout);
        }
        let AsCompletedState::Started { ready, pending, total, deadline } = &mut self.state else { return None };
        if let Some(future) = ready.pop() {
            return Some(Ok(future));
        }
        if pending.left == 0 {
            self.state = AsCompletedState::Ended;
            return None;
        }
        let waiting_ends = deadline.is_some() || stuck(pending.futures.iter().flatten()) < pending.left;
        // What is told already needs no waiting.
        let deadline = if waiting_ends { *deadline } else { Some(Instant::now()) };
        if let Some(index) = pending.waiter.next(deadline) {
            pending.left -= 1;
            // Yielding drops the iterator's own handle.
            return pending.futures[index].take().map(Ok);
        }
        let unfinished = Unfinished { pending: pending.left, total: *total };
        self.state = AsCompletedState::Ended;
        Some(Err(unfinished))
    }
}

impl<T> AsCompletedState<T> {
    fn start(futures: Vec<TaskFuture<T>>, timeout: Option<Duration>) -> Self {
        let waiter = Arc::new(DoneQueue::default());
        let total = futures.len();
        let mut ready = Vec::new();
        let mut waiting = Vec::new();
        for future in futures {
            if future.add_waiter(Arc::clone(&waiter) as _, waiting.len()) {
                waiting.push(Some(future));
            } else {
                ready.push(future);
            }
        }
        ready.reverse();
        let pending = Pending { left: waiting.len(), futures: waiting, waiter };
        Self::Started { ready, pending, total, deadline: deadline_after(timeout) }
    }
}

/// All values, in the order of the futures, once every one of them is done; or the first error, as soon as there is one:
/// asyncio's `gather`. The other futures go on, and can still be read. The futures are taken at once, so that submitting may
/// happen in the iterator.
///
/// ```
/// use poolscope::executor::{Executor, Function, NoEvents, ThreadPoolExecutor, gather};
///
/// const SQUARE: Function<u64, u64> = Function::new("square", |n, _context| Ok(n * n));
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let executor = ThreadPoolExecutor::new(2, NoEvents::shared())?;
/// let futures: Vec<_> = (1..=3).map(|n| executor.submit(SQUARE, n)).collect::<Result<_, _>>()?;
/// assert_eq!(pollster::block_on(gather(futures))?, [1, 4, 9]);
/// # Ok(()) }
/// ```
pub fn gather<T: Clone + Send + 'static>(futures: impl IntoIterator<Item = TaskFuture<T>>) -> Gather<T> {
    Gather { futures: futures.into_iter().collect(), progress: None }
}

/// All results, in the order of the futures, once every one of them is done: asyncio's
/// `gather(…, return_exceptions=True)`. An error is one future's own.
pub fn gather_results<T: Clone + Send + 'static>(
    futures: impl IntoIterator<Item = TaskFuture<T>>,
) -> impl Future<Output = Vec<Result<T, ResultError>>> {
    let futures: Vec<_> = futures.into_iter().collect();
    async move {
        let mut results = Vec::with_capacity(futures.len());
        for future in futures {
            results.push(future.await);
        }
        results
    }
}

/// See [`gather`].
#[must_use = "futures do nothing unless polled"]
pub struct Gather<T> {
    futures: Vec<TaskFuture<T>>,
    /// From the first poll on.
    progress: Option<Arc<Progress>>,
}

struct Progress(Mutex<ProgressNow>);

struct ProgressNow {
    left: usize,
    /// The first that failed or was cancelled.
    failed: Option<usize>,
    waker: Waker,
}

impl Waiter for Progress {
    fn tell(&self, key: usize, well: bool) {
        let waker = {
            let mut now = self.0.lock();
            now.left -= 1;
            if !well {
                now.failed.get_or_insert(key);
            }
            (now.left == 0 || now.failed == Some(key)).then(|| now.waker.clone())
        };
        if let Some(waker) = waker {
            // It is somebody else's.
            let _ = guard::run(|| waker.wake());
        }
    }
}

impl<T: Clone + Send + 'static> Gather<T> {
    fn watch(&self, waker: &Waker) -> Arc<Progress> {
        let now = ProgressNow { left: self.futures.len(), failed: None, waker: waker.clone() };
        let progress = Arc::new(Progress(Mutex::new(now)));
        for (index, future) in self.futures.iter().enumerate() {
            if !future.add_waiter(Arc::clone(&progress) as _, index) {
                progress.tell(index, !future.cancelled() && !future.failed());
            }
        }
        progress
    }
}

impl<T> Drop for Gather<T> {
    fn drop(&mut self) {
        if let Some(progress) = &self.progress {
            self.futures.iter().for_each(|future| future.remove_waiter(progress));
        }
    }
}

impl<T: Clone + Send + 'static> Future for Gather<T> {
    type Output = Result<Vec<T>, ResultError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let progress = if let Some(progress) = &self.progress {
            progress.0.lock().waker.clone_from(context.waker());
            Arc::clone(progress)
        } else {
            let progress = self.watch(context.waker());
            Arc::clone(self.progress.insert(progress))
        };
        let (left, failed) = {
            let now = progress.0.lock();
            (now.left, now.failed)
        };
        // None of the futures that are read here is waited for.
        let read = |future: &TaskFuture<T>| future.result(Some(Duration::ZERO));
        match failed {
            Some(failed) => Poll::Ready(read(&self.futures[failed]).map(|value| vec![value])),
            None if left == 0 => Poll::Ready(self.futures.iter().map(read).collect()),
            None if self.futures.iter().any(|future| !future.done() && future.core().polling_would_never_end()) => {
                Poll::Ready(Err(ResultError::OwnManager))
            }
            None => Poll::Pending,
        }
    }
}

/// Keeps a waiter registered with those futures that were not done.
struct Subscription<'a, T> {
    futures: &'a [TaskFuture<T>],
    waiter: Arc<DoneQueue>,
    /// How many futures were not done, and so will tell their index.
    open: usize,
}

impl<'a, T> Subscription<'a, T> {
    fn new(futures: &'a [TaskFuture<T>]) -> Self {
        let waiter = Arc::new(DoneQueue::default());
        let open = futures
            .iter()
            .enumerate()
            .filter(|(index, future)| future.add_waiter(Arc::clone(&waiter) as _, *index))
            .count();
        Self { futures, waiter, open }
    }
}

impl<T> Drop for Subscription<'_, T> {
    fn drop(&mut self) {
        for future in self.futures {
            future.remove_waiter(&self.waiter);
        }
    }
}

fn distinct<T>(futures: impl IntoIterator<Item = TaskFuture<T>>) -> Vec<TaskFuture<T>> {
    let mut seen = HashSet::new();
    futures.into_iter().filter(|future| seen.insert(future.id())).collect()
}
