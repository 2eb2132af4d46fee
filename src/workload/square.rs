//! `square`: each task squares a number. As little as a task can be that has a result to show.

use std::sync::atomic::AtomicBool;

use super::{FieldError, Param, ParamKind, Params, Plan, Workload};
use crate::executor::Function;

/// See the module.
pub(super) struct Square;

pub(super) const SQUARE: Function<u64, String> =
    Function::new("square", |n, _context| Ok((u128::from(n) * u128::from(n)).to_string()));

impl Workload for Square {
    fn name(&self) -> &'static str {
        "square"
    }

    fn summary(&self) -> &'static str {
        "square some numbers: hardly any work, in order"
    }

    fn params(&self) -> Vec<Param> {
        vec![Param {
            name: "of",
            kind: ParamKind::Counts { max: u64::MAX },
            unit: "",
            default: "2,3,4,5".to_owned(),
            help: "The numbers to square, one a task, with commas between them.",
        }]
    }

    fn plan(&self, params: &Params, _cancelled: &AtomicBool) -> Result<Plan, FieldError> {
        let of = params.counts("of").to_vec();
        let numbers = of.clone();
        Ok(Plan::new(SQUARE, of.into_iter(), move |item| format!("{}²", numbers[item])))
    }
}
