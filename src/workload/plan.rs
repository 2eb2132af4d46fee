//! What a workload comes to: so many items, each a call of one function, with a name to show.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::unattended::LOOK_AGAIN;
use crate::executor::{Executor, Function, Map, MapError, MapOptions, Portable, RawExecutor, SubmitError, TaskFuture};

/// Ready to be submitted. What an item returns is one line for people.
pub struct Plan {
    /// How many items.
    pub items: usize,
    /// What an item is called.
    pub labels: Labels,
    work: Box<dyn Work>,
    /// What the items need to run, such as a server: kept until the run is over.
    kept: Option<Box<dyn Send>>,
}

/// Names of items.
pub type Labels = Arc<dyn Fn(usize) -> String + Send + Sync>;

impl Plan {
    /// Calls `function` with each of `arguments`.
    #[must_use]
    pub fn new<A: Portable>(
        function: Function<A, String>,
        arguments: impl ExactSizeIterator<Item = A> + Send + 'static,
        labels: impl Fn(usize) -> String + Send + Sync + 'static,
    ) -> Self {
        let work = Calls { function, arguments, arrivals: None };
        Self { items: work.arguments.len(), labels: Arc::new(labels), work: Box::new(work), kept: None }
    }

    /// The same, where each item is submitted so long after the first was due, in order.
    #[must_use]
    pub fn arriving<A: Portable>(
        function: Function<A, String>,
        arguments: impl ExactSizeIterator<Item = A> + Send + 'static,
        arrivals: Vec<Duration>,
        labels: impl Fn(usize) -> String + Send + Sync + 'static,
    ) -> Self {
        let work = Calls { function, arguments, arrivals: Some(arrivals) };
        Self { items: work.arguments.len(), labels: Arc::new(labels), work: Box::new(work), kept: None }
    }

    /// What `submit` submits: `items` in the end, those that tasks submit themselves included.
    #[must_use]
    pub fn submitting(
        items: usize,
        labels: impl Fn(usize) -> String + Send + Sync + 'static,
        submit: impl FnOnce(&dyn RawExecutor, GoOn<'_>) -> Submitted + Send + 'static,
    ) -> Self {
        Self { items, labels: Arc::new(labels), work: Box::new(Submitting(submit)), kept: None }
    }

    /// The same, keeping `what` until the run is over.
    #[must_use]
    pub fn keeping(self, what: impl Send + 'static) -> Self {
        Self { kept: Some(Box::new(what)), ..self }
    }

    /// What is to be kept until the run is over.
    pub fn take_kept(&mut self) -> Option<Box<dyn Send>> {
        self.kept.take()
    }

    /// Submits everything, in chunks, as long as `go_on` says so before each. `None` if it
    /// submits in its own way.
    ///
    /// # Errors
    /// When the executor takes no (more) calls.
    pub fn map(
        self,
        executor: &dyn RawExecutor,
        options: MapOptions,
        go_on: SharedGoOn,
    ) -> Option<Result<Map<'static, String>, MapError>> {
        self.work.map(executor, options, go_on)
    }

    /// Submits everything, item by item, as long as `go_on` says so before each. If the executor stops taking calls, the futures so far are returned beside the
    /// error.
    pub fn submit(self, executor: &dyn RawExecutor, go_on: GoOn<'_>) -> Submitted {
        self.work.submit(executor, go_on)
    }
}

/// Futures of what was submitted, and why the executor took no more, if it did not take all.
pub type Submitted = (Vec<TaskFuture<String>>, Option<SubmitError>);

/// Takes futures until the executor refuses one.
pub(super) fn until_refused(submits: impl Iterator<Item = Result<TaskFuture<String>, SubmitError>>) -> Submitted {
    let mut futures = Vec::with_capacity(submits.size_hint().0);
    for submitted in submits {
        match submitted {
            Ok(future) => futures.push(future),
            Err(refused) => return (futures, Some(refused)),
        }
    }
    (futures, None)
}

/// Whether to submit the next item.
pub type GoOn<'a> = &'a (dyn Fn() -> bool + Sync);

/// The same, for a map, which may ask as long as it is there.
pub type SharedGoOn = Arc<dyn Fn() -> bool + Send + Sync>;

trait Work: Send {
    fn map(
        self: Box<Self>,
        to: &dyn RawExecutor,
        options: MapOptions,
        go_on: SharedGoOn,
    ) -> Option<Result<Map<'static, String>, MapError>>;
    fn submit(self: Box<Self>, to: &dyn RawExecutor, go_on: GoOn<'_>) -> Submitted;
}

struct Calls<A, I> {
    function: Function<A, String>,
    arguments: I,
    /// When each is due; `None` = all at once.
    arrivals: Option<Vec<Duration>>,
}

/// Waits until `due`; returns false as soon as `go_on` does.
fn wait_until(due: Instant, go_on: impl Fn() -> bool) -> bool {
    loop {
        if !go_on() {
            return false;
        }
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        thread::sleep(left.min(LOOK_AGAIN));
    }
}

impl<A: Portable, I: ExactSizeIterator<Item = A> + Send + 'static> Calls<A, I> {
    /// The arguments, each when it is due.
    fn due<G: Fn() -> bool + Send>(self, go_on: G) -> impl Iterator<Item = A> + Send + use<A, I, G> {
        let began = Instant::now();
        let mut dues = self.arrivals.map(|arrivals| arrivals.into_iter().map(move |after| began + after));
        self.arguments.take_while(move |_| match dues.as_mut().and_then(Iterator::next) {
            Some(due) => wait_until(due, &go_on),
            None => go_on(),
        })
    }
}

impl<A: Portable, I: ExactSizeIterator<Item = A> + Send + 'static> Work for Calls<A, I> {
    fn map(
        self: Box<Self>,
        to: &dyn RawExecutor,
        options: MapOptions,
        go_on: SharedGoOn,
    ) -> Option<Result<Map<'static, String>, MapError>> {
        let function = self.function;
        Some(to.map(function, self.due(move || go_on()), options))
    }

    fn submit(self: Box<Self>, to: &dyn RawExecutor, go_on: GoOn<'_>) -> Submitted {
        let function = self.function;
        until_refused(self.due(go_on).map(|argument| to.submit(function, argument)))
    }
}

struct Submitting<F>(F);

impl<F> Work for Submitting<F>
where
    F: FnOnce(&dyn RawExecutor, GoOn<'_>) -> Submitted + Send,
{
    fn map(
        self: Box<Self>,
        _to: &dyn RawExecutor,
        _options: MapOptions,
        _go_on: SharedGoOn,
    ) -> Option<Result<Map<'static, String>, MapError>> {
        None
    }

    fn submit(self: Box<Self>, to: &dyn RawExecutor, go_on: GoOn<'_>) -> Submitted {
        (self.0)(to, go_on)
    }
}
