//! Numbers and states as people read them: grouped, with the unit that fits, in a word.

use std::borrow::Cow;

use crate::executor::OnWorkerDeath;
use crate::lab::{End, ExecutorKind, Run, Status};
use crate::units::grouped;
pub(super) use crate::units::{duration, rate};
use crate::workload::Preview;

/// `1234567` as `1,234,567`.
pub(super) fn count(number: usize) -> String {
    grouped(number as u64)
}

/// A message that may quote anything, such as a path of a million characters: its beginning and its end, which says why.
pub(super) fn shortened(message: &str, most: usize) -> Cow<'_, str> {
    let half = most.saturating_sub(1) / 2;
    let (mut places, mut from_end) = (message.char_indices(), message.char_indices().rev());
    if message.len() <= most || message.chars().nth(most).is_none() {
        return message.into();
    }
    let head = places.nth(half).map_or(message.len(), |(at, _)| at);
    let tail = from_end.nth(half.saturating_sub(1)).map_or(0, |(at, _)| at);
    format!("{}…{}", &message[..head], &message[tail..]).into()
}

/// A number that may have become another: `4`, `4 → 7`.
pub(super) fn changed(from: usize, to: usize) -> String {
    if from == to { count(from) } else { format!("{} → {}", count(from), count(to)) }
}

/// A round time in as few letters as there can be: `5 ms`, `20 s`, `10 min`, `2 h`.
pub(super) fn short(nanos: i64) -> String {
    const UNITS: [(i64, &str); 6] = [
        (3_600_000_000_000, "h"),
        (60_000_000_000, "min"),
        (1_000_000_000, "s"),
        (1_000_000, "ms"),
        (1_000, "µs"),
        (1, "ns"),
    ];
    let (unit, name) = UNITS.into_iter().find(|(unit, _)| nanos >= *unit).unwrap_or((1, "ns"));
    format!("{} {name}", nanos / unit)
}

/// A moment of a run, to the microsecond: `1.623451 s`, `2:05.000000`, `3:21:04.194123`.
pub(super) fn exact(nanos: i64) -> String {
    let micros = nanos.max(0) / 1_000;
    if micros < 60_000_000 {
        format!("{}.{:06} s", micros / 1_000_000, micros % 1_000_000)
    } else {
        format!("{}.{:06}", clock_face(micros / 1_000_000), micros % 1_000_000)
    }
}

/// Seconds as a clock shows them: `2:05`, `3:21:04`.
fn clock_face(seconds: i64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// A clock that stands still between tenths of a second, so that its text need not be laid out forevery frame.
pub(super) fn clock(nanos: i64) -> String {
    const TENTH: i64 = 100_000_000;
    let tenths = nanos.max(0) / TENTH;
    if tenths < 600 { format!("{}.{} s", tenths / 10, tenths % 10) } else { duration(tenths * TENTH) }
}

/// Bytes, as powers of 1,024: `12.3 MiB`.
pub(super) fn bytes(bytes: f64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes / 1024.0;
    let mut units = UNITS.iter();
    let mut unit = units.next();
    while value >= 1000.0
        && let Some(next) = units.next()
    {
        (value, unit) = (value / 1024.0, Some(next));
    }
    let decimals = usize::from(value.fract() != 0.0);
    format!("{value:.decimals$} {}", unit.unwrap_or(&"KiB"))
}

/// A mark of a time axis that ends at `end` and has its marks `step` apart: in the unit of the end, with as many decimals
/// as the step needs; beyond two minutes in minutes or hours, as `2 min`, `1 h 20 min`, or as a clock, where marks are closer: `2:05`.
pub(super) fn axis_mark(nanos: i64, step: i64, end: i64) -> String {
    const SECOND: i64 = 1_000_000_000;
    const MINUTE: i64 = 60 * SECOND;
    if end > 2 * MINUTE {
        let sign = if nanos < 0 { "-" } else { "" };
        let nanos = nanos.abs();
        let (minutes, seconds) = (nanos / MINUTE, nanos / SECOND);
        return match (minutes / 60, minutes % 60) {
            _ if nanos == 0 => "0 s".to_owned(),
            _ if step % MINUTE != 0 => {
                format!("{sign}{}{}", clock_face(seconds), fraction(nanos % SECOND, step, SECOND))
            }
            (0, minutes) => format!("{sign}{minutes} min"),
            (hours, 0) => format!("{sign}{hours} h"),
            (hours, minutes) => format!("{sign}{hours} h {minutes:02} min"),
        };
    }
    let (unit, name) = match end {
        ..1_000 => (1, "ns"),
        1_000..1_000_000 => (1_000, "µs"),
        1_000_000..SECOND => (1_000_000, "ms"),
        _ => (SECOND, "s"),
    };
    let decimals = decimals(step, unit);
    format!("{:.decimals$} {name}", nanos as f64 / unit as f64)
}

/// How many decimals of `unit` it takes to tell a `step`.
fn decimals(step: i64, unit: i64) -> usize {
    let (mut decimals, mut smallest) = (0, unit);
    while smallest > step {
        smallest /= 10;
        decimals += 1;
    }
    decimals
}

/// What comes after the seconds, if steps need it: `.25`.
fn fraction(nanos: i64, step: i64, second: i64) -> String {
    let decimals = decimals(step, second);
    let text = format!("{:.decimals$}", nanos as f64 / second as f64);
    text.trim_start_matches('0').to_owned()
}

/// `item 14`, or `chunk 5 (items 15 to 17)`.
pub(super) fn call_name(run: &Run, call: u32) -> String {
    match run.trace.call(call) {
        Some(facts) if facts.items > 1 => {
            format!("chunk {call} (items {} to {})", facts.first_item, facts.first_item + facts.items - 1)
        }
        Some(facts) => format!("item {}", facts.first_item),
        None => format!("call {call}"),
    }
}

/// Whether its pool broke. Where dead workers are replaced, what they held is all that is lost, unless there is no hope.
pub(super) fn is_broken(run: &Run) -> bool {
    let settings = &run.settings;
    let replaces = settings.executor == ExecutorKind::Processes && settings.on_worker_death == OnWorkerDeath::Restart;
    let refused = matches!(run.status, Status::Ended(End::Refused(_)));
    refused || run.trace.lost_in_queue() || run.totals().lost > 0 && !replaces
}

/// How a run stands, in a word.
pub(super) fn status_word(run: &Run) -> &'static str {
    if run.moment.is_some() {
        return "Replay";
    }
    match &run.status {
        Status::Ended(End::Completed | End::StoppedByError) if is_broken(run) => "Broken",
        Status::Preparing => "Looking for items",
        Status::Running if run.is_deadlocked() => "Deadlock",
        Status::Running => "Live",
        Status::Stopping => "Stopping",
        Status::Ended(End::Completed) => "Done",
        Status::Ended(End::Stopped) => "Stopped",
        Status::Ended(End::StoppedByError) => "Stopped by an error",
        Status::Ended(End::TimedOut) => "Timed out",
        Status::Ended(End::Refused(_)) => "Broken",
        Status::Ended(End::Failed(_)) => "Not started",
    }
}

