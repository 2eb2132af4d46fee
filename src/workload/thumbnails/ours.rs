//! Which files of a folder are thumbnails that this program wrote: those alone are replaced. Their names are kept in a hidden file beside
//! them.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::sys;

const FILE: &str = ".poolscope-thumbnails";

/// The names of those files.
pub(super) struct Ours {
    folder: PathBuf,
    names: BTreeSet<OsString>,
}

impl Ours {
    /// Those in `folder`, as far as it is known.
    pub(super) fn of(folder: &Path) -> Self {
        let names = fs::read(folder.join(FILE)).unwrap_or_default();
        let names = names.split(|byte| *byte == 0).filter(|name| !name.is_empty()).filter_map(sys::os_string).collect();
        Self { folder: folder.to_owned(), names }
    }

    /// Whether a thumbnail may be written under that name: there is no such file, or it is one of these. From then on it is.
    pub(super) fn may_have(&mut self, name: &OsStr) -> bool {
        let is_free = self.names.contains(name) || self.folder.join(name).symlink_metadata().is_err();
        if is_free {
            self.names.insert(name.to_owned());
        }
        is_free
    }

    /// Keeps the names.
    ///
    /// # Errors
    /// When the file can't be written.
    pub(super) fn keep(&self) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        for name in &self.names {
            file.write_all(name.as_encoded_bytes())?;
            file.write_all(&[0])?;
        }
        file.persist(self.folder.join(FILE))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_not_ours() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("theirs.png"), "").unwrap();
        let mut ours = Ours::of(folder.path());
        assert!(ours.may_have(OsStr::new("new.png")) && !ours.may_have(OsStr::new("theirs.png")));
        ours.keep().unwrap();
        fs::write(folder.path().join("new.png"), "").unwrap();
        let mut ours = Ours::of(folder.path());
        assert!(ours.may_have(OsStr::new("new.png")) && !ours.may_have(OsStr::new("theirs.png")));
    }
}
