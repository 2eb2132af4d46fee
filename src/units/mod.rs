//! Numbers and times as people read and write them.

/// `1234567` as `1,234,567`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Digits, with `_` between them wherever somebody likes it, or with `,` just where [`grouped`] has it. `None` = anything else, or too
/// large.
#[must_use]
pub fn parse_whole(text: &str) -> Option<u64> {
    let text = text.trim();
    if text.contains(',') {
        // A comma anywhere else is not a mark of thousands: `1,5` is not 15, nor `0,500` 500.
        return text.replace(',', "").parse().ok().filter(|number| grouped(*number) == text);
    }
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') && !text.starts_with('_');
    plain.then(|| text.replace('_', "").parse().ok())?
}

/// A number with its whole part grouped: `31,536,000`, `0.001`.
#[must_use]
pub fn grouped_number(number: f64) -> String {
    let text = number.to_string();
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    whole.parse().map_or_else(|_| text.clone(), |whole| format!("{}{fraction}", grouped(whole)))
}

/// A number as [`grouped_number`] writes it, or as any program does.
#[must_use]
pub fn parse_number(text: &str) -> Option<f64> {
    let text = text.trim();
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    if whole.contains(',') {
        return format!("{}{fraction}", parse_whole(whole)?).parse().ok();
    }
    text.parse().ok()
}

/// Nanoseconds with about three digits that matter: `85 ns`, `1.70 µs`, `412 ms`, `3.42 s`, `2 min 05 s`, `3 h 21 min`.
#[must_use]
pub fn duration(nanos: i64) -> String {
    const SECOND: i64 = 1_000_000_000;
    let nanos = nanos.max(0);
    // What would be rounded to a thousand of a unit is one of the next.
    match nanos {
        0..1_000 => format!("{nanos} ns"),
        1_000..999_500 => three_digits(nanos as f64 / 1e3, "µs"),
        999_500..999_500_000 => three_digits(nanos as f64 / 1e6, "ms"),
        999_500_000..59_950_000_000 => three_digits(nanos as f64 / 1e9, "s"),
        _ => {
            let seconds = nanos.saturating_add(SECOND / 2) / SECOND;
            if seconds < 3600 {
                format!("{} min {:02} s", seconds / 60, seconds % 60)
            } else {
                format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60)
            }
        }
    }
}

/// [`duration`] of seconds.
#[must_use]
pub fn duration_of(seconds: f64) -> String {
    duration((seconds * 1e9).round() as i64)
}

fn three_digits(value: f64, unit: &str) -> String {
    let decimals = usize::from(value < 9.995) + usize::from(value < 99.95);
    format!("{value:.decimals$} {unit}")
}

/// Things a second: `0.0050`, `6.4`, `812`, `12.3 k`, `2.1 M`.
#[must_use]
pub fn rate(per_second: f64) -> String {
    /// Below that there is nothing.
    const LEAST: f64 = 1e-6;
    match per_second {
        r if (LEAST..1.0).contains(&r) => format!("{r:.0$}", (1.0 - r.log10().floor()) as usize),
        r if r < 99.95 => format!("{r:.1}"),
        r if r < 9_999.5 => grouped(r.round() as u64),
        r if r < 999_950.0 => format!("{:.1} k", r / 1e3),
        r => format!("{:.1} M", r / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_number() {
        for text in [
            "",
            " ",
            ",",
            "_",
            "_5",
            "1,5",
            "0,500",
            "12345,678",
            "1,2_3",
            "1,0000",
            ",100",
            "1,000,",
            "+1",
            "-1",
            "1.0",
            "18446744073709551616",
        ] {
            assert_eq!(parse_whole(text), None, "{text}");
        }
    }

    #[test]
    fn fractions_have_no_groups() {
        assert_eq!([31_536_000.0, 0.001, 1234.5, 7.0].map(grouped_number), ["31,536,000", "0.001", "1,234.5", "7"]);
        for (text, number) in [("31,536,000", 31_536_000.0), (" 1,234.5 ", 1234.5), ("0.001", 0.001), ("1e3", 1000.0)] {
            assert_eq!(parse_number(text), Some(number), "{text}");
        }
        assert_eq!(["1,5", "0,5", "0.1,000", "", "soon"].map(parse_number), [None; 5]);
    }

    #[test]
    fn times_and_rates_read_well() {
        let times = [0, 85, 1_700, 412_000_000, 3_420_000_000, 125_000_000_000, 7_500_000_000_000].map(duration);
        assert_eq!(times, ["0 ns", "85 ns", "1.70 µs", "412 ms", "3.42 s", "2 min 05 s", "2 h 05 min"]);
        assert_eq!([0.0, 0.000_085, 125.0].map(duration_of), ["0 ns", "85.0 µs", "2 min 05 s"]);
        let borders = [999, 999_499, 999_500, 9_996_000, 99_960_000, 999_500_000, 59_949_000_000, 59_950_000_000];
        let written = ["999 ns", "999 µs", "1.00 ms", "10.0 ms", "100 ms", "1.00 s", "59.9 s", "1 min 00 s"];
        assert_eq!(borders.map(duration), written);
        assert_eq!([99.94, 99.95, 9_999.4, 9_999.6, 999_951.0].map(rate), ["99.9", "100", "9,999", "10.0 k", "1.0 M"]);
        let rates = [0.0, 0.005, 0.93, 6.42, 812.0, 12_345.0, 2.1e6].map(rate);
        assert_eq!(rates, ["0.0", "0.0050", "0.93", "6.4", "812", "12.3 k", "2.1 M"]);
    }

    proptest! {
        #[test]
        fn is_read_as_it_is_written(number: u64) {
            prop_assert_eq!(parse_whole(&number.to_string()), Some(number));
            prop_assert_eq!(parse_whole(&format!(" {} ", grouped(number))), Some(number));
            prop_assert_eq!(parse_whole(&grouped(number).replace(',', "_")), Some(number));
        }
    }
}
