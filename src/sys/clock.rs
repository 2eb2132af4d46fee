//! One clock for a pool's processes. The processor's time stamp counter, where it can be trusted, takes a third of the time
//! that asking the system takes; all processes of a machine see the same counter. What differs is how long each believes a
//! tick to be, as each has measured it: so a worker takes its parent's word for it.

use std::sync::OnceLock;

/// Where ticks come from, and how long one is.
struct Clock {
    counter: quanta::Clock,
    length: TickLength,
}

/// Nanoseconds a tick, times 2³².
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TickLength(pub u64);

static CLOCK: OnceLock<Clock> = OnceLock::new();

fn clock() -> &'static Clock {
    CLOCK.get_or_init(|| {
        let counter = quanta::Clock::new();
        let length = TickLength(counter.delta_as_nanos(0, 1 << 40) >> 8);
        Clock { counter, length }
    })
}

/// Nanoseconds on the machine's monotonic clock. Stamps of a pool's processes can be compared and subtracted as they are;
/// the zero point means nothing.
#[must_use]
#[inline]
pub fn monotonic_nanos() -> i64 {
    let clock = clock();
    ((u128::from(clock.counter.raw()) * u128::from(clock.length.0)) >> 32) as i64
}

/// How long this process takes a tick to be.
#[must_use]
pub fn tick_length() -> TickLength {
    clock().length
}

/// Takes `length` for the length of a tick, as another process does. Before this process has read the clock; later it has no
/// effect.
pub fn adopt_tick_length(length: TickLength) {
    CLOCK.get_or_init(|| Clock { counter: quanta::Clock::new(), length });
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn it_runs_as_fast_as_the_systems_clock_and_never_back() {
        // The first look takes long, as the counter is measured.
        let _ = monotonic_nanos();
        // The system's clock before and after: in between, this thread may have had no core.
        let look = || (Instant::now(), monotonic_nanos(), Instant::now());
        let start = look();
        let mut last = start.1;
        while start.0.elapsed() < Duration::from_millis(300) {
            let now = monotonic_nanos();
            assert!(now >= last);
            last = now;
        }
        let end = look();
        let ours = (end.1 - start.1) as f64;
        let shortest = (end.0 - start.2).as_nanos() as f64;
        let longest = (end.2 - start.0).as_nanos() as f64;
        assert!(shortest * 0.999_5 < ours && ours < longest * 1.000_5, "{ours} for {shortest} to {longest}");
    }
}
