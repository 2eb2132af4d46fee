//! A server of made-up files and pages, as slow and as faulty as it is told to be. What goes wrong with a file is a part of its address.

use std::future::pending;
use std::time::Duration;

use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, StatusCode};
use tokio::time::sleep;

use super::server::{self, Content, Server};
use crate::workload::{FieldError, Params};

/// What a file can come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::workload) enum Fault {
    None,
    /// Its name does not say what it is.
    NoExtension,
    /// Its host does not exist.
    NoHost,
    /// The server answers with an error.
    Status,
    /// The connection ends in the middle.
    Partial,
    /// The server never answers.
    Stall,
}

impl Fault {
    pub(in crate::workload) const WORDS: [&str; 5] = ["no-extension", "no-host", "status", "partial", "stall"];

    pub(in crate::workload) fn of(word: &str) -> Self {
        match word {
            "no-extension" => Self::NoExtension,
            "no-host" => Self::NoHost,
            "status" => Self::Status,
            "partial" => Self::Partial,
            "stall" => Self::Stall,
            _ => Self::None,
        }
    }
}

/// How the server is.
#[derive(Clone, Debug)]
pub(in crate::workload) struct Behaviour {
    /// From a request to the first byte.
    pub(in crate::workload) latency: Duration,
    /// Of each answer; 0 = as fast as it goes.
    pub(in crate::workload) bytes_per_second: u64,
    /// Of the files, in turn.
    pub(in crate::workload) sizes: Vec<usize>,
}

/// The server.
pub(in crate::workload) struct FileServer(Server);

impl FileServer {
    /// Listens on the parameter `port`.
    ///
    /// # Errors
    /// When somebody else does, or the system gives no thread.
    pub(in crate::workload) fn start(params: &Params, behaviour: Behaviour) -> Result<Self, FieldError> {
        let port = u16::try_from(params.count("port")).unwrap_or_default();
        let listener = server::bind(port)?;
        let longest = behaviour.sizes.iter().copied().max().unwrap_or_default();
        let bytes: Bytes = vec![b'.'; longest].into();
        let Behaviour { latency, bytes_per_second, sizes } = behaviour;
        let handler = move |request: Request<Incoming>| {
            let size = number(request.uri().path()).and_then(|item| sizes.get(item % sizes.len().max(1)));
            answer(request, bytes.slice(..size.copied().unwrap_or_default()), latency, bytes_per_second)
        };
        let server = Server::start(listener, move || handler)
            .map_err(|error| FieldError::new("port", format!("the server could not start: {error}")))?;
        Ok(Self(server))
    }

    /// Where the file number `item` is.
    pub(in crate::workload) fn address_of(&self, item: usize, fault: Fault) -> String {
        let address = self.0.address();
        match fault {
            Fault::None => format!("http://{address}/file-{item}.bin"),
            Fault::NoExtension => format!("http://{address}/file-{item}"),
            Fault::NoHost => format!("http://no-such-host.invalid/file-{item}.bin"),
            Fault::Status => format!("http://{address}/status/file-{item}.bin"),
            Fault::Partial => format!("http://{address}/partial/file-{item}.bin"),
            Fault::Stall => format!("http://{address}/stall/file-{item}.bin"),
        }
    }
}

/// Of the file at `path`.
fn number(path: &str) -> Option<usize> {
    let name = path.rsplit_once("/file-")?.1;
    name.split('.').next()?.parse().ok()
}

async fn answer(
    request: Request<Incoming>,
    bytes: Bytes,
    latency: Duration,
    bytes_per_second: u64,
) -> Response<Content> {
    let folder = request.uri().path().split('/').nth(1).unwrap_or_default();
    if folder == "stall" {
        pending::<()>().await;
    }
    sleep(latency).await;
    match folder {
        "status" => {
            let mut response = Response::new(Content::new("it was told to fail"));
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            response
        }
        "partial" => Response::new(Content::new(bytes).broken_off().paced(bytes_per_second)),
        _ => Response::new(Content::new(bytes).paced(bytes_per_second)),
    }
}
