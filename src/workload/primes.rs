//! `primes`: each task tells by trial division whether a number is a prime. So little work that what it costs to hand it out shows.

use std::sync::atomic::AtomicBool;

use super::{FieldError, ITEMS_LIMIT, Param, ParamKind, Params, Plan, Workload};
use crate::executor::{Function, TaskContext, TaskError};

/// See the module.
pub(super) struct Primes;

pub(super) const IS_PRIME: Function<u64, String> = Function::new("is-prime", is_prime);

/// Divisions between two checkpoints.
const STRIDE: u64 = 1 << 13;

fn is_prime(number: u64, context: &TaskContext) -> Result<String, TaskError> {
    let divisible = |mut from: u64| {
        let until = number.min(from + STRIDE);
        // As the article does it: up to the number itself.
        while from < until {
            if std::hint::black_box(number).is_multiple_of(from) {
                return true;
            }
            from += 1;
        }
        false
    };
    let mut from = 2;
    let mut prime = number >= 2;
    while prime && from < number {
        context.checkpoint()?;
        prime = !divisible(from);
        from += STRIDE;
    }
    Ok(format!("{number} is {}", if prime { "a prime" } else { "no prime" }))
}

impl Workload for Primes {
    fn name(&self) -> &'static str {
        "primes"
    }

    fn summary(&self) -> &'static str {
        "tell primes by trial division: many tasks, hardly any work in each"
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param {
                name: "from",
                kind: ParamKind::Count { min: 0, max: 1_000_000_000 },
                unit: "",
                default: "19000".to_owned(),
                help: "The first number.",
            },
            Param {
                name: "numbers",
                kind: ParamKind::Count { min: 0, max: ITEMS_LIMIT },
                unit: "",
                default: "1000".to_owned(),
                help: "How many numbers, one a task.",
            },
        ]
    }

    fn plan(&self, params: &Params, _cancelled: &AtomicBool) -> Result<Plan, FieldError> {
        let (from, numbers) = (params.count("from"), params.count("numbers") as usize);
        let arguments = (0..numbers).map(move |item| from + item as u64);
        Ok(Plan::new(IS_PRIME, arguments, move |item| format!("is {} a prime?", from + item as u64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primes_are_primes() {
        let prime = |n: u64| IS_PRIME.call(n, &TaskContext::detached()).unwrap().ends_with("a prime");
        let found: Vec<_> = (0..30).filter(|&n| prime(n)).collect();
        assert_eq!(found, [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]);
        assert!(prime(19_997) && !prime(19_999) && prime(104_729) && !prime(104_730));
    }
}
