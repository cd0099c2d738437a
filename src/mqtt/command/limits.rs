//! How much one gateway does and keeps for those who may command it: what they ask for must not fill its disk.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use jiff::Timestamp;

use crate::core::moment::Moment;

/// So many replies are kept until their commands expire; at most a day, at most 16 KiB each.
const MOST_REMEMBERED: usize = 10_000;

/// One resend may be a thousand messages, and the contract allows twenty messages a second.
const BETWEEN_RESENDS: Duration = Duration::from_secs(1);

/// Counts the commands that are remembered, as far as they came in this run.
#[derive(Debug, Default)]
pub struct Remembered {
    until: BinaryHeap<Reverse<Timestamp>>,
}

/// When the last resend was.
#[derive(Clone, Copy, Debug, Default)]
pub struct ResendPace {
    last: Option<Moment>,
}

impl Remembered {
    /// Whether one more may be remembered.
    pub fn has_room(&mut self, now: Timestamp) -> bool {
        while self.until.peek().is_some_and(|Reverse(until)| *until <= now) {
            self.until.pop();
        }
        self.until.len() < MOST_REMEMBERED
    }

    /// One more is remembered, until then.
    pub fn remember(&mut self, until: Timestamp) {
        self.until.push(Reverse(until));
    }
}

impl ResendPace {
    /// Whether a resend may be now; if so, that was one.
    pub fn admits(&mut self, now: Moment) -> bool {
        let too_soon = self.last.is_some_and(|last| now.since(last) < BETWEEN_RESENDS);
        if !too_soon {
            self.last = Some(now);
        }
        !too_soon
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_expired_makes_room_again() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut remembered = Remembered::default();
        for _ in 1..MOST_REMEMBERED {
            remembered.remember(at(200));
        }
        assert!(remembered.has_room(at(99)));
        remembered.remember(at(100));
        assert!(!remembered.has_room(at(99)));
        assert!(remembered.has_room(at(100)));
    }

    #[test]
    fn refused_resends_do_not_put_the_next_one_off() {
        let mut pace = ResendPace::default();
        let admitted = [1000, 1500, 1999, 2000, 2500].map(|milliseconds| {
            let now = Moment::from_boot(Duration::from_millis(milliseconds));
            pace.admits(now)
        });
        assert_eq!(admitted, [true, false, false, true, false]);
    }
}
