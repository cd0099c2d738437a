//! How much one gateway does and keeps for those who may command it: what they ask for must not fill its disk.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;

use crate::core::moment::Moment;

/// So many replies are kept until their commands expire; at most a day, at most 16 KiB each.
const MOST_REMEMBERED: usize = 10_000;

/// So many resends may come within a second (contract 3.5).
const MOST_RESENDS: usize = 20;
const SECOND: Duration = Duration::from_secs(1);

/// Counts the commands that are remembered, as far as they came in this run.
#[derive(Debug, Default)]
pub struct Remembered {
    until: BinaryHeap<Reverse<Timestamp>>,
}

/// When the last resends were.
#[derive(Clone, Debug, Default)]
pub struct ResendPace {
    last: VecDeque<Moment>,
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
        while self.last.front().is_some_and(|first| now.since(*first) >= SECOND) {
            self.last.pop_front();
        }
        let admits = self.last.len() < MOST_RESENDS;
        if admits {
            self.last.push_back(now);
        }
        admits
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
    fn twenty_resends_are_admitted_in_any_second_and_refused_ones_put_none_off() {
        let mut pace = ResendPace::default();
        let mut admitted = |milliseconds: std::ops::Range<u64>| {
            let moments = milliseconds.map(|milliseconds| Moment::from_boot(Duration::from_millis(milliseconds)));
            moments.filter(|now| pace.admits(*now)).count()
        };
        assert_eq!(admitted(1000..1030), 20);
        assert_eq!(admitted(1030..2000), 0);
        assert_eq!(admitted(2000..2010), 10, "those of a second before make room");
        assert_eq!(admitted(2010..2500), 10);
    }
}
