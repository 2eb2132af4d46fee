//! Code that is not the executor's own, and may panic wherever it runs: tasks, callbacks, wakers, serialisers, event sinks, and the
//! destructors of all that they made. A thread of an executor runs none of it unguarded, as nobody would do the rest of its work.
//!
//! A panic while another unwinds, as in a destructor of a task that panicked, ends the program: no guard can help there.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `body`; an error is what its panic said.
#[inline]
pub(super) fn run<T>(body: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(body)).map_err(|panic| {
        let message = panic_message(&*panic);
        dispose(panic);
        message
    })
}

/// Drops `value`, whose destructor may panic; whoever hears of panics has heard of that one.
#[inline]
pub(super) fn dispose<T>(value: T) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(move || drop(value))) {
        // It may hold another value that panics when it is dropped, and so on.
        std::mem::forget(panic);
    }
}

/// What a panic said.
fn panic_message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic that said nothing".to_owned())
}