/// The first items of a run to come: `24 items: a.txt, b.txt, c.txt, …`.
pub(super) fn preview(preview: &Preview) -> String {
    let Preview { names, count: found, has_more } = preview;
    if *found == 0 {
        return if *has_more { "Still searching".to_owned() } else { "No items match".to_owned() };
    }
    let more = if *has_more { "more than " } else { "" };
    let rest = if *found > names.len() || *has_more { ", …" } else { "" };
    format!("{more}{}: {}{rest}", some(*found, "item"), names.join(", "))
}

/// How a program ended: `exit code 3`, `signal 9`.
pub(super) fn exit_status(status: i32) -> String {
    if status < 0 { format!("signal {}", status.unsigned_abs()) } else { format!("exit code {status}") }
}

/// What of an output is missing.
pub(super) fn omission(lines: u64, bytes: u64) -> String {
    match lines {
        0 => format!("{} of the line", self::bytes(bytes as f64)),
        1 => "1 more line".to_owned(),
        lines => format!("{} more lines", crate::units::grouped(lines)),
    }
}

/// `1 worker`, `4 workers`.
pub(super) fn some(number: usize, what: &str) -> String {
    format!("{} {what}{}", count(number), if number == 1 { "" } else { "s" })
}

/// Why the pool of a run is broken, if it is.
pub(super) fn broken_by(run: &Run) -> Option<String> {
    match &run.status {
        _ if !is_broken(run) => None,
        Status::Ended(End::Refused(cause)) => Some(cause.to_string()),
        _ => run.trace.lost_cause().map(str::to_owned),
    }
}

/// What a run came to, in a line.
pub(super) fn outcome(run: &Run) -> String {
    let totals = run.totals();
    let parts = [
        ("returned", totals.returned),
        ("raised", totals.raised),
        ("lost", totals.lost),
        ("cancelled", totals.cancelled),
    ];
    let counts =
        parts.into_iter().filter(|(_, items)| *items > 0).map(|(what, items)| format!("{} {what}", count(items)));
    let cause = broken_by(run);
    counts.chain([duration(run.working_time())]).chain(cause).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_keeps_its_beginning_and_its_end() {
        assert_eq!(shortened("input: /a: No such file", 23), "input: /a: No such file");
        let long = format!("input: {}: too long", "ü".repeat(1_000));
        let short = shortened(&long, 41);
        assert_eq!(short, format!("input: {}…{}: too long", "ü".repeat(13), "ü".repeat(10)));
        assert_eq!(short.chars().count(), 41);
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([50_000_000, 3_499_999_999, 61_000_000_000].map(clock), ["0.0 s", "3.4 s", "1 min 01 s"]);
        let moments = [0, 1_623_451_999, 75_000_001_000, 12_064_194_123_000].map(exact);
        assert_eq!(moments, ["0.000000 s", "1.623451 s", "1:15.000001", "3:21:04.194123"]);
        assert_eq!([0.0, 2048.0, 12.3 * 1024.0 * 1024.0].map(bytes), ["0 KiB", "2 KiB", "12.3 MiB"]);
        let round = [5, 20_000, 2_000_000, 20_000_000_000, 600_000_000_000, 7_200_000_000_000].map(short);
        assert_eq!(round, ["5 ns", "20 µs", "2 ms", "20 s", "10 min", "2 h"]);
        assert_eq!(axis_mark(1_500_000_000, 500_000_000, 4_000_000_000), "1.5 s");
        assert_eq!(axis_mark(2_000_000_000, 1_000_000_000, 9_000_000_000), "2 s");
        assert_eq!(axis_mark(46_500_000, 500_000, 50_000_000), "46.5 ms");
        assert_eq!(axis_mark(0, 20, 90), "0 ns");
        let hours = |nanos, step| axis_mark(nanos, step, 12_000_000_000_000);
        let step = 1_200_000_000_000;
        assert_eq!([0, step, 3 * step, 4 * step].map(|at| hours(at, step)), ["0 s", "20 min", "1 h", "1 h 20 min"]);
        assert_eq!(hours(4 * step, 15_000_000_000), "1:20:00");
        assert_eq!(hours(125_250_000_000, 50_000_000), "2:05.25");
        assert_eq!([hours(-30_000_000_000, 30_000_000_000), hours(-step, step)], ["-0:30", "-20 min"]);
    }
}
