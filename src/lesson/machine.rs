//! What a lesson has to know of the machine that it runs on.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::workload;

/// This machine.
#[derive(Debug)]
pub struct Machine {
    /// How many cores it may use.
    pub cores: usize,
    paces: Mutex<BTreeMap<&'static str, f64>>,
}

impl Machine {
    /// Asks the system how many cores there are; paces are measured when they are asked for.
    #[must_use]
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { cores, paces: Mutex::default() }
    }

    /// How many units of `workload` take so many seconds, in one thread ([`workload::units_per_second`]). Measured once.
    pub(super) fn units(&self, workload: &'static str, seconds: f64) -> u64 {
        let pace = *self.paces.lock().entry(workload).or_insert_with(|| workload::units_per_second(workload));
        (pace * seconds) as u64
    }

    /// Measures the paces that were asked for once more, which takes some tens of milliseconds for each. Returns by how much one of them
    /// has changed at most, as a part of the larger: 0 to 1; `None` = none was asked for.
    pub(super) fn measure_again(&self) -> Option<f64> {
        let mut paces = self.paces.lock();
        let changes = paces.iter_mut().map(|(workload, pace)| {
            let now = workload::units_per_second(workload);
            let before = std::mem::replace(pace, now);
            (now - before).abs() / now.max(before).max(f64::MIN_POSITIVE)
        });
        changes.reduce(f64::max)
    }
}

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}
