//! One run from plan to end, on a thread of its own: finds the items, makes the executor, submits, collects, shuts down.
//! It tells the lab what it did; what the executor did the lab hears as events.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::Sender;

use super::recorder::Recorder;
use super::settings::{CheckedSettings, Collect, ExecutorKind, OnError, RunSettings};
use crate::executor::{
    BuildError, EventSink, MapError, MapOptions, ProcessPoolExecutor, RawExecutor, ResultError, SequentialExecutor,
    SubmitError, TaskFuture, ThreadPoolExecutor, WorkerCommand, as_completed, gather_results,
};
use crate::workload::{FieldError, Labels, Plan};

/// What the lab hears of the thread that drives a run, in this order.
pub(super) enum Progress {
    /// The items are known; submitting starts.
    Prepared { items: usize, labels: Labels, executor: Arc<dyn RawExecutor> },
    /// Everything is over: nothing of the executor is left.
    Ended(Ended),
}

/// What came of it, or why the run never started.
pub(super) type Ended = Result<Collected, RunError>;

/// What collecting results came to.
#[derive(Default)]
pub(super) struct Collected {
    /// Why the executor took no more calls although nobody had asked it to stop.
    pub(super) refused: Option<SubmitError>,
    /// The first results, in the order in which they were yielded.
    pub(super) yielded: Vec<Yielded>,
}

/// What was yielded for an item: its line for people, or its error in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Yielded {
    /// Its number.
    pub item: usize,
    /// What came of it.
    pub result: Result<String, String>,
}

/// Of a large run, so many results are kept.
const YIELDED_KEPT: usize = 1_000;

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

/// Drives the run. `cancelled` is looked at until the last item is submitted.
pub(super) fn drive(
    run: CheckedSettings,
    worker_command: Option<WorkerCommand>,
    recorder: &Arc<Recorder>,
    cancelled: &AtomicBool,
    progress: &Sender<Progress>,
) {
    let ended = prepare_and_run(run, worker_command, recorder, cancelled, progress);
    // Nobody listens any more if the lab itself is ending.
    let _ = progress.send(Progress::Ended(ended));
}

fn prepare_and_run(
    run: CheckedSettings,
    worker_command: Option<WorkerCommand>,
    recorder: &Arc<Recorder>,
    cancelled: &AtomicBool,
    progress: &Sender<Progress>,
) -> Ended {
    let CheckedSettings { settings, workload, params } = run;
    let mut plan = workload.plan(&params, cancelled)?;
    let _kept = plan.take_kept();
    if cancelled.load(Ordering::Relaxed) {
        return Ok(Collected::default());
    }
    let events: Arc<dyn EventSink> = Arc::clone(recorder) as _;
    let executor = build(&settings, worker_command, events)?;
    let labels = Arc::clone(&plan.labels);
    let prepared = Progress::Prepared { items: plan.items, labels, executor: Arc::clone(&executor) };
    let _ = progress.send(prepared);
    let Collected { refused, yielded } = collect(plan, &*executor, &settings, recorder, cancelled);
    executor.shutdown(true, false);
    Ok(Collected { refused: refused.filter(|refused| *refused != SubmitError::ShutDown), yielded })
}

fn build(
    settings: &RunSettings,
    worker_command: Option<WorkerCommand>,
    sink: Arc<dyn EventSink>,
) -> Result<Arc<dyn RawExecutor>, RunError> {
    Ok(match settings.executor {
        ExecutorKind::Sequential => Arc::new(SequentialExecutor::with_gil(settings.gil(), sink)),
        ExecutorKind::Threads => {
            let builder = ThreadPoolExecutor::builder().max_workers(settings.workers).gil(settings.gil()).events(sink);
            Arc::new(builder.build()?)
        }
        ExecutorKind::Processes => {
            let command = worker_command.map_or_else(WorkerCommand::this_program, Ok);
            let command = command.map_err(|error| RunError::System(format!("this program was not found: {error}")))?;
            let builder = ProcessPoolExecutor::builder().max_workers(settings.workers).worker_command(command);
            Arc::new(builder.gil(settings.gil()).events(sink).build()?)
        }
    })
}

/// Submits and waits the way that was chosen. What comes of each item the lab hears as events, so most results are let go.
fn collect(
    plan: Plan,
    executor: &dyn RawExecutor,
    settings: &RunSettings,
    recorder: &Recorder,
    cancelled: &AtomicBool,
) -> Collected {
    // The lab does the same when it comes to the event. Here it is heeded before the next call, which matters where the
    // next call runs in this thread.
    let go_on = || match settings.on_error {
        _ if cancelled.load(Ordering::Relaxed) => false,
        OnError::Stop => !recorder.has_raised(),
        OnError::Skip if recorder.has_raised() => {
            executor.skip_rest();
            true
        }
        OnError::Skip | OnError::Continue => true,
    };
    let mut yielded = Vec::new();
    let mut keep = |item: usize, result: Result<String, ResultError>| {
        if yielded.len() < YIELDED_KEPT {
            yielded.push(Yielded { item, result: result.map_err(|error| error.to_string()) });
        }
    };
    if settings.collect == Collect::Map {
        let options = MapOptions { chunksize: settings.chunksize, ..MapOptions::default() };
        let refused = match plan.map(executor, options, &go_on) {
            Some(Ok(results)) => {
                results.enumerate().for_each(|(item, result)| keep(item, result));
                None
            }
            Some(Err(MapError::Submit(refused))) => Some(refused),
            // Settings are checked before a run starts.
            Some(Err(MapError::Chunksize | MapError::Buffersize)) | None => None,
        };
        return Collected { refused, yielded };
    }
    let (futures, refused) = plan.submit(executor, &go_on);
    match settings.collect {
        Collect::AsCompleted => {
            let items: HashMap<_, _> = futures.iter().map(TaskFuture::id).zip(0..).collect();
            for future in as_completed(futures, None).flatten() {
                keep(items.get(&future.id()).copied().unwrap_or_default(), future.result(None));
            }
        }
        Collect::Gather => {
            let results = pollster::block_on(gather_results(futures));
            results.into_iter().enumerate().for_each(|(item, result)| keep(item, result));
        }
        _ => futures.into_iter().enumerate().for_each(|(item, future)| keep(item, future.result(None))),
    }
    Collected { refused, yielded }
}
