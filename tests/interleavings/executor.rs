//! The places at which what processes share expects the rest of the executor and the system.

pub mod process_pool;

/// Of the model checker.
pub mod sync {
    pub use crate::core::sync::{AtomicU32, Patience, fence};
}
