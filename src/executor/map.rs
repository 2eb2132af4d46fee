//! `map`: input cut into chunks, a chunk a call, results in the order of the input.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Executor;
use super::error::{MapError, ResultError, TaskError};
use super::function::{Function, Portable};
use super::future::{TaskFuture, deadline_after};
use super::work_item::WorkItem;

/// How `map` works through its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapOptions {
    /// Items a call, at least 1. CPython's thread pool ignores it; here it means the same on every executor.
    pub chunksize: usize,
    /// How long all results together may take, counted from the call of `map`; `None` = for ever.
    pub timeout: Option<Duration>,
}

impl Default for MapOptions {
    fn default() -> Self {
        Self { chunksize: 1, timeout: None }
    }
}

type Chunk<R> = Vec<Result<R, TaskError>>;

/// The results of a `map`, in input order: an error is one item's own, later items follow, also within a chunk
/// (CPython main). Dropping it cancels what has not started; [`detach`](Self::detach) lets it run.
#[derive(Debug)]
pub struct Map<R> {
    chunks: VecDeque<(TaskFuture<Chunk<R>>, usize)>,
    current: std::vec::IntoIter<Result<R, ResultError>>,
    deadline: Option<Instant>,
}

impl<R: Portable> Map<R> {
    pub(super) fn submit<A: Portable, E: Executor + ?Sized>(
        executor: &E,
        function: Function<A, R>,
        arguments: impl IntoIterator<Item = A>,
        options: MapOptions,
    ) -> Result<Self, MapError> {
        if options.chunksize == 0 {
            return Err(MapError::Chunksize);
        }
        let deadline = deadline_after(options.timeout);
        let mut arguments = arguments.into_iter();
        // Dropped on the way out of an error, this cancels what was submitted before it.
        let mut map = Self { chunks: VecDeque::new(), current: Vec::new().into_iter(), deadline };
        loop {
            let chunk: Vec<A> = arguments.by_ref().take(options.chunksize).collect();
            if chunk.is_empty() {
                return Ok(map);
            }
            let items = chunk.len();
            let (item, future) = WorkItem::chunk(function, chunk);
            executor.submit_item(item)?;
            map.chunks.push_back((future, items));
        }
    }
}

impl<R> Map<R> {
    /// Gives the results up, but not the work: everything that was submitted runs.
    pub fn detach(mut self) {
        self.chunks.clear();
    }

    fn cancel_rest(&mut self) {
        for (future, _) in self.chunks.drain(..) {
            future.cancel();
        }
    }
}

impl<R> Iterator for Map<R> {
    type Item = Result<R, ResultError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(result) = self.current.next() {
                return Some(result);
            }
            let (future, items) = self.chunks.pop_front()?;
            let left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            future.wait_done(left);
            let results: Vec<_> = match future.take() {
                Some(Ok(results)) => results.into_iter().map(|result| result.map_err(ResultError::Task)).collect(),
                // The call as a whole failed: each of its items did.
                Some(Err(error)) => (0..items).map(|_| Err(error.clone())).collect(),
                None => {
                    future.cancel();
                    self.cancel_rest();
                    return Some(Err(ResultError::TimedOut));
                }
            };
            self.current = results.into_iter();
        }
    }
}

impl<R> Drop for Map<R> {
    fn drop(&mut self) {
        self.cancel_rest();
    }
}
