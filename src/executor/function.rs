//! Named functions: what executors run. Threads call them directly; a worker process looks the name up in its
//! [`Registry`], which is the same one, as it runs the same binary.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::context::TaskContext;
use super::error::{Codec, TaskError};
use super::event::{Event, EventKind, Outcome, WorkId};
use super::guard;
use super::item_results::ItemResults;
use crate::sys;

/// A function with a name, so that a process can be told to call it.
///
/// ```
/// use poolscope::executor::{Function, TaskContext, TaskError};
///
/// const SQUARE: Function<u64, u64> = Function::new("square", |n, _context| Ok(n * n));
/// assert_eq!(SQUARE.call(5, &TaskContext::detached()), Ok(25));
/// ```
pub struct Function<A, R> {
    name: &'static str,
    body: fn(A, &TaskContext) -> Result<R, TaskError>,
}

impl<A, R> Function<A, R> {
    /// `name` must be unique within a [`Registry`].
    #[must_use]
    pub const fn new(name: &'static str, body: fn(A, &TaskContext) -> Result<R, TaskError>) -> Self {
        Self { name, body }
    }

    /// The name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Calls it here and now.
    ///
    /// # Errors
    /// What the function itself raises.
    pub fn call(&self, argument: A, context: &TaskContext) -> Result<R, TaskError> {
        (self.body)(argument, context)
    }
}

impl<A, R> Clone for Function<A, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A, R> Copy for Function<A, R> {}

impl<A, R> fmt::Debug for Function<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Function({})", self.name)
    }
}

/// Values that can cross to a worker process.
pub trait Portable: Serialize + DeserializeOwned + Send + 'static {}
impl<T: Serialize + DeserializeOwned + Send + 'static> Portable for T {}

/// A call that runs. Between two of its items there is as a rule nothing but telling of them, so the second begins when the
/// first ends: the clock is read once an item.
pub(super) struct RunningCall<'a> {
    call: WorkId,
    context: &'a TaskContext,
    /// When the last item ended, and whoever watches has heard of it; or when the call began.
    now: i64,
    /// The next event, which has the same stamp as the one after it.
    held: Option<Event>,
}

impl<'a> RunningCall<'a> {
    /// The call begins: its worker takes it here and now.
    pub(super) fn take(call: WorkId, context: &'a TaskContext) -> Self {
        let now = sys::monotonic_nanos();
        let taken = Event::at(now, EventKind::Taken { call, worker: context.worker() });
        Self { call, context, now, held: Some(taken) }
    }

    /// The call begins: who took it told so.
    pub(super) fn was_taken(call: WorkId, context: &'a TaskContext) -> Self {
        Self { call, context, now: sys::monotonic_nanos(), held: None }
    }

    /// Runs item number `index` of the call, and tells the sink. What it raises, or that it panics, is its own affair.
    pub(super) fn run_item<R>(
        &mut self,
        index: usize,
        body: impl FnOnce(&TaskContext) -> Result<R, TaskError>,
    ) -> Result<R, TaskError> {
        let (call, context, worker) = (self.call, self.context, self.context.worker());
        let item = u32::try_from(index).unwrap_or(u32::MAX);
        if let Err(not_begun) = context.may_begin(call) {
            self.tell(EventKind::Skipped { call, item });
            return Err(not_begun);
        }
        self.tell(EventKind::Started { call, item, worker });
        context.begin(call, item, self.now);
        let result =
            guard::run(|| body(context)).unwrap_or_else(|message| Err(TaskError::panicked(message))).map_err(|error| {
                match context.place() {
                    Some(place) => error.at(place),
                    None => error,
                }
            });
        let ended = sys::monotonic_nanos();
        let took_time = context.end(ended, ended - self.now);
        self.now = if took_time { sys::monotonic_nanos() } else { ended };
        let outcome = match &result {
            Ok(_) => Outcome::Returned,
            Err(error) => Outcome::Raised(Box::new(error.clone())),
        };
        self.held = Some(Event::at(ended, EventKind::Finished { call, item, worker, outcome }));
        result
    }

    /// Runs every item of a chunk, one after the other.
    pub(super) fn run_items<A, R>(&mut self, function: Function<A, R>, arguments: Vec<A>) -> ItemResults<R> {
        let run = |(index, argument)| self.run_item(index, |context| function.call(argument, context));
        arguments.into_iter().enumerate().map(run).collect()
    }

