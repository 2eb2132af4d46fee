//! The items of a run as a table that spreadsheets read.

use std::io::{self, Write};

use super::item_records::{ItemRecord, Records};
use super::run::Run;
use super::tasks::Task;

/// The columns, in their order. Times are seconds from the start of the run.
const COLUMNS: [&str; 14] = [
    "item",
    "task",
    "state",
    "worker",
    "call",
    "submitted_s",
    "started_s",
    "ended_s",
    "waited_s",
    "ran_s",
    "result",
    "error",
    "exit_status",
    "retries",
];

/// Writes a header and a row an item, in the order of their numbers, of those that `wanted` takes. What is not known is empty.
///
/// # Errors
/// Those of `out`.
pub fn write_csv(run: &Run, out: impl Write, wanted: impl Fn(&Task) -> bool) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(COLUMNS)?;
    let records = Records::of(run);
    for task in run.tasks().iter().filter(|task| wanted(task)) {
        let record = records.record(task);
        let seconds = |seconds: Option<f64>| seconds.map(|seconds| format!("{seconds:.9}")).unwrap_or_default();
        let nanos = |nanos: Option<i64>| seconds(nanos.map(|nanos| nanos as f64 / 1e9));
        let ItemRecord { item, name, state, result, error, exit_status, retries, worker, call, .. } = record;
        table.write_record([
            item.to_string(),
            plain(name),
            state.to_owned(),
            worker.map(|worker| worker.to_string()).unwrap_or_default(),
            call.to_string(),
            seconds(Some(record.submitted_s)),
            seconds(record.started_s),
            seconds(record.ended_s),
            nanos(task.waited()),
            nanos(task.ran()),
            plain(result.unwrap_or_default()),
            plain(error.unwrap_or_default()),
            exit_status.map(|status| status.to_string()).unwrap_or_default(),
            retries.to_string(),
        ])?;
    }
    table.flush()
}

/// A text that no spreadsheet takes for a formula (CWE-1236): what begins like one gets an apostrophe, as OWASP recommends. Numbers do not
/// compute anything and stay as they are.
fn plain(text: String) -> String {
    let begins_like_one = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if begins_like_one && text.parse::<f64>().is_err() { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_a_formula() {
        for (text, written) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("+cmd", "'+cmd"),
            ("-1", "-1"),
            ("-x", "'-x"),
            ("a=b", "a=b"),
        ] {
            assert_eq!(plain(text.to_owned()), written);
        }
    }
}
