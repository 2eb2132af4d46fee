//! How much of the machine other programs took while a run went on: what all cores had to do, less what this program and its
//! children did. A run whose machine was busy with something else says little about its settings.

use std::thread;
use std::time::{Duration, Instant};

use crate::sys;

/// The counters of the machine and of this program when a run began.
#[derive(Debug)]
pub(super) struct MachineLoad {
    began: Instant,
    busy: u64,
    own: u64,
}

/// The system counts in steps of 10 ms a core: shorter runs can't be told from noise.
const SHORTEST: f64 = 0.3;

impl MachineLoad {
    /// From now on; `None` where the system has no such counters.
    pub(super) fn begin() -> Option<Self> {
        Some(Self { began: Instant::now(), busy: sys::machine_busy_nanos()?, own: own_nanos(&[])? })
    }

    /// The share of all cores' time, 0 to 1, that others have taken until now. `workers` are the worker processes that live: what those
    /// have used that were reaped counts as this program's.
    pub(super) fn share_of_others(&self, workers: &[u32]) -> Option<f32> {
        let cores = thread::available_parallelism().map_or(1, usize::from) as f64;
        let elapsed = self.began.elapsed().as_secs_f64();
        let busy = sys::machine_busy_nanos()?.saturating_sub(self.busy);
        let own = own_nanos(workers)?.saturating_sub(self.own);
        let share = busy.saturating_sub(own) as f64 / 1e9 / (elapsed * cores);
        (elapsed >= SHORTEST).then(|| share.clamp(0.0, 1.0) as f32)
    }
}

/// The share of all cores' time, 0 to 1, that others take just now: takes as long as it must to tell. `None` where the system has no such
/// counters.
#[must_use]
pub fn share_of_others_now() -> Option<f32> {
    let load = MachineLoad::begin()?;
    while load.began.elapsed().as_secs_f64() < SHORTEST {
        thread::sleep(Duration::from_secs_f64(SHORTEST));
    }
    load.share_of_others(&[])
}

fn own_nanos(workers: &[u32]) -> Option<u64> {
    let own = sys::process_cpu_nanos(std::process::id())?;
    Some(own + workers.iter().filter_map(|pid| sys::process_cpu_nanos(*pid)).sum::<u64>())
}
