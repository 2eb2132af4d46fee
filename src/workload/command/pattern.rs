//! The files that match a pattern, as a shell finds them: `*` and `?` match neither a `/` nor the dot that a hidden name begins
//! with, `**` stands for any folders. Names are bytes: those that are not Unicode match like others.

use std::fs;
use std::io;
use std::path::{MAIN_SEPARATOR, Path, PathBuf, is_separator};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use glob::{MatchOptions, Pattern, PatternError};

use crate::workload::files::Entry;

/// A pattern, folder by folder.
pub(super) struct PathPattern {
    start: PathBuf,
    parts: Vec<Part>,
    /// It ends with a separator: only folders match.
    only_folders: bool,
}

#[derive(Debug)]
enum Part {
    /// A name without wildcards, and such as `..`.
    Name(String),
    Wild(Pattern),
    /// `**`.
    AnyFolders,
}

const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

impl PathPattern {
    /// # Errors
    /// What is wrong with it, and where.
    pub(super) fn parse(text: &str) -> Result<Self, PatternError> {
        // The library knows what is a pattern as a whole.
        Pattern::new(text)?;
        let prefix = text.len() - text.trim_start_matches(is_separator).len();
        let names = text[prefix..].split(is_separator).filter(|name| !name.is_empty());
        let part = |name: &str| {
            Ok(match name {
                "**" => Part::AnyFolders,
                _ if name.contains(['*', '?', '[']) => Part::Wild(Pattern::new(name)?),
                _ => Part::Name(name.to_owned()),
            })
        };
        Ok(Self {
            start: PathBuf::from(&text[..prefix]),
            parts: names.map(part).collect::<Result<_, PatternError>>()?,
            only_folders: text.ends_with(is_separator),
        })
    }

    /// The first matches, as many as are found before `deadline`.
    pub(super) fn matches_until(&self, limit: usize, deadline: Instant) -> Vec<Entry> {
        let never = AtomicBool::new(false);
        let mut walk = Walk { pattern: self, limit, given_up: &never, deadline: Some(deadline), found: Vec::new() };
        walk.follow(&self.start, &self.parts);
        walk.found
    }

    /// All matches, sorted by name; at most `limit`, and none after `given_up`. A folder that can't be read is an entry that says so.
    pub(super) fn matches(&self, limit: usize, given_up: &AtomicBool) -> Vec<Entry> {
        let mut walk = Walk { pattern: self, limit, given_up, deadline: None, found: Vec::new() };
        walk.follow(&self.start, &self.parts);
        walk.found
    }
}

struct Walk<'a> {
    pattern: &'a PathPattern,
    limit: usize,
    given_up: &'a AtomicBool,
    deadline: Option<Instant>,
    found: Vec<Entry>,
}

impl Walk<'_> {
    fn is_over(&self) -> bool {
        let is_late = || self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        self.found.len() >= self.limit || self.given_up.load(Ordering::Relaxed) || is_late()
    }

    /// Finds what matches `parts` below `path`.
    fn follow(&mut self, path: &Path, parts: &[Part]) {
        if self.is_over() {
            return;
        }
        let Some((part, rest)) = parts.split_first() else { return self.keep(path) };
        match part {
            Part::Name(name) => {
                let next = path.join(name);
                // A broken link is a name too.
                if fs::symlink_metadata(&next).is_ok() {
                    self.follow(&next, rest);
                }
            }
            Part::Wild(pattern) => {
                for name in self.names(path) {
                    // What is not Unicode counts as one letter a sequence.
                    let matches = pattern.matches_with(&name.to_string_lossy(), OPTIONS);
                    let next = path.join(name);
                    if matches && (rest.is_empty() || next.is_dir()) {
                        self.follow(&next, rest);
                    }
                }
            }
            Part::AnyFolders => {
                // At the end of a pattern it stands for folders, as in a shell without `globstar` extensions for files.
                if !rest.is_empty() {
                    self.follow(path, rest);
                }
                for name in self.names(path) {
                    let is_hidden = name.as_encoded_bytes().starts_with(b".");
                    let next = path.join(name);
                    // Links could lead in circles.
                    if !is_hidden && fs::symlink_metadata(&next).is_ok_and(|there| there.is_dir()) {
                        if rest.is_empty() {
                            self.keep(&next);
                        }
                        self.follow(&next, parts);
                    }
                }
            }
        }
    }

    fn keep(&mut self, path: &Path) {
        if self.is_over() {
            return;
        }
        let mut name = path.as_os_str().to_owned();
        if self.pattern.only_folders {
            if !path.is_dir() {
                return;
            }
            name.push(MAIN_SEPARATOR.to_string());
        }
        self.found.push(Entry::File(name));
    }

    fn names(&mut self, folder: &Path) -> Vec<std::ffi::OsString> {
        let place = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let names = fs::read_dir(place).and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect());
        let mut names: Vec<_> = match names {
            Ok(names) => names,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotADirectory | io::ErrorKind::NotFound) => {
                return Vec::new();
            }
            Err(error) => {
                self.found.push(Entry::Unreadable { path: place.display().to_string(), cause: error.to_string() });
                return Vec::new();
            }
        };
        names.sort_unstable();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(folder: &Path, pattern: &str) -> Vec<String> {
        let whole = format!("{}/{pattern}", folder.display());
        let entries = PathPattern::parse(&whole).unwrap().matches(100, &AtomicBool::new(false));
        let name = |entry: &Entry| {
            entry.file().unwrap().display().to_string().split_off(folder.display().to_string().len() + 1)
        };
        entries.iter().map(name).collect()
    }

    #[test]
    fn names_match_as_in_a_shell() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("a/b")).unwrap();
        fs::create_dir(path(".git")).unwrap();
        for name in ["x.txt", ".hidden.txt", "a/y.txt", "a/b/z.txt", ".git/config.txt", "[1].txt"] {
            fs::write(path(name), "").unwrap();
        }
        assert_eq!(found(folder.path(), "*.txt"), ["[1].txt", "x.txt"]);
        assert_eq!(found(folder.path(), ".*.txt"), [".hidden.txt"]);
        assert_eq!(found(folder.path(), "**/*.txt"), ["[1].txt", "x.txt", "a/y.txt", "a/b/z.txt"]);
        assert_eq!(found(folder.path(), "*/"), ["a/"]);
        assert_eq!(found(folder.path(), "a/../?.txt"), ["a/../x.txt"]);
        assert_eq!(found(folder.path(), "x.txt"), ["x.txt"]);
        assert_eq!(found(folder.path(), "[[]1].txt"), ["[1].txt"]);
        assert!(found(folder.path(), "none/*").is_empty());
        assert!(PathPattern::parse("a**").is_err() && PathPattern::parse("[").is_err());
    }

    #[test]
    fn names_that_are_no_unicode_match_too() {
        let folder = tempfile::tempdir().unwrap();
        // Some systems have no such names.
        let Some(name) = crate::sys::os_string(b"caf\xe9.txt") else { return };
        if fs::write(folder.path().join(&name), "").is_err() {
            return;
        }
        for pattern in ["*.txt", "caf?.txt"] {
            let whole = format!("{}/{pattern}", folder.path().display());
            let entries = PathPattern::parse(&whole).unwrap().matches(10, &AtomicBool::new(false));
            assert_eq!(entries[0].file().unwrap().file_name(), Some(name.as_os_str()));
        }
    }
}
