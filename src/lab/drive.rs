//! One run from plan to end, on a thread of its own: finds the items, makes the executor, submits, collects, shuts down.
//! It tells the lab what it did; what the executor did the lab hears as events.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::Sender;

use super::batches::Batches;
use super::recorder::Recorder;
use super::results::ResultsBox;
use super::settings::{CheckedSettings, Collect, ExecutorKind, OnError, RunSettings};
use crate::executor::{
    BuildError, Chunking, EventSink, Map, MapError, MapOptions, ProcessPoolExecutor, RawExecutor, ResultError,
    SequentialExecutor, SubmitError, TaskFuture, ThreadPoolExecutor, WorkerCommand, as_completed, gather_results,
};
use crate::sys;
use crate::workload::{FieldError, INITIALIZE, Initializer, Labels, Plan, SharedGoOn};

/// What the lab hears of the thread that drives a run, in this order.
pub(super) enum Progress {
    /// The items are known; submitting starts.
    Prepared(Prepared),
    /// All of them are submitted, by a map that can still be cut anew.
    Mapped(Chunking<'static, String>),
    /// More items are about to be submitted, or why not.
    More(Result<(usize, Labels), FieldError>),
    /// Everything is over: nothing of the executor is left.
    Ended(Ended),
}

/// What is known of a run once its items are.
pub(super) struct Prepared {
    pub(super) items: usize,
    pub(super) labels: Labels,
    /// See [`Plan::notes`].
    pub(super) notes: Vec<String>,
    /// See [`Plan::resolved`].
    pub(super) resolved: Vec<(&'static str, String)>,
    pub(super) executor: Arc<dyn RawExecutor>,
    pub(super) at: i64,
}

/// Why the executor took no more calls although nobody had asked it to stop, if it did not; or why the run never started.
pub(super) type Ended = Result<Option<SubmitError>, RunError>;

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

/// What the lab and the threads that drive a run share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) recorder: Arc<Recorder>,
    /// No more items are looked for, and none is submitted.
    pub(super) cancelled: Arc<AtomicBool>,
    /// Nothing is to go on any more.
    pub(super) interrupted: Arc<AtomicBool>,
    pub(super) progress: Sender<Progress>,
    pub(super) results: Arc<ResultsBox>,
    /// Items that are added while the run goes on.
    pub(super) batches: Arc<Batches>,
}

/// Drives the run.
pub(super) fn drive(run: CheckedSettings, worker_command: Option<WorkerCommand>, shared: &Shared) {
    // The lab waits for the last word, so that must come even after a bug.
    let ended = catch_unwind(AssertUnwindSafe(|| prepare_and_run(run, worker_command, shared)));
    let ended = ended.unwrap_or_else(|_| Err(RunError::System("the run broke off because of a bug".to_owned())));
    // Nobody listens any more if the lab itself is ending.
    let _ = shared.progress.send(Progress::Ended(ended));
}

fn prepare_and_run(run: CheckedSettings, worker_command: Option<WorkerCommand>, shared: &Shared) -> Ended {
    let mut plan = run.plan(&shared.cancelled)?;
    let settings = run.settings;
    let _kept = plan.take_kept();
    if shared.cancelled.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let events: Arc<dyn EventSink> = Arc::clone(&shared.recorder) as _;
    let at = sys::monotonic_nanos();
    let executor = build(&settings, worker_command, events, &shared.interrupted)?;
    // Items that are added have their numbers after these.
    let first = shared.batches.begin(plan.items);
    let prepared = Prepared {
        items: plan.items,
        labels: Arc::clone(&plan.labels),
        notes: std::mem::take(&mut plan.notes),
        resolved: std::mem::take(&mut plan.resolved),
        executor: Arc::clone(&executor),
        at,
    };
    let _ = shared.progress.send(Progress::Prepared(prepared));
    let submitted = Submitted::of(plan, &executor, &settings, shared);
    drop(first);
    let refused = submitted.collect(0, &shared.results);
    // As long as something was added that still runs, more can be.
    while let Some(batch) = shared.batches.next_or_close() {
        let _ = batch.join();
    }
    executor.shutdown(true, false);
    Ok(refused.filter(|refused| *refused != SubmitError::ShutDown))
}

fn build(
    settings: &RunSettings,
    worker_command: Option<WorkerCommand>,
    sink: Arc<dyn EventSink>,
    interrupted: &Arc<AtomicBool>,
) -> Result<Arc<dyn RawExecutor>, RunError> {
    let initializer = settings.initializer;
    Ok(match settings.executor {
        ExecutorKind::Sequential => Arc::new(SequentialExecutor::with_gil(settings.gil(), sink)),
        ExecutorKind::Threads => {
            let builder = ThreadPoolExecutor::builder().max_workers(settings.workers).gil(settings.gil()).events(sink);
            // A worker without one is ready at once.
            let builder = if initializer == Initializer::None {
                builder
            } else {
                let interrupted = Arc::clone(interrupted);
                builder.initializer(move || initializer.run(|| !interrupted.load(Ordering::Relaxed)))
            };
            Arc::new(builder.build()?)
        }
        ExecutorKind::Processes => {
            let command = worker_command.map_or_else(WorkerCommand::this_program, Ok);
            let command = command.map_err(|error| RunError::System(format!("this program was not found: {error}")))?;
            let mut builder = ProcessPoolExecutor::builder().max_workers(settings.workers).worker_command(command);
            builder = builder.on_worker_death(settings.on_worker_death);
            if initializer != Initializer::None {
                builder = builder.initializer(INITIALIZE, initializer);
            }
            if let Some(calls) = settings.max_tasks_per_child {
                builder = builder.max_tasks_per_child(calls);
            }
            Arc::new(builder.gil(settings.gil()).events(sink).build()?)
        }
    })
}

/// What was submitted and is to be waited for, in the way that was chosen.
pub(super) enum Submitted {
    Map(Map<'static, String>),
    Futures(Vec<TaskFuture<String>>, Option<SubmitError>, Collect),
    Refused(SubmitError),
}

impl Submitted {
    /// Submits all items of `plan`, unless the run is stopped before.
    pub(super) fn of(plan: Plan, executor: &Arc<dyn RawExecutor>, settings: &RunSettings, shared: &Shared) -> Self {
        let go_on = go_on(executor, settings.on_error, shared);
        if settings.collect != Collect::Map {
            let (futures, refused) = plan.submit(&**executor, &*go_on);
            return Self::Futures(futures, refused, settings.collect);
        }
        let options = MapOptions { chunksize: settings.chunksize, ..MapOptions::default() };
        match plan.map(&**executor, options, go_on) {
            Some(Ok(map)) => {
                let _ = shared.progress.send(Progress::Mapped(map.chunking()));
                Self::Map(map)
            }
            Some(Err(MapError::Submit(refused))) => Self::Refused(refused),
            // Settings are checked before a run starts.
            Some(Err(MapError::Chunksize | MapError::Buffersize)) | None => {
                Self::Futures(Vec::new(), None, Collect::Map)
            }
        }
    }

