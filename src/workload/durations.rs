//! Times from a column of a CSV file: what somebody has measured elsewhere, to be run again here.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use csv::{ReaderBuilder, StringRecord};

use super::list::{ListError, is_utf16};
use super::{FieldError, ITEMS_LIMIT, files};
use crate::units::{grouped, grouped_number};

/// Longer than a day is a mistake, such as the wrong unit.
const LONGEST: f64 = 86_400.0;

/// What a column holds.
#[derive(Debug, PartialEq)]
pub(super) struct Durations {
    pub(super) seconds: Vec<f64>,
    /// The first row was taken for a heading.
    pub(super) has_heading: bool,
}

/// The seconds in `column` of `file`: a name of its first row, or a number, counted from 1. Then a first row that is no number is taken for
/// a heading. Every row must have as many fields as the first: in a row with more, as `0,5`, a comma stands for a decimal point.
///
/// # Errors
/// Of the field `durations`, that the file can't be read, or which row and column hold what is no time; of the field `column`, that there
/// is none, and which there are.
pub(super) fn read(file: &Path, column: &str, cancelled: &AtomicBool) -> Result<Durations, FieldError> {
    let wrong = |cause: String| FieldError::new("durations", format!("{}: {cause}", file.display()));
    let mut content = BufReader::new(files::open(file).map_err(wrong)?);
    let start = content.fill_buf().map_err(|error| wrong(format!("can't be read: {error}")))?;
    if is_utf16(start) {
        return Err(wrong(ListError::Utf16.to_string()));
    }
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(content);
    let mut row = StringRecord::new();
    let mut read = |row: &mut StringRecord| reader.read_record(row).map_err(|error| wrong(error.to_string()));
    let mut durations = Durations { seconds: Vec::new(), has_heading: false };
    if !read(&mut row)? {
        return Ok(durations);
    }
    let (fields, index) = (row.len(), index_of(column.trim(), &row)?);
    // A number in the first row is a time, unless it is the name that was asked for.
    let is_named = column.trim().parse::<usize>().is_err();
    let first = row[index].trim();
    // No heading begins like a number: that is a slip of whoever wrote a time.
    let is_slip = !is_named && first.starts_with(|letter: char| letter.is_ascii_digit() || "+-.,".contains(letter));
    durations.has_heading = is_named || first.parse::<f64>().is_err() && !is_slip;
    let mut is_there = !durations.has_heading || read(&mut row)?;
    while is_there && !cancelled.load(Ordering::Relaxed) {
        let line = row.position().map_or(0, csv::Position::line);
        if row.len() != fields {
            let hint = if row.len() > fields { "; write decimal points, not commas" } else { "" };
            return Err(wrong(format!("line {line} has {} fields, the first row has {fields}{hint}", row.len())));
        }
        let text = row[index].trim();
        let seconds = text.parse::<f64>().ok().filter(|seconds| (0.0..=LONGEST).contains(seconds));
        durations.seconds.push(seconds.ok_or_else(|| {
            let (column, limit) = (index + 1, grouped_number(LONGEST));
            wrong(format!("line {line}, column {column}: `{text}` is not a time in seconds from 0 to {limit}"))
        })?);
        if durations.seconds.len() as u64 > ITEMS_LIMIT {
            return Err(wrong(format!("has more than {} rows", grouped(ITEMS_LIMIT))));
        }
        is_there = read(&mut row)?;
    }
    Ok(durations)
}

/// Which field of the rows that is.
fn index_of(column: &str, first_row: &StringRecord) -> Result<usize, FieldError> {
    let headings: Vec<_> = first_row.iter().map(str::trim).collect();
    let named: Vec<_> = (0..headings.len()).filter(|&index| headings[index] == column).collect();
    let numbered = column.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    match (numbered, named.as_slice()) {
        (Some(index), _) if index < headings.len() => Ok(index),
        (None, &[index]) => Ok(index),
        (None, [_, ..]) => {
            Err(FieldError::new("column", format!("several columns are called `{column}`: give a number")))
        }
        _ => {
            let message = format!("there is no column `{column}`; the first row has {}", headings.join(", "));
            Err(FieldError::new("column", message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &[u8], column: &str) -> Result<Vec<f64>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let read = read(file.path(), column, &AtomicBool::new(false)).map(|durations| durations.seconds);
        read.map_err(|error| error.to_string().replace(&file.path().display().to_string(), "FILE"))
    }

    #[test]
    fn a_column_is_found_by_its_name_or_number() {
        let table = b"task,seconds\n\"a, b\",0.5\nc, 2 \n";
        assert_eq!(read_text(table, "seconds"), Ok(vec![0.5, 2.0]));
        assert_eq!(read_text(table, "2"), Ok(vec![0.5, 2.0]));
        assert_eq!(read_text(b"1\n2.5", "1"), Ok(vec![1.0, 2.5]), "without a heading");
        assert_eq!(read_text(b"", "1"), Ok(vec![]));
        assert_eq!(read_text(b"\xef\xbb\xbfseconds\r\n0.5\r\n", "seconds"), Ok(vec![0.5]), "as spreadsheets write it");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let cases: [(&[u8], &str, &str); 13] = [
            (b"0.01s\n", "1", "durations: FILE: line 1, column 1: `0.01s` is not a time"),
            (b"\"0,01\"\n", "1", "durations: FILE: line 1, column 1: `0,01` is not a time"),
            (b"\xff\xfe1\0", "1", "durations: FILE: is in UTF-16: save it as UTF-8"),
            (b"task,seconds\na,1\n", "time", "column: there is no column `time`; the first row has task, seconds"),
            (b"1\n", "2", "column: there is no column `2`; the first row has 1"),
            (b"1\n", "0", "column: there is no column `0`"),
            (b"s\n1\nsoon\n", "s", "durations: FILE: line 3, column 1: `soon` is not a time in seconds"),
            (b"a,b\n1,2\n3\n", "b", "durations: FILE: line 3 has 1 fields, the first row has 2"),
            (b"s\n-1\n", "s", "durations: FILE: line 2, column 1: `-1` is not a time"),
            (b"s\n0,5\n", "s", "durations: FILE: line 2 has 2 fields, the first row has 1; write decimal points"),
            (b"s\n\"0,5\"\n", "1", "durations: FILE: line 2, column 1: `0,5` is not a time"),
            (b"1\nsoon\n", "1", "durations: FILE: line 2, column 1: `soon` is not a time"),
            (b"s,s\n1,2\n", "s", "column: several columns are called `s`"),
        ];
        for (text, column, message) in cases {
            let told = read_text(text, column).unwrap_err();
            assert!(told.starts_with(message), "{told}");
        }
        assert!(read_text(b"s\n\xff\xfe\n", "s").unwrap_err().contains("UTF-8"));
    }
}
