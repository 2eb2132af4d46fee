//! `hash-files`: the SHA-256 of every file below a folder. Reading and computing, mixed.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use sha2::{Digest, Sha256};

use super::files::{self, Entry};
use super::{FieldError, Param, ParamKind, Params, Plan, Workload, samples};
use crate::executor::{Function, TaskContext, TaskError};

/// See the module.
pub(super) struct HashFiles;

pub(super) const HASH_FILE: Function<Entry, String> = Function::new("hash-file", hash_file);

fn hash_file(entry: Entry, context: &TaskContext) -> Result<String, TaskError> {
    let path = entry.path()?;
    let cannot = |error: std::io::Error| TaskError::with_cause(format!("can't read {}", path.display()), &error);
    let mut file = File::open(&path).map_err(cannot)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        context.checkpoint()?;
        match context.blocking(|| file.read(&mut buffer)).map_err(cannot)? {
            0 => break,
            // As in Python, hashing needs no interpreter.
            read => context.native(|| hash.update(&buffer[..read])),
        }
    }
    let digits: Vec<_> = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(digits.concat())
}

impl Workload for HashFiles {
    fn name(&self) -> &'static str {
        "hash-files"
    }

    fn summary(&self) -> &'static str {
        "SHA-256 of every file below a folder"
    }

    fn params(&self) -> Vec<Param> {
        vec![Param {
            name: "input",
            kind: ParamKind::InputFolder,
            unit: "",
            default: samples::folder().display().to_string(),
            help: "Every file in this folder and below is hashed, hidden ones too. Links are not followed.",
        }]
    }

    fn file_of(&self, params: &Params, name: &str) -> Option<PathBuf> {
        Some(params.folder("input").join(name))
    }

    fn plan(&self, params: &Params, cancelled: &AtomicBool) -> Result<Plan, FieldError> {
        let input = params.folder("input");
        samples::unpack_if_asked_for(&input)?;
        let files::Found { entries, notes } = files::find("input", &input, true, cancelled)?;
        let arguments: Vec<_> = entries.to_vec();
        Ok(Plan::new(HASH_FILE, arguments.into_iter(), files::labels(entries, input)).noting(notes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        std::fs::write(&path, "abc").unwrap();
        let hash = HASH_FILE.call(Entry::File(path.into_os_string()), &TaskContext::detached()).unwrap();
        assert_eq!(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
