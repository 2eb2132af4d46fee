//! Where the items of a command are.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, bounded};

use super::pattern::PathPattern;
use crate::units::grouped;
use crate::workload::files::{self, Entry, Found, left_out_note};
use crate::workload::list::{self, List, ListError, Separator};
use crate::workload::unattended::LOOK_AGAIN;
use crate::workload::{FieldError, ITEMS_LIMIT, Preview};

/// Where the items come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Whole numbers.
    Range,
    /// A file with a list.
    Lines,
    /// Files that match a pattern.
    Glob,
    /// A list on standard input.
    Stdin,
}

impl Source {
    pub(super) const WORDS: [&str; 4] = ["range", "lines", "glob", "stdin"];

    pub(super) fn of(word: &str) -> Self {
        match word {
            "lines" => Self::Lines,
            "glob" => Self::Glob,
            "stdin" => Self::Stdin,
            _ => Self::Range,
        }
    }
}

/// The items of `source`, which `text` describes.
///
/// # Errors
/// When there is no such range, file or pattern, or what is there can't be read.
pub(super) fn find(
    source: Source,
    text: &str,
    separator: Separator,
    cancelled: &AtomicBool,
) -> Result<Found, FieldError> {
    let wrong = |message: String| FieldError::new("items", message);
    match source {
        Source::Range => Ok(Found { entries: range(text)?, notes: Vec::new() }),
        Source::Glob => {
            let entries = matching(text, cancelled)?;
            let note = entries.is_empty().then(|| format!("No file matches `{text}`"));
            Ok(Found { entries, notes: note.into_iter().collect() })
        }
        Source::Lines => {
            let path = Path::new(text);
            let named = |cause: &dyn std::fmt::Display| wrong(format!("{}: {cause}", path.display()));
            let content = files::open(path).map_err(|error| named(&error))?;
            list::read(content, separator, cancelled).map(found).map_err(|error| named(&error))
        }
        Source::Stdin => {
            standard_input(separator, cancelled).map(found).map_err(|cause| wrong(format!("standard input {cause}")))
        }
    }
}

/// The first items of a pattern or a file, without walking through a whole disk.
pub(super) fn preview(source: Source, text: &str, separator: Separator) -> Option<Result<Preview, FieldError>> {
    /// Nobody reads more while typing.
    const NAMES: usize = 3;
    const MOST: usize = 1_000;
    const BYTES: u64 = 1 << 20;
    const PATIENCE: Duration = Duration::from_secs(1);
    let wrong = |message: String| FieldError::new("items", message);
    let (entries, has_more) = match source {
        Source::Range | Source::Stdin => return None,
        Source::Glob => {
            let pattern = match parse(text) {
                Ok(pattern) => pattern,
                Err(error) => return Some(Err(error)),
            };
            let found = pattern.matches_until(MOST, Instant::now() + PATIENCE);
            let has_more = found.len() >= MOST;
            (found, has_more)
        }
        Source::Lines => {
            let path = Path::new(text);
            let named = |cause: &dyn std::fmt::Display| wrong(format!("{}: {cause}", path.display()));
            let content = match files::open(path) {
                Ok(content) => content,
                Err(error) => return Some(Err(named(&error))),
            };
            let has_more = content.metadata().is_ok_and(|there| there.len() > BYTES);
            match list::read(content.take(BYTES), separator, &AtomicBool::new(false)) {
                Ok(list) => (found(list).entries.to_vec(), has_more),
                Err(error) => return Some(Err(named(&error))),
            }
        }
    };
    let name = |entry: &Entry| entry.file().map_or_else(String::new, |path| path.display().to_string());
    let names = entries.iter().take(NAMES).map(name).collect();
    Some(Ok(Preview { names, count: entries.len(), has_more }))
}

fn parse(text: &str) -> Result<PathPattern, FieldError> {
    if text.is_empty() {
        return Err(FieldError::new("items", "is empty: give a pattern such as photos/*.jpg"));
    }
    PathPattern::parse(text).map_err(|error| {
        FieldError::new("items", format!("`{text}` is not a pattern: {} at character {}", error.msg, error.pos + 1))
    })
}

