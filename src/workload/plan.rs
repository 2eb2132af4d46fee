//! What a workload comes to: so many items, each a call of one function, with a name to show.

use std::sync::Arc;

use crate::executor::{Executor, Function, Map, MapError, MapOptions, Portable, RawExecutor, SubmitError, TaskFuture};

/// Ready to be submitted. What an item returns is a line for the user to read.
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

    /// Submits everything, in chunks.
    ///
    /// # Errors
    /// When the executor takes no (more) calls.
    pub fn map(self, executor: &dyn RawExecutor, options: MapOptions) -> Result<Map<String>, MapError> {
        self.work.map(executor, options)
    }

    /// Submits everything, item by item. If the executor stops taking calls, the futures so far are returned beside the
    /// error.
    pub fn submit(self, executor: &dyn RawExecutor) -> (Vec<TaskFuture<String>>, Option<SubmitError>) {
        self.work.submit(executor)
    }
}

trait Work: Send {
    fn map(self: Box<Self>, executor: &dyn RawExecutor, options: MapOptions) -> Result<Map<String>, MapError>;
    fn submit(self: Box<Self>, executor: &dyn RawExecutor) -> (Vec<TaskFuture<String>>, Option<SubmitError>);
}

struct Calls<A, I> {
    function: Function<A, String>,
    arguments: I,
}

impl<A: Portable, I: ExactSizeIterator<Item = A> + Send> Work for Calls<A, I> {
    fn map(self: Box<Self>, executor: &dyn RawExecutor, options: MapOptions) -> Result<Map<String>, MapError> {
        executor.map(self.function, self.arguments, options)
    }

    fn submit(self: Box<Self>, executor: &dyn RawExecutor) -> (Vec<TaskFuture<String>>, Option<SubmitError>) {
        let mut futures = Vec::with_capacity(self.arguments.len());
        for argument in self.arguments {
            match executor.submit(self.function, argument) {
                Ok(future) => futures.push(future),
                Err(error) => return (futures, Some(error)),
            }
        }
        (futures, None)
    }
}
