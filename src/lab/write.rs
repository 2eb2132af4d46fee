//! Files that are there whole or not at all: written beside their place, then moved there.

use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::sys;

/// Why a file was not written. What was there before is still there.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// There is a file of that name, and it was not to be replaced.
    #[error("{}: the file exists", .0.display())]
    Exists(PathBuf),
    /// It could not be made or written.
    #[error("can't write {}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

/// Writes what `write` writes to the file `path`, which replaces one that is there only if `replace` says so. It keeps that one's
/// permissions, and a link stays a link, also one to a file that is not there yet. What is no file, as a pipe or a device, is written to
/// as it is, and so is what standard output or standard error leads to.
///
/// # Errors
/// When the file can't be made or written; also what `write` fails with.
pub fn write_whole(
    path: &Path,
    replace: bool,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), WriteError> {
    let error = |cause| WriteError::Io { path: path.to_owned(), cause };
    let there = match fs::metadata(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => None,
        there => Some(there.map_err(error)?),
    };
    if there.is_some() && !replace {
        return Err(WriteError::Exists(path.to_owned()));
    }
    if let Some(mut stream) = there.as_ref().and_then(sys::standard_stream) {
        return write(&mut stream).and_then(|()| stream.flush()).map_err(error);
    }
    if there.as_ref().is_some_and(|there| !there.is_file()) {
        let mut out = BufWriter::new(OpenOptions::new().write(true).open(path).map_err(error)?);
        return write(&mut out).and_then(|()| out.flush()).map_err(error);
    }
    // Where links lead. Of what is there the system knows it best.
    let place = if there.is_some() { fs::canonicalize(path) } else { follow(path) };
    let place = place.map_err(error)?;
    // Moving it to its place must not cross a border between disks.
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(error(io::Error::other("there is no such folder")));
    }
    let mut builder = tempfile::Builder::new();
    if let Some(permissions) = sys::ordinary_file() {
        // Temporary files are for nobody else; this will not be one.
        builder.permissions(permissions);
    }
    let file = builder.prefix(".poolscope").tempfile_in(folder).map_err(error)?;
    let mut out = BufWriter::new(file);
    write(&mut out).map_err(error)?;
    let file: NamedTempFile = out.into_inner().map_err(|unwritten| error(unwritten.into_error()))?;
    if let Some(there) = there {
        // Those that a new file gets are less what the user's mask takes off.
        file.as_file().set_permissions(there.permissions()).map_err(error)?;
    }
    file.as_file().sync_all().map_err(error)?;
    let moved = if replace { file.persist(&place) } else { file.persist_noclobber(&place) };
    moved.map(drop).map_err(|unmoved| match unmoved.error.kind() {
        io::ErrorKind::AlreadyExists => WriteError::Exists(path.to_owned()),
        _ => error(unmoved.error),
    })
}

/// Whether a file can be written there, as far as that can be known before: so that a run is not lost for want of a folder. Nothing is
/// changed.
///
/// # Errors
/// Why not.
pub fn check_target(path: &Path) -> Result<(), WriteError> {
    let error = |cause| WriteError::Io { path: path.to_owned(), cause };
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => return Err(error(io::Error::other("is a folder"))),
        // Pipes and devices are opened when there is something to write.
        Ok(there) if !there.is_file() => return Ok(()),
        Ok(_) => {}
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
        Err(cause) => return Err(error(cause)),
    }
    let place = fs::canonicalize(path).or_else(|_| follow(path)).map_err(error)?;
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(error(io::Error::other("there is no such folder")));
    }
    if place.file_name().is_none() {
        return Err(error(io::Error::other("names no file")));
    }
    tempfile::Builder::new().prefix(".poolscope").tempfile_in(folder).map(drop).map_err(error)
}

/// Where a file of that path is or would be, by whatever path and links one comes there; `None` if that can't be known, or if writing
/// there replaces nothing, as in a pipe or a device.
#[must_use]
pub fn place_of(path: &Path) -> Option<PathBuf> {
    if let Ok(there) = fs::metadata(path) {
        return fs::canonicalize(path).ok().filter(|_| there.is_file());
    }
    let place = std::path::absolute(follow(path).ok()?).ok()?;
    Some(fs::canonicalize(place.parent()?).ok()?.join(place.file_name()?))
}

/// Where links lead from there, to what is not there yet.
fn follow(path: &Path) -> io::Result<PathBuf> {
    /// As many as Linux follows.
    const LINKS: usize = 40;
    let mut place = path.to_owned();
    for _ in 0..LINKS {
        match fs::read_link(&place) {
            Ok(to) => place = place.parent().unwrap_or(Path::new("")).join(to),
            // No link.
            Err(_) => return Ok(place),
        }
    }
    Err(io::Error::other("links lead round in a circle"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_has_many_paths() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("sub")).unwrap();
        assert!(place_of(&path("new")).is_some());
        assert_eq!(place_of(&path("sub/../new")), place_of(&path("new")));
        assert_ne!(place_of(&path("new")), place_of(&path("other")));
        assert_eq!(place_of(&path("no/folder")), None);
    }

    #[test]
    fn a_file_is_replaced_whole_or_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write_whole(&path, false, |out| out.write_all(b"first")).unwrap();
        let kept = write_whole(&path, false, |out| out.write_all(b"second"));
        assert!(matches!(kept, Err(WriteError::Exists(_))));
        let failed = write_whole(&path, true, |out| {
            out.write_all(b"half")?;
            Err(io::Error::other("no more"))
        });
        assert!(failed.unwrap_err().to_string().ends_with("file: no more"));
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        let nowhere = folder.path().join("no/such/folder/file");
        let message = write_whole(&nowhere, true, |_| Ok(())).unwrap_err().to_string();
        assert!(message.contains("no/such/folder"), "{message}");
    }
}
