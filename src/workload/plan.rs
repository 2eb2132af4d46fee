//! What a workload comes to: so many items, each a call of one function, with a name to show.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::FieldError;
use super::unattended::LOOK_AGAIN;
use crate::executor::{Executor, Function, Map, MapError, MapOptions, Portable, RawExecutor, SubmitError, TaskFuture};
use crate::units::grouped;

/// Ready to be submitted. What an item returns is one line for people.
pub struct Plan {
    /// How many items.
    pub items: usize,
    /// What an item is called.
    pub labels: Labels,
    /// What people should know about the items before they trust the result, such as what was left out: a sentence each.
    pub notes: Vec<String>,
    /// Parameters that were measured or chosen while it was made: with them, the same settings are the same work again.
    pub resolved: Vec<(&'static str, String)>,
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
        Self {
            items: work.arguments.len(),
            labels: Arc::new(labels),
            notes: Vec::new(),
            resolved: Vec::new(),
            work: Box::new(work),
            kept: None,
        }
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
        Self {
            items: work.arguments.len(),
            labels: Arc::new(labels),
            notes: Vec::new(),
            resolved: Vec::new(),
            work: Box::new(work),
            kept: None,
        }
    }

    /// What `submit` submits: `items` in the end, those that tasks submit themselves included.
    #[must_use]
    pub fn submitting(
        items: usize,
        labels: impl Fn(usize) -> String + Send + Sync + 'static,
        submit: impl FnOnce(&dyn RawExecutor, GoOn<'_>) -> Submitted + Send + 'static,
    ) -> Self {
        Self {
            items,
            labels: Arc::new(labels),
            notes: Vec::new(),
            resolved: Vec::new(),
            work: Box::new(Submitting(submit)),
            kept: None,
        }
    }

    /// The same with those items only that `wanted` takes, which is asked about each in order, by its name.
    ///
    /// # Errors
    /// When the workload can't leave any out, or would leave out all.
    pub fn only(self, mut wanted: impl FnMut(&str) -> bool) -> Result<Self, FieldError> {
        let kept: Arc<[usize]> = (0..self.items).filter(|&item| wanted(&(self.labels)(item))).collect();
        if kept.is_empty() {
            return Err(FieldError::new("only-failed", "none of these items is there any more"));
        }
        let work = self.work.only(&kept).ok_or_else(|| {
            FieldError::new("only-failed", "this workload can't run some of its items without the others")
        })?;
        let note = format!("Only {} of {} items", grouped(kept.len() as u64), grouped(self.items as u64));
        let (labels, items) = (self.labels, kept.len());
        let of_kept = move |item: usize| kept.get(item).map(|&item| labels(item)).unwrap_or_default();
        Ok(Self { items, labels: Arc::new(of_kept), work, ..self }.noting([note]))
    }

    /// The same, with more notes.
    #[must_use]
    pub fn noting(mut self, notes: impl IntoIterator<Item = String>) -> Self {
        self.notes.extend(notes);
        self
    }

    /// The same, where parameter `name` has come to be `text`.
    #[must_use]
    pub fn resolving(mut self, name: &'static str, text: String) -> Self {
        self.resolved.push((name, text));
        self
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
    /// Those items only; `None` if it submits in its own way. What comes at times of its own then comes at once.
    fn only(self: Box<Self>, items: &[usize]) -> Option<Box<dyn Work>>;
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

    fn only(self: Box<Self>, items: &[usize]) -> Option<Box<dyn Work>> {
        let mut wanted = items.iter().copied().peekable();
        let wanted = |(item, argument)| wanted.next_if_eq(&item).map(|_| argument);
        let arguments: Vec<A> = self.arguments.enumerate().filter_map(wanted).collect();
        Some(Box::new(Calls { function: self.function, arguments: arguments.into_iter(), arrivals: None }))
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

    fn only(self: Box<Self>, _items: &[usize]) -> Option<Box<dyn Work>> {
        None
    }
}
