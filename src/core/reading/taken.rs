//! When a measurement was taken (contract 2.5, "Time taken").

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::Circumstances;
use crate::core::bls::measurement::CuffTime;
use crate::core::reason::ReadingReason;

/// A cuff's clock may be ahead by this much: what it dates later than its receipt was taken at its receipt.
const AHEAD_ALLOWED: Duration = Duration::from_secs(120);

/// What a measurement says of its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// It has a time field.
    Sent(CuffTime),
    /// It has none.
    NoField,
    /// It does not decode.
    Undecodable,
}

/// When a measurement was taken, and what makes that doubtful.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The time; `None` if it is unknown.
    pub at: Option<Timestamp>,
    /// `clock_unsynchronized`, `undated`, `future_dated` or `stale`; `None`: fresh.
    pub doubt: Option<ReadingReason>,
}

impl Taken {
    const fn unknown(why: ReadingReason) -> Self {
        Self {
            at: None,
            doubt: Some(why),
        }
    }
}

/// When the measurement was taken.
pub(super) fn when(stamp: Stamp, circumstances: &Circumstances<'_>) -> Taken {
    if circumstances.rules.require_clock && !circumstances.clock_synchronized {
        return Taken::unknown(ReadingReason::ClockUnsynchronized);
    }
    match stamp {
        Stamp::Sent(CuffTime::Valid(time)) => match offset(circumstances) {
            Some(offset_s) => {
                let taken_at = on_our_clock(time, offset_s, circumstances.zone);
                compare_with_receipt(taken_at, circumstances)
            }
            None => Taken::unknown(ReadingReason::Undated),
        },
        Stamp::NoField if circumstances.rules.count_undated && circumstances.alone => Taken {
            at: Some(circumstances.received_at),
            doubt: None,
        },
        Stamp::Sent(CuffTime::Unknown | CuffTime::Invalid) | Stamp::NoField | Stamp::Undecodable => {
            Taken::unknown(ReadingReason::Undated)
        }
    }
}

fn offset(circumstances: &Circumstances<'_>) -> Option<i64> {
    let trusted = circumstances.cuff.is_some_and(|cuff| cuff.trust_clock);
    circumstances.offset_s.or(trusted.then_some(0))
}

fn compare_with_receipt(taken_at: Timestamp, circumstances: &Circumstances<'_>) -> Taken {
    let received_at = circumstances.received_at;
    let ahead = taken_at.duration_since(received_at);
    if ahead > as_signed(AHEAD_ALLOWED) {
        return Taken::unknown(ReadingReason::FutureDated);
    }
    let is_stale = -ahead > as_signed(circumstances.rules.max_reading_age);
    Taken {
        at: Some(taken_at.min(received_at)),
        doubt: is_stale.then_some(ReadingReason::Stale),
    }
}

fn as_signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

