//! CPU load per core while a run goes on, from the operating system. One thread a run; it ends with the run.

use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use sysinfo::System;

/// Load of each core in percent, at a stamp of [`crate::sys::monotonic_nanos`].
pub(super) struct Sample {
    pub(super) at: i64,
    pub(super) cores: Vec<f32>,
}

/// The operating system needs some time to have a load to tell.
const INTERVAL: Duration = Duration::from_millis(250);
const _: () = assert!(INTERVAL.as_millis() >= sysinfo::MINIMUM_CPU_UPDATE_INTERVAL.as_millis());

/// Samples until it is dropped.
pub(super) struct Sampler {
    _stop: Sender<()>,
}

impl Sampler {
    pub(super) fn start() -> std::io::Result<(Self, Receiver<Sample>)> {
        let (stop, stopped) = bounded(0);
        let (samples, receiver) = bounded(64);
        thread::Builder::new().name("sampler".to_owned()).spawn(move || sample(&stopped, &samples))?;
        Ok((Self { _stop: stop }, receiver))
    }
}

fn sample(stopped: &Receiver<()>, samples: &Sender<Sample>) {
    // Where the system doesn't tell, there are no curves.
    let Ok(mut system) = System::new() else { return };
    system.refresh_cpu_usage();
    while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
        system.refresh_cpu_usage();
        let cores = system.cpus().iter().map(sysinfo::Cpu::usage).collect();
        if samples.send(Sample { at: crate::sys::monotonic_nanos(), cores }).is_err() {
            return;
        }
    }
}
