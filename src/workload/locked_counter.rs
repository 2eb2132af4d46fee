//! `locked-counter`: threads add to one counter, with a lock or without. Without one, additions get lost: a thread reads the
//! counter, loses the GIL, and writes back what is one more than an old value.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::param::NO_OR_YES;
use super::plan::{Submitted, until_refused};
use super::{FieldError, GoOn, Param, ParamKind, Params, Plan, Workload};
use crate::executor::{RawExecutor, TaskContext, TaskError, TaskLock};

/// See the module.
pub(super) struct LockedCounter;

#[derive(Default)]
struct Counter {
    value: AtomicU64,
    lock: TaskLock,
}

impl Counter {
    /// Python's `counter += 1`: three steps, between which the interpreter may switch threads.
    fn add_one(&self, context: &TaskContext) -> Result<(), TaskError> {
        let value = self.value.load(Ordering::Relaxed);
        // What another thread would do in the meantime takes its time in Python too.
        for _ in 0..STEPS {
            std::hint::black_box(value);
        }
        context.checkpoint()?;
        self.value.store(value + 1, Ordering::Relaxed);
        Ok(())
    }
}

/// So that an addition takes about as long as it does in Python.
const STEPS: u64 = 200;

fn add(counter: &Counter, additions: u64, locked: bool, context: &TaskContext) -> Result<String, TaskError> {
    for _ in 0..additions {
        if locked {
            let _guard = context.lock(&counter.lock)?;
            counter.add_one(context)?;
        } else {
            counter.add_one(context)?;
        }
        // The interpreter may switch at each turn of a loop, too.
        context.checkpoint()?;
    }
    Ok(format!("added {additions}"))
}

fn submit(tasks: usize, additions: u64, locked: bool, executor: &dyn RawExecutor, go_on: GoOn<'_>) -> Submitted {
    let counter: Arc<Counter> = Arc::default();
    let done: Arc<AtomicU64> = Arc::default();
    let submit = executor.submitter();
    until_refused((0..tasks).take_while(|_| go_on()).map(|_| {
        let (counter, done) = (Arc::clone(&counter), Arc::clone(&done));
        submit.submit_closure(move |context| {
            let added = add(&counter, additions, locked, context)?;
            // Whoever is the last to end knows what came of it.
            if done.fetch_add(1, Ordering::AcqRel) + 1 < tasks as u64 {
                return Ok(added);
            }
            let (wanted, value) = (tasks as u64 * additions, counter.value.load(Ordering::Relaxed));
            if value == wanted {
                return Ok(format!("{added}; the counter is {value}, which is right"));
            }
            Err(TaskError::message(format!(
                "the counter is {value}, not {wanted}: {} updates were lost",
                wanted - value
            )))
        })
    }))
}

impl Workload for LockedCounter {
    fn name(&self) -> &'static str {
        "locked-counter"
    }

    fn summary(&self) -> &'static str {
        "threads add to one counter; without its lock, additions get lost and the last task raises"
    }

    fn threads_only(&self) -> Option<&'static str> {
        Some("its tasks share a counter, which other processes don't have")
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param {
                name: "tasks",
                kind: ParamKind::Count { min: 1, max: 1_000 },
                unit: "",
                default: "4".to_owned(),
                help: "How many tasks add to the counter.",
            },
            Param {
                name: "additions",
                kind: ParamKind::Count { min: 0, max: 1_000_000_000 },
                unit: "",
                default: "1000000".to_owned(),
                help: "How often each of them adds one.",
            },
            Param {
                name: "lock",
                kind: NO_OR_YES,
                unit: "",
                default: "no".to_owned(),
                help: "Whether the lock is held while one is added.",
            },
        ]
    }

    fn plan(&self, params: &Params, _cancelled: &AtomicBool) -> Result<Plan, FieldError> {
        let (tasks, additions) = (params.count("tasks") as usize, params.count("additions"));
        let locked = params.yes("lock");
        let label = move |_| format!("add 1, {additions} times{}", if locked { ", with the lock" } else { "" });
        Ok(Plan::submitting(tasks, label, move |executor, go_on| submit(tasks, additions, locked, executor, go_on)))
    }
}
