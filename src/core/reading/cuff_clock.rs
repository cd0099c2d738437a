//! What is known of a cuff's clock in one connection, and which offset dates which reading (contract 2.5).
//!
//! An offset dates only readings stamped by the clock it was learned from. A stamp that two clocks with different offsets could
//! have given, or none, has no offset: its reading is undated, which never counts and still shows a crisis.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Cuffs count whole seconds, and are set a moment before or after the second that was written.
const SLACK: SignedDuration = SignedDuration::from_secs(2);

/// The cuff's clock was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// Gateway's local time minus the cuff's, in seconds.
    pub offset_s: i64,
    /// When it was read.
    pub at: Timestamp,
}

/// The cuff's clock was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The local time that was written.
    pub to: DateTime,
    /// When it was written.
    pub at: Timestamp,
    /// Whether the cuff has taken it.
    pub outcome: Outcome,
}

/// Whether a cuff has taken a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It said so, or showed it.
    Taken,
    /// Nobody knows: the writing was given up. From then on its clock is not known, until it is read or set again.
    Unknown,
}

/// What is known of a cuff's clock in one connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CuffClock {
    /// As read in this connection, before any setting in it; `None` where it cannot be read.
    pub read: Option<Read>,
    /// As set in this connection.
    pub set_now: Option<Setting>,
    /// As set last, in an earlier connection.
    pub set_before: Option<Setting>,
}

/// A clock that ran on without being touched.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// It gave only stamps after this one.
    after: Option<DateTime>,
    /// It gave no stamps after this one.
    until: Option<DateTime>,
    offset_s: i64,
}

impl Run {
    fn gave(&self, stamp: DateTime) -> bool {
        self.after.is_none_or(|after| stamp > after) && self.until.is_none_or(|until| stamp <= until)
    }
}

impl CuffClock {
    /// Gateway minus cuff, in seconds, for a reading stamped `stamp` and received at `received_at`; `None` if no one offset is
    /// known to date it.
    #[must_use]
    pub fn offset_for(&self, stamp: DateTime, received_at: Timestamp, zone: &TimeZone) -> Option<i64> {
        let found = self.found(zone);
        let set = self.set_now.map(|setting| newly_set(setting, received_at, zone));
        let gave = |run: Option<Run>| run.filter(|run| run.gave(stamp)).map(|run| run.offset_s);
        let set_is_known = self.set_now.is_none_or(|setting| setting.outcome == Outcome::Taken);
        match (gave(found), gave(set)) {
            (Some(one), Some(other)) => (one == other).then_some(one),
            (Some(one), None) => Some(one),
            (None, Some(other)) => set_is_known.then_some(other),
            (None, None) => None,
        }
    }

    /// The clock as this connection found it: as read, or, where it cannot be read, as the last setting left it.
    fn found(&self, zone: &TimeZone) -> Option<Run> {
        let found = match self.read {
            Some(read) => self.as_read(read, zone),
            None => begun_by(
                self.set_before.filter(|setting| setting.outcome == Outcome::Taken)?,
                zone,
            ),
        };
        let until = self.set_now.map(|setting| {
            let local = zone.to_datetime(setting.at);
            minus(local, found.offset_s)
        });
        Some(Run { until, ..found })
    }

    /// A clock that shows less than it was last set to was reset since, by a new battery; else that setting began it.
    fn as_read(&self, read: Read, zone: &TimeZone) -> Run {
        let shown = minus(zone.to_datetime(read.at), read.offset_s);
        let last_set_to = self.set_before.map(|setting| setting.to);
        Run {
            after: last_set_to.filter(|to| *to <= shown),
            until: None,
            offset_s: read.offset_s,
        }
    }
}

/// The clock since it was set in this connection: what it has not shown yet by the receipt, it has not stamped.
fn newly_set(setting: Setting, received_at: Timestamp, zone: &TimeZone) -> Run {
    let run = begun_by(setting, zone);
    let shown = minus(zone.to_datetime(received_at), run.offset_s);
    Run {
        until: Some(shown.saturating_add(SLACK)),
        ..run
    }
}

fn begun_by(setting: Setting, zone: &TimeZone) -> Run {
    let local = zone.to_datetime(setting.at);
    Run {
        after: Some(setting.to),
        until: None,
        offset_s: local.duration_since(setting.to).as_secs(),
    }
}