    /// Waits for the results, of which the first is that of item number `first`, and puts them into `collected`. Returns why the
    /// executor took no more calls, if it did not.
    pub(super) fn collect(self, first: usize, collected: &ResultsBox) -> Option<SubmitError> {
        let keep = |item: usize, result: Result<String, ResultError>| {
            collected.put(first + item, result.map_err(|error| error.to_string()));
        };
        match self {
            Self::Map(results) => {
                results.enumerate().for_each(|(item, result)| keep(item, result));
                None
            }
            Self::Refused(refused) => Some(refused),
            Self::Futures(futures, refused, Collect::AsCompleted) => {
                let items: HashMap<_, _> = futures.iter().map(TaskFuture::id).zip(0..).collect();
                for future in as_completed(futures, None).flatten() {
                    keep(items.get(&future.id()).copied().unwrap_or_default(), future.result(None));
                }
                refused
            }
            Self::Futures(futures, refused, Collect::Gather) => {
                let results = pollster::block_on(gather_results(futures));
                results.into_iter().enumerate().for_each(|(item, result)| keep(item, result));
                refused
            }
            Self::Futures(futures, refused, _) => {
                futures.into_iter().enumerate().for_each(|(item, future)| keep(item, future.result(None)));
                refused
            }
        }
    }
}

/// Whether the next item is to be submitted. The lab does the same when it comes to the event of an error; here it is heeded
/// before the next call, which matters where the next call runs in this thread.
fn go_on(executor: &Arc<dyn RawExecutor>, on_error: OnError, shared: &Shared) -> SharedGoOn {
    let (executor, cancelled) = (Arc::downgrade(executor), Arc::clone(&shared.cancelled));
    let recorder = Arc::clone(&shared.recorder);
    Arc::new(move || match on_error {
        _ if cancelled.load(Ordering::Relaxed) => false,
        OnError::Stop => !recorder.has_raised(),
        OnError::Skip if recorder.has_raised() => {
            if let Some(executor) = executor.upgrade() {
                executor.skip_rest();
            }
            true
        }
        OnError::Skip | OnError::Continue => true,
    })
}
