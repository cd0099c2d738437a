//! `--since T`: a point in the past as a person writes it.

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};

/// Parses an RFC 3339 time (`2026-11-21T18:00:00Z`), a local time (`2026-11-21T18:00`) or a local date (`2026-11-21`).
///
/// # Errors
/// Says what is accepted.
pub(super) fn parse(text: &str) -> Result<Timestamp, String> {
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Ok(timestamp);
    }
    let local = text.parse::<civil::DateTime>().ok();
    local
        .and_then(|local| local.to_zoned(TimeZone::system()).ok())
        .map(|zoned| zoned.timestamp())
        .ok_or_else(|| "a time like 2026-11-21T18:00:00Z, 2026-11-21T18:00 (local) or 2026-11-21 is needed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_forms_are_taken_and_others_refused() {
        assert_eq!(
            parse("2026-11-21T18:00:00Z").map(Timestamp::as_second),
            Ok(1_795_284_000)
        );
        assert_eq!(
            parse("2026-11-21T19:00:00+01:00").map(Timestamp::as_second),
            Ok(1_795_284_000)
        );
        assert!(parse("2026-11-21").is_ok());
        assert!(parse("2026-11-21T18:00").is_ok());
        for bad in ["", "yesterday", "2026-13-01", "18:00", "2026-02-30"] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
