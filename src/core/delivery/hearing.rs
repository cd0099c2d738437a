//! Tells a connection that hears nothing from one on which nothing is said: receipts stay away, and no other command comes.
//!
//! A broker may take a subscription and deliver nothing to it, while it acknowledges what is published (NATS, after a node of
//! a cluster was lost: docs/fleet.md). A new connection subscribes anew. Where it is the platform that is silent this changes
//! nothing, so it is tried ever more seldom.

use std::time::Duration;

use super::retry::doubled;
use crate::core::moment::Moment;

/// After the first time, until it is tried again: so many times as long as a receipt is waited for; then doubling.
const FIRST: u32 = 5;
const LONGEST: Duration = Duration::from_hours(6);

/// What is heard, over all connections.
#[derive(Clone, Copy, Debug)]
pub struct Hearing {
    heard_at: Moment,
    /// How often in a row a connection was given up, and when last.
    given_up: Option<(u32, Moment)>,
}

impl Hearing {
    /// Nothing was heard yet.
    #[must_use]
    pub const fn new(now: Moment) -> Self {
        Self {
            heard_at: now,
            given_up: None,
        }
    }

    /// The broker has taken the subscription of a new connection.
    pub const fn subscribed(&mut self, now: Moment) {
        self.heard_at = now;
    }

    /// A command came.
    pub const fn heard(&mut self, now: Moment) {
        self.heard_at = now;
        // Receipts that always come late are no reason to connect all the time.
        if let Some((times, _)) = &mut self.given_up {
            *times = 1;
        }
    }

    /// A message goes again because its receipt stayed away for `patience` or longer. Whether the connection is to be given up.
    pub fn missed(&mut self, patience: Duration, now: Moment) -> bool {
        let rested = self.given_up.is_none_or(|(times, last)| {
            let rest = doubled(patience.saturating_mul(FIRST), times - 1, LONGEST.max(patience));
            now.since(last) >= rest
        });
        let gives_up = rested && now.since(self.heard_at) >= patience;
        if gives_up {
            let times = self.given_up.map_or(0, |(times, _)| times);
            self.given_up = Some((times.saturating_add(1), now));
        }
        gives_up
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(120);

    fn at(seconds: u64) -> Moment {
        Moment::from_boot(Duration::from_secs(seconds))
    }

    #[test]
    fn a_connection_on_which_something_was_heard_lately_stays() {
        let mut hearing = Hearing::new(at(0));
        hearing.subscribed(at(1000));
        assert!(!hearing.missed(PATIENCE, at(1119)));
        assert!(hearing.missed(PATIENCE, at(1120)));
        hearing.heard(at(1200));
        assert!(!hearing.missed(PATIENCE, at(1300)));
        assert!(
            !hearing.missed(PATIENCE, at(1719)),
            "five times as long after the last time"
        );
        assert!(hearing.missed(PATIENCE, at(1720)));
    }

    #[test]
    fn a_silent_platform_is_connected_to_ever_more_seldom_until_it_speaks() {
        let mut hearing = Hearing::new(at(0));
        let mut given_up = |minutes: std::ops::Range<u64>| -> Vec<u64> {
            minutes
                .filter(|minute| hearing.missed(PATIENCE, at(minute * 60)))
                .collect()
        };
        assert_eq!(given_up(0..2000), [2, 12, 32, 72, 152, 312, 632, 992, 1352, 1712]);
        hearing.heard(at(2000 * 60));
        assert!(hearing.missed(PATIENCE, at(2002 * 60)));
    }
}
