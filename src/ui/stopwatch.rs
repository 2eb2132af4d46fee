//! What a piece of work of this thread took: of a core, and until it was done.

use std::ops::Add;
use std::time::Instant;

use crate::sys;

/// What a piece of work took, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Taken {
    /// Of a core, where the system tells; else as `wall`.
    pub(super) cpu: f32,
    /// Until it was done, waiting for a core included.
    pub(super) wall: f32,
}

impl Add for Taken {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { cpu: self.cpu + other.cpu, wall: self.wall + other.wall }
    }
}

/// Takes the time of what this thread does.
pub(super) struct Stopwatch {
    began: Instant,
    cpu_began: Option<u64>,
}

impl Stopwatch {
    pub(super) fn start() -> Self {
        Self { began: Instant::now(), cpu_began: sys::thread_cpu_nanos() }
    }

    pub(super) fn taken(&self) -> Taken {
        let wall = self.began.elapsed().as_secs_f32();
        let nanos = self.cpu_began.zip(sys::thread_cpu_nanos()).map(|(began, now)| now.saturating_sub(began));
        Taken { cpu: nanos.map_or(wall, |nanos| nanos as f32 / 1e9), wall }
    }
}
