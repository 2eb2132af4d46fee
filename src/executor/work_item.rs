//! A call on its way through an executor, with its types erased: what every queue holds. The typed half, arguments and
//! future, is in here and nowhere else; both live in one allocation ([`Shared`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::context::TaskContext;
use super::error::{BrokenExecutor, Codec, TaskError};
use super::event::{Event, EventKind, EventSink, WorkId};
use super::function::{EncodedCall, Function, Portable, RunningCall, argument_error, decode_results, encode_call};
use super::future::{PoolId, Shared, TaskFuture};
use super::guard;
use super::item_results::ItemResults;
use super::sync::Mutex;

/// A call that has not run yet, together with the future that it will resolve. Whatever happens to it, nobody waits for
/// that future forever: dropping an item that no executor took cancels it, dropping another fails it.
pub struct WorkItem {
    /// `None` once it was run or answered.
    call: Option<Arc<dyn ErasedCall>>,
    pub(super) id: WorkId,
}

/// The id of an item that no executor took.
const NOT_TAKEN: WorkId = WorkId::MAX;

/// The number that a pool gives its next call, and the number of that call's first item.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Numbering {
    next_call: WorkId,
    next_item: u32,
}

impl WorkItem {
    /// One argument; the future holds its value or its error.
    pub(super) fn single<A: Portable, R: Portable>(
        function: Function<A, R>,
        argument: A,
        sink: &Arc<dyn EventSink>,
    ) -> (Self, TaskFuture<R>) {
        Self::new(Shared::new(Single { function, argument: Mutex::new(Some(argument)) }, Some(Arc::clone(sink))))
    }

    /// A closure, for executors in this process.
    pub(super) fn closure<T: Send + 'static>(
        body: impl FnOnce(&TaskContext) -> Result<T, TaskError> + Send + 'static,
        sink: &Arc<dyn EventSink>,
    ) -> (Self, TaskFuture<T>) {
        Self::new(Shared::new(Closure(Mutex::new(Some(body))), Some(Arc::clone(sink))))
    }

    /// A chunk; its future holds one result an item and is an error only if the call as a whole failed.
    pub(super) fn chunk<A: Portable, R: Portable>(
        function: Function<A, R>,
        arguments: Vec<A>,
        first_item: Option<u32>,
        sink: &Arc<dyn EventSink>,
    ) -> (Self, Arc<ChunkCall<A, R>>) {
        let items = count(arguments.len());
        let first_item = AtomicU32::new(first_item.unwrap_or(Chunk::<A, R>::NOT_NUMBERED));
        let chunk = Chunk { function, items, first_item, arguments: Mutex::new(Some(arguments)) };
        let call = Shared::new(chunk, Some(Arc::clone(sink)));
        (Self { call: Some(Arc::clone(&call) as _), id: NOT_TAKEN }, call)
    }

    fn new<T, C>(call: Arc<Shared<T, C>>) -> (Self, TaskFuture<T>)
    where
        C: Send + Sync + 'static,
        Shared<T, C>: ErasedCall + 'static,
    {
        (Self { call: Some(Arc::clone(&call) as _), id: NOT_TAKEN }, TaskFuture::of(call))
    }

    /// Gives the call its number and tells `sink` that it came in. Once, by the executor that takes it.
    pub(super) fn submitted(&mut self, pool: PoolId, numbering: &mut Numbering, sink: &dyn EventSink) {
        let Some(call) = &self.call else { return };
        self.id = numbering.next_call;
        numbering.next_call += 1;
        let items = call.items();
        let first_item = call.number(self.id, pool, numbering.next_item);
        numbering.next_item = numbering.next_item.max(first_item.saturating_add(items));
        sink.tell(Event::now(EventKind::Submitted { call: self.id, first_item, items }));
    }

    /// The gate from pending to running: false = it was cancelled, forget it.
    pub(super) fn start(&self) -> bool {
        self.call.as_ref().is_some_and(|call| call.start())
    }

    /// Runs the call in this thread and resolves its future.
    pub(super) fn run(mut self, context: &TaskContext) {
        if let Some(call) = self.call.take() {
            let _ = guard::run(|| call.run(self.id, context));
        }
    }

    /// The call as bytes. Lets go of its arguments.
    pub(super) fn encode(&self) -> Result<EncodedCall, TaskError> {
        match &self.call {
            Some(call) => call.encode(),
            None => Err(TaskError::message("a call that was answered can't be sent")),
        }
    }

    /// Resolves the future with what a worker process answered, or with why there is no answer. Just before, tells
    /// `before` whether the future now fails as a whole; one that was cancelled stays cancelled.
    pub(super) fn answer(mut self, answer: Result<&[u8], TaskError>, before: Before<'_>) {
        if let Some(call) = self.call.take() {
            let _ = guard::run(|| call.answer(answer, before));
        }
    }

    /// Fails the future, as the executor is `broken`; one that was cancelled stays cancelled.
    pub(super) fn lose(self, broken: &BrokenExecutor, sink: &dyn EventSink) {
        let call = self.id;
        self.answer(Err(TaskError::Broken(broken.clone())), &mut |error| {
            if let Some(error) = error {
                sink.tell(Event::now(EventKind::Lost { call, error: Box::new(error.clone()) }));
            }
        });
    }

    /// Cancels it if it is still pending.
    pub(super) fn cancel(mut self) {
        if let Some(call) = self.call.take() {
            let _ = guard::run(|| {
                Arc::clone(&call).cancel();
                // As a worker would have: CANCELLED becomes CANCELLED_AND_NOTIFIED.
                call.start();
                drop(call);
            });
        }
    }
}

