//! Where the items of a command are.

use std::io::{self, BufReader, IsTerminal};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crossbeam_channel::{RecvTimeoutError, bounded};

use crate::units::grouped;
use crate::workload::files::{self, Entry};
use crate::workload::unattended::LOOK_AGAIN;
use crate::workload::{FieldError, ITEMS_LIMIT};

pub(super) const SOURCES: [&str; 4] = ["range", "lines", "glob", "stdin"];

/// The items of `source`, one of [`SOURCES`]. Empty lines are none.
///
/// # Errors
/// When there is no such range, file or pattern, or what is there can't be read.
pub(super) fn find(source: &str, text: &str, cancelled: &AtomicBool) -> Result<Arc<[Entry]>, FieldError> {
    match source {
        "lines" => Ok(entries(files::lines("items", Path::new(text), cancelled)?)),
        "glob" => matching(text, cancelled),
        "stdin" => Ok(entries(standard_input(cancelled)?)),
        _ => range(text),
    }
}

fn entries(lines: Vec<String>) -> Arc<[Entry]> {
    lines.into_iter().filter(|line| !line.is_empty()).map(|line| Entry::File(line.into())).collect()
}

fn range(text: &str) -> Result<Arc<[Entry]>, FieldError> {
    let wrong = |cause: &str| FieldError::new("items", format!("must be a range such as 1..20, not `{text}`{cause}"));
    let (first, last) = text.split_once("..").ok_or_else(|| wrong(""))?;
    let number = |text: &str| text.trim().parse::<i64>().map_err(|_| wrong(""));
    let (first, last) = (number(first)?, number(last)?);
    if last < first {
        return Err(wrong(": it ends before it begins"));
    }
    if last.abs_diff(first) >= ITEMS_LIMIT {
        return Err(wrong(&format!(": these are more than {}", grouped(ITEMS_LIMIT))));
    }
    Ok((first..=last).map(|number| Entry::File(number.to_string().into())).collect())
}

fn matching(pattern: &str, cancelled: &AtomicBool) -> Result<Arc<[Entry]>, FieldError> {
    let paths = glob::glob(pattern).map_err(|error| {
        FieldError::new("items", format!("`{pattern}` is no pattern: {} at its letter {}", error.msg, error.pos + 1))
    })?;
    let entry = |path: Result<std::path::PathBuf, glob::GlobError>| match path {
        Ok(path) => Entry::File(path.into_os_string()),
        Err(error) => Entry::Unreadable { path: error.path().display().to_string(), cause: error.error().to_string() },
    };
    // Between two matches it can walk through a whole disk.
    let found = unless(cancelled, "pattern", move |given_up| {
        let most = paths.take(ITEMS_LIMIT as usize + 1);
        most.take_while(|_| !given_up.load(Ordering::Relaxed)).map(entry).collect::<Vec<_>>()
    });
    let found = found.map_err(|cause| FieldError::new("items", cause))?;
    if found.len() as u64 > ITEMS_LIMIT {
        return Err(FieldError::new("items", format!("more than {} files match `{pattern}`", grouped(ITEMS_LIMIT))));
    }
    Ok(found.into())
}

/// All lines of standard input, which may never end.
fn standard_input(cancelled: &AtomicBool) -> Result<Vec<String>, FieldError> {
    let wrong = |cause: String| FieldError::new("items", format!("standard input {cause}"));
    if io::stdin().is_terminal() {
        return Err(wrong("is a terminal: pipe the items in, one a line".to_owned()));
    }
    let read =
        unless(cancelled, "standard input", |given_up| Some(files::lines_of(BufReader::new(io::stdin()), given_up)));
    read.map_err(wrong)?.unwrap_or_else(|| Ok(Vec::new())).map_err(wrong)
}

/// What `work` comes to, which may take for ever: it is done in a thread of its own, which is left alone, and told so, as soon as
/// `cancelled` says so. Then there is nothing.
///
/// # Errors
/// When the system gives no thread, or it panics.
fn unless<T: Default + Send + 'static>(
    cancelled: &AtomicBool,
    name: &str,
    work: impl FnOnce(&AtomicBool) -> T + Send + 'static,
) -> Result<T, String> {
    let (say, said) = bounded(1);
    let given_up = Arc::<AtomicBool>::default();
    let told = Arc::clone(&given_up);
    let working = thread::Builder::new().name(name.to_owned()).spawn(move || _ = say.send(work(&told)));
    working.map_err(|error| format!("can't be read: {error}"))?;
    while !cancelled.load(Ordering::Relaxed) {
        match said.recv_timeout(LOOK_AGAIN) {
            Ok(done) => return Ok(done),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err("can't be read".to_owned()),
        }
    }
    given_up.store(true, Ordering::Relaxed);
    Ok(T::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str, text: &str) -> Result<Vec<String>, String> {
        let entries = find(source, text, &AtomicBool::new(false)).map_err(|error| error.to_string())?;
        Ok(entries.iter().map(|entry| entry.clone().path().unwrap().display().to_string()).collect())
    }

    #[test]
    fn ranges_have_both_ends_and_limits() {
        assert_eq!(found("range", "-1..2").unwrap(), ["-1", "0", "1", "2"]);
        assert_eq!(found("range", " 7 .. 7 ").unwrap(), ["7"]);
        for text in ["", "5", "a..b", "2..1", "0..10000000", "-9223372036854775808..9223372036854775807"] {
            let told = found("range", text).unwrap_err();
            assert!(told.starts_with("items: must be a range such as 1..20, not `"), "{told}");
        }
    }

    #[test]
    fn lines_and_patterns_are_read_and_faults_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path("list"), "one\r\n\n two words \n").unwrap();
        assert_eq!(found("lines", &path("list")).unwrap(), ["one", "two words"]);
        std::fs::write(path("bytes"), b"good\n\xff\n").unwrap();
        assert!(found("lines", &path("bytes")).unwrap_err().ends_with("line 2 is not UTF-8"));
        assert!(found("lines", &path("none")).unwrap_err().contains("cannot be read"));
        assert!(found("lines", &path("")).unwrap_err().ends_with("is not a file"));
        assert_eq!(found("glob", &path("*s*")).unwrap(), [path("bytes"), path("list")]);
        assert!(found("glob", "a**b").unwrap_err().contains("is no pattern"));
        std::fs::write(path("empty"), "").unwrap();
        assert!(found("lines", &path("empty")).unwrap().is_empty());
    }
}
