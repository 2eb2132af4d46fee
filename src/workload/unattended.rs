//! Waiting for what can't be asked to stop: it goes on in a thread of its own, which is left alone as soon as the task is asked to stop.

use std::thread;
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, unbounded};

use crate::executor::{TaskContext, TaskError};

/// How often the task that waits looks whether it is asked to stop.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(20);

enum Said<T> {
    Progress(f64),
    Done(T),
}

/// Does `work`, which waits for the outside world, and gives what came of it. It is told how to tell its `progress`, and hears then
/// whether anybody still waits for it.
///
/// # Errors
/// [`TaskError::Interrupted`] as soon as the task is asked to stop; that the system gives no thread.
pub(super) fn unattended<T: Send + 'static>(
    context: &TaskContext,
    progress: impl Fn(f64),
    work: impl FnOnce(&dyn Fn(f64) -> bool) -> T + Send + 'static,
) -> Result<T, TaskError> {
    let (say, said) = unbounded();
    let worker = thread::Builder::new().name("waiting".to_owned()).spawn(move || {
        let told = say.clone();
        let done = work(&move |done| told.send(Said::Progress(done)).is_ok());
        // Whoever waited for it may not do so any more.
        let _ = say.send(Said::Done(done));
    });
    worker.map_err(|error| TaskError::from_error(&error))?;
    context.blocking(|| {
        loop {
            match said.recv_timeout(LOOK_AGAIN) {
                Ok(Said::Done(done)) => return Ok(done),
                Ok(Said::Progress(done)) => progress(done),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(TaskError::message("what was waited for panicked")),
            }
            context.may_go_on()?;
        }
    })
}
