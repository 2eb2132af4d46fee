//! Lists of items, as text files and pipes hold them: one on each line, or separated by NUL bytes, as `find -print0` writes names
//! that no line can hold. An item is taken as it stands, byte by byte.

use std::ffi::OsString;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};

use super::ITEMS_LIMIT;
use crate::sys;
use crate::units::grouped;

/// What stands between two items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separator {
    /// NUL if there is one anywhere, else the end of a line.
    Auto,
    Newline,
    Nul,
}

impl Separator {
    pub(super) const WORDS: [&str; 3] = ["auto", "newline", "nul"];

    pub(super) fn of(word: &str) -> Self {
        match word {
            "newline" => Self::Newline,
            "nul" => Self::Nul,
            _ => Self::Auto,
        }
    }
}

/// What was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct List {
    pub(super) items: Vec<OsString>,
    /// How many were left out, as there is nothing in them.
    pub(super) empty: usize,
}

/// Why a list can't be used, as the end of a sentence that begins with its name.
#[derive(Debug, thiserror::Error)]
pub(super) enum ListError {
    #[error("can't be read: {0}")]
    Read(#[from] io::Error),
    #[error("has more than {} items", grouped(ITEMS_LIMIT))]
    TooMany,
    #[error("is larger than {} MiB", BYTES_LIMIT >> 20)]
    TooLarge,
    #[error("is in UTF-16: save it as UTF-8")]
    Utf16,
    #[error("line {0} is not UTF-8")]
    NotUnicode(usize),
}

/// A list that is larger is none, but a device or a slip: an item is at most some hundred bytes long.
const BYTES_LIMIT: usize = 1 << 30;

/// Reads a list to its end, or until `cancelled`.
///
/// # Errors
/// See [`ListError`].
pub(super) fn read(content: impl Read, separator: Separator, cancelled: &AtomicBool) -> Result<List, ListError> {
    let (bytes, separator) = read_bytes(content, separator, cancelled)?;
    let mut list = List::default();
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").filter(|_| separator == b'\n').unwrap_or(&bytes);
    for (line, part) in (1..).zip(text.split_inclusive(|byte| *byte == separator)) {
        let item = match part.strip_suffix(&[separator]) {
            Some(line) if separator == b'\n' => line.strip_suffix(b"\r").unwrap_or(line),
            Some(item) => item,
            None => part,
        };
        if item.is_empty() {
            list.empty += 1;
            continue;
        }
        if list.items.len() as u64 == ITEMS_LIMIT {
            return Err(ListError::TooMany);
        }
        list.items.push(sys::os_string(item).ok_or(ListError::NotUnicode(line))?);
    }
    Ok(list)
}

/// All bytes, and the byte that separates the items.
fn read_bytes(
    mut content: impl Read,
    separator: Separator,
    cancelled: &AtomicBool,
) -> Result<(Vec<u8>, u8), ListError> {
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
    let [mut newlines, mut nuls] = [0_u64; 2];
    while !cancelled.load(Ordering::Relaxed) {
        let read = match content.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => &buffer[..read],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        bytes.extend_from_slice(read);
        let count = |wanted: u8| read.iter().map(|byte| u64::from(*byte == wanted)).sum::<u64>();
        newlines += count(b'\n');
        nuls += count(0);
        if is_utf16(&bytes) {
            return Err(ListError::Utf16);
        }
        // What never ends is not read until memory does.
        let items =
            if separator == Separator::Nul || separator == Separator::Auto && nuls > 0 { nuls } else { newlines };
        if items > 2 * ITEMS_LIMIT {
            return Err(ListError::TooMany);
        }
        if bytes.len() > BYTES_LIMIT {
            return Err(ListError::TooLarge);
        }
    }
    let nul = separator == Separator::Nul || separator == Separator::Auto && nuls > 0;
    Ok((bytes, if nul { 0 } else { b'\n' }))
}

/// Whether a text that begins like this is in UTF-16, by its byte order mark.
pub(super) fn is_utf16(start: &[u8]) -> bool {
    start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(text: &[u8], separator: Separator) -> (Vec<String>, usize) {
        let list = read(text, separator, &AtomicBool::new(false)).unwrap();
        (list.items.iter().map(|item| item.display().to_string()).collect(), list.empty)
    }

    fn of(items: &[&str], empty: usize) -> (Vec<String>, usize) {
        (items.iter().map(|item| (*item).to_owned()).collect(), empty)
    }

    #[test]
    fn lines_are_taken_as_they_stand_but_for_their_ends() {
        assert_eq!(items(b" a \t\r\n\nb\r", Separator::Auto), of(&[" a \t", "b\r"], 1));
        assert_eq!(items(b"\xef\xbb\xbfa\n", Separator::Auto), of(&["a"], 0));
        assert_eq!(items(b"a\xef\xbb\xbf", Separator::Auto), of(&["a\u{feff}"], 0));
        assert_eq!(items(b"", Separator::Auto), of(&[], 0));
    }

    #[test]
    fn nul_separates_names_that_hold_ends_of_lines() {
        for separator in [Separator::Auto, Separator::Nul] {
            assert_eq!(items(b"a\nb\0\0c\r\n\0", separator), of(&["a\nb", "c\r\n"], 1));
        }
        assert_eq!(items(b"a\nb", Separator::Nul), of(&["a\nb"], 0));
        assert_eq!(items(b"a\0b\n", Separator::Newline), of(&["a\0b"], 0));
    }

    #[test]
    fn names_need_not_be_unicode() {
        let list = read(&b"good\ncaf\xe9\n"[..], Separator::Auto, &AtomicBool::new(false));
        // Where names have to be, it is told which is not.
        match sys::os_string(b"caf\xe9") {
            Some(name) => assert_eq!(list.unwrap().items[1], name),
            None => assert!(matches!(list, Err(ListError::NotUnicode(2)))),
        }
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let refused = |content: &mut dyn Read| read(content, Separator::Auto, &AtomicBool::new(false)).unwrap_err();
        assert!(matches!(refused(&mut &b"\xff\xfea\0\n\0"[..]), ListError::Utf16));
        assert!(matches!(refused(&mut io::repeat(0)), ListError::TooMany));
        assert!(matches!(refused(&mut io::repeat(b'\n')), ListError::TooMany));
    }
}
