//! Waiting for many futures at once: [`wait`], [`as_completed`] and [`gather`]. Futures of different executors mix;
//! duplicates count once.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::error::ResultError;
use super::future::{TaskFuture, deadline_after};

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

/// Waits for futures, at most `timeout` (`None` = for ever). Running out of time is no error: what is done so far is
/// returned.
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
    if !futures.iter().any(enough) {
        while open > 0 {
            let Some(index) = subscription.next_done(deadline) else { break };
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

/// Futures as they get done: first those that are done already, then the others in the order of completion.
///
/// Nothing happens before the first `next()`, and the deadline counts from there, as in CPython. If it passes, the last
/// thing that the iterator yields is [`Unfinished`].
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
    sender: Sender<usize>,
    receiver: Receiver<usize>,
}

impl<T> Drop for Pending<T> {
    fn drop(&mut self) {
        for future in self.futures.iter().flatten() {
            future.remove_waiter(&self.sender);
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
        if let Some(index) = receive(&pending.receiver, *deadline) {
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
        let (sender, receiver) = unbounded();
        let total = futures.len();
        let mut ready = Vec::new();
        let mut waiting = Vec::new();
        for future in futures {
            if future.add_waiter(&sender, waiting.len()) {
                waiting.push(Some(future));
            } else {
                ready.push(future);
            }
        }
        ready.reverse();
        let pending = Pending { left: waiting.len(), futures: waiting, sender, receiver };
        Self::Started { ready, pending, total, deadline: deadline_after(timeout) }
    }
}

/// All results, in the order of the futures, once every one of them is done. The futures are taken at once, so that
/// submitting may happen in the iterator; nothing else happens before the first poll.
///
/// This is asyncio's `gather(…, return_exceptions=True)`: an error is one future's own. For the other kind, collect the
/// results into a `Result`.
pub fn gather<T: Clone>(
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

/// Keeps a channel registered with those futures that were not done.
struct Subscription<'a, T> {
    futures: &'a [TaskFuture<T>],
    sender: Sender<usize>,
    receiver: Receiver<usize>,
    /// How many futures were not done, and so will send their index.
    open: usize,
}

impl<'a, T> Subscription<'a, T> {
    fn new(futures: &'a [TaskFuture<T>]) -> Self {
        let (sender, receiver) = unbounded();
        let open = futures.iter().enumerate().filter(|(index, future)| future.add_waiter(&sender, *index)).count();
        Self { futures, sender, receiver, open }
    }

    fn next_done(&self, deadline: Option<Instant>) -> Option<usize> {
        receive(&self.receiver, deadline)
    }
}

impl<T> Drop for Subscription<'_, T> {
    fn drop(&mut self) {
        for future in self.futures {
            future.remove_waiter(&self.sender);
        }
    }
}

fn receive(receiver: &Receiver<usize>, deadline: Option<Instant>) -> Option<usize> {
    match deadline {
        None => receiver.recv().ok(),
        Some(deadline) => receiver.recv_deadline(deadline).ok(),
    }
}

fn distinct<T>(futures: impl IntoIterator<Item = TaskFuture<T>>) -> Vec<TaskFuture<T>> {
    let mut seen = HashSet::new();
    futures.into_iter().filter(|future| seen.insert(future.address())).collect()
}
