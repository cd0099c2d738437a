//! How times and numbers are written in what leaves the process, and how times are read.

use jiff::Timestamp;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Serialize, Serializer};
use serde_json::Number;

/// So many of something, in words for people.
#[must_use]
pub fn counted(number: u64, one: &str, many: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{number} {many}")
    }
}

/// Decimals of a printed pressure, pulse rate or mean (contract 2.3).
const PRINTED_DECIMALS: u32 = 2;

/// A number as it is printed: at most two decimals, half away from zero, no trailing zeros. Never compared so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Printed(pub Decimal);

impl Printed {
    /// The rounded number.
    #[must_use]
    pub fn rounded(self) -> Decimal {
        self.0
            .round_dp_with_strategy(PRINTED_DECIMALS, RoundingStrategy::MidpointAwayFromZero)
            .normalize()
    }

    /// The rounded number as JSON has it; `None` beyond what JSON numbers hold.
    #[must_use]
    pub fn number(self) -> Option<Number> {
        let rounded = if self.0.scale() == 0 { self.0 } else { self.rounded() };
        if rounded.scale() == 0
            && let Ok(whole) = i64::try_from(rounded)
        {
            return Some(whole.into());
        }
        // Through text: the float nearest to at most two decimals prints as these decimals again.
        rounded.to_string().parse().ok().and_then(Number::from_f64)
    }
}

impl Serialize for Printed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number = self
            .number()
            .ok_or_else(|| serde::ser::Error::custom("no number of JSON"))?;
        number.serialize(serializer)
    }
}

/// Reads an RFC 3339 time with an offset, and nothing else that might pass for a time.
///
/// `None` if the text is of another form, names no real time, or is finer than a nanosecond.
#[must_use]
pub fn parse_time(text: &str) -> Option<Timestamp> {
    let (date_time, rest) = text.as_bytes().split_at_checked(19)?;
    let fits = has_shape(date_time, b"0000-00-00T00:00:00") && is_offset(after_fraction(rest)?);
    if fits { text.parse().ok() } else { None }
}

/// Whether `text` is digits where `shape` has a 0, and else the same but for case.
fn has_shape(text: &[u8], shape: &[u8]) -> bool {
    text.len() == shape.len()
        && text.iter().zip(shape).all(|(octet, shape)| match shape {
            b'0' => octet.is_ascii_digit(),
            other => octet.eq_ignore_ascii_case(other),
        })
}

/// What follows a fraction of a second; the whole text if it does not begin with one, `None` if the point has no digits.
fn after_fraction(text: &[u8]) -> Option<&[u8]> {
    let Some(fraction) = text.strip_prefix(b".") else {
        return Some(text);
    };
    let digits = fraction.iter().take_while(|octet| octet.is_ascii_digit()).count();
    fraction.get(digits..).filter(|_| digits > 0)
}

fn is_offset(text: &[u8]) -> bool {
    match text {
        b"Z" | b"z" => true,
        [b'+' | b'-', hours_minutes @ ..] => has_shape(hours_minutes, b"00:00") && hours_minutes < b"24".as_slice(),
        _ => false,
    }
}

/// Octets as lower-case hexadecimal digits, without spaces: how everything here writes them.
#[must_use]
pub fn hex(octets: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| DIGITS.get(usize::from(value)).map_or('?', |digit| char::from(*digit));
    octets
        .iter()
        .flat_map(|octet| [digit(octet >> 4), digit(octet & 0x0F)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_printed_with_at_most_two_decimals_half_away_from_zero() {
        for (number, printed) in [
            ("146", "146"),
            ("146.00", "146"),
            ("121.50", "121.5"),
            ("120.30989668", "120.31"),
            ("0.005", "0.01"),
            ("0.0049", "0"),
            ("-0.005", "-0.01"),
            ("99.995", "100"),
            ("140.125", "140.13"),
            ("93.33333333333333333333333333", "93.33"),
        ] {
            let number: Decimal = number.parse().expect("a decimal");
            assert_eq!(
                serde_json::to_string(&Printed(number)).expect("a number"),
                printed,
                "{number}"
            );
        }
    }

    #[test]
    fn times_are_rfc_3339_with_an_offset() {
        for (text, utc) in [
            ("2026-11-21T18:06:00Z", "2026-11-21T18:06:00Z"),
            ("2026-11-21t18:06:00z", "2026-11-21T18:06:00Z"),
            ("2026-11-21T19:06:00+01:00", "2026-11-21T18:06:00Z"),
            ("2026-11-21T18:06:00.50-00:00", "2026-11-21T18:06:00.5Z"),
            ("2026-11-21T18:06:00.123456789Z", "2026-11-21T18:06:00.123456789Z"),
            ("2026-11-21T23:59:00-23:59", "2026-11-22T23:58:00Z"),
        ] {
            let time = parse_time(text).unwrap_or_else(|| panic!("{text} is a time"));
            assert_eq!(time.to_string(), utc);
        }
    }

    #[test]
    fn other_forms_of_time_are_refused() {
        for text in [
            "",
            "2026-11-21",
            "2026-11-21T18:06:00",
            "2026-11-21 18:06:00Z",
            "2026-11-21T18:06Z",
            "20261121T180600Z",
            "2026-11-21T18:06:00.Z",
            "2026-11-21T18:06:00,5Z",
            "2026-11-21T18:06:00+01",
            "2026-11-21T18:06:00+0100",
            "2026-11-21T18:06:00+24:00",
            "2026-11-21T18:06:00+01:60",
            "2026-11-21T18:06:00Z[UTC]",
            "2026-11-21T18:06:00+01:00[Europe/Berlin]",
            " 2026-11-21T18:06:00Z",
            "2026-02-30T18:06:00Z",
            "2026-11-21T24:00:00Z",
            "+002026-11-21T18:06:00Z",
            "2026-11-21T18:06:00é",
        ] {
            assert_eq!(parse_time(text), None, "{text:?}");
        }
    }
}
