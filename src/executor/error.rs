//! What can go wrong, one small type an operation. A task's failure is data ([`TaskError`]): it crosses processes, is
//! stored in the future and leaves the executor alone.

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a task's future holds no value: CPython's "exception of the future".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum TaskError {
    /// The task returned an error. Its [source](std::error::Error::source) is that of the error that was returned, in words.
    #[error(transparent)]
    Raised(Box<Failure>),
    /// The task panicked.
    #[error("the task panicked: {}", .0.message)]
    Panicked(Box<Failure>),
    /// The task was asked to stop, and did so at its next checkpoint, or before it began.
    #[error("stopped before it finished")]
    Interrupted,
    /// The task was asked to give up what it waited for.
    #[error("timed out while it waited")]
    TimedOut,
    /// The task was not run: an earlier one had raised, and the rest is being skipped.
    #[error("skipped, because an earlier item raised")]
    Skipped,
    /// The argument could not be turned into bytes, or back.
    #[error("the argument of `{function}` could not be {step}: {cause}")]
    Argument {
        /// The function's name.
        function: String,
        /// Which way it failed.
        step: Codec,
        /// The serialiser's words.
        cause: String,
    },
    /// The result could not be turned into bytes, or back.
    #[error("the result of `{function}` could not be {step}: {cause}")]
    Result {
        /// The function's name.
        function: String,
        /// Which way it failed.
        step: Codec,
        /// The serialiser's words.
        cause: String,
    },
    /// The worker does not know a function of this name.
    #[error("the worker knows no function `{0}`")]
    UnknownFunction(String),
    /// The executor broke while the task was pending or running.
    #[error(transparent)]
    Broken(BrokenExecutor),
    /// The worker knows several functions of this name.
    #[error("the worker knows several functions `{0}`: names must be unique")]
    AmbiguousFunction(String),
    /// The worker's function of this name has other types.
    #[error("the worker's function `{function}` has other types: it takes `{takes}` and returns `{returns}`")]
    OtherTypes {
        /// The function's name.
        function: String,
        /// What the worker's takes, as the compiler calls it.
        takes: String,
        /// What it returns.
        returns: String,
    },
}

/// What went wrong in a task, as it is told across processes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The error's type, as Rust names it.
    pub kind: String,
    /// The error in words.
    pub message: String,
    /// Its chain of causes.
    pub causes: Causes,
    /// Where it happened, if that was in a worker process.
    pub place: Option<Place>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.causes.0.as_deref().map(|cause| cause as _)
    }
}

/// The causes of an error, outermost first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct Causes(Option<Box<Cause>>);

/// One of them, whose source is the next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
struct Cause {
    message: String,
    source: Option<Box<Cause>>,
}

impl Causes {
    /// Each in words.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        std::iter::successors(self.0.as_deref(), |cause| cause.source.as_deref()).map(|cause| cause.message.as_str())
    }
}

impl From<Vec<String>> for Causes {
    fn from(messages: Vec<String>) -> Self {
        let chain = |source, message| Some(Box::new(Cause { message, source }));
        Self(messages.into_iter().rev().fold(None, chain))
    }
}

impl From<Causes> for Vec<String> {
    fn from(causes: Causes) -> Self {
        causes.iter().map(str::to_owned).collect()
    }
}

/// Where in a process pool something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Which worker.
    pub worker: u32,
    /// Its process id.
    pub pid: u32,
    /// Which call.
    pub call: u64,
    /// Which item of the call, from 0.
    pub item: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { worker, pid, call, item } = self;
        write!(f, "worker {worker} (pid {pid}), index {item} of call {call}")
    }
}

/// The two directions of serialisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Codec {
    /// Value to bytes.
    Encoded,
    /// Bytes to value.
    Decoded,
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Encoded => "encoded",
            Self::Decoded => "decoded",
        })
    }
}

impl TaskError {
    /// An error in words, without a cause.
    #[must_use]
    pub fn message(message: impl Into<String>) -> Self {
        Self::raised("TaskError", message.into(), Vec::new())
    }

    /// An error with its type and its chain of causes.
    #[must_use]
    pub fn from_error<E: Error + ?Sized>(error: &E) -> Self {
        Self::raised(std::any::type_name::<E>(), error.to_string(), causes_of(error.source()))
    }

    /// `what` went wrong because of `cause`: keeps the chain.
    #[must_use]
    pub fn with_cause<E: Error + ?Sized>(what: impl Into<String>, cause: &E) -> Self {
        let mut causes = vec![cause.to_string()];
        causes.extend(causes_of(cause.source()));
        Self::raised(std::any::type_name::<E>(), what.into(), causes)
    }

