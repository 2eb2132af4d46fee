//! Times from a column of a CSV file: what somebody has measured elsewhere, to be run again here.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use csv::{ReaderBuilder, StringRecord};

use super::{FieldError, ITEMS_LIMIT, files};
use crate::units::{grouped, grouped_number};

/// Longer than a day is a mistake, such as the wrong unit.
const LONGEST: f64 = 86_400.0;

/// The seconds in `column` of `file`: a name of its first row, or a number, counted from 1. Then a first row that is no number is taken for
/// a heading.
///
/// # Errors
/// Of the field `durations`, that the file can't be read, or which line holds what is no time; of the field `column`, that there is
/// none, and which there are.
pub(super) fn read(file: &Path, column: &str, cancelled: &AtomicBool) -> Result<Vec<f64>, FieldError> {
    let wrong = |cause: String| FieldError::new("durations", format!("{}: {cause}", file.display()));
    let content = files::open(file).map_err(wrong)?;
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(content);
    let mut column = column.trim().parse::<usize>().map_err(|_| column.trim());
    let mut row = StringRecord::new();
    let mut durations = Vec::new();
    let mut is_first = true;
    while !cancelled.load(Ordering::Relaxed)
        && reader.read_record(&mut row).map_err(|error| wrong(error.to_string()))?
    {
        let was_first = std::mem::replace(&mut is_first, false);
        let index = match column {
            Ok(number) => number.checked_sub(1).filter(|index| *index < row.len() || !was_first),
            Err(name) => {
                let index = row.iter().position(|heading| heading.trim() == name);
                column = index.map(|index| index + 1).ok_or(name);
                index
            }
        };
        let Some(index) = index else {
            let there_is: Vec<_> = row.iter().map(str::trim).collect();
            let asked = column.map_or_else(str::to_owned, |number| number.to_string());
            let message = format!("there is no column `{asked}`; the first row has {}", there_is.join(", "));
            return Err(FieldError::new("column", message));
        };
        let text = row.get(index).unwrap_or_default().trim();
        match text.parse::<f64>() {
            Ok(seconds) if (0.0..=LONGEST).contains(&seconds) => durations.push(seconds),
            // The heading.
            Err(_) if was_first => {}
            _ => {
                let line = row.position().map_or(0, csv::Position::line);
                return Err(wrong(format!(
                    "line {line}: `{text}` is no time in seconds from 0 to {}",
                    grouped_number(LONGEST)
                )));
            }
        }
        if durations.len() as u64 > ITEMS_LIMIT {
            return Err(wrong(format!("has more than {} rows", grouped(ITEMS_LIMIT))));
        }
    }
    Ok(durations)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &[u8], column: &str) -> Result<Vec<f64>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let read = read(file.path(), column, &AtomicBool::new(false));
        read.map_err(|error| error.to_string().replace(&file.path().display().to_string(), "FILE"))
    }

    #[test]
    fn a_column_is_found_by_its_name_or_number() {
        let table = b"task,seconds\n\"a, b\",0.5\nc, 2 \n";
        assert_eq!(read_text(table, "seconds"), Ok(vec![0.5, 2.0]));
        assert_eq!(read_text(table, "2"), Ok(vec![0.5, 2.0]));
        assert_eq!(read_text(b"1\n2.5", "1"), Ok(vec![1.0, 2.5]), "without a heading");
        assert_eq!(read_text(b"", "1"), Ok(vec![]));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let cases: [(&[u8], &str, &str); 6] = [
            (b"task,seconds\na,1\n", "time", "column: there is no column `time`; the first row has task, seconds"),
            (b"1\n", "2", "column: there is no column `2`; the first row has 1"),
            (b"1\n", "0", "column: there is no column `0`"),
            (b"s\n1\nsoon\n", "s", "durations: FILE: line 3: `soon` is no time in seconds"),
            (b"a,b\n1,2\n3\n", "b", "durations: FILE: line 3: `` is no time"),
            (b"s\n-1\n", "s", "durations: FILE: line 2: `-1` is no time"),
        ];
        for (text, column, message) in cases {
            let told = read_text(text, column).unwrap_err();
            assert!(told.starts_with(message), "{told}");
        }
        assert!(read_text(b"s\n\xff\xfe\n", "s").unwrap_err().contains("UTF-8"));
    }
}
