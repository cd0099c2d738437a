//! The clock on a virtual cuff: what it shows, however wrong.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::habits::{AtFirst, Clock, Habits, Seconds, Unset};
use super::visit::ClockMishap;
use crate::core::moment::Now;
use crate::core::source::ClockNote;

/// How a cuff's clock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dial {
    /// It shows no time, and the cuff stamps nothing.
    Blank,
    /// It runs so many seconds ahead of local time (negative: behind).
    Ahead(i64),
}

/// How far off a clock that can be read may be before it is set, in seconds.
const TOLERATED_S: i64 = 60;

impl Dial {
    /// A new cuff's clock.
    pub(super) fn at_first(habits: &Habits, at: Timestamp, zone: &TimeZone) -> Self {
        match habits.at_first {
            AtFirst::Right => Self::Ahead(0),
            AtFirst::Unset | AtFirst::SetByHandLater => Self::unset(habits, at, zone),
        }
    }

    fn unset(habits: &Habits, at: Timestamp, zone: &TimeZone) -> Self {
        match habits.unset {
            Unset::NoTime => Self::Blank,
            Unset::Since(factory) => Self::Ahead(seconds_between(local(at, zone), factory)),
        }
    }

    /// The clock after `mishap`.
    pub(super) fn after(mishap: ClockMishap, habits: &Habits, at: Timestamp, zone: &TimeZone) -> Self {
        match mishap {
            ClockMishap::Unset => Self::unset(habits, at, zone),
            ClockMishap::Ahead(seconds) => Self::Ahead(seconds),
        }
    }

    /// What the cuff stamps on a measurement taken at `at`.
    pub(super) fn stamp(self, habits: &Habits, at: Timestamp, zone: &TimeZone) -> Option<DateTime> {
        let Self::Ahead(seconds) = self else {
            return None;
        };
        let shown = local(at, zone).saturating_add(seconds.seconds());
        Some(match habits.seconds {
            Seconds::Sent => shown,
            Seconds::Zero => shown.with().second(0).build().unwrap_or(shown),
        })
    }

    /// What a collector does to the clock at the begin of a connection, and what it learns by that.
    pub(super) fn synchronize(&mut self, clock: Clock, at: Now, zone: &TimeZone) -> Vec<ClockNote> {
        let set = ClockNote::Set {
            to: local(at.wall, zone),
            at,
        };
        let notes = match (clock, *self) {
            (Clock::OutOfReach, _) => Vec::new(),
            (Clock::Written, _) | (Clock::CurrentTime, Self::Blank) => vec![set],
            (Clock::CurrentTime, Self::Ahead(seconds)) => {
                let read = ClockNote::Read { offset_s: -seconds, at };
                let off = seconds.abs() >= TOLERATED_S;
                if off { vec![read, set] } else { vec![read] }
            }
        };
        if notes.contains(&set) {
            *self = Self::Ahead(0);
        }
        notes
    }
}

/// Local time in whole seconds, as clocks on cuffs count.
fn local(at: Timestamp, zone: &TimeZone) -> DateTime {
    let time = zone.to_datetime(at);
    time.with().subsec_nanosecond(0).build().unwrap_or(time)
}

fn seconds_between(from: DateTime, to: DateTime) -> i64 {
    to.duration_since(from).as_secs()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::core::moment::Moment;

    fn at(text: &str) -> Now {
        let moment = Moment::from_boot(std::time::Duration::from_secs(100));
        Now {
            wall: text.parse().expect("a time"),
            moment,
        }
    }

    #[test]
    fn a_clock_that_was_never_set_counts_from_its_factory_date() {
        let habits = Habits::find("beurer-bm85").expect("a model");
        let bought = at("2026-11-21T18:00:00Z");
        let dial = Dial::at_first(habits, bought.wall, &TimeZone::UTC);
        let stamp = dial.stamp(habits, "2026-11-21T21:22:33Z".parse().expect("a time"), &TimeZone::UTC);
        assert_eq!(stamp, Some(date(2014, 1, 1).at(3, 22, 0, 0)));
    }

    #[test]
    fn a_readable_clock_is_set_from_one_minute_off() {
        let now = at("2026-11-21T18:00:00Z");
        for (ahead, is_set) in [(59, false), (60, true), (61, true), (-59, false), (-60, true)] {
            let mut dial = Dial::Ahead(ahead);
            let notes = dial.synchronize(Clock::CurrentTime, now, &TimeZone::UTC);
            assert_eq!(
                notes.first(),
                Some(&ClockNote::Read {
                    offset_s: -ahead,
                    at: now
                })
            );
            assert_eq!(notes.len() == 2, is_set, "{ahead} s ahead");
            assert_eq!(dial == Dial::Ahead(0), is_set);
        }
    }

    #[test]
    fn a_clock_is_set_to_local_time() {
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        let now = at("2026-11-21T18:00:00.5Z");
        let notes = Dial::Blank.synchronize(Clock::Written, now, &zone);
        let to = date(2026, 11, 21).at(19, 0, 0, 0);
        assert_eq!(notes, [ClockNote::Set { to, at: now }]);
    }
}
