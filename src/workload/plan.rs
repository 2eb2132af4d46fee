//! What a workload comes to: so many items, each a call of one function, with a name to show.

use std::sync::Arc;

use crate::executor::{Executor, Function, Map, MapError, MapOptions, Portable, RawExecutor, SubmitError, TaskFuture};

/// Ready to be submitted. What an item returns is one line for people.
pub struct Plan {
    /// How many items.
    pub items: usize,
    /// What an item is called.
    pub labels: Labels,
    work: Box<dyn Work>,
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
        Self { items: arguments.len(), labels: Arc::new(labels), work: Box::new(Calls { function, arguments }) }
    }

    /// What `submit` submits, in threads of this process: `items` closures in the end, those that they submit themselves included.
    #[must_use]
    pub fn closures(
        items: usize,
        labels: impl Fn(usize) -> String + Send + Sync + 'static,
        submit: impl FnOnce(&dyn RawExecutor, GoOn<'_>) -> Submitted + Send + 'static,
    ) -> Self {
        Self { items, labels: Arc::new(labels), work: Box::new(Closures(submit)) }
    }

    /// Submits everything, in chunks, as long as `go_on` says so before each. `None` if it is made of closures: those are submitted
    /// one by one.
    ///
    /// # Errors
    /// When the executor takes no (more) calls.
    pub fn map<'a>(
        self,
        executor: &dyn RawExecutor,
        options: MapOptions,
        go_on: GoOn<'a>,
    ) -> Option<Result<Map<'a, String>, MapError>> {
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

trait Work: Send {
    fn map<'a>(
        self: Box<Self>,
        to: &dyn RawExecutor,
        options: MapOptions,
        go_on: GoOn<'a>,
    ) -> Option<Result<Map<'a, String>, MapError>>;
    fn submit(self: Box<Self>, to: &dyn RawExecutor, go_on: GoOn<'_>) -> Submitted;
}

struct Calls<A, I> {
    function: Function<A, String>,
    arguments: I,
}

impl<A: Portable, I: ExactSizeIterator<Item = A> + Send + 'static> Work for Calls<A, I> {
    fn map<'a>(
        self: Box<Self>,
        to: &dyn RawExecutor,
        options: MapOptions,
        go_on: GoOn<'a>,
    ) -> Option<Result<Map<'a, String>, MapError>> {
        Some(to.map(self.function, self.arguments.take_while(|_| go_on()), options))
    }

    fn submit(self: Box<Self>, to: &dyn RawExecutor, go_on: GoOn<'_>) -> Submitted {
        until_refused(self.arguments.take_while(|_| go_on()).map(|argument| to.submit(self.function, argument)))
    }
}

struct Closures<F>(F);

impl<F> Work for Closures<F>
where
    F: FnOnce(&dyn RawExecutor, GoOn<'_>) -> Submitted + Send,
{
    fn map<'a>(
        self: Box<Self>,
        _to: &dyn RawExecutor,
        _options: MapOptions,
        _go_on: GoOn<'a>,
    ) -> Option<Result<Map<'a, String>, MapError>> {
        None
    }

    fn submit(self: Box<Self>, to: &dyn RawExecutor, go_on: GoOn<'_>) -> Submitted {
        (self.0)(to, go_on)
    }
}