    fn raised(kind: &str, message: String, causes: Vec<String>) -> Self {
        Self::Raised(Box::new(Failure { kind: kind.to_owned(), message, causes: causes.into(), place: None }))
    }

    pub(super) fn panicked(message: String) -> Self {
        Self::Panicked(Box::new(Failure { kind: "panic".to_owned(), message, causes: Causes::default(), place: None }))
    }

    /// Says where it happened.
    pub(super) fn at(mut self, place: Place) -> Self {
        if let Self::Raised(failure) | Self::Panicked(failure) = &mut self {
            failure.place.get_or_insert(place);
        }
        self
    }

    /// Whether the task was asked to stop, and did: it neither failed nor succeeded.
    #[must_use]
    pub const fn is_stop(&self) -> bool {
        matches!(self, Self::Interrupted)
    }

    /// What the task itself said, if it got that far.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Raised(failure) | Self::Panicked(failure) => Some(failure),
            _ => None,
        }
    }

    /// The error's type in one word or path.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::Raised(failure) | Self::Panicked(failure) => &failure.kind,
            Self::Interrupted => "Interrupted",
            Self::TimedOut => "TimeoutError",
            Self::Skipped => "Skipped",
            Self::Argument { .. } => "ArgumentError",
            Self::Result { .. } => "ResultError",
            Self::UnknownFunction(_) => "UnknownFunction",
            Self::AmbiguousFunction(_) => "AmbiguousFunction",
            Self::OtherTypes { .. } => "OtherTypes",
            Self::Broken(_) => "BrokenExecutor",
        }
    }

    /// The error and its causes on one line, `outer: inner: innermost`. A cause that the error before it already quotes
    /// is not told twice.
    #[must_use]
    pub fn full_message(&self) -> String {
        let mut line = self.to_string();
        for cause in self.failure().into_iter().flat_map(|failure| failure.causes.iter()) {
            if !line.ends_with(cause) {
                line.push_str(": ");
                line.push_str(cause);
            }
        }
        // Panics of assertions have several.
        line.replace('\n', " ")
    }

    /// All that is known, on several lines: the message, the causes, where it happened if that was in a worker process, and the type.
    ///
    /// ```
    /// use poolscope::executor::TaskError;
    ///
    /// let error = "1O".parse::<u32>().unwrap_err();
    /// let told = TaskError::with_cause("line 7 is not a count", &error).report();
    /// assert_eq!(told, "line 7 is not a count\ncaused by: invalid digit found in string\ntype: core::num::error::ParseIntError");
    /// ```
    #[must_use]
    pub fn report(&self) -> String {
        let mut report = self.to_string();
        if let Some(failure) = self.failure() {
            for cause in failure.causes.iter() {
                report.push_str("\ncaused by: ");
                report.push_str(cause);
            }
            if let Some(place) = failure.place {
                report.push_str("\nin ");
                report.push_str(&place.to_string());
            }
        }
        report.push_str("\ntype: ");
        report.push_str(self.kind());
        report
    }
}

fn causes_of(mut next: Option<&(dyn Error + 'static)>) -> Vec<String> {
    let mut causes = Vec::new();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    causes
}

/// The executor can't run anything any more: CPython's `BrokenExecutor`, in a process pool `BrokenProcessPool`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum BrokenExecutor {
    /// A worker process ended although nobody had asked it to.
    #[error("worker {worker} (pid {pid}) ended with {exit} while {}", WhileRunning(*.call))]
    WorkerDied {
        /// Which worker.
        worker: u32,
        /// Its process id.
        pid: u32,
        /// Exit code or signal, in words.
        exit: String,
        /// The call that it held.
        call: Option<u64>,
    },
    /// A worker process was asked to stop, did not, and was killed for that.
    #[error("worker {worker} (pid {pid}) did not stop when it was asked to, and was killed while {}", WhileRunning(*.call))]
    Unresponsive {
        /// Which worker.
        worker: u32,
        /// Its process id.
        pid: u32,
        /// The call that it held.
        call: Option<u64>,
    },
    /// What a worker sent was not the protocol.
    #[error("worker {worker} (pid {pid}) sent what is not an answer: {cause}")]
    Protocol {
        /// Which worker.
        worker: u32,
        /// Its process id.
        pid: u32,
        /// What was wrong with it.
        cause: String,
    },
    /// A worker's initializer failed.
    #[error("the initializer of worker {worker} failed: {}", .error.full_message())]
    Initializer {
        /// Which worker.
        worker: u32,
        /// What it said.
        error: Box<TaskError>,
    },
    /// Somebody called `terminate_workers` or `kill_workers`.
    #[error("worker {worker} (pid {pid}) was {how} on request while {}", WhileRunning(*.call))]
    ForcedDown {
        /// Which worker.
        worker: u32,
        /// Its process id.
        pid: u32,
        /// How.
        how: ForcedShutdown,
        /// The call that it held.
        call: Option<u64>,
    },
    /// `terminate_workers` or `kill_workers` was called while no worker was there.
    #[error("the pool was {how} on request")]
    NoWorkerLeft {
        /// How.
        how: ForcedShutdown,
    },
    /// No worker could be started, and none is left.
    #[error("a worker could not be started: {0}")]
    Spawn(String),
    /// The manager thread itself failed.
    #[error("the executor manager thread failed: {0}")]
    Manager(String),
    /// The program that was started as a worker ended without having become one.
    #[error(
        "worker {worker} (pid {pid}) ended with {exit}, and never called `run_worker`: a program has to when it is started as a worker"
    )]
    NotAWorker {
        /// Which worker.
        worker: u32,
        /// Its process id.
        pid: u32,
        /// Exit code or signal, in words.
        exit: String,
    },
}

