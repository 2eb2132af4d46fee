//! A call on its way through an executor, with its types erased: what every queue holds. The typed half, arguments and
//! future, is in here and nowhere else.

use std::sync::Arc;

use super::error::{BrokenExecutor, TaskError};
use super::event::{Event, EventKind, EventSink, WorkId};
use super::function::{CallSite, Function, Portable, decode_results, encode_arguments};
use super::future::{Origin, TaskFuture};

/// A call that has not run yet, together with the future that it will resolve.
pub struct WorkItem(Box<dyn ErasedCall>);

/// A call as a worker process is told of it.
pub(super) struct EncodedCall {
    pub(super) function: &'static str,
    pub(super) arguments: Vec<u8>,
}

impl WorkItem {
    /// One argument; the future holds its value or its error.
    pub(super) fn single<A: Portable, R: Portable>(function: Function<A, R>, argument: A) -> (Self, TaskFuture<R>) {
        let future = TaskFuture::new();
        let call = Call { function, arguments: vec![argument], future: future.clone(), resolve: resolve_single };
        (Self(Box::new(call)), future)
    }

    /// A chunk; the future holds one result an item and is an error only if the call as a whole failed.
    pub(super) fn chunk<A: Portable, R: Portable>(
        function: Function<A, R>,
        arguments: Vec<A>,
    ) -> (Self, TaskFuture<Vec<Result<R, TaskError>>>) {
        let future = TaskFuture::new();
        let call = Call { function, arguments, future: future.clone(), resolve: resolve_chunk };
        (Self(Box::new(call)), future)
    }

    /// Gives the call its number and tells `sink` that it came in. Once, by the executor that takes it.
    pub(super) fn submitted(&self, call: WorkId, sink: &Arc<dyn EventSink>) {
        self.0.set_origin(Origin { call, sink: Arc::clone(sink) });
        sink.record(Event::now(EventKind::Submitted { call, items: self.0.items() }));
    }

    /// The gate from pending to running: false = it was cancelled, forget it.
    pub(super) fn start(&self) -> bool {
        self.0.start()
    }

    /// Runs the call in this thread and resolves its future.
    pub(super) fn run(self, site: &CallSite<'_>) {
        self.0.run(site);
    }

    /// The call as bytes.
    pub(super) fn encode(&self) -> Result<EncodedCall, TaskError> {
        self.0.encode()
    }

    /// Resolves the future with what a worker process answered, or with why there is no answer. Just before, tells
    /// `before` whether the future now fails as a whole; one that was cancelled stays cancelled.
    pub(super) fn answer(self, answer: Result<Vec<u8>, TaskError>, before: Before<'_>) {
        self.0.answer(answer, before);
    }

    /// Cancels it if it is still pending.
    pub(super) fn cancel(&self) -> bool {
        self.0.cancel()
    }
}

trait ErasedCall: Send {
    fn items(&self) -> u32;
    fn set_origin(&self, origin: Origin);
    fn start(&self) -> bool;
    fn cancel(&self) -> bool;
    fn run(self: Box<Self>, site: &CallSite<'_>);
    fn encode(&self) -> Result<EncodedCall, TaskError>;
    fn answer(self: Box<Self>, answer: Result<Vec<u8>, TaskError>, before: Before<'_>);
}

/// See [`WorkItem::answer`].
type Before<'a> = &'a mut dyn FnMut(Option<&TaskError>);

type Results<R> = Result<Vec<Result<R, TaskError>>, TaskError>;

struct Call<A, R, T> {
    function: Function<A, R>,
    arguments: Vec<A>,
    future: TaskFuture<T>,
    resolve: fn(&TaskFuture<T>, Results<R>),
}

impl<A: Portable, R: Portable, T: Send + 'static> ErasedCall for Call<A, R, T> {
    fn items(&self) -> u32 {
        u32::try_from(self.arguments.len()).unwrap_or(u32::MAX)
    }

    fn set_origin(&self, origin: Origin) {
        self.future.set_origin(origin);
    }

    fn start(&self) -> bool {
        // A call reaches this gate once, so there is no invalid state to report.
        self.future.set_running_or_notify_cancel().unwrap_or(false)
    }

    fn cancel(&self) -> bool {
        self.future.cancel()
    }

    fn run(mut self: Box<Self>, site: &CallSite<'_>) {
        let results = site.run_items(self.function, std::mem::take(&mut self.arguments));
        site.sink.record(Event::now(EventKind::ResultReceived { call: site.call }));
        (self.resolve)(&self.future, Ok(results));
    }

    fn encode(&self) -> Result<EncodedCall, TaskError> {
        let function = self.function.name();
        Ok(EncodedCall { function, arguments: encode_arguments(function, &self.arguments)? })
    }

    fn answer(self: Box<Self>, answer: Result<Vec<u8>, TaskError>, before: Before<'_>) {
        let results = answer.and_then(|bytes| decode_results(self.function.name(), &bytes));
        before(results.as_ref().err());
        (self.resolve)(&self.future, results);
    }
}

/// Whatever happens to a call, nobody waits for its future for ever.
impl<A, R, T> Drop for Call<A, R, T> {
    fn drop(&mut self) {
        if !self.future.done() {
            let dropped = BrokenExecutor::Manager("it dropped a call".to_owned());
            let _ = self.future.set_exception(TaskError::Broken(dropped));
        }
    }
}

// Both ignore that the future may be done already: one that was cancelled in the meantime stays cancelled.

fn resolve_single<R>(future: &TaskFuture<R>, results: Results<R>) {
    let only = results.and_then(|mut results| {
        results.pop().unwrap_or_else(|| Err(TaskError::message("the worker answered without a result")))
    });
    let _ = match only {
        Ok(value) => future.set_result(value),
        Err(error) => future.set_exception(error),
    };
}

fn resolve_chunk<R>(future: &TaskFuture<Vec<Result<R, TaskError>>>, results: Results<R>) {
    let _ = match results {
        Ok(results) => future.set_result(results),
        Err(error) => future.set_exception(error),
    };
}
