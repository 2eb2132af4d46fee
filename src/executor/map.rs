//! `map`: input cut into chunks, a chunk a call, results in the order of the input.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::error::{MapError, ResultError, SubmitError};
use super::event::EventSink;
use super::function::{Function, Portable};
use super::future::{TaskFuture, deadline_after};
use super::guard;
use super::item_results::{ItemResults, ItemResultsIter};
use super::raw::{RawExecutor, Submit};
use super::sync::Mutex;
use super::work_item::{ChunkCall, WorkItem};

/// How `map` works through its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapOptions {
    /// Items a call, at least 1. CPython's thread pool ignores it; here it means the same on every executor.
    pub chunksize: usize,
    /// How long all results together may take, counted from the call of `map`; `None` = forever.
    pub timeout: Option<Duration>,
    /// How many chunks are taken from the input and submitted ahead of the reader, at least 1. `None` = all of the input,
    /// before `map` returns.
    pub buffersize: Option<usize>,
}

impl Default for MapOptions {
    fn default() -> Self {
        Self { chunksize: 1, timeout: None, buffersize: None }
    }
}

/// The results of a `map`, in input order: an error is one item's own, later items follow, also within a chunk
/// (CPython main).
///
/// Dropping it cancels what has not started, also if it was never read; [`detach`](Self::detach) lets what was submitted
/// run. With a `buffersize`, each chunk that is begun to be read makes room for the next one of the input; once the
/// executor takes no more, what is buffered is yielded and then, once, [`ResultError::Submit`].
pub struct Map<'a, R> {
    feed: Arc<Mutex<dyn Feed<R> + 'a>>,
    current: Current<R>,
    deadline: Option<Instant>,
}

/// What is left of the chunk that is being read.
enum Current<R> {
    Results(ItemResultsIter<R>),
    /// The call as a whole failed: each of its items did.
    Failed {
        error: ResultError,
        items: usize,
    },
}

/// Changes the chunk size of a [`Map`] while it runs, from any thread.
pub struct Chunking<'a, R> {
    feed: Arc<Mutex<dyn Feed<R> + 'a>>,
}

/// What a map has submitted and not read, and where more comes from: [`Map`] without the types of its input.
trait Feed<R>: Send {
    /// Submits the next chunk of the input, if there is one and the executor takes it.
    fn refill(&mut self);
    /// The oldest chunk that was not read, and how many items it has.
    fn pop(&mut self) -> Option<(TaskFuture<ItemResults<R>>, usize)>;
    /// Why the executor took no more; told once.
    fn refused(&mut self) -> Option<SubmitError>;
    /// Submits nothing more; cancels what is pending if `cancel`.
    fn close(&mut self, cancel: bool);
    fn set_chunksize(&mut self, chunksize: usize) -> Result<usize, SubmitError>;
}

struct Input<A, R, I> {
    submit: Arc<dyn Submit>,
    sink: Arc<dyn EventSink>,
    function: Function<A, R>,
    /// `None` once it has ended.
    arguments: Option<I>,
    chunksize: usize,
    submitted: VecDeque<Arc<ChunkCall<A, R>>>,
    refused: Option<SubmitError>,
}

impl<'a, R: Portable> Map<'a, R> {
    pub(super) fn submit<A: Portable, E: RawExecutor + ?Sized>(
        executor: &E,
        function: Function<A, R>,
        arguments: impl IntoIterator<Item = A, IntoIter: Send + 'a>,
        options: MapOptions,
    ) -> Result<Self, MapError> {
        if options.chunksize == 0 {
            return Err(MapError::Chunksize);
        }
        if options.buffersize == Some(0) {
            return Err(MapError::Buffersize);
        }
        let deadline = deadline_after(options.timeout);
        let mut input = Input {
            submit: executor.submitter(),
            sink: Arc::clone(executor.sink()),
            function,
            arguments: Some(arguments.into_iter()),
            chunksize: options.chunksize,
            submitted: VecDeque::new(),
            refused: None,
        };
        while input.arguments.is_some() && options.buffersize.is_none_or(|most| input.submitted.len() < most) {
            input.refill();
        }
        if let Some(refused) = input.refused() {
            input.close(true);
            return Err(refused.into());
        }
        if options.buffersize.is_none() {
            // Read to its end: what it holds can go.
            input.arguments = None;
        }
        Ok(Self { feed: Arc::new(Mutex::new(input)), current: Current::failed(ResultError::TimedOut, 0), deadline })
    }
}

impl<'a, R> Map<'a, R> {
    /// Ends it: cancels what no worker has begun, and yields nothing more (a generator's `close` in Python).
    pub fn close(&mut self) {
        self.feed.lock().close(true);
        self.current = Current::failed(ResultError::TimedOut, 0);
    }

    /// Gives the results up, but not the work: everything that was submitted runs.
    pub fn detach(self) {
        self.feed.lock().close(false);
    }

    /// A handle that changes the chunk size of what no worker has yet.
    #[must_use]
    pub fn chunking(&self) -> Chunking<'a, R> {
        Chunking { feed: Arc::clone(&self.feed) }
    }

    /// The results of the next chunk.
    fn next_chunk(&mut self) -> Option<Current<R>>
    where
        R: 'static,
    {
        let (future, items) = {
            let mut feed = self.feed.lock();
            // First one more is taken from the input, then the oldest is waited for (CPython).
            feed.refill();
            match feed.pop() {
                Some(oldest) => oldest,
                None => return feed.refused().map(|refused| Current::failed(ResultError::Submit(refused), 1)),
            }
        };
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        future.wait_done(left);
        Some(match future.take() {
            Some(Ok(results)) => Current::Results(results.into_iter()),
            Some(Err(error)) => Current::failed(error, items),
            None => {
                let why = future.not_done(left);
                future.cancel();
                self.feed.lock().close(true);
                Current::failed(why, 1)
            }
        })
    }
}