/// A cuff's time plus the offset, as local time of `zone`; far beyond any calendar it is the first or last time there is.
///
/// A local time that comes twice is the first; one that is skipped is read with the offset before the gap (RFC 5545).
fn on_our_clock(cuff_time: DateTime, offset_s: i64, zone: &TimeZone) -> Timestamp {
    let end = |is_first| if is_first { Timestamp::MIN } else { Timestamp::MAX };
    match cuff_time.checked_add(SignedDuration::from_secs(offset_s)) {
        // The first and last hours of the calendar have no timestamp, whichever way the offset goes.
        Ok(local) => zone
            .to_ambiguous_timestamp(local)
            .compatible()
            .unwrap_or_else(|_| end(local.year() < 0)),
        Err(_) => end(offset_s < 0),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::core::readiness::policy::ReadingRules;
    use crate::core::reading::tests_common::{circumstances, time};

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").expect("the zone is bundled")
    }

    /// A stamp of the day of [`time`], in UTC.
    fn stamp(text: &str) -> Stamp {
        Stamp::Sent(CuffTime::Valid(TimeZone::UTC.to_datetime(time(text))))
    }

    #[test]
    fn cuff_time_plus_offset_is_local_time() {
        let taken = on_our_clock(date(2026, 11, 21).at(19, 4, 12, 0), -197, &berlin());
        assert_eq!(taken.to_string(), "2026-11-21T18:00:55Z");
    }

    #[test]
    fn a_local_time_that_comes_twice_is_the_first() {
        let taken = on_our_clock(date(2026, 10, 25).at(2, 30, 0, 0), 0, &berlin());
        assert_eq!(taken.to_string(), "2026-10-25T00:30:00Z");
    }

    #[test]
    fn a_skipped_local_time_is_read_with_the_offset_before_the_gap() {
        let taken = on_our_clock(date(2026, 3, 29).at(2, 30, 0, 0), 0, &berlin());
        assert_eq!(taken.to_string(), "2026-03-29T01:30:00Z");
    }

    #[test]
    fn offsets_beyond_the_calendar_end_at_its_ends() {
        let time = date(2026, 11, 21).at(0, 0, 0, 0);
        assert_eq!(on_our_clock(time, i64::MAX, &berlin()), Timestamp::MAX);
        assert_eq!(on_our_clock(time, i64::MIN, &berlin()), Timestamp::MIN);
    }

    #[test]
    fn the_last_hours_of_the_calendar_are_far_ahead_whichever_way_the_offset_goes() {
        let rules = ReadingRules::default();
        let last = Stamp::Sent(CuffTime::Valid(date(9999, 12, 31).at(23, 59, 59, 0)));
        for offset_s in [-30, 0, 30] {
            let taken = when(last, &circumstances(&rules, "18:00:00", Some(offset_s)));
            assert_eq!(taken.doubt, Some(ReadingReason::FutureDated), "{offset_s}");
        }
    }

    #[test]
    fn more_than_two_minutes_ahead_is_future_dated_and_less_is_taken_at_receipt() {
        let rules = ReadingRules::default();
        let circumstances = circumstances(&rules, "18:00:00", Some(0));
        for (text, at) in [
            ("17:59:59", Some("17:59:59")),
            ("18:00:00", Some("18:00:00")),
            ("18:00:01", Some("18:00:00")),
            ("18:01:59", Some("18:00:00")),
            ("18:02:00", Some("18:00:00")),
            ("18:02:01", None),
        ] {
            let taken = when(stamp(text), &circumstances);
            assert_eq!(taken.at, at.map(time), "{text}");
            let doubt = at.is_none().then_some(ReadingReason::FutureDated);
            assert_eq!(taken.doubt, doubt, "{text}");
        }
    }

    #[test]
    fn older_than_the_greatest_age_is_stale_and_keeps_its_time() {
        let rules = ReadingRules::default();
        let circumstances = circumstances(&rules, "18:00:00", Some(0));
        for (text, stale) in [("17:49:59", true), ("17:50:00", false), ("17:50:01", false)] {
            let taken = when(stamp(text), &circumstances);
            assert_eq!(taken.at, Some(time(text)), "{text}");
            assert_eq!(taken.doubt, stale.then_some(ReadingReason::Stale), "{text}");
        }
    }

    #[test]
    fn without_an_offset_only_a_trusted_clock_dates() {
        let rules = ReadingRules::default();
        let mut circumstances = circumstances(&rules, "18:00:00", None);
        assert_eq!(
            when(stamp("17:59:00"), &circumstances),
            Taken::unknown(ReadingReason::Undated)
        );
        let mut trusted = circumstances.cuff.expect("a cuff").clone();
        trusted.trust_clock = true;
        circumstances.cuff = Some(&trusted);
        assert_eq!(when(stamp("17:59:00"), &circumstances).at, Some(time("17:59:00")));
        circumstances.offset_s = Some(30);
        assert_eq!(
            when(stamp("17:59:00"), &circumstances).at,
            Some(time("17:59:30")),
            "an offset that is known goes before trust"
        );
    }

    #[test]
    fn a_time_that_is_none_dates_nothing() {
        let rules = ReadingRules {
            count_undated: true,
            ..ReadingRules::default()
        };
        let circumstances = circumstances(&rules, "18:00:00", Some(0));
        for stamp in [
            Stamp::Sent(CuffTime::Unknown),
            Stamp::Sent(CuffTime::Invalid),
            Stamp::Undecodable,
        ] {
            assert_eq!(when(stamp, &circumstances), Taken::unknown(ReadingReason::Undated));
        }
    }

    #[test]
    fn without_a_time_field_it_was_taken_at_receipt_if_the_policy_says_so_and_it_came_alone() {
        for (count_undated, alone, known) in [
            (true, true, true),
            (true, false, false),
            (false, true, false),
            (false, false, false),
        ] {
            let rules = ReadingRules {
                count_undated,
                ..ReadingRules::default()
            };
            let mut circumstances = circumstances(&rules, "18:00:00", None);
            circumstances.alone = alone;
            let taken = when(Stamp::NoField, &circumstances);
            assert_eq!(taken.at, known.then(|| time("18:00:00")));
            assert_eq!(taken.doubt, (!known).then_some(ReadingReason::Undated));
        }
    }

    #[test]
    fn an_unsynchronized_clock_dates_nothing_unless_it_is_not_required() {
        for (require_clock, stamp_text) in [(true, "17:59:00"), (true, "19:00:00"), (false, "17:59:00")] {
            let rules = ReadingRules {
                require_clock,
                count_undated: true,
                ..ReadingRules::default()
            };
            let mut circumstances = circumstances(&rules, "18:00:00", Some(0));
            circumstances.clock_synchronized = false;
            for stamp in [stamp(stamp_text), Stamp::NoField] {
                let doubt = require_clock.then_some(ReadingReason::ClockUnsynchronized);
                assert_eq!(when(stamp, &circumstances).doubt, doubt);
            }
        }
    }
}
