//! Durations as the file writes them: a whole number and one unit, `"90s"` `"5m"` `"4h"` `"30d"`.

use std::fmt;
use std::time::Duration;

/// Seconds in each unit, the largest first.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// The longest duration that any key takes: a hundred years, so that adding it to a date cannot overflow.
pub const LONGEST: Duration = Duration::from_secs(36_500 * 86_400);

/// The shortest duration above zero.
pub const SHORTEST: Duration = Duration::from_secs(1);

/// Parses `"90s"`; also `"0"`, since zero needs no unit. `None` for anything else, or more than [`LONGEST`].
#[must_use]
pub fn parse(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let (number, seconds) = UNITS
        .iter()
        .find_map(|&(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)))?;
    if !number.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    let duration = Duration::from_secs(number.parse::<u64>().ok()?.checked_mul(seconds)?);
    (duration <= LONGEST).then_some(duration)
}

/// Prints a duration the way the file writes it, in the largest unit that leaves no rest.
pub(super) struct Written(pub(super) Duration);

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let whole = UNITS
            .iter()
            .find(|(_, unit)| seconds > 0 && seconds.is_multiple_of(*unit));
        let (unit, length) = whole.unwrap_or(&('s', 1));
        write!(f, "{}{unit}", seconds / length)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_and_one_unit_is_a_duration() {
        for (text, seconds) in [
            ("0", 0),
            ("0s", 0),
            ("1s", 1),
            ("90s", 90),
            ("5m", 300),
            ("4h", 14_400),
            ("30d", 2_592_000),
            ("036h", 129_600),
            ("36500d", 3_153_600_000),
        ] {
            assert_eq!(parse(text), Some(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_none() {
        for text in [
            "",
            "s",
            "5",
            "00",
            "-5s",
            "+5s",
            "5 s",
            " 5s",
            "5S",
            "5ms",
            "1.5h",
            "1h30m",
            "5w",
            "5min",
            "٥s",
            "36501d",
            "876001h",
            "18446744073709551615d",
            "99999999999999999999s",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".*") {
            let _ = parse(&text);
        }

        #[test]
        fn what_is_written_is_read_back(seconds in 0..=LONGEST.as_secs()) {
            let duration = Duration::from_secs(seconds);
            prop_assert_eq!(parse(&Written(duration).to_string()), Some(duration));
        }
    }
}
