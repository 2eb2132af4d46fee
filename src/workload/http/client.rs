//! Reads what is at an address, 1,024 bytes at a time, as the published programs do.

use std::io::{self, Read};
use std::time::Duration;

use ureq::Agent;

use crate::executor::{TaskContext, TaskError};
use crate::workload::unattended::unattended;

/// Bytes a read.
const READ: usize = 1024;

/// Longer than any file that somebody means to download for a demonstration: 4 GiB.
const LONGEST: u64 = 1 << 32;

/// Why there is nothing, or not all.
#[derive(Debug, thiserror::Error)]
enum GetError {
    #[error("not all of it came within {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    #[error("the server answered with status {0}")]
    Status(u16),
    #[error("the connection ended after {read} of {length} bytes")]
    BrokenOff { read: u64, length: u64 },
    #[error("the connection failed")]
    Connection(#[source] io::Error),
    #[error("it cannot be kept")]
    Keep(#[source] io::Error),
    #[error(transparent)]
    Other(ureq::Error),
}

/// Gives what is at `url` to `take`, part by part, within `timeout` from the beginning to the last byte, and tells `progress` which share of
/// it has come. Returns how many bytes there were.
///
/// # Errors
/// What went wrong, with the address; [`TaskError::Interrupted`] as soon as the task is asked to stop.
pub(in crate::workload) fn get(
    context: &TaskContext,
    url: &str,
    timeout: Duration,
    progress: impl Fn(f64),
    take: impl FnMut(&[u8]) -> io::Result<()> + Send + 'static,
) -> Result<u64, TaskError> {
    let address = url.to_owned();
    unattended(context, progress, move |go_on| read(&address, timeout, take, go_on))?
        .map_err(|error| TaskError::with_cause(url, &error))
}

/// An agent of its own for each address, as the published programs have it: nothing is kept open.
fn agent(timeout: Duration, url: &str) -> Agent {
    let config = Agent::config_builder().timeout_global(Some(timeout));
    // What is in this program is reached without a proxy.
    let config = if url.starts_with("http://127.0.0.1:") { config.proxy(None) } else { config };
    config.build().into()
}

/// `go_on` is told how much of it is done, and says whether anybody still wants it.
fn read(
    url: &str,
    timeout: Duration,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
    go_on: &dyn Fn(f64) -> bool,
) -> Result<u64, GetError> {
    let told = |error| match error {
        ureq::Error::Timeout(_) => GetError::TimedOut(timeout),
        ureq::Error::StatusCode(code) => GetError::Status(code),
        ureq::Error::Io(error) => GetError::Connection(error),
        other => GetError::Other(other),
    };
    let response = agent(timeout, url).get(url).call().map_err(told)?;
    let length = response.body().content_length();
    let mut body = response.into_body().into_with_config().limit(LONGEST).reader();
    let (mut buffer, mut total) = ([0; READ], 0);
    loop {
        let read = body.read(&mut buffer).map_err(|error| match (ureq::Error::from(error), length) {
            (ureq::Error::Io(_), Some(length)) => GetError::BrokenOff { read: total, length },
            (error, _) => told(error),
        })?;
        if read == 0 {
            return Ok(total);
        }
        take(&buffer[..read]).map_err(GetError::Keep)?;
        total += read as u64;
        if !go_on(total as f64 / length.unwrap_or(u64::MAX).max(1) as f64) {
            // Nobody hears of it.
            return Ok(total);
        }
    }
}
