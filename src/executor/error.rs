//! What can go wrong, one small type an operation. A task's failure is data ([`TaskError`]): it crosses processes, is
//! stored in the future and leaves the executor alone.

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a task's future holds no value: CPython's "exception of the future".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum TaskError {
    /// The task returned an error.
    #[error("{message}")]
    Raised {
        /// The error in words.
        message: String,
        /// Its chain of causes, outermost first.
        causes: Vec<String>,
    },
    /// The task panicked.
    #[error("the task panicked: {0}")]
    Panicked(String),
    /// The task was asked to stop, and did so at its next checkpoint, or before it began.
    #[error("stopped before it finished")]
    Interrupted,
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
        Self::Raised { message: message.into(), causes: Vec::new() }
    }

    /// An error with its chain of causes.
    #[must_use]
    pub fn from_error(error: &dyn Error) -> Self {
        Self::Raised { message: error.to_string(), causes: causes_of(error) }
    }

    /// `what` went wrong because of `cause`: keeps the chain.
    #[must_use]
    pub fn with_cause(what: impl Into<String>, cause: &dyn Error) -> Self {
        let mut causes = vec![cause.to_string()];
        causes.extend(causes_of(cause));
        Self::Raised { message: what.into(), causes }
    }

    /// The error and its causes on one line, `outer: inner: innermost`. A cause that the error before it already quotes
    /// is not told twice.
    #[must_use]
    pub fn full_message(&self) -> String {
        let mut line = self.to_string();
        if let Self::Raised { causes, .. } = self {
            for cause in causes {
                if !line.ends_with(cause.as_str()) {
                    line.push_str(": ");
                    line.push_str(cause);
                }
            }
        }
        // Panics of assertions have several.
        line.replace('\n', " ")
    }
}

fn causes_of(error: &dyn Error) -> Vec<String> {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    causes
}

/// The executor can't run anything any more (CPython's `BrokenExecutor`, here always a `BrokenProcessPool`).
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
    /// No worker could be started, and none is left.
    #[error("a worker could not be started: {0}")]
    Spawn(String),
    /// The manager thread itself failed.
    #[error("the executor manager thread failed: {0}")]
    Manager(String),
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
}

/// Why a call was not taken, in the order in which CPython checks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The pool broke earlier.
    #[error("the executor is broken: {0}")]
    Broken(BrokenExecutor),
    /// `shutdown` was called before.
    #[error("cannot submit after shutdown")]
    ShutDown,
    /// The first worker could not be started.
    #[error("no worker could be started: {0}")]
    Spawn(String),
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
}

/// Why `map` submitted nothing, or not everything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// `chunksize` was 0.
    #[error("chunksize must be at least 1")]
    Chunksize,
    /// The executor took no more calls.
    #[error(transparent)]
    Submit(#[from] SubmitError),
}

/// `set_result` or `set_exception` on a future that is already done; the value that is there stays.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid state: {0}")]
pub struct InvalidStateError(pub String);
