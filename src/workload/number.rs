//! Whole numbers, as people read and write them.

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

/// Digits, with `_` between them wherever somebody likes it, or with `,` where [`grouped`] has it. `None` = anything else, or too large.
#[must_use]
pub fn parse_whole(text: &str) -> Option<u64> {
    let text = text.trim();
    // A comma anywhere else is not a mark of thousands: `1,5` is not 15.
    let in_groups = text.split(',').skip(1).all(|group| group.len() == 3);
    let digits = text.replace(['_', ','], "");
    let plain = in_groups && !text.starts_with([',', '_']) && digits.bytes().all(|digit| digit.is_ascii_digit());
    plain.then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_number() {
        for text in ["", " ", ",", "_", "1,5", "1,0000", ",100", "1,000,", "+1", "-1", "1.0", "18446744073709551616"] {
            assert_eq!(parse_whole(text), None, "{text}");
        }
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