    /// Tells what happens at the same moment as what is held.
    pub(super) fn tell(&mut self, kind: EventKind) {
        let event = Event::at(self.now, kind);
        match self.held.take() {
            Some(held) => self.context.sink().tell_both(held, event),
            None => self.context.sink().tell(event),
        }
    }
}

type Erased = Box<dyn Fn(WorkId, &TaskContext, &[u8]) -> Result<Vec<u8>, TaskError> + Send + Sync>;

/// The functions that a worker process knows.
#[derive(Default)]
pub struct Registry {
    functions: BTreeMap<&'static str, Erased>,
}

impl Registry {
    /// Knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `function`. Of two with the same name the later one is found.
    #[must_use]
    pub fn with<A: Portable, R: Portable>(mut self, function: Function<A, R>) -> Self {
        let erased = move |call: WorkId, context: &TaskContext, bytes: &[u8]| {
            let arguments: Vec<A> = guarded(|| postcard::from_bytes(bytes))
                .map_err(|cause| argument_error(function.name, Codec::Decoded, cause))?;
            let mut running = RunningCall::was_taken(call, context);
            let results = running.run_items(function, arguments);
            running.tell(EventKind::EnteredResultQueue { call });
            let encoded = encode_results(function.name, &results);
            guard::dispose(results);
            encoded
        };
        self.functions.insert(function.name, Box::new(erased));
        self
    }

    /// Runs the chunk in `arguments` through the function `name`; the results come back as bytes.
    pub(super) fn run(
        &self,
        name: &str,
        call: WorkId,
        context: &TaskContext,
        arguments: &[u8],
    ) -> Result<Vec<u8>, TaskError> {
        let function = self.functions.get(name).ok_or_else(|| TaskError::UnknownFunction(name.to_owned()))?;
        guard::run(|| function(call, context, arguments)).unwrap_or_else(|message| Err(TaskError::panicked(message)))
    }

    /// Runs an initializer: a call that nobody submitted, which returns nothing.
    pub(super) fn initialize(&self, function: &str, arguments: &[u8], context: &TaskContext) -> Result<(), TaskError> {
        let results = self.run(function, 0, context, arguments)?;
        decode_results::<()>(function, 1, &results)?.into_iter().collect()
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.functions.keys()).finish()
    }
}

/// A call as a worker process is told of it.
#[derive(Clone, Debug)]
pub(super) struct EncodedCall {
    pub(super) function: &'static str,
    /// All its items.
    pub(super) arguments: Vec<u8>,
}

/// More bytes than this are not sent as the arguments or the results of one call.
pub(super) const PAYLOAD_LIMIT: usize = 1 << 30;

/// The arguments of a chunk as bytes.
pub(super) fn encode_arguments<A: Serialize>(
    function: &'static str,
    arguments: &[A],
) -> Result<EncodedCall, TaskError> {
    let arguments = encode(arguments).map_err(|cause| argument_error(function, Codec::Encoded, cause))?;
    Ok(EncodedCall { function, arguments })
}

/// The results of so many items, back from bytes.
pub(super) fn decode_results<R: DeserializeOwned>(
    function: &str,
    items: usize,
    bytes: &[u8],
) -> Result<ItemResults<R>, TaskError> {
    guarded(|| postcard::from_bytes::<ItemResults<R>>(bytes))
        .and_then(|results| match results.len() {
            of if of == items => Ok(results),
            of => Err(format!("there are {of} for {items} items")),
        })
        .map_err(|cause| result_error(function, Codec::Decoded, cause))
}

fn encode_results<R: Serialize>(function: &str, results: &ItemResults<R>) -> Result<Vec<u8>, TaskError> {
    encode(results).map_err(|cause| result_error(function, Codec::Encoded, cause))
}

fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, String> {
    let bytes = guarded(|| postcard::to_allocvec(value))?;
    if bytes.len() > PAYLOAD_LIMIT {
        return Err(format!("{} bytes are more than one call may have ({PAYLOAD_LIMIT})", bytes.len()));
    }
    Ok(bytes)
}

/// Runs a serialiser, which may be the user's own code and panic.
fn guarded<T>(codec: impl FnOnce() -> postcard::Result<T>) -> Result<T, String> {
    match guard::run(codec) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(message) => Err(format!("it panicked: {message}")),
    }
}

pub(super) fn argument_error(function: &str, step: Codec, cause: String) -> TaskError {
    TaskError::Argument { function: function.to_owned(), step, cause }
}

fn result_error(function: &str, step: Codec, cause: String) -> TaskError {
    TaskError::Result { function: function.to_owned(), step, cause }
}
