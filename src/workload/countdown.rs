//! `countdown`: each task counts down from a number to 0. Pure computing, of different lengths.

use std::hint::black_box;
use std::sync::atomic::AtomicBool;

use super::{FieldError, Param, ParamKind, Params, Plan, Workload};
use crate::executor::{Function, TaskContext, TaskError};
use crate::units::grouped;

/// See the module.
pub(super) struct Countdown;

pub(super) const COUNTDOWN: Function<u64, String> = Function::new("countdown", countdown);

/// Steps between two checkpoints: some tens of microseconds.
const STRIDE: u64 = 1 << 16;

fn countdown(from: u64, context: &TaskContext) -> Result<String, TaskError> {
    let mut left = from;
    while left > 0 {
        context.checkpoint()?;
        let pause = left.saturating_sub(STRIDE);
        while left > pause {
            left -= 1;
            // Without it the compiler leaves the loop out; with the number in it, each step would go through memory.
            black_box(());
        }
    }
    Ok(format!("counted down from {from}"))
}

impl Workload for Countdown {
    fn name(&self) -> &'static str {
        "countdown"
    }

    fn summary(&self) -> &'static str {
        "counts down to 0 (CPU-bound; tasks of different lengths)"
    }

    fn params(&self) -> Vec<Param> {
        vec![Param {
            name: "from",
            kind: ParamKind::Counts { max: 1_000_000_000_000 },
            unit: "",
            default: "40000000,30000000,20000000,10000000".to_owned(),
            help: "Where the tasks begin to count: a number a task, with commas between them.",
        }]
    }

    fn plan(&self, params: &Params, _cancelled: &AtomicBool) -> Result<Plan, FieldError> {
        let from = params.counts("from").to_vec();
        let numbers = from.clone();
        Ok(Plan::new(COUNTDOWN, from.into_iter(), move |item| format!("countdown from {}", grouped(numbers[item]))))
    }
}
