//! Where the lab thread puts the newest state of the run, and the others find it. Nobody waits for anybody.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;

use super::run::Run;

/// See the module.
#[derive(Default)]
pub(super) struct Published {
    run: ArcSwapOption<Run>,
    looked_at: AtomicBool,
}

impl Published {
    /// Replaces what is there.
    pub(super) fn put(&self, run: Arc<Run>) {
        self.looked_at.store(false, Ordering::Relaxed);
        self.run.store(Some(run));
    }

    /// What is there.
    pub(super) fn look(&self) -> Option<Arc<Run>> {
        self.looked_at.store(true, Ordering::Relaxed);
        self.run.load_full()
    }

    /// Takes away the run with that number, if it is there and over.
    pub(super) fn forget(&self, number: usize) {
        let there = self.run.load();
        if there.as_ref().is_some_and(|run| run.number == number && run.ended()) {
            // If another one was put meanwhile, that stays.
            self.run.compare_and_swap(&there, None);
        }
    }

    /// Whether somebody has seen what is there. May be wrong for one that looks just when it is put.
    pub(super) fn was_looked_at(&self) -> bool {
        self.looked_at.load(Ordering::Relaxed)
    }
}