impl<R> Current<R> {
    const fn failed(error: ResultError, items: usize) -> Self {
        Self::Failed { error, items }
    }
}

impl<R> Iterator for Current<R> {
    type Item = Result<R, ResultError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Results(results) => results.next().map(|result| result.map_err(ResultError::Task)),
            Self::Failed { error, items } => {
                *items = items.checked_sub(1)?;
                Some(Err(error.clone()))
            }
        }
    }
}

impl<R: 'static> Iterator for Map<'_, R> {
    type Item = Result<R, ResultError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(result) = self.current.next() {
                return Some(result);
            }
            self.current = self.next_chunk()?;
        }
    }
}

impl<R> Drop for Map<'_, R> {
    fn drop(&mut self) {
        self.feed.lock().close(true);
    }
}

impl<R> fmt::Debug for Map<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

impl<R> Chunking<'_, R> {
    /// From now on chunks have `chunksize` items: those that are cut from the input, and those that are still pending, whose
    /// items are taken back and submitted again. Returns how many items that were.
    ///
    /// # Errors
    /// When `chunksize` is 0, or the executor takes no more calls; items that were taken back are then cancelled.
    pub fn set_chunksize(&self, chunksize: usize) -> Result<usize, MapError> {
        if chunksize == 0 {
            return Err(MapError::Chunksize);
        }
        Ok(self.feed.lock().set_chunksize(chunksize)?)
    }
}

impl<R> Clone for Chunking<'_, R> {
    fn clone(&self) -> Self {
        Self { feed: Arc::clone(&self.feed) }
    }
}

impl<R> fmt::Debug for Chunking<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunking").finish_non_exhaustive()
    }
}

impl<A: Portable, R: Portable, I: Iterator<Item = A> + Send> Feed<R> for Input<A, R, I> {
    fn refill(&mut self) {
        let Some(arguments) = &mut self.arguments else { return };
        let chunk: Vec<A> = arguments.take(self.chunksize).collect();
        if chunk.is_empty() {
            self.arguments = None;
            return;
        }
        let (item, chunk) = WorkItem::chunk(self.function, chunk, None, &self.sink);
        match self.submit.submit_item(item) {
            Ok(()) => self.submitted.push_back(chunk),
            Err(refused) => {
                self.refused = Some(refused);
                self.arguments = None;
            }
        }
    }

    fn pop(&mut self) -> Option<(TaskFuture<ItemResults<R>>, usize)> {
        let chunk = self.submitted.pop_front()?;
        let items = chunk.len();
        Some((TaskFuture::of(chunk), items))
    }

    fn refused(&mut self) -> Option<SubmitError> {
        self.refused.take()
    }

    fn close(&mut self, cancel: bool) {
        self.arguments = None;
        self.refused = None;
        for chunk in self.submitted.drain(..) {
            let chunk = TaskFuture::of(chunk);
            if cancel {
                chunk.cancel();
            }
            // It may be the last to hold arguments.
            guard::dispose(chunk);
        }
    }

    fn set_chunksize(&mut self, chunksize: usize) -> Result<usize, SubmitError> {
        self.chunksize = chunksize;
        // Queues are first in, first out, so what is pending is at the end; chunks that were cancelled are among it, and stay.
        let mut at_end = VecDeque::new();
        while let Some(last) = self.submitted.back() {
            let part = match last.withdraw_items() {
                Some((first_item, arguments)) => Part::TakenBack(first_item, arguments),
                None if TaskFuture::of(Arc::clone(last)).cancelled() => Part::Cancelled(Arc::clone(last)),
                None => break,
            };
            self.submitted.pop_back();
            at_end.push_front(part);
        }
        let mut items = 0;
        let mut refused = None;
        for part in joined(at_end) {
            let (mut first_item, run) = match part {
                Part::TakenBack(first_item, run) => (first_item, run),
                Part::Cancelled(chunk) => {
                    self.submitted.push_back(chunk);
                    continue;
                }
            };
            items += run.len();
            let mut run = run.into_iter();
            while run.len() > 0 {
                let (item, chunk) = WorkItem::chunk(
                    self.function,
                    run.by_ref().take(chunksize).collect(),
                    Some(first_item),
                    &self.sink,
                );
                first_item = first_item.saturating_add(u32::try_from(chunk.len()).unwrap_or(u32::MAX));
                // What is not submitted again is cancelled, and keeps its place among the results.
                self.submitted.push_back(chunk);
                if refused.is_none() {
                    refused = self.submit.submit_item(item).err();
                }
            }
        }
        refused.map_or(Ok(items), Err)
    }
}

/// What was at the end of the queue.
enum Part<A, R> {
    /// The number of the first item, and the items of a chunk, or of several.
    TakenBack(u32, Vec<A>),
    Cancelled(Arc<ChunkCall<A, R>>),
}

/// The same, with chunks that follow each other without a gap joined.
fn joined<A, R>(parts: VecDeque<Part<A, R>>) -> Vec<Part<A, R>> {
    let mut joined: Vec<Part<A, R>> = Vec::new();
    for part in parts {
        match (joined.last_mut(), part) {
            (Some(Part::TakenBack(first, run)), Part::TakenBack(first_item, mut more))
                if *first as usize + run.len() == first_item as usize =>
            {
                run.append(&mut more);
            }
            (_, part) => joined.push(part),
        }
    }
    joined
}
