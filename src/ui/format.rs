//! Numbers and states as people read them: grouped, with the unit that fits, in a word.

use crate::lab::{End, Run, Status};
use crate::workload::grouped;

/// `1234567` as `1,234,567`.
pub(super) fn count(number: usize) -> String {
    grouped(number as u64)
}

/// Nanoseconds with three digits that matter: `85 ns`, `1.70 µs`, `412 ms`, `3.42 s`, `2 min 05 s`.
pub(super) fn duration(nanos: i64) -> String {
    let nanos = nanos.max(0);
    match nanos {
        0..1_000 => format!("{nanos} ns"),
        1_000..1_000_000 => three_digits(nanos as f64 / 1e3, "µs"),
        1_000_000..1_000_000_000 => three_digits(nanos as f64 / 1e6, "ms"),
        1_000_000_000..60_000_000_000 => three_digits(nanos as f64 / 1e9, "s"),
        _ => {
            let seconds = nanos / 1_000_000_000;
            if seconds < 3600 {
                format!("{} min {:02} s", seconds / 60, seconds % 60)
            } else {
                format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60)
            }
        }
    }
}

/// A round time in as few letters as there can be: `5 ms`, `20 s`.
pub(super) fn short(nanos: i64) -> String {
    const UNITS: [(i64, &str); 4] = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs"), (1, "ns")];
    let (unit, name) = UNITS.into_iter().find(|(unit, _)| nanos >= *unit).unwrap_or((1, "ns"));
    format!("{} {name}", nanos / unit)
}

/// A moment of a run, to the microsecond: `1.623451 s`.
pub(super) fn exact(nanos: i64) -> String {
    let micros = nanos.max(0) / 1_000;
    format!("{}.{:06} s", micros / 1_000_000, micros % 1_000_000)
}

/// A clock that stands still between tenths of a second, so that its text need not be laid out for every frame.
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
    format!("{value:.1} {}", unit.unwrap_or(&"KiB"))
}

/// Things a second: `6.4`, `812`, `12.3 k`, `2.1 M`.
pub(super) fn rate(per_second: f64) -> String {
    match per_second {
        r if r < 100.0 => format!("{r:.1}"),
        r if r < 10_000.0 => format!("{r:.0}"),
        r if r < 1e6 => format!("{:.1} k", r / 1e3),
        r => format!("{:.1} M", r / 1e6),
    }
}

/// A mark of a time axis that ends at `end` and has its marks `step` apart: in the unit of the end, with as many decimals
/// as the step needs.
pub(super) fn axis_mark(nanos: i64, step: i64, end: i64) -> String {
    let (unit, name) = match end {
        ..1_000 => (1, "ns"),
        1_000..1_000_000 => (1_000, "µs"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    let mut decimals = 0;
    let mut smallest = unit;
    while smallest > step {
        smallest /= 10;
        decimals += 1;
    }
    format!("{:.decimals$} {name}", nanos as f64 / unit as f64)
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

/// How far a run is, in a word.
pub(super) fn status_word(run: &Run) -> &'static str {
    if run.moment.is_some() {
        return "As it was";
    }
    match &run.status {
        Status::Ended(End::Completed | End::StoppedByError) if run.totals().lost > 0 => "Broken",
        Status::Preparing => "Looking for items",
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

fn three_digits(value: f64, unit: &str) -> String {
    let decimals = usize::from(value < 10.0) + usize::from(value < 100.0);
    format!("{value:.decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        let times = [0, 85, 1_700, 412_000_000, 3_420_000_000, 125_000_000_000, 7_500_000_000_000].map(duration);
        assert_eq!(times, ["0 ns", "85 ns", "1.70 µs", "412 ms", "3.42 s", "2 min 05 s", "2 h 05 min"]);
        assert_eq!([50_000_000, 3_499_999_999, 61_000_000_000].map(clock), ["0.0 s", "3.4 s", "1 min 01 s"]);
        assert_eq!([0, 1_623_451_999, 75_000_001_000].map(exact), ["0.000000 s", "1.623451 s", "75.000001 s"]);
        assert_eq!([0.0, 2048.0, 12.3 * 1024.0 * 1024.0].map(bytes), ["0.0 KiB", "2.0 KiB", "12.3 MiB"]);
        assert_eq!([5, 20_000, 2_000_000, 500_000_000_000].map(short), ["5 ns", "20 µs", "2 ms", "500 s"]);
        assert_eq!([6.42, 812.0, 12_345.0, 2.1e6].map(rate), ["6.4", "812", "12.3 k", "2.1 M"]);
        assert_eq!(axis_mark(1_500_000_000, 500_000_000, 4_000_000_000), "1.5 s");
        assert_eq!(axis_mark(2_000_000_000, 1_000_000_000, 9_000_000_000), "2 s");
        assert_eq!(axis_mark(46_500_000, 500_000, 50_000_000), "46.5 ms");
        assert_eq!(axis_mark(0, 20, 90), "0 ns");
    }
}
