//! How fast this machine does a unit of a workload's work, so that lessons last as long on one machine as on another.

use std::collections::BTreeMap;
use std::time::Instant;

use parking_lot::Mutex;

use super::{countdown, pbkdf2, sum, web_service};
use crate::executor::{Function, Portable, TaskContext};
use crate::sys;

/// Units a second of `workload`, in one thread that has a core for itself: steps of `countdown` and `sum`, rounds of `pbkdf2`, images of
/// `web-service`. Measured here and now, which takes some tens of milliseconds; 1 for workloads that have no such unit.
#[must_use]
pub fn units_per_second(workload: &str) -> f64 {
    match workload {
        "countdown" => measure(countdown::COUNTDOWN, |units| units, 1 << 22),
        "sum" => measure(sum::SUM, |units| units, 1 << 22),
        "pbkdf2" => measure(pbkdf2::PBKDF2, |units| (1, u32::try_from(units).unwrap_or(u32::MAX)), 1 << 12),
        "web-service" => web_service::images_per_second(),
        _ => 1.0,
    }
}

/// The same, but measured only the first time that this program asks: what is cut to size by it stays the same.
pub(super) fn calibrated(workload: &'static str) -> f64 {
    static PACES: Mutex<BTreeMap<&str, f64>> = Mutex::new(BTreeMap::new());
    *PACES.lock().entry(workload).or_insert_with(|| units_per_second(workload))
}

/// Seconds that a measurement takes at least, so that a clock's step or a wake-up does not matter.
const LONG_ENOUGH: f64 = 0.02;

/// For `units` of work that are so many that it lasts.
fn measure<A: Portable>(function: Function<A, String>, argument: impl Fn(u64) -> A, mut units: u64) -> f64 {
    let context = TaskContext::detached();
    let work = |units: u64| {
        let result = function.call(argument(units), &context);
        debug_assert!(result.is_ok());
    };
    while seconds(|| work(units)) < LONG_ENOUGH && units < 1 << 40 {
        units *= 2;
    }
    units as f64 / best_of_three(|| work(units))
}

/// Seconds that the work takes: what disturbs makes it slower, nothing makes it faster.
pub(super) fn best_of_three(work: impl Fn()) -> f64 {
    (0..3).map(|_| seconds(&work)).fold(f64::INFINITY, f64::min)
}

/// On a core: what others take of the machine says nothing of its pace.
fn seconds(work: impl Fn()) -> f64 {
    let cpu = || sys::thread_cpu_nanos().map(|nanos| nanos as f64 / 1e9);
    let (began, cpu_began) = (Instant::now(), cpu());
    work();
    let on_core = cpu().zip(cpu_began).map(|(now, before)| now - before);
    on_core.unwrap_or_else(|| began.elapsed().as_secs_f64())
}