impl Drop for WorkItem {
    fn drop(&mut self) {
        let Some(call) = self.call.take() else { return };
        let id = self.id;
        // With the call go what it holds, a closure or arguments, and its future, if nobody else has that.
        let _ = guard::run(move || {
            if id == NOT_TAKEN {
                call.cancel();
            } else if !call.done() {
                let dropped = BrokenExecutor::Manager("it dropped a call".to_owned());
                call.answer(Err(TaskError::Broken(dropped)), &mut |_| {});
            }
        });
    }
}

trait ErasedCall: Send + Sync {
    fn items(&self) -> u32;
    /// Takes its number. Returns the number of its first item, which is `next_item` unless it has one already.
    fn number(&self, call: WorkId, pool: PoolId, next_item: u32) -> u32;
    fn start(&self) -> bool;
    fn done(&self) -> bool;
    fn cancel(self: Arc<Self>);
    fn run(self: Arc<Self>, call: WorkId, context: &TaskContext);
    fn encode(&self) -> Result<EncodedCall, TaskError>;
    fn answer(self: Arc<Self>, answer: Result<&[u8], TaskError>, before: Before<'_>);
}

/// See [`WorkItem::answer`].
type Before<'a> = &'a mut dyn FnMut(Option<&TaskError>);

/// What the three kinds of call do differently.
trait Call<T>: Send + Sync + 'static {
    fn items(&self) -> u32 {
        1
    }

    fn number(&self, next_item: u32) -> u32 {
        next_item
    }

    /// `None` if it has run before, which no executor does.
    fn run(&self, running: &mut RunningCall<'_>) -> Option<Result<T, TaskError>>;

    fn encode(&self) -> Result<EncodedCall, TaskError>;

    /// Inside, what the call itself came to; outside, why that is not known.
    fn decode(&self, answer: &[u8]) -> Result<Result<T, TaskError>, TaskError>;
}

impl<T: Send + 'static, C: Call<T>> ErasedCall for Shared<T, C> {
    fn items(&self) -> u32 {
        self.call.items()
    }

    fn number(&self, call: WorkId, pool: PoolId, next_item: u32) -> u32 {
        self.future.set_identity(call, pool);
        self.call.number(next_item)
    }

    fn start(&self) -> bool {
        // A call reaches this gate once, so there is no invalid state to report.
        self.future.start().unwrap_or(false)
    }

    fn done(&self) -> bool {
        self.future.done()
    }

    fn cancel(self: Arc<Self>) {
        TaskFuture::of(self).cancel();
    }

    fn run(self: Arc<Self>, call: WorkId, context: &TaskContext) {
        let mut running = RunningCall::take(call, context);
        // An item catches what its task does; what is left are the destructors of arguments that no task came to take.
        let result = match guard::run(|| self.call.run(&mut running)) {
            Ok(Some(result)) => result,
            Ok(None) => return,
            Err(message) => Err(TaskError::panicked(message)),
        };
        running.tell(EventKind::ResultReceived { call });
        let _ = TaskFuture::of(self).finish(result);
    }

    fn encode(&self) -> Result<EncodedCall, TaskError> {
        self.call.encode()
    }

