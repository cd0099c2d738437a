//! Points in time as values: the boottime clock for durations, the wall clock for labels.

use std::ops::Add;
use std::time::Duration;

use jiff::{RoundMode, SignedDuration, Timestamp, TimestampRound, Unit};

/// A point on the boottime clock (`CLOCK_BOOTTIME`), which runs on while the machine sleeps.
///
/// Moments of different boots must not be compared; what is stored carries its boot id beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(Duration);

impl Moment {
    /// The moment `since_boot` after the machine started.
    #[must_use]
    pub const fn from_boot(since_boot: Duration) -> Self {
        Self(since_boot)
    }

    /// Time since the machine started.
    #[must_use]
    pub const fn since_boot(self) -> Duration {
        self.0
    }

    /// Time from `earlier` to this moment; zero if it is not later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

/// The time cut to milliseconds: no clock here is better, and shorter texts are easier to compare by eye.
#[must_use]
pub fn milliseconds(time: Timestamp) -> Timestamp {
    let cut = TimestampRound::new().smallest(Unit::Millisecond).mode(RoundMode::Floor);
    time.round(cut).unwrap_or(time)
}

/// To the nearest whole second.
#[must_use]
pub fn whole_seconds(duration: SignedDuration) -> i64 {
    i64::try_from((duration.as_millis() + 500).div_euclid(1000)).unwrap_or(i64::MAX)
}

/// Both clocks, read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The wall clock: may step, may be wrong before it is synchronized.
    pub wall: Timestamp,
    /// The boottime clock.
    pub moment: Moment,
}
