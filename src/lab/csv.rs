//! The items of a run as a table that spreadsheets read.

use std::io::{self, Write};

use super::run::Run;

/// The columns, in their order. Times are seconds from the start of the run.
const COLUMNS: [&str; 10] =
    ["item", "task", "state", "worker", "call", "submitted_s", "started_s", "ended_s", "waited_s", "ran_s"];

/// Writes a header and a line an item, in the order of their numbers. What is not known is empty.
///
/// # Errors
/// Those of `out`.
pub fn write_csv(run: &Run, out: impl Write) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(COLUMNS)?;
    let seconds = |nanos: Option<i64>| nanos.map(|nanos| format!("{:.9}", nanos as f64 / 1e9)).unwrap_or_default();
    for task in run.tasks() {
        table.write_record([
            task.item.to_string(),
            run.label(task.item as usize),
            task.state.word().to_owned(),
            task.worker.map(|worker| worker.to_string()).unwrap_or_default(),
            task.call.to_string(),
            seconds(Some(task.submitted)),
            seconds(task.started),
            seconds(task.ended),
            seconds(task.waited()),
            seconds(task.ran()),
        ])?;
    }
    table.flush()
}
