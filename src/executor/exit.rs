//! The end of the program: what the interpreter's exit hook does for CPython's pools, a guard held by `main` does here.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::future::PoolId;

static ENDING: AtomicBool = AtomicBool::new(false);
static POOLS: Mutex<Vec<Weak<dyn JoinAtExit>>> = Mutex::new(Vec::new());

/// Held by `main`: when it is dropped, all executors of the program take no more calls, everything that was submitted still
/// runs, and all their workers are waited for, also of executors that were dropped or shut down without waiting.
///
/// Without it a program that returns from `main` takes its threads with it, as Rust programs do. Nothing can be done about
/// [`std::process::exit`], which runs no destructors.
///
/// ```
/// use poolscope::executor::{ExitGuard, NoEvents, ThreadPoolExecutor};
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let _guard = ExitGuard::new();
///     let executor = ThreadPoolExecutor::new(1, NoEvents::shared())?;
///     executor.submit_closure(|_context| Ok(println!("printed before the program ends")))?;
///     Ok(())
/// }
/// ```
#[derive(Debug)]
#[must_use = "it acts when it is dropped"]
pub struct ExitGuard(());

impl ExitGuard {
    /// One a program, made first in `main`, so that it is dropped last.
    #[expect(
        clippy::new_without_default,
        reason = "a default guard that is dropped at once would end the program's pools"
    )]
    pub const fn new() -> Self {
        Self(())
    }
}

impl Drop for ExitGuard {
    fn drop(&mut self) {
        ENDING.store(true, Ordering::SeqCst);
        // A task that runs meanwhile may make a pool, which then takes no calls.
        let pools = std::mem::take(&mut *POOLS.lock());
        for pool in pools.iter().filter_map(Weak::upgrade) {
            pool.join_at_exit();
        }
    }
}

/// A pool that still may have workers.
pub(super) trait JoinAtExit: Send + Sync {
    /// Lets everything that was submitted run, and waits for it.
    fn join_at_exit(&self);
}

pub(super) fn join_at_exit<P: JoinAtExit + 'static>(pool: &Arc<P>) {
    let mut pools = POOLS.lock();
    pools.retain(|pool| pool.strong_count() > 0);
    let weak: Weak<P> = Arc::downgrade(pool);
    pools.push(weak);
}

pub(super) fn program_is_ending() -> bool {
    ENDING.load(Ordering::SeqCst)
}

/// A number that no other pool of this program has.
pub(super) fn next_pool_id() -> PoolId {
    static POOLS: AtomicU32 = AtomicU32::new(1);
    POOLS.fetch_add(1, Ordering::Relaxed)
}
