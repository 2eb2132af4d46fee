//! `deadlock-pair` and `deadlock-nested`: CPython's two examples of tasks that wait for each other forever.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use super::plan::{Submitted, until_refused};
use super::{FieldError, GoOn, Param, ParamKind, Params, Plan, Workload};
use crate::executor::{RawExecutor, TaskContext, TaskError, TaskFuture};

/// Two tasks, each of which waits for the other's result.
pub(super) struct DeadlockPair;

/// Each task submits another to its own executor, and waits for it.
pub(super) struct DeadlockNested;

const THREADS: &str = "its tasks share futures, which can't cross to another process";

/// The value of another task, waiting for it.
fn value_of(future: &TaskFuture<String>, context: &TaskContext) -> Result<String, TaskError> {
    context.wait_for(future, None)?;
    future.result(None).map_err(|error| TaskError::from_error(&error))
}

fn submit_pair(executor: &dyn RawExecutor, _go_on: GoOn<'_>) -> Submitted {
    let futures: Arc<[OnceLock<TaskFuture<String>>; 2]> = Arc::default();
    let submit = executor.submitter();
    until_refused(["a", "b"].into_iter().enumerate().map(|(me, name)| {
        let others = Arc::clone(&futures);
        let future = submit.submit_closure(move |context| {
            // Python's examples sleep here until the other is there.
            let other = context.blocking(|| others[1 - me].wait().clone());
            value_of(&other, context).map(|value| format!("{name} has the other's {value}"))
        })?;
        // Nobody else sets it.
        let _ = futures[me].set(future.clone());
        Ok(future)
    }))
}

fn submit_nested(tasks: usize, executor: &dyn RawExecutor, go_on: GoOn<'_>) -> Submitted {
    let submit = executor.submitter();
    until_refused((0..tasks).take_while(|_| go_on()).map(|_| {
        let inner = Arc::clone(&submit);
        submit.submit_closure(move |context| {
            let inner = inner.submit_closure(|_| Ok("5²".to_owned())).map_err(|error| TaskError::from_error(&error))?;
            value_of(&inner, context).map(|value| format!("the inner task said {value}"))
        })
    }))
}

impl Workload for DeadlockPair {
    fn name(&self) -> &'static str {
        "deadlock-pair"
    }

    fn summary(&self) -> &'static str {
        "two tasks that wait for each other's result, forever"
    }

    fn threads_only(&self) -> Option<&'static str> {
        Some(THREADS)
    }

    fn params(&self) -> Vec<Param> {
        Vec::new()
    }

    fn plan(&self, _params: &Params, _cancelled: &AtomicBool) -> Result<Plan, FieldError> {
        let label = |item| format!("waits for {}", if item == 0 { "b" } else { "a" });
        Ok(Plan::submitting(2, label, submit_pair))
    }
}

impl Workload for DeadlockNested {
    fn name(&self) -> &'static str {
        "deadlock-nested"
    }

    fn summary(&self) -> &'static str {
        "each task submits another to its own pool and waits for it: forever, if all workers do"
    }

    fn threads_only(&self) -> Option<&'static str> {
        Some(THREADS)
    }

    fn params(&self) -> Vec<Param> {
        vec![Param {
            name: "tasks",
            kind: ParamKind::Count { min: 1, max: 1_000 },
            unit: "",
            default: "1".to_owned(),
            help: "How many tasks submit another.",
        }]
    }

    fn plan(&self, params: &Params, _cancelled: &AtomicBool) -> Result<Plan, FieldError> {
        let tasks = params.count("tasks") as usize;
        let label = move |item| if item < tasks { "outer".to_owned() } else { "inner".to_owned() };
        // The inner ones are items too, as soon as they are submitted.
        Ok(Plan::submitting(2 * tasks, label, move |executor, go_on| submit_nested(tasks, executor, go_on)))
    }
}
