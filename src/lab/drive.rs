//! One run from plan to end, on a thread of its own: finds the items, makes the executor, submits, collects, shuts down.
//! It tells the lab what it did; what the executor did the lab hears as events.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::Sender;

use super::settings::{CheckedSettings, Collect, ExecutorKind, RunSettings};
use crate::executor::{
    BuildError, EventSink, MapOptions, ProcessPoolExecutor, RawExecutor, SequentialExecutor, SubmitError,
    ThreadPoolExecutor, WorkerCommand, as_completed, gather,
};
use crate::workload::{FieldError, Labels, Plan};

/// What the lab hears of the thread that drives a run, in this order.
pub(super) enum Progress {
    /// The items are known; submitting starts.
    Prepared { items: usize, labels: Arc<Labels>, executor: Arc<dyn RawExecutor> },
    /// Everything is over: nothing of the executor is left.
    Ended(Result<(), RunError>),
}

/// Why a run could not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// Some setting can't be.
    #[error(transparent)]
    Settings(#[from] FieldError),
    /// The executor could not be made.
    #[error(transparent)]
    Executor(#[from] BuildError),
    /// The system does not let us.
    #[error("{0}")]
    System(String),
}

/// Drives the run. `cancelled` is looked at until the first item is submitted.
pub(super) fn drive(
    run: CheckedSettings,
    worker_command: Option<WorkerCommand>,
    sink: Arc<dyn EventSink>,
    cancelled: &AtomicBool,
    progress: &Sender<Progress>,
) {
    let ended = prepare_and_run(run, worker_command, sink, cancelled, progress);
    // Nobody listens any more if the lab itself is ending.
    let _ = progress.send(Progress::Ended(ended));
}

fn prepare_and_run(
    run: CheckedSettings,
    worker_command: Option<WorkerCommand>,
    sink: Arc<dyn EventSink>,
    cancelled: &AtomicBool,
    progress: &Sender<Progress>,
) -> Result<(), RunError> {
    let CheckedSettings { settings, workload, params } = run;
    let mut plan = workload.plan(&params, cancelled)?;
    if cancelled.load(Ordering::Relaxed) {
        return Ok(());
    }
    let executor = build(&settings, worker_command, sink)?;
    let labels = Arc::new(std::mem::replace(&mut plan.labels, Box::new(|_| String::new())));
    let prepared = Progress::Prepared { items: plan.items, labels, executor: Arc::clone(&executor) };
    let _ = progress.send(prepared);
    collect(plan, &*executor, &settings);
    executor.shutdown(true, false);
    Ok(())
}

fn build(
    settings: &RunSettings,
    worker_command: Option<WorkerCommand>,
    sink: Arc<dyn EventSink>,
) -> Result<Arc<dyn RawExecutor>, RunError> {
    Ok(match settings.executor {
        ExecutorKind::Sequential => Arc::new(SequentialExecutor::new(sink)),
        ExecutorKind::Threads => Arc::new(ThreadPoolExecutor::new(settings.workers, sink)?),
        ExecutorKind::Processes => {
            let command = worker_command.map_or_else(WorkerCommand::this_program, Ok);
            let command = command.map_err(|error| RunError::System(format!("this program was not found: {error}")))?;
            Arc::new(ProcessPoolExecutor::new(settings.workers, command, sink)?)
        }
    })
}

/// Submits and waits the way that was chosen. What comes of each item the lab hears as events, so results are let go.
fn collect(plan: Plan, executor: &dyn RawExecutor, settings: &RunSettings) {
    if settings.collect == Collect::Map {
        let options = MapOptions { chunksize: settings.chunksize, timeout: None };
        // An executor that takes no more calls was stopped or broke; both are told by events.
        if let Ok(results) = plan.map(executor, options) {
            results.for_each(drop);
        }
        return;
    }
    let (futures, refused): (_, Option<SubmitError>) = plan.submit(executor);
    drop(refused);
    match settings.collect {
        Collect::Map | Collect::Submit => futures.into_iter().for_each(|future| drop(future.result(None))),
        Collect::AsCompleted => as_completed(futures, None).for_each(drop),
        Collect::Gather => drop(pollster::block_on(gather(futures))),
    }
}
