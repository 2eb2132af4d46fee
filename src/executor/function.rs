//! Named functions: what executors run. Threads call them directly; a worker process looks the name up in its
//! [`Registry`], which is the same one, as it runs the same binary.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

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
    /// `name` must be unique within a [`Registry`]; what a worker calls by it must have the same types.
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

/// What a function takes and returns, summed up: the checksum of what the compiler calls these types. Bytes of other types may well
/// decode, to something else.
pub(super) type Types = u32;

fn types<A, R>() -> Types {
    let mut sum = crc32fast::Hasher::new();
    sum.update(std::any::type_name::<A>().as_bytes());
    // No type has that in its name.
    sum.update(b"\0");
    sum.update(std::any::type_name::<R>().as_bytes());
    sum.finalize()
}

/// The functions that a worker process knows.
#[derive(Default)]
pub struct Registry {
    functions: BTreeMap<&'static str, Registered>,
}

struct Registered {
    types: Types,
    /// In words.
    takes: &'static str,
    returns: &'static str,
    call: Erased,
    /// Another has its name, so nobody knows which is meant.
    is_ambiguous: bool,
}

impl Registry {
    /// Knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `function`. Of two that share a name neither can be called: calls of that name fail.
    #[must_use]
    pub fn with<A: Portable, R: Portable>(mut self, function: Function<A, R>) -> Self {
        let erased = move |call: WorkId, context: &TaskContext, bytes: &[u8]| {
            let arguments: Vec<A> = guarded(|| from_all_bytes(bytes))
                .map_err(|cause| argument_error(function.name, Codec::Decoded, cause))?;
            let mut running = RunningCall::was_taken(call, context);
            let results = running.run_items(function, arguments);
            running.tell(EventKind::EnteredResultQueue { call });
            let encoded = encode_results(function.name, &results);
            guard::dispose(results);
            encoded
        };
        let (takes, returns) = (std::any::type_name::<A>(), std::any::type_name::<R>());
        let call = Box::new(erased);
        let registered = Registered { types: types::<A, R>(), takes, returns, call, is_ambiguous: false };
        self.functions.entry(function.name).and_modify(|first| first.is_ambiguous = true).or_insert(registered);
        self
    }

    /// Runs the chunk in `arguments` through the function `called`; the results come back as bytes.
    pub(super) fn run(
        &self,
        called: &Called,
        call: WorkId,
        context: &TaskContext,
        arguments: &[u8],
    ) -> Result<Vec<u8>, TaskError> {
        let name = &called.name;
        let function = self.functions.get(name.as_str()).ok_or_else(|| TaskError::UnknownFunction(name.clone()))?;
        if function.is_ambiguous {
            return Err(TaskError::AmbiguousFunction(name.clone()));
        }
        if function.types != called.types {
            let (takes, returns) = (function.takes.to_owned(), function.returns.to_owned());
            return Err(TaskError::OtherTypes { function: name.clone(), takes, returns });
        }
        guard::run(|| (function.call)(call, context, arguments))
            .unwrap_or_else(|message| Err(TaskError::panicked(message)))
    }

    /// Runs an initializer: a call that nobody submitted, which returns nothing.
    pub(super) fn initialize(&self, called: &Called, arguments: &[u8], context: &TaskContext) -> Result<(), TaskError> {
        let results = self.run(called, 0, context, arguments)?;
        decode_results::<()>(&called.name, 1, &results)?.into_iter().collect()
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.functions.keys()).finish()
    }
}

/// The function that a worker process is to call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Called {
    name: String,
    types: Types,
}

/// A call as a worker process is told of it.
#[derive(Clone, Debug)]
pub(super) struct EncodedCall {
    name: &'static str,
    types: Types,
    /// All its items.
    pub(super) arguments: Vec<u8>,
}

/// More bytes than this are not sent as the arguments or the results of one call.
pub(super) const PAYLOAD_LIMIT: usize = 1 << 30;

impl EncodedCall {
    pub(super) fn called(&self) -> Called {
        Called { name: self.name.to_owned(), types: self.types }
    }
}

/// A call of `function` with the arguments of a chunk, as bytes.
pub(super) fn encode_call<A: Serialize, R>(
    function: Function<A, R>,
    arguments: &[A],
) -> Result<EncodedCall, TaskError> {
    let arguments = encode(arguments).map_err(|cause| argument_error(function.name, Codec::Encoded, cause))?;
    Ok(EncodedCall { name: function.name, types: types::<A, R>(), arguments })
}

/// The results of so many items, back from bytes.
pub(super) fn decode_results<R: DeserializeOwned>(
    function: &str,
    items: usize,
    bytes: &[u8],
) -> Result<ItemResults<R>, TaskError> {
    guarded(|| from_all_bytes::<ItemResults<R>>(bytes))
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

/// What is in these bytes, and in all of them: bytes that are left over were something else.
fn from_all_bytes<T: DeserializeOwned>(bytes: &[u8]) -> postcard::Result<T> {
    match postcard::take_from_bytes(bytes)? {
        (value, []) => Ok(value),
        _ => Err(postcard::Error::DeserializeBadEncoding),
    }
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