/// The two ways to end workers without waiting for their tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ForcedShutdown {
    /// Politely: SIGTERM, where there is such a thing.
    Terminate,
    /// At once: SIGKILL or its like.
    Kill,
}

impl fmt::Display for ForcedShutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Terminate => "terminated",
            Self::Kill => "killed",
        })
    }
}

struct WhileRunning(Option<u64>);

impl fmt::Display for WhileRunning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(call) => write!(f, "running call {call}"),
            None => f.write_str("idle"),
        }
    }
}

/// Why [`super::TaskFuture::result`] gave no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResultError {
    /// The future was cancelled.
    #[error("the future was cancelled")]
    Cancelled,
    /// It was not done in time.
    #[error("the result was not there in time")]
    TimedOut,
    /// The task failed.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// The wait would never end: this thread is the one that has to resolve the future, as its pool's manager, and is in
    /// a callback.
    #[error("waiting here would never end: this callback runs on the thread that has to resolve the future")]
    OwnManager,
    /// `map` with a `buffersize`: the executor took no more calls, so what is left of the input was not run.
    #[error("the rest of the input was not submitted: {0}")]
    Submit(SubmitError),
}

/// Why a call was not taken, in the order in which CPython checks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum SubmitError {
    /// The pool broke earlier.
    #[error("the executor is broken: {0}")]
    Broken(BrokenExecutor),
    /// `shutdown` was called before.
    #[error("cannot submit after shutdown")]
    ShutDown,
    /// The program is ending: its [`super::ExitGuard`] is gone.
    #[error("cannot submit while the program is ending")]
    ProgramEnding,
    /// The first worker could not be started.
    #[error("no worker could be started: {0}")]
    Spawn(String),
}

impl From<SubmitError> for TaskError {
    /// For tasks that submit others.
    fn from(refused: SubmitError) -> Self {
        Self::from_error(&refused)
    }
}

/// Why an executor could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// `max_workers` was out of range.
    #[error("workers must be between 1 and {limit}, not {given}")]
    Workers {
        /// What was asked for.
        given: usize,
        /// The most that this executor takes.
        limit: usize,
    },
    /// `max_tasks_per_child` was 0.
    #[error("max_tasks_per_child must be at least 1")]
    MaxTasksPerChild,
    /// The names of threads were to hold a NUL.
    #[error("a thread's name can't hold a NUL character")]
    NamePrefix,
    /// This process was started as the worker of a pool, but has not called `run_worker`.
    #[error("this process was started as a worker: it has to call `run_worker` before it makes pools")]
    NotAWorker,
    /// The initializer's argument could not be encoded.
    #[error(transparent)]
    Initializer(TaskError),
    /// The system does not say where this program is, so that workers can't be started.
    #[error("this program was not found: {0}")]
    Program(String),
}

impl BuildError {
    /// # Errors
    /// When there are to be no workers, or more than `limit`.
    pub(super) fn check_workers(given: usize, limit: usize) -> Result<(), Self> {
        if (1..=limit).contains(&given) { Ok(()) } else { Err(Self::Workers { given, limit }) }
    }
}

/// Why `map` submitted nothing, or not everything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// `chunksize` was 0.
    #[error("chunksize must be at least 1")]
    Chunksize,
    /// `buffersize` was 0.
    #[error("buffersize must be at least 1")]
    Buffersize,
    /// The executor took no more calls.
    #[error(transparent)]
    Submit(#[from] SubmitError),
}

/// Why seconds are no timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a timeout must be a number of seconds")]
pub struct TimeoutError;

/// `set_result` or `set_exception` on a future that is already done; the value that is there stays.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid state: {0}")]
pub struct InvalidStateError(pub String);
