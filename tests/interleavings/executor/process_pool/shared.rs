//! The bell, from its very source.

#![allow(dead_code, unreachable_pub, reason = "only a part of what is included is used here")]

#[path = "../../../../src/executor/process_pool/shared/bell.rs"]
mod bell;

pub(super) use bell::Bell;

use crate::executor::sync::AtomicU32;

/// The bell with these two words.
pub(super) fn bell(words: &[AtomicU32]) -> Bell<'_> {
    Bell::new(words)
}
