//! Reads what is at an address, 1,024 bytes at a time, as the published programs do.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use ureq::http::Response;
use ureq::http::header::{AUTHORIZATION, LOCATION};
use ureq::{Agent, Body};

use super::address::{self, AddressError};
use crate::executor::{TaskContext, TaskError};
use crate::workload::unattended::unattended;

/// Bytes a read.
const READ: usize = 1024;

/// Longer than any file that somebody means to download for a demonstration: 4 GiB.
const LONGEST: u64 = 1 << 32;

/// As many as curl follows, by default, and browsers.
const REDIRECTIONS: usize = 20;

/// Why there is nothing, or not all.
#[derive(Debug, thiserror::Error)]
enum GetError {
    #[error("not complete within the time limit of {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    #[error("the server answered with status {0}")]
    Status(u16),
    #[error("the server redirects to nowhere")]
    NoLocation,
    #[error("the server redirects to an address that can't be fetched")]
    Location(#[source] AddressError),
    #[error("more than {REDIRECTIONS} redirections")]
    Redirections,
    #[error("the connection ended after {read} of {length} bytes")]
    BrokenOff { read: u64, length: u64 },
    #[error("the connection failed")]
    Connection(#[source] io::Error),
    #[error("can't write the file")]
    Keep(#[source] io::Error),
    #[error(transparent)]
    Other(ureq::Error),
}

/// Gives what is at `url` to `take`, part by part, within `timeout` (`None`: no limit) from the beginning to the last byte, and tells `progress` which share of
/// it has come. Returns how many bytes there were.
///
/// # Errors
/// What went wrong, with the address; [`TaskError::Interrupted`] as soon as the task is asked to stop.
pub(in crate::workload) fn get(
    context: &TaskContext,
    url: &str,
    timeout: Option<Duration>,
    progress: impl Fn(f64),
    take: impl FnMut(&[u8]) -> io::Result<()> + Send + 'static,
) -> Result<u64, TaskError> {
    let address = url.to_owned();
    unattended(context, progress, move |go_on| read(&address, timeout, take, go_on))?
        .map_err(|error| TaskError::with_cause(url, &error))
}

/// An agent of its own for each address, as the published programs have it: nothing is kept open.
fn agent(timeout: Option<Duration>, url: &str) -> Agent {
    // Redirections are followed here: servers write addresses that are none by the book.
    let config = Agent::config_builder().timeout_global(timeout).max_redirects(0).max_redirects_will_error(false);
    // What is in this program is reached without a proxy.
    let config = if url.starts_with("http://127.0.0.1:") { config.proxy(None) } else { config };
    config.build().into()
}

/// The answer of the address that `url` leads to in the end.
fn answer(url: &str, timeout: Option<Duration>) -> Result<Response<Body>, GetError> {
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let mut url = url.to_owned();
    for _ in 0..=REDIRECTIONS {
        // No time at all would mean no limit.
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()).max(LEAST));
        let (plain, credentials) = address::without_credentials(&url);
        let mut request = agent(left, &plain).get(&plain);
        if let Some(credentials) = credentials {
            request = request.header(AUTHORIZATION, credentials);
        }
        let response = request.call().map_err(|error| explained(error, timeout))?;
        if !response.status().is_redirection() {
            return Ok(response);
        }
        let location = response.headers().get(LOCATION).ok_or(GetError::NoLocation)?;
        url = address::follow(&url, location.as_bytes()).map_err(GetError::Location)?;
    }
    Err(GetError::Redirections)
}

const LEAST: Duration = Duration::from_millis(1);

fn explained(error: ureq::Error, timeout: Option<Duration>) -> GetError {
    match error {
        ureq::Error::Timeout(_) => GetError::TimedOut(timeout.unwrap_or_default()),
        ureq::Error::StatusCode(code) => GetError::Status(code),
        ureq::Error::Io(error) => GetError::Connection(error),
        other => GetError::Other(other),
    }
}

/// `go_on` is told how much of it is done, and says whether anybody still wants it.
fn read(
    url: &str,
    timeout: Option<Duration>,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
    go_on: &dyn Fn(f64) -> bool,
) -> Result<u64, GetError> {
    let response = answer(url, timeout)?;
    let length = response.body().content_length();
    let mut body = response.into_body().into_with_config().limit(LONGEST).reader();
    let (mut buffer, mut total) = ([0; READ], 0);
    loop {
        let read = body.read(&mut buffer).map_err(|error| match (ureq::Error::from(error), length) {
            (ureq::Error::Io(_), Some(length)) => GetError::BrokenOff { read: total, length },
            (error, _) => explained(error, timeout),
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
