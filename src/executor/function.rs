//! Named functions: what executors run. Threads call them directly; a worker process looks the name up in its
//! [`Registry`], which is the same one, as it runs the same binary.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::context::TaskContext;
use super::error::{Codec, Place, TaskError};
use super::event::{Event, EventKind, EventSink, NoEvents, Outcome, WorkId, WorkerId};
use super::future::panic_message;
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

/// Where a call runs: who it is, which worker runs it, who listens, and what its tasks can ask for.
pub(super) struct CallSite<'a> {
    pub(super) call: WorkId,
    pub(super) worker: WorkerId,
    pub(super) sink: &'a dyn EventSink,
    pub(super) context: &'a TaskContext,
    /// Who else is to know which item runs.
    pub(super) watcher: Option<&'a dyn ItemWatcher>,
}

/// Hears of items in the thread that runs them.
pub(super) trait ItemWatcher {
    /// This one begins.
    fn begins(&self, call: WorkId, item: u32);

    /// It has ended after `nanos`. Returns whether hearing of it took some time, which then is not the next item's.
    fn ended(&self, nanos: i64) -> bool;
}

/// A call that runs. Between two of its items there is as a rule nothing but telling of them, so the second begins when the
/// first ends: the clock is read once an item.
pub(super) struct RunningCall<'a> {
    site: &'a CallSite<'a>,
    /// When the last item ended, and whoever watches has heard of it; or when the call began.
    now: i64,
    /// The next event, which has the same stamp as the one after it.
    held: Option<Event>,
}

impl<'a> CallSite<'a> {
    /// The call begins: its worker took it here and now.
    pub(super) fn take(&'a self) -> RunningCall<'a> {
        let now = sys::monotonic_nanos();
        let taken = Event::at(now, EventKind::Taken { call: self.call, worker: self.worker });
        RunningCall { site: self, now, held: Some(taken) }
    }

    /// The call begins: who took it told so.
    pub(super) fn was_taken(&'a self) -> RunningCall<'a> {
        RunningCall { site: self, now: sys::monotonic_nanos(), held: None }
    }
}

impl RunningCall<'_> {
    /// Runs item number `index` of the call, and tells the sink. What it raises, or that it panics, is its own affair.
    pub(super) fn run_item<R>(
        &mut self,
        index: usize,
        body: impl FnOnce(&TaskContext) -> Result<R, TaskError>,
    ) -> Result<R, TaskError> {
        let CallSite { call, worker, context, watcher, .. } = *self.site;
        let item = u32::try_from(index).unwrap_or(u32::MAX);
        if let Err(not_begun) = context.may_begin() {
            self.tell(EventKind::Skipped { call, item });
            return Err(not_begun);
        }
        self.tell(EventKind::Started { call, item, worker });
        if let Some(watcher) = watcher {
            watcher.begins(call, item);
        }
        let result = catch_unwind(AssertUnwindSafe(|| body(context)))
            .unwrap_or_else(|panic| Err(TaskError::panicked(panic_message(&*panic))))
            .map_err(|error| match context.pid() {
                Some(pid) => error.at(Place { worker, pid, call, item }),
                None => error,
            });
        let began = std::mem::replace(&mut self.now, sys::monotonic_nanos());
        let ended = self.now;
        if watcher.is_some_and(|watcher| watcher.ended(ended - began)) {
            self.now = sys::monotonic_nanos();
        }
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
            Some(held) => self.site.sink.record_both(held, event),
            None => self.site.sink.record(event),
        }
    }
}

type Erased = Box<dyn Fn(&CallSite<'_>, &[u8]) -> Result<Vec<u8>, TaskError> + Send + Sync>;

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
        let erased = move |site: &CallSite<'_>, bytes: &[u8]| {
            let arguments: Vec<A> = guarded(|| postcard::from_bytes(bytes))
                .map_err(|cause| argument_error(function.name, Codec::Decoded, cause))?;
            let mut running = site.was_taken();
            let results = running.run_items(function, arguments);
            running.tell(EventKind::EnteredResultQueue { call: site.call });
            encode_results(function.name, &results)
        };
        self.functions.insert(function.name, Box::new(erased));
        self
    }

    /// Runs the chunk in `arguments` through the function `name`; the results come back as bytes.
    pub(super) fn run(&self, name: &str, site: &CallSite<'_>, arguments: &[u8]) -> Result<Vec<u8>, TaskError> {
        let function = self.functions.get(name).ok_or_else(|| TaskError::UnknownFunction(name.to_owned()))?;
        function(site, arguments)
    }

    /// Runs an initializer: a call that nobody submitted, which returns nothing.
    pub(super) fn initialize(&self, function: &str, arguments: &[u8], context: &TaskContext) -> Result<(), TaskError> {
        let site = CallSite { call: 0, worker: 0, sink: &NoEvents, context, watcher: None };
        let results = self.run(function, &site, arguments)?;
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
    match catch_unwind(AssertUnwindSafe(codec)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(panic) => Err(format!("it panicked: {}", panic_message(&*panic))),
    }
}

pub(super) fn argument_error(function: &str, step: Codec, cause: String) -> TaskError {
    TaskError::Argument { function: function.to_owned(), step, cause }
}

fn result_error(function: &str, step: Codec, cause: String) -> TaskError {
    TaskError::Result { function: function.to_owned(), step, cause }
}
