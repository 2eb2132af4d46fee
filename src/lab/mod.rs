//! The engine behind the window and the command line: commands go in, the state of the run comes out. It owns executors,
//! the recorder and the sampler; nobody who asks it for something ever waits for it.
//!
//! ```text
//!  Command ──▶ lab thread ◀── Progress ── drive thread ──submit · map──▶ executor ──▶ workers
//!                 │   ▲ ▲                                                   │
//!                 │   │ └── CPU samples                                     │
//!                 │   └──────────────────────── events, stamped at the source ┘
//!                 ▼
//!          published Run (a pointer that is swapped), and a wake-up
//! ```
//! The lab thread alone folds events into the trace. It publishes at most 60 times a second, less often what nobody looks at, and
//! not at all while nothing happens.

mod actor;
mod batches;
mod csv;
mod drive;
mod item_records;
mod machine_load;
mod published;
mod rechunking;
mod recorder;
mod report;
mod results;
mod run;
mod run_file;
mod sampler;
mod settings;
mod tasks;
mod time_left;
mod write;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

pub use csv::write_csv;
pub use drive::RunError;
pub use item_records::{ErrorGroup, ItemRecord};
pub use machine_load::share_of_others_now;
pub use report::{Report, for_terminal};
pub use results::Results;
pub use run::{Beginning, End, Run, Status, Totals};
pub use sampler::{Load, ProcessLoad};
pub use settings::{
    CheckedSettings, Collect, ExecutorKind, OnError, RunSettings, parse_chunksize, parse_max_tasks_per_child,
    parse_seed, parse_switch_interval, parse_timeout, parse_workers,
};

pub use run_file::OpenError;
pub use settings::OnlyItems;
pub use tasks::{Task, TaskState};
pub use write::{WriteError, check_target, place_of, write_whole};

use crate::executor::{Interruption, Pending, WorkerCommand};
use actor::Actor;
use published::Published;

/// What can be asked of the lab.
pub enum Command {
    /// Starts a run. One that is under way is stopped at once, and the new one starts when it has ended.
    Run(Box<CheckedSettings>),
    /// Cancels what is pending; what executes may finish.
    Stop,
    /// Changes how many workers the run that is under way may have.
    SetWorkers(usize),
    /// Changes how many items a chunk has, of the run that is under way: of what no worker has yet.
    SetChunksize(usize),
    /// Asks the task of one call to end at its next checkpoint.
    InterruptCall(u32, Interruption),
    /// Cancels calls that are pending.
    CancelPending(Pending),
    /// Kills a worker process, as a crash would.
    KillWorker(u32),
    /// Submits the items of the run that is under way once more.
    SubmitMore,
    /// Takes no more items: `shutdown(cancel_futures=False)`. What was submitted runs.
    Close,
    /// Cancels what is pending, and asks what executes to end at its next checkpoint.
    StopNow,
}

/// How long a lab that is dropped waits for its run to end. Longer than a worker process that heeds nothing lives; a
/// thread that heeds nothing is left to the end of the program.
const PARTING: Duration = Duration::from_secs(4);

/// The handle. Dropping it stops the run that is under way, and waits a moment for it to end.
pub struct Lab {
    commands: Option<Sender<Command>>,
    published: Arc<Published>,
    ended_runs: Receiver<Arc<Run>>,
    worker_command: Option<WorkerCommand>,
    /// How many runs were started, by this lab and those beside it.
    runs: Arc<AtomicUsize>,
    /// Closed by the lab thread as it ends.
    ended: Receiver<()>,
}

impl Lab {
    /// Starts the lab thread. `wake` is called, from that thread, whenever something new was published. Worker processes
    /// are started by `worker_command`; `None` = this program.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(worker_command: Option<WorkerCommand>, wake: impl Fn() + Send + 'static) -> std::io::Result<Self> {
        Self::start_counting(worker_command, wake, Arc::default())
    }

    /// Starts one beside this, so that two runs can go on at the same time. No two of their runs have the same number.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn another(&self, wake: impl Fn() + Send + 'static) -> std::io::Result<Self> {
        Self::start_counting(self.worker_command.clone(), wake, Arc::clone(&self.runs))
    }

    fn start_counting(
        worker_command: Option<WorkerCommand>,
        wake: impl Fn() + Send + 'static,
        runs: Arc<AtomicUsize>,
    ) -> std::io::Result<Self> {
        let (commands, inbox) = unbounded();
        let published = Arc::new(Published::default());
        let (ended_in, ended_runs) = unbounded();
        let published_in = Arc::clone(&published);
        let actor =
            Actor::new(inbox, published_in, ended_in, Box::new(wake), worker_command.clone(), Arc::clone(&runs));
        let (ends, ended) = bounded(0);
        thread::Builder::new().name("lab".to_owned()).spawn(move || {
            let _ends: Sender<()> = ends;
            actor.run();
        })?;
        Ok(Self { commands: Some(commands), published, ended_runs, worker_command, runs, ended })
    }

    /// Asks for something. Never blocks.
    pub fn send(&self, command: Command) {
        if let Some(commands) = &self.commands {
            // The thread lives as long as this handle.
            let _ = commands.send(command);
        }
    }

    /// The newest state of the current run, or of the last one. Never blocks.
    #[must_use]
    pub fn run(&self) -> Option<Arc<Run>> {
        self.published.look()
    }

    /// The number of the last run that was started, by this lab or one beside it; 0 = none was.
    #[must_use]
    pub fn last_number(&self) -> usize {
        self.runs.load(Ordering::Relaxed)
    }

    /// Lets go of the run with that number, if it is the last one and over.
    pub fn forget(&self, number: usize) {
        self.published.forget(number);
    }

    /// The runs that have ended since this was asked last, each once, oldest first. Never blocks.
    pub fn ended_runs(&self) -> impl Iterator<Item = Arc<Run>> {
        self.ended_runs.try_iter()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.commands = None;
        let _ = self.ended.recv_timeout(PARTING);
    }
}
