//! The times of waiting: the wall clock as it was when the daemon started, moved on by the boottime clock. What is stored has
//! to outlive the boottime clock; but a wall clock that is set must not make a message wait for as long as it was set back.

use std::time::Duration;

use jiff::Timestamp;

use super::Wait;
use crate::core::moment::{Moment, Now};

/// The clock that waits are reckoned by while the daemon runs.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    start: Now,
}

impl Schedule {
    /// Agrees with the wall clock now.
    #[must_use]
    pub const fn starting(now: Now) -> Self {
        Self { start: now }
    }

    /// What it shows at this moment.
    #[must_use]
    pub fn time(self, moment: Moment) -> Timestamp {
        after(self.start.wall, moment.since(self.start.moment))
    }

    /// When it will show this time; its start, if that is over.
    #[must_use]
    pub fn moment(self, time: Timestamp) -> Moment {
        let left = Duration::try_from(time.duration_since(self.start.wall)).unwrap_or(Duration::ZERO);
        self.start.moment + left
    }

    /// A wait that begins now.
    #[must_use]
    pub fn wait(self, now: Moment, length: Duration) -> Wait {
        let since = self.time(now);
        Wait {
            since,
            until: after(since, length),
        }
    }
}

fn after(time: Timestamp, wait: Duration) -> Timestamp {
    time.checked_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_that_is_set_changes_no_wait() {
        let now = |seconds| Now {
            wall: Timestamp::from_second(1_800_000_000).unwrap(),
            moment: Moment::from_boot(Duration::from_secs(seconds)),
        };
        let schedule = Schedule::starting(now(100));
        let wait = schedule.wait(now(160).moment, Duration::from_secs(300));
        let end = wait.until;
        assert_eq!(
            (wait.since.as_second(), end.as_second()),
            (1_800_000_060, 1_800_000_360)
        );
        assert_eq!(schedule.moment(end), now(460).moment);
        assert_eq!(schedule.time(now(460).moment), end);
        assert_eq!(schedule.moment(Timestamp::UNIX_EPOCH), now(100).moment, "long over");
    }
}
