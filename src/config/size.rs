//! Sizes as the file writes them: a whole number and a binary unit, `"256MiB"`.

/// Octets in each unit. `B` stands last, because the others end in it.
const UNITS: [(&str, u64); 5] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("B", 1),
];

/// The greatest size: what SQLite, whose counts are signed, can be told.
const GREATEST: u64 = i64::MAX.cast_unsigned();

/// Parses `"256MiB"` into octets; also `"0"`. `None` for anything else, or more than 2^63 − 1 octets.
#[must_use]
pub fn parse(text: &str) -> Option<u64> {
    if text == "0" {
        return Some(0);
    }
    let (number, octets) = UNITS
        .iter()
        .find_map(|&(unit, octets)| Some((text.strip_suffix(unit)?, octets)))?;
    if !number.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    let size = number.parse::<u64>().ok()?.checked_mul(octets)?;
    (size <= GREATEST).then_some(size)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_and_a_binary_unit_is_a_size() {
        for (text, octets) in [
            ("0", 0),
            ("0B", 0),
            ("512B", 512),
            ("4KiB", 4_096),
            ("256MiB", 268_435_456),
            ("2GiB", 2_147_483_648),
            ("1TiB", 1_099_511_627_776),
            ("9223372036854775807B", GREATEST),
        ] {
            assert_eq!(parse(text), Some(octets), "{text}");
        }
    }

    #[test]
    fn anything_else_is_none() {
        for text in [
            "",
            "MiB",
            "256",
            "256MB",
            "256mib",
            "256 MiB",
            "-1MiB",
            "+1MiB",
            "1.5GiB",
            "iB",
            "9223372036854775808B",
            "8388608TiB",
            "99999999999999999999B",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".*") {
            let _ = parse(&text);
        }
    }
}
