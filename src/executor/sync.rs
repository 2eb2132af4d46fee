//! The locks and threads of the core, in one place: the tests under `tests/interleavings` put a model checker's here, and so
//! run the very same future and thread pool through thousands of schedules.

pub(super) use std::sync::atomic::{AtomicBool, AtomicU32, fence};
pub(super) use std::thread;

pub(super) use parking_lot::{Condvar, Mutex, MutexGuard};

pub(super) use super::patience::Patience;
