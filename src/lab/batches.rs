//! Items that are added to a run while it goes on: the same workload once more, each time.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};

use parking_lot::Mutex;

use super::drive::{Progress, Shared, Submitted};
use super::settings::CheckedSettings;
use crate::executor::RawExecutor;

/// See the module.
#[derive(Default)]
pub(super) struct Batches {
    /// How many items there are so far; what comes next is numbered from there.
    items: AtomicUsize,
    threads: Mutex<Threads>,
}

#[derive(Default)]
struct Threads {
    closed: bool,
    running: Vec<JoinHandle<()>>,
}

impl Batches {
    /// The run has so many items of its own. Nothing is added until what is returned is dropped, so that their numbers come first.
    pub(super) fn begin(&self, items: usize) -> impl Drop {
        self.items.store(items, Ordering::Relaxed);
        self.threads.lock()
    }

    /// One whose results are still awaited. If there is none, nothing is added any more.
    pub(super) fn next_or_close(&self) -> Option<JoinHandle<()>> {
        let mut threads = self.threads.lock();
        let next = threads.running.pop();
        threads.closed |= next.is_none();
        next
    }
}

/// Adds the items of `run` to what `executor` runs, from a thread of its own. Too late, it adds nothing.
///
/// # Errors
/// When the system gives no thread.
pub(super) fn add_batch(run: CheckedSettings, executor: Arc<dyn RawExecutor>, shared: &Shared) -> io::Result<()> {
    let shared = shared.clone();
    let adding = move || {
        let planned = run.plan(&shared.cancelled);
        let settings = run.settings;
        let mut plan = match planned {
            Ok(plan) => plan,
            Err(error) => {
                let _ = shared.progress.send(Progress::More(Err(error)));
                return;
            }
        };
        let kept = plan.take_kept();
        // Whoever ends the run waits until everything is submitted.
        let mut threads = shared.batches.threads.lock();
        if threads.closed || shared.cancelled.load(Ordering::Relaxed) {
            return;
        }
        let first = shared.batches.items.fetch_add(plan.items, Ordering::Relaxed);
        let more = (plan.items, Arc::clone(&plan.labels));
        let _ = shared.progress.send(Progress::More(Ok(more)));
        let submitted = Submitted::of(plan, &executor, &settings, &shared);
        let results = Arc::clone(&shared.results);
        let collecting = move || {
            let _kept = kept;
            // Whoever closed the executor knows why it took no more.
            let _refused = submitted.collect(first, &results);
        };
        // Without a thread to wait in, results are let go, and the items run all the same.
        threads.running.extend(thread::Builder::new().name("more results".to_owned()).spawn(collecting));
    };
    thread::Builder::new().name("more items".to_owned()).spawn(adding).map(drop)
}
