//! When a retained message (`status`, `info`) is published again.
//!
//! It goes out once in each connection; later, when it changed, but not more often than `every`.

use std::time::Duration;

use crate::core::moment::Moment;

/// `status` goes out again at most once in this time (contract 3).
pub const STATUS_EVERY: Duration = Duration::from_secs(60);

/// `info` goes out again at most once in this time (contract 3).
pub const INFO_EVERY: Duration = Duration::from_secs(60 * 60);

/// `info` waits for a random part of this after a connect (contract 3).
pub const INFO_SPREAD: Duration = Duration::from_secs(60);

/// One retained message in one connection.
#[derive(Clone, Copy, Debug)]
pub struct Notice {
    every: Duration,
    not_before: Moment,
    wanted: bool,
}

impl Notice {
    /// Due first at `first`.
    #[must_use]
    pub const fn new(every: Duration, first: Moment) -> Self {
        Self {
            every,
            not_before: first,
            wanted: true,
        }
    }

    /// What it says has changed, or the broker did not take it.
    pub const fn want(&mut self) {
        self.wanted = true;
    }

    /// It went out.
    pub fn published(&mut self, now: Moment) {
        self.wanted = false;
        self.not_before = now + self.every;
    }

    /// When it is to go out; `None` while there is nothing new to say.
    #[must_use]
    pub fn due(&self) -> Option<Moment> {
        self.wanted.then_some(self.not_before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::from_boot(Duration::from_secs(seconds))
    }

    #[test]
    fn a_change_waits_until_the_last_one_is_old_enough() {
        let mut notice = Notice::new(STATUS_EVERY, at(100));
        assert_eq!(notice.due(), Some(at(100)));
        notice.published(at(101));
        assert_eq!(notice.due(), None);
        notice.want();
        assert_eq!(notice.due(), Some(at(161)));
    }
}
