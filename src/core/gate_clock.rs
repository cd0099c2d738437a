//! The time that the gate goes by: a wall-clock label that advances with boottime (contract 2, 2.6, 2.7).
//!
//! The wall clock may step and be wrong; durations must not change with it. So the gate's time is the wall clock as it was
//! at one moment, plus the boottime since. Over a reboot nobody knows how much time has passed until the wall clock is
//! synchronized: until then the gate's time stands still.

use jiff::{SignedDuration, Timestamp};

use super::moment::{Moment, Now, milliseconds};

/// The gate's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateClock {
    /// What the wall clock is taken to have been, and when.
    anchor: Now,
    stands_still: bool,
    /// The latest time that was told: the gate's time never goes back.
    latest: Timestamp,
}

impl GateClock {
    /// Runs from `now` on.
    #[must_use]
    pub fn running(now: Now) -> Self {
        Self {
            anchor: now,
            stands_still: false,
            latest: milliseconds(now.wall),
        }
    }

    /// The same, but nothing is told before `latest`.
    #[must_use]
    pub fn not_before(mut self, latest: Timestamp) -> Self {
        self.latest = self.latest.max(latest);
        self
    }

    /// Stands still at `at`, the last time that is known from an earlier boot, until it is [set](Self::set).
    #[must_use]
    pub const fn standing_still(at: Timestamp, moment: Moment) -> Self {
        Self {
            anchor: Now { wall: at, moment },
            stands_still: true,
            latest: at,
        }
    }

    /// Whether it stands still, because nobody knows how much time has passed.
    #[must_use]
    pub const fn stands_still(&self) -> bool {
        self.stands_still
    }

    /// The gate's time at `moment`, for an event: not before the one told last.
    pub fn tell(&mut self, moment: Moment) -> Timestamp {
        self.latest = self.latest.max(self.at(moment));
        self.latest
    }

    /// The time that was told last.
    #[must_use]
    pub const fn latest(&self) -> Timestamp {
        self.latest
    }

    /// The gate's time at `moment`, which may be past, of this boot; in whole milliseconds, so that a stored time is the same.
    #[must_use]
    pub fn at(&self, moment: Moment) -> Timestamp {
        if self.stands_still {
            return self.anchor.wall;
        }
        let since = nanoseconds(moment) - nanoseconds(self.anchor.moment);
        let since = SignedDuration::try_from_nanos_i128(since).unwrap_or(SignedDuration::MAX);
        let at = self.anchor.wall.saturating_add(since).unwrap_or(Timestamp::MAX);
        milliseconds(at)
    }

    /// When the gate's time will be `at`; `None` while it stands still. What is past is now.
    #[must_use]
    pub fn moment_of(&self, at: Timestamp) -> Option<Moment> {
        if self.stands_still {
            return None;
        }
        let since = at.duration_since(self.anchor.wall);
        let ahead = std::time::Duration::try_from(since);
        Some(ahead.map_or(self.anchor.moment, |ahead| self.anchor.moment + ahead))
    }

    /// How far the wall clock is ahead of the gate's time.
    #[must_use]
    pub fn drift(&self, now: Now) -> SignedDuration {
        now.wall.duration_since(self.at(now.moment))
    }

    /// Sets it by the wall clock, and lets it run. It may go back by that: whoever goes by it begins anew.
    pub fn set(&mut self, now: Now) {
        *self = Self::running(now);
    }
}

const fn nanoseconds(moment: Moment) -> i128 {
    moment.since_boot().as_nanos().cast_signed()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn now(wall_s: i64, moment_s: u64) -> Now {
        Now {
            wall: Timestamp::from_second(wall_s).unwrap(),
            moment: moment(moment_s),
        }
    }

    fn moment(seconds: u64) -> Moment {
        Moment::from_boot(Duration::from_secs(seconds))
    }

    fn wall(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn it_advances_with_boottime_whatever_the_wall_clock_does() {
        let mut clock = GateClock::running(now(1000, 50));
        assert_eq!(clock.tell(moment(60)), wall(1010));
        assert_eq!(clock.at(moment(40)), wall(990), "what is past has its own time");
        assert_eq!(clock.drift(now(1010, 60)), SignedDuration::ZERO);
        assert_eq!(clock.drift(now(1017, 60)), SignedDuration::from_secs(7));
        assert_eq!(clock.drift(now(1003, 60)), SignedDuration::from_secs(-7));
    }

    #[test]
    fn what_is_told_never_goes_back() {
        let mut clock = GateClock::running(now(1000, 50));
        assert_eq!(clock.tell(moment(60)), wall(1010));
        assert_eq!(clock.tell(moment(55)), wall(1010));
    }

    #[test]
    fn it_says_when_a_time_will_be() {
        let clock = GateClock::running(now(1000, 50));
        assert_eq!(clock.moment_of(wall(1030)), Some(moment(80)));
        assert_eq!(clock.moment_of(wall(900)), Some(moment(50)));
    }

    #[test]
    fn it_stands_still_until_it_is_set() {
        let mut clock = GateClock::standing_still(wall(1000), moment(3));
        assert!(clock.stands_still());
        assert_eq!(clock.tell(moment(500)), wall(1000));
        assert_eq!(clock.moment_of(wall(2000)), None);
        clock.set(now(5000, 600));
        assert!(!clock.stands_still());
        assert_eq!(clock.tell(moment(601)), wall(5001));
    }
}
