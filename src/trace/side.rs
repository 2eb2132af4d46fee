//! Lanes beside the workers', for what takes part in a run and is no worker.

use std::sync::Arc;

use super::Trace;
use crate::executor::{Event, EventKind};

/// A group of lanes with a name.
#[derive(Clone, Debug)]
pub struct Side {
    /// What it is called.
    pub name: Arc<str>,
    pub(super) number: u32,
    trace: Arc<Trace>,
}

impl Side {
    pub(super) fn new(number: u32, name: &str, origin: i64) -> Self {
        Self { name: name.into(), number, trace: Arc::new(Trace::new(origin)) }
    }

    pub(super) fn apply(&mut self, at: i64, kind: &EventKind) {
        Arc::make_mut(&mut self.trace).apply(&Event { at, kind: kind.clone() });
    }

    /// What happened on its lanes. Times count from the start of the run.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        &self.trace
    }
}