fn minus(local: DateTime, offset_s: i64) -> DateTime {
    local.saturating_sub(SignedDuration::from_secs(offset_s))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::reading::tests_common::time;

    /// A day before [`at`]'s.
    fn yesterday(text: &str) -> Timestamp {
        time(text) - SignedDuration::from_hours(24)
    }

    fn local(at: Timestamp) -> DateTime {
        TimeZone::UTC.to_datetime(at)
    }

    fn read(offset_s: i64, at: &str) -> Option<Read> {
        Some(Read { offset_s, at: time(at) })
    }

    /// A setting to the right time.
    fn set(at: Timestamp) -> Option<Setting> {
        Some(Setting {
            to: local(at),
            at,
            outcome: Outcome::Taken,
        })
    }

    /// The same, of which nobody knows whether the cuff has taken it.
    fn maybe_set(at: Timestamp) -> Option<Setting> {
        let outcome = Outcome::Unknown;
        set(at).map(|setting| Setting { outcome, ..setting })
    }

    #[test]
    fn after_a_setting_that_may_not_have_been_taken_nothing_is_dated() {
        let slow = CuffClock {
            read: read(600, "18:00:00"),
            set_now: maybe_set(time("18:00:01")),
            ..CuffClock::default()
        };
        for (stamp, expected) in [
            ("17:00:00", Some(600)),
            ("17:50:01", Some(600)),
            // As it ran on, if it was not set.
            ("17:50:02", None),
            // As it runs, if it was.
            ("18:00:02", None),
        ] {
            assert_eq!(offset(&slow, local(time(stamp))), expected, "{stamp}");
        }
        let fast = CuffClock {
            read: read(-600, "18:00:00"),
            ..slow
        };
        for (stamp, expected) in [
            ("18:00:01", Some(-600)),
            ("18:00:02", None),
            ("18:00:08", Some(-600)),
            ("18:10:02", None),
        ] {
            assert_eq!(offset(&fast, local(time(stamp))), expected, "{stamp}");
        }
    }

    #[test]
    fn a_setting_before_that_may_not_have_been_taken_dates_nothing_and_bounds_what_a_reading_dates() {
        let unreadable = CuffClock {
            set_before: maybe_set(yesterday("18:00:00")),
            ..CuffClock::default()
        };
        let readable = CuffClock {
            read: read(2, "18:00:00"),
            ..unreadable
        };
        for (stamp, as_read) in [
            (yesterday("17:59:00"), None),
            (yesterday("18:00:01"), Some(2)),
            (time("17:59:00"), Some(2)),
        ] {
            assert_eq!(offset(&unreadable, local(stamp)), None, "{stamp}");
            assert_eq!(offset(&readable, local(stamp)), as_read, "{stamp}");
        }
    }

    fn offset(clock: &CuffClock, stamp: DateTime) -> Option<i64> {
        clock.offset_for(stamp, time("18:00:05"), &TimeZone::UTC)
    }

    #[test]
    fn a_clock_that_was_neither_read_nor_set_dates_nothing() {
        assert_eq!(offset(&CuffClock::default(), local(time("18:00:00"))), None);
    }

    #[test]
    fn a_clock_that_was_only_read_dates_all_it_stamped() {
        let clock = CuffClock {
            read: read(-197, "18:00:00"),
            ..CuffClock::default()
        };
        for stamp in ["00:00:01", "17:59:00", "18:03:17", "18:04:00"] {
            assert_eq!(offset(&clock, local(time(stamp))), Some(-197), "{stamp}");
        }
    }

    #[test]
    fn a_slow_clock_that_was_read_and_then_set_dates_what_it_stamped_before_as_read_and_after_as_set() {
        let clock = CuffClock {
            read: read(600, "18:00:00"),
            set_now: set(time("18:00:01")),
            ..CuffClock::default()
        };
        for (stamp, expected) in [
            ("17:00:00", Some(600)),
            ("17:50:01", Some(600)),
            ("17:50:02", None),
            ("18:00:01", None),
            ("18:00:02", Some(0)),
        ] {
            assert_eq!(offset(&clock, local(time(stamp))), expected, "{stamp}");
        }
    }

    #[test]
    fn a_fast_clock_that_was_set_back_leaves_only_what_both_can_have_stamped_undated() {
        let clock = CuffClock {
            read: read(-600, "18:00:00"),
            set_now: set(time("18:00:01")),
            ..CuffClock::default()
        };
        for (stamp, expected) in [
            ("18:00:01", Some(-600)),
            ("18:00:02", None),
            ("18:00:07", None),
            ("18:00:08", Some(-600)),
            ("18:10:01", Some(-600)),
            ("18:10:02", None),
        ] {
            assert_eq!(offset(&clock, local(time(stamp))), expected, "{stamp}");
        }
    }

    #[test]
    fn a_right_clock_that_was_set_all_the_same_dates_everything() {
        let clock = CuffClock {
            read: read(0, "18:00:00"),
            set_now: set(time("18:00:01")),
            ..CuffClock::default()
        };
        for stamp in ["17:00:00", "18:00:00", "18:00:01", "18:00:02"] {
            assert_eq!(offset(&clock, local(time(stamp))), Some(0), "{stamp}");
        }
    }

    #[test]
    fn an_unreadable_clock_is_as_the_last_setting_left_it_for_what_was_stamped_after() {
        let clock = CuffClock {
            set_before: Some(Setting {
                to: local(yesterday("18:00:00")),
                at: yesterday("18:00:05"),
                outcome: Outcome::Taken,
            }),
            ..CuffClock::default()
        };
        for (stamp, expected) in [
            (yesterday("17:59:59"), None),
            (yesterday("18:00:00"), None),
            (yesterday("18:00:01"), Some(5)),
            (time("18:00:00"), Some(5)),
        ] {
            assert_eq!(offset(&clock, local(stamp)), expected, "{stamp}");
        }
    }

    #[test]
    fn an_unreadable_clock_set_for_the_first_time_dates_nothing_that_was_stored() {
        let clock = CuffClock {
            set_now: set(time("18:00:00")),
            ..CuffClock::default()
        };
        for (stamp, expected) in [("17:59:59", None), ("18:00:00", None), ("18:00:01", Some(0))] {
            assert_eq!(offset(&clock, local(time(stamp))), expected, "{stamp}");
        }
    }

    #[test]
    fn an_unreadable_clock_that_a_new_battery_reset_dates_nothing() {
        let clock = CuffClock {
            set_now: set(time("18:00:00")),
            set_before: set(yesterday("18:00:00")),
            ..CuffClock::default()
        };
        let factory = jiff::civil::date(2014, 1, 1).at(0, 7, 0, 0);
        assert_eq!(offset(&clock, factory), None);
        assert_eq!(offset(&clock, local(time("17:00:00"))), Some(0));
    }

    #[test]
    fn a_readable_clock_does_not_date_what_was_stamped_before_it_was_last_set() {
        let clock = CuffClock {
            read: read(2, "18:00:00"),
            set_before: set(yesterday("18:00:00")),
            ..CuffClock::default()
        };
        assert_eq!(offset(&clock, local(yesterday("17:59:00"))), None);
        assert_eq!(offset(&clock, local(yesterday("18:00:01"))), Some(2));
    }

    #[test]
    fn a_readable_clock_that_a_new_battery_reset_dates_what_it_stamped_since() {
        let factory = jiff::civil::date(2014, 1, 1).at(0, 0, 0, 0);
        let offset_s = local(time("18:00:00")).duration_since(factory).as_secs() - 3600;
        let clock = CuffClock {
            read: read(offset_s, "18:00:00"),
            set_before: set(yesterday("18:00:00")),
            ..CuffClock::default()
        };
        assert_eq!(offset(&clock, factory), Some(offset_s));
    }

    #[test]
    fn any_offset_is_survived() {
        for offset_s in [i64::MIN, i64::MAX] {
            let clock = CuffClock {
                read: read(offset_s, "18:00:00"),
                set_now: set(time("18:00:00")),
                set_before: set(yesterday("18:00:00")),
            };
            let dated = offset(&clock, local(time("17:00:00")));
            assert!(dated.is_none() || dated == Some(offset_s));
        }
    }
}
