//! `web-service`: a service on the loopback address that makes images small, with real clients that upload them, and one that asks for something
//! small all the while. The service has one event loop; where the images are made small decides whether it is free for others. On the
//! sequential executor that is the loop itself.

use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, bounded};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use image::{ImageFormat, ImageReader};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use ureq::Agent;

use super::http::server::{Content, Server, bind};
use super::plan::Submitted;
use super::{FieldError, GoOn, Param, ParamKind, Params, Plan, Workload, pace, samples};
use crate::executor::{
    Activity, Function, RawExecutor, ResultError, SideLane, SideLanes, Submit, SubmitError, TaskContext, TaskError,
};

/// See the module.
pub(super) struct WebService;

pub(super) const RESIZE: Function<Upload, Vec<u8>> = Function::new("resize", resize);

/// An image, as bytes: a file handle, or a request, can't cross to another process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Upload {
    image: Vec<u8>,
    size: u32,
}

/// A larger upload is refused.
const UPLOAD_LIMIT: usize = 1 << 26;
/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_mins(1);

fn resize(Upload { image, size }: Upload, context: &TaskContext) -> Result<Vec<u8>, TaskError> {
    let not_read = |error| TaskError::with_cause("the upload is no image that can be read", &error);
    context.checkpoint()?;
    // As in Python, that is done by native code. The reader's default limits refuse images that declare a size beyond memory.
    context.native(|| {
        let reader = ImageReader::new(std::io::Cursor::new(image)).with_guessed_format();
        let image = reader.map_err(image::ImageError::from).and_then(ImageReader::decode).map_err(not_read)?;
        let mut small = std::io::Cursor::new(Vec::new());
        let written = image.thumbnail(size, size).write_to(&mut small, ImageFormat::Png);
        written.map_err(|error| TaskError::with_cause("the thumbnail cannot be written", &error))?;
        Ok(small.into_inner())
    })
}

/// How many of the sample images one thread makes small in a second: all of them once.
pub(super) fn images_per_second() -> f64 {
    let context = TaskContext::detached();
    let images = || {
        for image in samples::contents() {
            let made = RESIZE.call(Upload { image: image.to_vec(), size: 100 }, &context);
            debug_assert!(made.is_ok());
        }
    };
    samples::contents().len() as f64 / pace::best_of_three(images)
}

/// What the event loop has.
struct Service {
    submit: Arc<dyn Submit>,
    lane: SideLane,
    size: u32,
    refused: Arc<Mutex<Option<SubmitError>>>,
}

impl Service {
    async fn answer(self: Rc<Self>, request: Request<Incoming>) -> Response<Content> {
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/ping") => Response::new(Content::new("pong")),
            (&Method::POST, "/thumbnail") => match self.thumbnail(request).await {
                Ok(small) => Response::new(Content::new(small)),
                Err((status, why)) => with_status(status, why),
            },
            _ => with_status(StatusCode::NOT_FOUND, "there is /ping and /thumbnail".to_owned()),
        }
    }

    async fn thumbnail(&self, request: Request<Incoming>) -> Result<Vec<u8>, (StatusCode, String)> {
        let upload = Limited::new(request.into_body(), UPLOAD_LIMIT).collect().await;
        let image = upload.map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?.to_bytes().to_vec();
        let small = self.submit.submit(RESIZE, Upload { image, size: self.size }).map_err(|refused| {
            let why = refused.to_string();
            self.refused.lock().get_or_insert(refused);
            (StatusCode::SERVICE_UNAVAILABLE, why)
        })?;
        small.await.map_err(|error| match error {
            ResultError::Task(error) => (StatusCode::UNPROCESSABLE_ENTITY, error.full_message()),
            other => (StatusCode::SERVICE_UNAVAILABLE, other.to_string()),
        })
    }
}

fn with_status(status: StatusCode, why: String) -> Response<Content> {
    let mut response = Response::new(Content::new(why));
    *response.status_mut() = status;
    response
}

/// A future whose turns on the event loop are seen on its lane.
struct Seen<F> {
    future: Pin<Box<F>>,
    service: Rc<Service>,
    name: String,
}

impl<F: Future> Future for Seen<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Self { future, service, name } = &mut *self;
        let mut polled = Poll::Pending;
        let _ = service.lane.span(name, Activity::Computing, || {
            polled = future.as_mut().poll(context);
            Ok(())
        });
        polled
    }
}

