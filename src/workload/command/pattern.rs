//! The files that match a pattern, as a shell finds them: `*` and `?` match neither a `/` nor the dot that a hidden name begins
//! with, `**` stands for any folders and, at the end, for all that is in them, `{a,b}` is one pattern for each, `~/` is the user's folder.
//! Names are bytes: those that are not Unicode match like others.

use std::fs;
use std::io;
use std::path::{MAIN_SEPARATOR, Path, PathBuf, is_separator};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use glob::{MatchOptions, Pattern, PatternError};

use crate::workload::files::Entry;

/// A pattern: what matches any of its alternatives matches.
pub(super) struct PathPattern(Vec<Alternative>);

/// One without braces, folder by folder.
struct Alternative {
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
        Ok(Self(alternatives(text).iter().map(|text| Alternative::parse(text)).collect::<Result<_, _>>()?))
    }

    /// The first matches, as many as are found before `deadline`.
    pub(super) fn matches_until(&self, limit: usize, deadline: Instant) -> Vec<Entry> {
        self.walk(limit, &AtomicBool::new(false), Some(deadline))
    }

    /// All matches, sorted by name; at most `limit`, and none after `given_up`. A folder that can't be read is an entry that says so.
    pub(super) fn matches(&self, limit: usize, given_up: &AtomicBool) -> Vec<Entry> {
        self.walk(limit, given_up, None)
    }

    fn walk(&self, limit: usize, given_up: &AtomicBool, deadline: Option<Instant>) -> Vec<Entry> {
        let mut walk = Walk { only_folders: false, limit, given_up, deadline, found: Vec::new() };
        for Alternative { start, parts, only_folders } in &self.0 {
            walk.only_folders = *only_folders;
            walk.follow(start, parts);
        }
        walk.found
    }
}

impl Alternative {
    fn parse(text: &str) -> Result<Self, PatternError> {
        let text = &as_the_library_has_it(text);
        // The library knows what is a pattern as a whole.
        Pattern::new(text)?;
        let prefix = text.len() - text.trim_start_matches(is_separator).len();
        let (mut start, mut rest) = (PathBuf::from(&text[..prefix]), &text[prefix..]);
        if let Some((home, in_home)) = dirs::home_dir().zip(text.strip_prefix("~/")) {
            (start, rest) = (home, in_home);
        }
        let names = rest.split(is_separator).filter(|name| !name.is_empty());
        let part = |name: &str| {
            Ok(match name {
                "**" => Part::AnyFolders,
                _ if name.contains(['*', '?', '[']) => Part::Wild(Pattern::new(name)?),
                _ => Part::Name(name.to_owned()),
            })
        };
        Ok(Self {
            start,
            parts: names.map(part).collect::<Result<_, PatternError>>()?,
            only_folders: text.ends_with(is_separator),
        })
    }
}

/// `x{a,b}y` as `xay` and `xby`. Braces without a comma stand for themselves, as in a shell.
fn alternatives(text: &str) -> Vec<String> {
    let (mut open, mut depth, mut commas) = (None, 0, Vec::new());
    let (mut escaped, mut in_class) = (false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if !is_separator('\\') => escaped = true,
            // A bracket that is never closed is told of by whoever reads the pattern.
            '[' if !in_class => in_class = text[at..].contains(']'),
            ']' => in_class = false,
            _ if in_class => {}
            '{' => {
                depth += 1;
                if depth == 1 {
                    (open, commas) = (Some(at), Vec::new());
                }
            }
            ',' if depth == 1 => commas.push(at),
            '}' if depth > 0 => {
                depth -= 1;
                if let Some(open) = open.filter(|_| depth == 0 && !commas.is_empty()) {
                    let starts = std::iter::once(open).chain(commas.iter().copied());
                    let ends = commas.iter().copied().chain([at]);
                    let parts = starts.zip(ends).map(|(from, to)| &text[from + 1..to]);
                    let whole = parts.map(|part| format!("{}{part}{}", &text[..open], &text[at + 1..]));
                    return whole.flat_map(|text| alternatives(&text)).collect();
                }
            }
            _ => {}
        }
    }
    vec![text.to_owned()]
}

/// What shells write in other words than the library: `[^a]`, `[[:digit:]]`, and a backslash before what stands for itself.
fn as_the_library_has_it(text: &str) -> String {
    const CLASSES: [(&str, &str); 6] = [
        ("[:alnum:]", "0-9A-Za-z"),
        ("[:alpha:]", "A-Za-z"),
        ("[:digit:]", "0-9"),
        ("[:lower:]", "a-z"),
        ("[:upper:]", "A-Z"),
        ("[:xdigit:]", "0-9A-Fa-f"),
    ];
    let mut written = CLASSES.into_iter().fold(text.to_owned(), |text, (class, range)| text.replace(class, range));
    written = written.replace("[^", "[!");
    if is_separator('\\') {
        return written;
    }
    let (mut plain, mut letters) = (String::new(), written.chars());
    while let Some(letter) = letters.next() {
        match (letter, letters.clone().next()) {
            ('\\', Some(next)) => {
                letters.next();
                if "*?[".contains(next) { plain.extend(['[', next, ']']) } else { plain.push(next) }
            }
            _ => plain.push(letter),
        }
    }
    plain
}

struct Walk<'a> {
    only_folders: bool,
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
                // At the end of a pattern it stands for all that is in a folder, at any depth.
                if !rest.is_empty() {
                    self.follow(path, rest);
                }
                for name in self.names(path) {
                    if name.as_encoded_bytes().starts_with(b".") {
                        continue;
                    }
                    let next = path.join(name);
                    if rest.is_empty() {
                        self.keep(&next);
                    }
                    // Links could lead in circles.
                    if fs::symlink_metadata(&next).is_ok_and(|there| there.is_dir()) {
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
        if self.only_folders {
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
        assert_eq!(found(folder.path(), "a/**"), ["a/b", "a/b/z.txt", "a/y.txt"]);
        assert_eq!(found(folder.path(), "**/"), ["a/", "a/b/"]);
        assert_eq!(found(folder.path(), "{x,a/{y,none}}.txt"), ["x.txt", "a/y.txt"]);
        assert_eq!(found(folder.path(), "[^x].txt"), Vec::<String>::new());
        assert_eq!(found(folder.path(), "[[:lower:]].txt"), ["x.txt"]);
        if !is_separator('\\') {
            assert_eq!(found(folder.path(), "\\[1].txt"), ["[1].txt"]);
        }
        assert_eq!(alternatives("a{b}{c,}d{e"), ["a{b}cd{e", "a{b}d{e"]);
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