fn found(List { items, empty }: List) -> Found {
    Found {
        entries: items.into_iter().map(Entry::File).collect(),
        notes: left_out_note(empty, "empty line").into_iter().collect(),
    }
}

/// Both ends are included. Zeros before a number are kept, and then all items are as wide, as in a shell's `{08..10}`.
fn range(text: &str) -> Result<Arc<[Entry]>, FieldError> {
    let wrong = |cause: &str| FieldError::new("items", format!("must be a range such as 1..20, not `{text}`{cause}"));
    let (first, last) = text.split_once("..").ok_or_else(|| wrong(""))?;
    let (first, last) = (first.trim(), last.trim());
    let has_zeros = |text: &str| {
        let digits = text.trim_start_matches('-');
        digits.len() > 1 && digits.starts_with('0')
    };
    let width = if has_zeros(first) || has_zeros(last) { first.len().max(last.len()) } else { 0 };
    let number = |text: &str| text.parse::<i64>().map_err(|_| wrong(""));
    let (first, last) = (number(first)?, number(last)?);
    if last < first {
        return Err(wrong(": it ends before it begins"));
    }
    if last.abs_diff(first) >= ITEMS_LIMIT || width > 1_000 {
        return Err(wrong(&format!(": that is more than {} items", grouped(ITEMS_LIMIT))));
    }
    Ok((first..=last).map(|number| Entry::File(OsString::from(format!("{number:0width$}")))).collect())
}

fn matching(text: &str, cancelled: &AtomicBool) -> Result<Arc<[Entry]>, FieldError> {
    let pattern = parse(text)?;
    // Between two matches it can walk through a whole disk.
    let found = unless(cancelled, "pattern", move |given_up| pattern.matches(ITEMS_LIMIT as usize + 1, given_up));
    let found = found.map_err(|cause| FieldError::new("items", cause))?;
    if found.len() as u64 > ITEMS_LIMIT {
        return Err(FieldError::new("items", format!("more than {} files match `{text}`", grouped(ITEMS_LIMIT))));
    }
    Ok(found.into())
}

/// A list on standard input, which may never end.
fn standard_input(separator: Separator, cancelled: &AtomicBool) -> Result<List, String> {
    if io::stdin().is_terminal() {
        return Err("is a terminal: pipe a list of items in".to_owned());
    }
    let read = unless(cancelled, "standard input", move |given_up| Some(list::read(io::stdin(), separator, given_up)));
    let list = read?.unwrap_or_else(|| Ok(List::default()));
    list.map_err(|error: ListError| error.to_string())
}

/// What `work` comes to, which may take forever: it is done in a thread of its own, which is left alone, and told so, as soon as
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
        let found = find(Source::of(source), text, Separator::Auto, &AtomicBool::new(false));
        let entries = found.map_err(|error| error.to_string())?.entries;
        Ok(entries.iter().map(|entry| entry.clone().path().unwrap().display().to_string()).collect())
    }

    #[test]
    fn ranges_have_both_ends_and_limits() {
        assert_eq!(found("range", "-1..2").unwrap(), ["-1", "0", "1", "2"]);
        assert_eq!(found("range", " 7 .. 7 ").unwrap(), ["7"]);
        assert_eq!(found("range", "08..10").unwrap(), ["08", "09", "10"]);
        assert_eq!(found("range", "8..010").unwrap(), ["008", "009", "010"]);
        assert_eq!(found("range", "-01..1").unwrap(), ["-01", "000", "001"]);
        assert_eq!(found("range", "0..1").unwrap(), ["0", "1"]);
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
        assert_eq!(found("lines", &path("list")).unwrap(), ["one", " two words "]);
        std::fs::write(path("lists"), "").unwrap();
        assert!(found("lines", &path("none")).unwrap_err().contains("can't be read"));
        assert!(found("lines", &path("")).unwrap_err().ends_with("is not a file"));
        assert_eq!(found("glob", &path("*s*")).unwrap(), [path("list"), path("lists")]);
        assert!(found("glob", "a**b").unwrap_err().contains("is not a pattern"));
        std::fs::write(path("empty"), "").unwrap();
        assert!(found("lines", &path("empty")).unwrap().is_empty());
    }
}
