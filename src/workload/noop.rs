//! `noop`: tasks that do nothing, so that what is left is overhead.

use std::sync::atomic::AtomicBool;

use super::{FieldError, Param, Params, Plan, Workload};
use crate::executor::Function;

/// See the module.
pub(super) struct Noop;

pub(super) const NOOP: Function<(), String> = Function::new("noop", |(), _context| Ok(String::new()));

impl Workload for Noop {
    fn name(&self) -> &'static str {
        "noop"
    }

    fn summary(&self) -> &'static str {
        "do nothing, many times: what an executor itself costs"
    }

    fn params(&self) -> Vec<Param> {
        vec![Param::tasks(10000)]
    }

    fn plan(&self, params: &Params, _cancelled: &AtomicBool) -> Result<Plan, FieldError> {
        let tasks = params.count("tasks") as usize;
        Ok(Plan::new(NOOP, std::iter::repeat_n((), tasks), |_| "noop".to_owned()))
    }
}