/// Starts the service, lets the clients loose, and returns when they have had their answers.
fn serve(listener: TcpListener, load: &Load, executor: &dyn RawExecutor, go_on: GoOn<'_>) -> Submitted {
    let refused: Arc<Mutex<Option<SubmitError>>> = Arc::default();
    let (submit, size) = (executor.submitter(), load.size);
    let lane = SideLanes::new("event loop", executor.sink()).lane();
    let noted = Arc::clone(&refused);
    let server = Server::start(listener, move || {
        let service = Rc::new(Service { submit, lane, size, refused: noted });
        move |request: Request<Incoming>| {
            let name = format!("{} {}", request.method(), request.uri().path());
            let service = Rc::clone(&service);
            Seen { future: Box::pin(Rc::clone(&service).answer(request)), service, name }
        }
    });
    let server = match server {
        Ok(server) => server,
        Err(error) => return (Vec::new(), Some(SubmitError::Spawn(error.to_string()))),
    };
    load.run(server.address(), executor, go_on);
    drop(server);
    let refused = refused.lock().take();
    (Vec::new(), refused)
}

/// What the clients do.
#[derive(Clone, Copy)]
struct Load {
    uploads: usize,
    clients: usize,
    size: u32,
    /// Between two small requests.
    pause: Duration,
}

impl Load {
    fn run(self, address: SocketAddr, executor: &dyn RawExecutor, go_on: GoOn<'_>) {
        let agent: Agent = Agent::config_builder().timeout_global(Some(PATIENCE)).proxy(None).build().into();
        let small = SideLanes::new("small requests", executor.sink()).lane();
        let uploads = SideLanes::new("uploads", executor.sink());
        let next = AtomicUsize::new(0);
        let (under_way, over) = bounded::<()>(0);
        thread::scope(|scope| {
            let ping = agent.clone();
            scope.spawn(move || {
                while over.recv_timeout(self.pause) == Err(RecvTimeoutError::Timeout) {
                    let asked = || ping.get(format!("http://{address}/ping")).call();
                    let _ = small.span("GET /ping", Activity::Blocking, || {
                        asked().map_err(|error| TaskError::from_error(&error))
                    });
                }
            });
            for _ in 0..self.clients.min(self.uploads) {
                let (agent, lane, next, under_way) = (agent.clone(), uploads.lane(), &next, under_way.clone());
                scope.spawn(move || {
                    while go_on() {
                        let item = next.fetch_add(1, Ordering::Relaxed);
                        if item >= self.uploads {
                            break;
                        }
                        let images = samples::contents();
                        let image = images.clone().nth(item % images.len()).unwrap_or_default();
                        let post = || agent.post(format!("http://{address}/thumbnail")).send(image);
                        // The item has the same error, if it is one of the item.
                        let _ = lane.span(&format!("POST /thumbnail {item}"), Activity::Blocking, || {
                            let mut answer = post().map_err(|error| TaskError::from_error(&error))?;
                            answer.body_mut().read_to_vec().map_err(|error| TaskError::from_error(&error))
                        });
                    }
                    drop(under_way);
                });
            }
            drop(under_way);
        });
    }
}

impl Workload for WebService {
    fn name(&self) -> &'static str {
        "web-service"
    }

    fn summary(&self) -> &'static str {
        "a web service makes uploaded images small, while a client asks for something else"
    }

    fn submits_itself(&self) -> bool {
        true
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param::new(
                "uploads",
                ParamKind::Count { min: 0, max: 100_000 },
                "",
                "100",
                "How many images are uploaded.",
            ),
            Param::new("clients", ParamKind::Count { min: 1, max: 64 }, "", "4", "How many clients upload at a time."),
            Param::new(
                "size",
                ParamKind::Count { min: 1, max: 10_000 },
                "pixels",
                "100",
                "The longer side of a thumbnail.",
            ),
            Param::new(
                "pause",
                ParamKind::Seconds { max: 60 },
                "s",
                "0.02",
                "How long the client that asks for something small waits between an answer and its next request.",
            ),
            Param::port(),
        ]
    }

    fn plan(&self, params: &Params, _cancelled: &AtomicBool) -> Result<Plan, FieldError> {
        let listener = bind(u16::try_from(params.count("port")).unwrap_or_default())?;
        let load = Load {
            uploads: params.count("uploads") as usize,
            clients: params.count("clients") as usize,
            size: u32::try_from(params.count("size")).unwrap_or(u32::MAX),
            pause: params.seconds("pause"),
        };
        let label = |item| format!("resize, request {item}");
        Ok(Plan::submitting(load.uploads, label, move |executor, go_on| serve(listener, &load, executor, go_on)))
    }
}
