//! Finding files for the workloads that work on folders. What can't be read becomes an item that says so, so that one bad
//! folder entry stops nothing else.

use std::ffi::OsString;
use std::fs::File;
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
    /// Its path, if it could be read.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(Path::new(path)),
            Self::Unreadable { .. } => None,
        }
    }

    /// # Errors
    /// What was wrong when the folder was read.
    pub(super) fn path(self) -> Result<PathBuf, TaskError> {
        match self {
            Self::File(path) => Ok(PathBuf::from(path)),
            Self::Unreadable { path, cause } => Err(TaskError::message(format!("{path}: {cause}"))),
        }
    }
}

/// The files of a folder, and what of it was left out, in sentences for people.
pub(super) struct Found {
    pub(super) entries: Arc<[Entry]>,
    pub(super) notes: Vec<String>,
}

/// The regular files of `folder`, sorted by name: all of them and all below it if `deep`, otherwise without hidden ones,
/// which are not what people mean by the files of a folder.
///
/// # Errors
/// When the folder itself can't be read.
pub(super) fn find(field: &str, folder: &Path, deep: bool, cancelled: &AtomicBool) -> Result<Found, FieldError> {
    let wrong = |cause: &dyn std::fmt::Display| FieldError::new(field, format!("{}: {cause}", folder.display()));
    if !folder.is_dir() {
        let cause = if folder.exists() { "is not a folder" } else { "there is no such folder" };
        return Err(wrong(&cause));
    }
    std::fs::read_dir(folder).map_err(|error| wrong(&format!("can't be read: {error}")))?;
    let depth = if deep { usize::MAX } else { 1 };
    let (mut entries, mut hidden, mut folders, mut links, mut special) = (Vec::new(), 0, 0, 0, 0);
    for entry in WalkDir::new(folder).min_depth(1).max_depth(depth).sort_by_file_name() {
        if cancelled.load(Ordering::Relaxed) {
            break;
        }
        match entry {
            Ok(entry) if !deep && entry.file_name().as_encoded_bytes().starts_with(b".") => {
                hidden += usize::from(entry.file_type().is_file());
            }
            Ok(entry) if is_file(&entry, deep) => entries.push(Entry::File(entry.into_path().into_os_string())),
            Ok(entry) if entry.file_type().is_dir() || entry.path().is_dir() && !deep => folders += usize::from(!deep),
            Ok(entry) if entry.path_is_symlink() && (deep || !entry.path().exists()) => links += 1,
            // Pipes, sockets and devices could block forever.
            Ok(_) => special += 1,
            Err(error) => {
                let path = error.path().unwrap_or(folder).display().to_string();
                let cause = error.into_io_error().map_or_else(|| "the links form a loop".to_owned(), |e| e.to_string());
                entries.push(Entry::Unreadable { path, cause });
            }
        }
    }
    let link = if deep { "link (links are not followed)" } else { "broken link" };
    let left_out =
        [(hidden, "hidden file"), (folders, "subfolder"), (links, link), (special, "pipe, socket or device")];
    let notes = left_out.into_iter().filter_map(|(count, what)| left_out_note(count, what)).collect();
    Ok(Found { entries: entries.into(), notes })
}

/// Says that so many of a kind are no items; `None` if there are none.
pub(super) fn left_out_note(count: usize, what: &str) -> Option<String> {
    (count > 0).then(|| format!("Left out: {} × {what}", grouped(count as u64)))
}

/// Opens a file. Pipes and devices, which could block or never end, are none.
///
/// # Errors
/// In words, without its name.
pub(super) fn open(file: &Path) -> Result<File, String> {
    let cannot = |error: std::io::Error| format!("can't be read: {error}");
    if !std::fs::metadata(file).map_err(cannot)?.is_file() {
        return Err("is not a file".to_owned());
    }
    File::open(file).map_err(cannot)
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