    fn answer(self: Arc<Self>, answer: Result<&[u8], TaskError>, before: Before<'_>) {
        let decode =
            |bytes| guard::run(|| self.call.decode(bytes)).unwrap_or_else(|cause| Err(TaskError::panicked(cause)));
        let result = answer.and_then(decode);
        before(result.as_ref().err());
        // One that was cancelled in the meantime stays cancelled.
        let _ = TaskFuture::of(self).finish(result.and_then(|own| own));
    }
}

/// One call of a named function.
struct Single<A, R> {
    function: Function<A, R>,
    argument: Mutex<Option<A>>,
}

impl<A: Portable, R: Portable> Call<R> for Single<A, R> {
    fn run(&self, running: &mut RunningCall<'_>) -> Option<Result<R, TaskError>> {
        let argument = self.argument.lock().take()?;
        Some(running.run_item(0, |context| self.function.call(argument, context)))
    }

    fn encode(&self) -> Result<EncodedCall, TaskError> {
        let argument = self.argument.lock().take();
        let encoded = encode_call(self.function, argument.as_slice());
        guard::dispose(argument);
        encoded
    }

    fn decode(&self, answer: &[u8]) -> Result<Result<R, TaskError>, TaskError> {
        let mut results = decode_results(self.function.name(), 1, answer)?.into_iter();
        results.next().ok_or_else(|| TaskError::message("the worker answered without a result"))
    }
}

/// Code of this process.
struct Closure<F>(Mutex<Option<F>>);

impl<T: Send + 'static, F: FnOnce(&TaskContext) -> Result<T, TaskError> + Send + 'static> Call<T> for Closure<F> {
    fn run(&self, running: &mut RunningCall<'_>) -> Option<Result<T, TaskError>> {
        let body = self.0.lock().take()?;
        Some(running.run_item(0, body))
    }

    fn encode(&self) -> Result<EncodedCall, TaskError> {
        Err(argument_error("a closure", Codec::Encoded, "only named functions can be sent to a process".to_owned()))
    }

    fn decode(&self, _answer: &[u8]) -> Result<Result<T, TaskError>, TaskError> {
        Err(TaskError::message("a closure has no answer from a process"))
    }
}

/// Some items of a `map`.
pub(super) struct Chunk<A, R> {
    function: Function<A, R>,
    items: u32,
    /// The number of its first item in the executor, once it is known.
    first_item: AtomicU32,
    arguments: Mutex<Option<Vec<A>>>,
}

impl<A, R> Chunk<A, R> {
    const NOT_NUMBERED: u32 = u32::MAX;
}

/// A chunk and its future.
pub(super) type ChunkCall<A, R> = Shared<ItemResults<R>, Chunk<A, R>>;

impl<A: Portable, R: Portable> ChunkCall<A, R> {
    pub(super) fn len(&self) -> usize {
        self.call.items as usize
    }

    /// Takes its items back, if it is still pending, with the number of the first.
    pub(super) fn withdraw_items(&self) -> Option<(u32, Vec<A>)> {
        if !self.future.withdraw() {
            return None;
        }
        Some((self.call.first_item.load(Ordering::Relaxed), self.call.arguments.lock().take()?))
    }
}

impl<A: Portable, R: Portable> Call<ItemResults<R>> for Chunk<A, R> {
    fn items(&self) -> u32 {
        self.items
    }

    fn number(&self, next_item: u32) -> u32 {
        match self.first_item.load(Ordering::Relaxed) {
            Self::NOT_NUMBERED => {
                self.first_item.store(next_item, Ordering::Relaxed);
                next_item
            }
            known => known,
        }
    }

    fn run(&self, running: &mut RunningCall<'_>) -> Option<Result<ItemResults<R>, TaskError>> {
        let arguments = self.arguments.lock().take()?;
        Some(Ok(running.run_items(self.function, arguments)))
    }

    fn encode(&self) -> Result<EncodedCall, TaskError> {
        let arguments = self.arguments.lock().take().unwrap_or_default();
        let encoded = encode_call(self.function, &arguments);
        guard::dispose(arguments);
        encoded
    }

    fn decode(&self, answer: &[u8]) -> Result<Result<ItemResults<R>, TaskError>, TaskError> {
        decode_results(self.function.name(), self.items as usize, answer).map(Ok)
    }
}

fn count(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}
