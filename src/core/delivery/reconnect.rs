//! When to connect again, and to which broker (contract 3.4).
//!
//! A try goes through the list of brokers from the first one until one acknowledges something; only then do the delays
//! start anew. A connection that came up and acknowledged nothing is a failure like one that did not come up.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::retry::doubled;

/// The delays between tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delays {
    /// After a lost connection the next try comes after a random part of this, so that many gateways do not come at once.
    pub spread: Duration,
    /// The same while a session is open.
    pub spread_in_session: Duration,
    /// After the first failed try; then doubling.
    pub first: Duration,
    /// The longest between tries. Half of each delay is random.
    pub longest: Duration,
}

impl Delays {
    /// The contract's delays.
    pub const CONTRACT: Self = Self {
        spread: Duration::from_secs(30),
        spread_in_session: Duration::from_secs(3),
        first: Duration::from_secs(5),
        longest: Duration::from_secs(5 * 60),
    };
}

/// How a connection, or the try to make one, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It gave at least one PUBACK.
    Acknowledged,
    /// It gave none.
    Fruitless,
}

/// Whether somebody waits for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// No session is open.
    Calm,
    /// A session is open.
    InSession,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// Place of the broker in the config's list.
    pub broker: usize,
    /// How long to wait first.
    pub delay: Duration,
}

/// Remembers how the last tries went.
#[derive(Clone, Debug)]
pub struct Reconnect {
    delays: Delays,
    brokers: NonZeroUsize,
    broker: usize,
    failed_rounds: u32,
}

impl Reconnect {
    /// Starts with the first of `brokers`, at once.
    #[must_use]
    pub const fn new(brokers: NonZeroUsize, delays: Delays) -> Self {
        Self {
            delays,
            brokers,
            broker: 0,
            failed_rounds: 0,
        }
    }

    /// The broker to connect to now.
    #[must_use]
    pub const fn broker(&self) -> usize {
        self.broker
    }

    /// Takes note of an ending. `chance` is a random number from 0 up to 1.
    pub fn over(&mut self, ending: Ending, urgency: Urgency, chance: f64) -> Next {
        let delay = match ending {
            Ending::Acknowledged => self.lost(urgency, chance),
            Ending::Fruitless => self.failed(chance),
        };
        Next {
            broker: self.broker,
            delay,
        }
    }

    fn lost(&mut self, urgency: Urgency, chance: f64) -> Duration {
        self.broker = 0;
        self.failed_rounds = 0;
        let spread = match urgency {
            Urgency::Calm => self.delays.spread,
            Urgency::InSession => self.delays.spread_in_session,
        };
        part(spread, chance)
    }

    fn failed(&mut self, chance: f64) -> Duration {
        self.broker = (self.broker + 1) % self.brokers;
        if self.broker != 0 {
            return Duration::ZERO;
        }
        let half = doubled(self.delays.first, self.failed_rounds, self.delays.longest) / 2;
        self.failed_rounds = self.failed_rounds.saturating_add(1);
        half + part(half, chance)
    }
}

fn part(whole: Duration, chance: f64) -> Duration {
    whole.mul_f64(chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reconnect(brokers: usize) -> Reconnect {
        Reconnect::new(NonZeroUsize::new(brokers).unwrap(), Delays::CONTRACT)
    }

    #[test]
    fn a_lost_connection_is_followed_by_a_spread_try_and_then_by_doubling_ones() {
        let mut machine = reconnect(1);
        let lost = machine.over(Ending::Acknowledged, Urgency::Calm, 0.5);
        assert_eq!(lost.delay, Duration::from_secs(15));
        for (failure, seconds) in [(1, 5), (2, 10), (3, 20), (6, 160), (7, 300), (8, 300)] {
            let mut machine = reconnect(1);
            let mut delay = Duration::ZERO;
            for _ in 0..failure {
                delay = machine.over(Ending::Fruitless, Urgency::Calm, 1.0).delay;
            }
            assert_eq!(delay.as_secs(), seconds, "failure {failure}");
        }
    }

    #[test]
    fn an_open_session_shortens_the_spread() {
        let mut machine = reconnect(1);
        let next = machine.over(Ending::Acknowledged, Urgency::InSession, 1.0);
        assert_eq!(next.delay, Duration::from_secs(3));
    }

    #[test]
    fn the_next_broker_is_tried_at_once_and_the_first_again_after_a_delay() {
        let mut machine = reconnect(3);
        let tried: Vec<_> = (0..4)
            .map(|_| machine.over(Ending::Fruitless, Urgency::Calm, 0.0))
            .map(|next| (next.broker, next.delay.as_millis()))
            .collect();
        assert_eq!(tried, [(1, 0), (2, 0), (0, 2500), (1, 0)]);
    }

    #[test]
    fn after_a_good_connection_the_preferred_broker_is_first_again() {
        let mut machine = reconnect(2);
        assert_eq!(machine.over(Ending::Fruitless, Urgency::Calm, 0.0).broker, 1);
        assert_eq!(machine.over(Ending::Acknowledged, Urgency::Calm, 0.0).broker, 0);
    }

    proptest! {
        #[test]
        fn no_delay_is_longer_than_the_longest(
            brokers in 1_usize..5,
            endings in prop::collection::vec((any::<bool>(), any::<bool>(), 0.0..1.0), 1..200),
        ) {
            let mut machine = reconnect(brokers);
            for (good, session, chance) in endings {
                let ending = if good { Ending::Acknowledged } else { Ending::Fruitless };
                let urgency = if session { Urgency::InSession } else { Urgency::Calm };
                let next = machine.over(ending, urgency, chance);
                prop_assert!(next.delay <= Delays::CONTRACT.longest);
                prop_assert!(next.broker < brokers);
                if good {
                    prop_assert_eq!(next.broker, 0);
                }
            }
        }
    }
}
