//! An HTTP server on the loopback address: one event loop on a thread of its own. It ends, and its connections with it, when it is
//! dropped.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::sync::oneshot;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use crate::workload::FieldError;

/// The server, until it is dropped.
pub(in crate::workload) struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Takes a port of the loopback address; 0 = any that is free.
///
/// # Errors
/// When somebody else has it.
pub(in crate::workload) fn bind(port: u16) -> Result<TcpListener, FieldError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
        .map_err(|error| FieldError::new("port", format!("cannot listen on 127.0.0.1:{port}: {error}")))
}

impl Server {
    /// Serves what comes to `listener`. The handler is made, and runs, on the event loop's thread.
    ///
    /// # Errors
    /// When the system gives no thread or no event loop.
    pub(in crate::workload) fn start<H, F>(
        listener: TcpListener,
        make_handler: impl FnOnce() -> H + Send + 'static,
    ) -> io::Result<Self>
    where
        H: Fn(Request<Incoming>) -> F + 'static,
        F: Future<Output = Response<Content>> + 'static,
    {
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _within = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new().name("event loop".to_owned()).spawn(move || {
            let tasks = LocalSet::new();
            tasks.spawn_local(accept(listener, make_handler()));
            // Whether it is told to stop or forgotten, it ends.
            let _ = tasks.block_on(&runtime, stopped);
        })?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    pub(in crate::workload) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept<H, F>(listener: tokio::net::TcpListener, handler: H)
where
    H: Fn(Request<Incoming>) -> F + 'static,
    F: Future<Output = Response<Content>> + 'static,
{
    /// Too many files are open: somebody will close one.
    const LATER: Duration = Duration::from_millis(10);
    let handler = Rc::new(handler);
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(LATER).await;
            continue;
        };
        // Small answers are sent at once.
        let _ = stream.set_nodelay(true);
        let handler = Rc::clone(&handler);
        spawn_local(async move {
            let service = service_fn(|request| {
                let answer = handler(request);
                async move { Ok::<_, Infallible>(answer.await) }
            });
            // A client that goes away in the middle knows why.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// The body of an answer.
pub(in crate::workload) struct Content {
    bytes: Bytes,
    sent: usize,
    /// Where it breaks off, if it does.
    breaks_off_at: Option<usize>,
    pace: Option<Pace>,
    /// Until what came before a break has left.
    pause: Option<Pin<Box<Sleep>>>,
}

/// How fast it is sent.
struct Pace {
    bytes_per_second: f64,
    began: Instant,
    until: Pin<Box<Sleep>>,
}

impl Content {
    pub(in crate::workload) fn new(bytes: impl Into<Bytes>) -> Self {
        Self { bytes: bytes.into(), sent: 0, breaks_off_at: None, pace: None, pause: None }
    }

    /// The same, of which only the first half comes before the connection ends.
    pub(in crate::workload) fn broken_off(self) -> Self {
        Self { breaks_off_at: Some(self.bytes.len() / 2), ..self }
    }

    /// The same, at so many bytes a second; 0 = as fast as it goes.
    pub(in crate::workload) fn paced(self, bytes_per_second: u64) -> Self {
        let now = Instant::now();
        let pace = || Pace { bytes_per_second: bytes_per_second as f64, began: now, until: Box::pin(sleep_until(now)) };
        Self { pace: (bytes_per_second > 0).then(pace), ..self }
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        const BEFORE_A_BREAK: Duration = Duration::from_millis(20);
        /// So often a paced body goes on.
        const A_SECOND: f64 = 100.0;
        let this = &mut *self;
        let end = this.breaks_off_at.unwrap_or(this.bytes.len());
        if let Some(pace) = &mut this.pace {
            ready!(pace.until.as_mut().poll(context));
        }
        if this.sent >= end {
            if this.breaks_off_at.is_some() {
                let pause = this.pause.get_or_insert_with(|| Box::pin(sleep(BEFORE_A_BREAK)));
                ready!(pause.as_mut().poll(context));
                return Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())));
            }
            return Poll::Ready(None);
        }
        let next = match &mut this.pace {
            None => end,
            Some(pace) => {
                let next = end.min(this.sent + ((pace.bytes_per_second / A_SECOND) as usize).max(1));
                let due = Duration::try_from_secs_f64(next as f64 / pace.bytes_per_second).unwrap_or(Duration::MAX);
                let until = pace.began.checked_add(due).unwrap_or(pace.began);
                pace.until.as_mut().reset(until);
                next
            }
        };
        let bytes = this.bytes.slice(this.sent..next);
        this.sent = next;
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.breaks_off_at.is_none() && self.pace.is_none() && self.sent >= self.bytes.len()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact((self.bytes.len() - self.sent) as u64)
    }
}
