//! `sleep`: tasks that wait, and fail if they are told to.

use std::collections::HashSet;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::{FieldError, ITEMS_LIMIT, Param, ParamKind, Params, Plan, Workload};
use crate::executor::{Function, TaskContext, TaskError};

/// See the module.
pub(super) struct Sleep;

/// How long, and whether to raise at the end.
pub(super) const SLEEP: Function<(Duration, bool), String> = Function::new("sleep", sleep);

fn sleep((duration, fail): (Duration, bool), context: &TaskContext) -> Result<String, TaskError> {
    context.sleep(duration)?;
    if fail { Err(TaskError::message("Boom!")) } else { Ok(format!("slept {} s", duration.as_secs_f64())) }
}

impl Workload for Sleep {
    fn name(&self) -> &'static str {
        "sleep"
    }

    fn summary(&self) -> &'static str {
        "wait in every task; chosen ones raise"
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param::tasks(20),
            Param {
                name: "seconds",
                kind: ParamKind::Seconds { max: 86_400 },
                unit: "s",
                default: "1".to_owned(),
                help: "How long each task sleeps.",
            },
            Param {
                name: "fail",
                kind: ParamKind::Counts { max: ITEMS_LIMIT },
                unit: "",
                default: String::new(),
                help: "Items that raise `Boom!` after their sleep: their numbers, from 0, with commas between them.",
            },
        ]
    }

    fn plan(&self, params: &Params, _cancelled: &AtomicBool) -> Result<Plan, FieldError> {
        let tasks = params.count("tasks");
        let seconds = params.seconds("seconds");
        if let Some(missing) = params.counts("fail").iter().find(|&&item| item >= tasks) {
            let message = format!("there is no item {missing} among {tasks} tasks, which count from 0");
            return Err(FieldError::new("fail", message));
        }
        let fail: HashSet<u64> = params.counts("fail").iter().copied().collect();
        let arguments = (0..tasks as usize).map(move |item| (seconds, fail.contains(&(item as u64))));
        Ok(Plan::new(SLEEP, arguments, move |_| format!("sleep {} s", seconds.as_secs_f64())))
    }
}
