//! `pbkdf2`: each task derives keys from a password, with more and more rounds. Native code, of growing length: the GIL is let go.

use std::hint::black_box;
use std::sync::atomic::AtomicBool;

use sha2::Sha256;

use super::{FieldError, Param, ParamKind, Params, Plan, Workload};
use crate::executor::{Function, TaskContext, TaskError};

/// See the module.
pub(super) struct Pbkdf2;

/// How many keys, and how many rounds the first takes; the next takes twice as many, and so on.
pub(super) const PBKDF2: Function<(u64, u32), String> = Function::new("pbkdf2", derive);

fn derive((keys, rounds): (u64, u32), context: &TaskContext) -> Result<String, TaskError> {
    let mut key = [0; 32];
    for number in 1..=keys {
        context.checkpoint()?;
        let rounds = u32::try_from(number).unwrap_or(u32::MAX).saturating_mul(rounds);
        context.native(|| pbkdf2::pbkdf2_hmac::<Sha256>(b"password", b"salt", rounds, black_box(&mut key)));
    }
    Ok(format!("{keys} keys"))
}

impl Workload for Pbkdf2 {
    fn name(&self) -> &'static str {
        "pbkdf2"
    }

    fn summary(&self) -> &'static str {
        "derive keys with PBKDF2-HMAC-SHA256: native computing, each task longer than the one before"
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param {
                name: "tasks",
                kind: ParamKind::Count { min: 0, max: 1_000 },
                unit: "",
                default: "20".to_owned(),
                help: "Task number n derives n − 1 keys; the first two derive none.",
            },
            Param {
                name: "rounds",
                kind: ParamKind::Count { min: 1, max: 1_000_000 },
                unit: "rounds",
                default: "500".to_owned(),
                help: "Rounds of a task's first key; the second takes twice as many, and so on.",
            },
        ]
    }

    fn plan(&self, params: &Params, _cancelled: &AtomicBool) -> Result<Plan, FieldError> {
        let rounds = u32::try_from(params.count("rounds")).unwrap_or(u32::MAX);
        // As in `for i in range(1, n)`.
        let keys = |item: usize| (item as u64).saturating_sub(1);
        let arguments = (0..params.count("tasks") as usize).map(move |item| (keys(item), rounds));
        Ok(Plan::new(PBKDF2, arguments, move |item| format!("{} keys", keys(item))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_published_ones() {
        let mut key = [0; 32];
        pbkdf2::pbkdf2_hmac::<Sha256>(b"password", b"salt", 4096, &mut key);
        // RFC 7914 and others test HMAC-SHA256 like this.
        assert_eq!(key[..4], [0xc5, 0xe4, 0x78, 0xd5]);
        assert_eq!(PBKDF2.call((3, 2), &TaskContext::detached()).unwrap(), "3 keys");
    }
}
