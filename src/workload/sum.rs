//! `sum`: each task adds up the numbers below a limit. Pure computing, of equal length.

use std::hint::black_box;
use std::sync::atomic::AtomicBool;

use super::{FieldError, Param, ParamKind, Params, Plan, Workload};
use crate::executor::{Function, TaskContext, TaskError};
use crate::units::grouped;

/// See the module.
pub(super) struct Sum;

pub(super) const SUM: Function<u64, String> = Function::new("sum", sum);

/// Numbers between two checkpoints: some tens of microseconds.
const STRIDE: u64 = 1 << 16;

fn sum(to: u64, context: &TaskContext) -> Result<String, TaskError> {
    let mut total = 0_u64;
    let mut next = 0;
    while next < to {
        context.checkpoint()?;
        let end = to.min(next + STRIDE);
        while next < end {
            // Without the box the compiler replaces the loop by a formula.
            total = black_box(total.wrapping_add(next));
            next += 1;
        }
    }
    Ok(total.to_string())
}

impl Workload for Sum {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn summary(&self) -> &'static str {
        "add up 0, 1, 2, … in every task: pure computing"
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param::tasks(8),
            Param {
                name: "to",
                kind: ParamKind::Count { min: 0, max: 1_000_000_000_000 },
                unit: "",
                default: "50000000".to_owned(),
                help: "Each task adds up the whole numbers below this.",
            },
        ]
    }

    fn plan(&self, params: &Params, _cancelled: &AtomicBool) -> Result<Plan, FieldError> {
        let to = params.count("to");
        let tasks = params.count("tasks") as usize;
        Ok(Plan::new(SUM, std::iter::repeat_n(to, tasks), move |_| format!("sum of 0..{}", grouped(to))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_right() {
        assert_eq!(SUM.call(100_001, &TaskContext::detached()).unwrap(), "5000050000");
        assert_eq!(SUM.call(0, &TaskContext::detached()).unwrap(), "0");
    }
}
