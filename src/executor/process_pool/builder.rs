//! What a process pool is made of.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::ProcessPoolExecutor;
use super::worker::forgot_to_be_a_worker;
use crate::executor::error::{BuildError, TaskError};
use crate::executor::event::{EventSink, NoEvents};
use crate::executor::function::{EncodedCall, Function, Portable, encode_call};
use crate::executor::gil::GilSettings;

/// What a [`ProcessPoolExecutor`] is made of.
///
/// ```no_run
/// use poolscope::executor::{Executor, Function, OnWorkerDeath, ProcessPoolExecutor};
///
/// const SEED: Function<u64, ()> = Function::new("seed", |_seed, _context| Ok(()));
/// const SQUARE: Function<u64, u64> = Function::new("square", |n, _context| Ok(n * n));
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // `this-program worker` calls `run_worker` with a registry that knows both functions.
/// let executor = ProcessPoolExecutor::builder()
///     .max_workers(2)
///     .initializer(SEED, 42)
///     .max_tasks_per_child(100)
///     .on_worker_death(OnWorkerDeath::Restart)
///     .build()?;
/// assert_eq!(executor.submit(SQUARE, 5)?.result(None)?, 25);
/// # Ok(()) }
/// ```
#[must_use]
pub struct ProcessPoolBuilder {
    max_workers: usize,
    worker_command: Option<WorkerCommand>,
    initializer: Option<Result<EncodedCall, TaskError>>,
    max_tasks_per_child: Option<usize>,
    on_worker_death: OnWorkerDeath,
    gil: GilSettings,
    pipes_only: bool,
    sink: Arc<dyn EventSink>,
}

/// What a pool does when a worker process ends although nobody asked it to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnWorkerDeath {
    /// The pool is broken, and all unfinished futures fail (CPython).
    #[default]
    BreakPool,
    /// Only the call that the worker held fails; another worker takes over. A worker that ends before it was ready for its
    /// first call breaks the pool all the same, as the next would.
    Restart,
}

/// How a worker process is started: a program that ends up in [`super::run_worker`] with the functions that will be called.
#[derive(Clone, Debug)]
pub struct WorkerCommand {
    /// The program.
    pub program: PathBuf,
    /// What follows its name.
    pub arguments: Vec<OsString>,
}

impl WorkerCommand {
    /// This program itself, as `… worker`.
    ///
    /// # Errors
    /// When the system does not say where this program is.
    pub fn this_program() -> std::io::Result<Self> {
        let program = std::env::current_exe()?;
        // One that was replaced or deleted while it runs can still be started anew by this name (Linux).
        let program = if program.exists() || !cfg!(target_os = "linux") { program } else { "/proc/self/exe".into() };
        Ok(Self { program, arguments: vec!["worker".into()] })
    }
}

/// What stays as it is while a pool lives.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) worker_command: WorkerCommand,
    /// Run in each worker before its first call.
    pub(super) initializer: Option<EncodedCall>,
    /// After so many calls a worker is replaced.
    pub(super) max_tasks_per_child: Option<usize>,
    pub(super) on_worker_death: OnWorkerDeath,
    pub(super) gil: GilSettings,
    /// Calls and answers go through pipes even where memory can be shared.
    pub(super) pipes_only: bool,
}

impl ProcessPoolBuilder {
    pub(super) fn new(max_workers: usize) -> Self {
        Self {
            max_workers,
            worker_command: None,
            initializer: None,
            max_tasks_per_child: None,
            on_worker_death: OnWorkerDeath::default(),
            gil: GilSettings::default(),
            pipes_only: false,
            sink: NoEvents::shared(),
        }
    }

    /// At most so many processes; [`ProcessPoolExecutor::default_max_workers`] if it is not said.
    pub fn max_workers(mut self, max_workers: usize) -> Self {
        self.max_workers = max_workers;
        self
    }

    /// How workers are started; [`WorkerCommand::this_program`] if it is not said.
    pub fn worker_command(mut self, command: WorkerCommand) -> Self {
        self.worker_command = Some(command);
        self
    }

    /// Runs in each worker before its first call. If it fails or panics, or takes its worker with it, the pool is broken.
    #[expect(clippy::needless_pass_by_value, reason = "as `submit` takes its argument")]
    pub fn initializer<A: Portable>(mut self, function: Function<A, ()>, argument: A) -> Self {
        self.initializer = Some(encode_call(function, std::slice::from_ref(&argument)));
        self
    }

    /// After so many calls, failed ones included, a worker ends and another takes over. A chunk of a `map` is one call.
    pub fn max_tasks_per_child(mut self, calls: usize) -> Self {
        self.max_tasks_per_child = Some(calls);
        self
    }

    /// Beyond CPython: whether the pool survives the death of a worker.
    pub fn on_worker_death(mut self, on_worker_death: OnWorkerDeath) -> Self {
        self.on_worker_death = on_worker_death;
        self
    }

    /// Computing takes a global interpreter lock, of which each process has its own. A worker runs one task at a time, so that is
    /// felt only by threads that a task has for itself; off if it is not said.
    pub fn gil(mut self, gil: GilSettings) -> Self {
        self.gil = gil;
        self
    }

    /// Passes calls and answers through pipes, as on systems where processes can't share memory: slower, and otherwise the
    /// same.
    pub fn pipes_only(mut self) -> Self {
        self.pipes_only = true;
        self
    }

    /// Who hears of everything that happens.
    pub fn events(mut self, sink: Arc<dyn EventSink>) -> Self {
        self.sink = sink;
        self
    }

    /// # Errors
    /// When a number is out of range, the initializer's argument can't be encoded, or the system does not say where this
    /// program is; and in a process that was started as a worker and has not called [`run_worker`](super::run_worker).
    pub fn build(self) -> Result<ProcessPoolExecutor, BuildError> {
        if forgot_to_be_a_worker() {
            return Err(BuildError::NotAWorker);
        }
        if self.max_tasks_per_child == Some(0) {
            return Err(BuildError::MaxTasksPerChild);
        }
        let worker_command = self.worker_command.map_or_else(WorkerCommand::this_program, Ok);
        let settings = Settings {
            worker_command: worker_command.map_err(|cause| BuildError::Program(cause.to_string()))?,
            initializer: self.initializer.transpose().map_err(BuildError::Initializer)?,
            max_tasks_per_child: self.max_tasks_per_child,
            on_worker_death: self.on_worker_death,
            gil: self.gil,
            pipes_only: self.pipes_only,
        };
        ProcessPoolExecutor::with_settings(self.max_workers, settings, self.sink)
    }
}
