//! Finding files for the workloads that work on folders. What can't be read becomes an item that says so, so that one bad
//! folder entry stops nothing else.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};
use walkdir::WalkDir;

use super::FieldError;
use crate::executor::TaskError;
use crate::units::grouped;

/// An item of a folder. Paths travel as the platform has them; they need not be Unicode.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Entry {
    File(OsString),
    /// The folder entry could not be read, and why.
    Unreadable {
        path: String,
        cause: String,
    },
}

impl Entry {
    /// # Errors
    /// What was wrong when the folder was read.
    pub(super) fn path(self) -> Result<PathBuf, TaskError> {
        match self {
            Self::File(path) => Ok(PathBuf::from(path)),
            Self::Unreadable { path, cause } => Err(TaskError::message(format!("{path}: {cause}"))),
        }
    }
}

/// The regular files of `folder`, sorted by name: all of them and all below it if `deep`, otherwise without hidden ones,
/// which are not what people mean by the files of a folder.
///
/// # Errors
/// When the folder itself can't be read.
pub(super) fn find(field: &str, folder: &Path, deep: bool, cancelled: &AtomicBool) -> Result<Arc<[Entry]>, FieldError> {
    let wrong = |cause: &dyn std::fmt::Display| FieldError::new(field, format!("{}: {cause}", folder.display()));
    if !folder.is_dir() {
        let cause = if folder.exists() { "is not a folder" } else { "there is no such folder" };
        return Err(wrong(&cause));
    }
    std::fs::read_dir(folder).map_err(|error| wrong(&format!("cannot be read: {error}")))?;
    let depth = if deep { usize::MAX } else { 1 };
    let walk = WalkDir::new(folder).min_depth(1).max_depth(depth).sort_by_file_name().into_iter();
    let wanted = walk.filter_entry(|entry| deep || !entry.file_name().as_encoded_bytes().starts_with(b"."));
    let entries = wanted.take_while(|_| !cancelled.load(Ordering::Relaxed)).filter_map(|entry| match entry {
        // Pipes, sockets and devices could block for ever.
        Ok(entry) => is_file(&entry, deep).then(|| Entry::File(entry.into_path().into_os_string())),
        Err(error) => {
            let path = error.path().unwrap_or(folder).display().to_string();
            Some(Entry::Unreadable { path, cause: error.into_io_error().map_or("loop".into(), |e| e.to_string()) })
        }
    });
    Ok(entries.collect())
}

/// More lines than this are not items, but a mistake.
const LINES_LIMIT: usize = super::ITEMS_LIMIT as usize;

/// Opens a file. Pipes and devices, which could block or never end, are none.
///
/// # Errors
/// In words, without its name.
pub(super) fn open(file: &Path) -> Result<File, String> {
    let cannot = |error: std::io::Error| format!("cannot be read: {error}");
    if !std::fs::metadata(file).map_err(cannot)?.is_file() {
        return Err("is not a file".to_owned());
    }
    File::open(file).map_err(cannot)
}

/// The lines of a text file, without the spaces around them.
///
/// # Errors
/// When the file can't be read, or is no text in UTF-8; which line is at fault.
pub(super) fn lines(field: &str, file: &Path, cancelled: &AtomicBool) -> Result<Vec<String>, FieldError> {
    let cannot = |error: &dyn std::fmt::Display| FieldError::new(field, format!("{}: {error}", file.display()));
    let content = open(file).map_err(|error| cannot(&error))?;
    lines_of(BufReader::new(content), cancelled).map_err(|error| cannot(&error))
}

/// The lines of a text, without the spaces around them.
///
/// # Errors
/// When it can't be read, or is no text in UTF-8; which line is at fault.
pub(super) fn lines_of(mut text: impl BufRead, cancelled: &AtomicBool) -> Result<Vec<String>, String> {
    let (mut lines, mut bytes) = (Vec::new(), Vec::new());
    while !cancelled.load(Ordering::Relaxed) {
        bytes.clear();
        match text.read_until(b'\n', &mut bytes) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => return Err(format!("cannot be read: {error}")),
        }
        if lines.len() == LINES_LIMIT {
            return Err(format!("has more than {} lines", grouped(LINES_LIMIT as u64)));
        }
        let line = str::from_utf8(&bytes).map_err(|_| format!("line {} is not UTF-8", lines.len() + 1))?;
        lines.push(line.trim().to_owned());
    }
    Ok(lines)
}

/// A link to a file is a file, unless the whole tree is walked: there, links could lead in circles.
fn is_file(entry: &walkdir::DirEntry, deep: bool) -> bool {
    if entry.path_is_symlink() && !deep { entry.path().is_file() } else { entry.file_type().is_file() }
}

/// What to call the entries of `folder`.
pub(super) fn labels(entries: Arc<[Entry]>, folder: PathBuf) -> impl Fn(usize) -> String + Send + Sync {
    move |item| match entries.get(item) {
        Some(Entry::File(path)) => {
            let path = Path::new(path);
            path.strip_prefix(&folder).unwrap_or(path).display().to_string()
        }
        Some(Entry::Unreadable { path, .. }) => path.clone(),
        None => String::new(),
    }
}
