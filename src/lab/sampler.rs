//! What the operating system tells while a run goes on: the load of each core, and what each worker process takes. One thread a
//! run; it ends with the run.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// The load at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// Of each core, in percent.
    pub cores: Vec<f32>,
    /// Of this program, and of each worker process.
    pub processes: Vec<ProcessLoad>,
}

/// What a process takes at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProcessLoad {
    /// The worker that it is; `None` = this program itself.
    pub worker: Option<u32>,
    /// In percent of one core.
    pub cpu: f32,
    /// Resident, in bytes.
    pub memory: u64,
}

/// A load at a stamp of [`crate::sys::monotonic_nanos`].
pub(super) struct Sample {
    pub(super) at: i64,
    pub(super) load: Load,
}

/// The operating system needs some time to have a load to tell.
const INTERVAL: Duration = Duration::from_millis(250);
const _: () = assert!(INTERVAL.as_millis() >= sysinfo::MINIMUM_CPU_UPDATE_INTERVAL.as_millis());

/// Asking for more processes than this, so often, would be felt by the workers.
const PROCESSES: usize = 64;

/// Samples until it is dropped.
pub(super) struct Sampler {
    _stop: Sender<()>,
    watched: Watched,
}

/// Workers and their process ids.
type Watched = Arc<Mutex<Vec<(u32, u32)>>>;

impl Sampler {
    pub(super) fn start() -> std::io::Result<(Self, Receiver<Sample>)> {
        let (stop, stopped) = bounded(0);
        let (samples, receiver) = bounded(64);
        let watched = Watched::default();
        let watching = Arc::clone(&watched);
        thread::Builder::new().name("sampler".to_owned()).spawn(move || sample(&stopped, &watching, &samples))?;
        Ok((Self { _stop: stop, watched }, receiver))
    }

    /// Watches these workers from now on, given with their process ids, and no others; not more than some dozens.
    pub(super) fn watch(&self, workers: impl Iterator<Item = (u32, u32)>) {
        let mut watched = self.watched.lock();
        watched.clear();
        watched.extend(workers.take(PROCESSES));
    }
}

fn sample(stopped: &Receiver<()>, watched: &Watched, samples: &Sender<Sample>) {
    // Where the system doesn't tell, there are no curves.
    let Ok(mut system) = System::new() else { return };
    system.refresh_cpu_usage();
    processes(&mut system, &[]);
    while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
        system.refresh_cpu_usage();
        let cores = system.cpus().iter().map(sysinfo::Cpu::usage).collect();
        let processes = processes(&mut system, &watched.lock().clone());
        if samples.send(Sample { at: crate::sys::monotonic_nanos(), load: Load { cores, processes } }).is_err() {
            return;
        }
    }
}

fn processes(system: &mut System, workers: &[(u32, u32)]) -> Vec<ProcessLoad> {
    let workers = workers.iter().map(|&(worker, pid)| (Some(worker), pid));
    let watched = [(None, std::process::id())].into_iter().chain(workers);
    // The load of a process is known from the second look at it on.
    let watched: Vec<_> = watched
        .map(|(who, pid)| (who, Pid::from_u32(pid)))
        .map(|(who, pid)| (who, pid, system.process(pid).is_some()))
        .collect();
    let pids: Vec<_> = watched.iter().map(|(_, pid, _)| *pid).collect();
    let what = ProcessRefreshKind::nothing().with_cpu().with_memory().without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&pids), true, what);
    let load = |(worker, pid, known)| {
        let process = system.process(pid).filter(|_| known)?;
        Some(ProcessLoad { worker, cpu: process.cpu_usage(), memory: process.memory() })
    };
    watched.into_iter().filter_map(load).collect()
}
