//! When a cuff may be tried again, and when it is called unreachable.

use std::time::Duration;

use crate::core::moment::Moment;
use crate::core::source::{CuffHealth, Ending, Failure};

/// After a connection that came to an end in good order; a cuff reconnected sooner shows an error (Medisana E4).
const COOLDOWN: Duration = Duration::from_secs(5);
/// Tries in a series.
const SERIES: u32 = 5;
/// Before the second, third … try of a series.
const BACK_OFF: [Duration; SERIES as usize - 1] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];
/// After a series of five.
const BETWEEN_SERIES: Duration = Duration::from_secs(30);
/// After a failure that another try does not mend.
const AFTER_PERMANENT: Duration = Duration::from_secs(60);

/// What failed tries have come to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Retry {
    /// Tries in a row that failed.
    tries: u32,
    /// Of the tries of this series, how many lost a bonded cuff's link before it could be used.
    dropped: u32,
    told: Option<CuffHealth>,
}

/// What follows from an ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// No try before this moment.
    pub(super) not_before: Moment,
    /// To be told, if it is news.
    pub(super) health: Option<CuffHealth>,
}

impl Retry {
    /// Whether losing a bonded cuff's link once more before it could be used completes a series of nothing else.
    ///
    /// BlueZ reports a cuff that forgot its bond as a link that comes up and drops; so does a weak signal, now and then.
    pub(super) const fn bond_is_lost_by_next_drop(self) -> bool {
        self.dropped + 1 >= SERIES
    }

    /// Counts a bonded cuff's link that came up and was lost before it could be used.
    pub(super) const fn dropped(&mut self) {
        self.dropped += 1;
    }

    /// Takes in how a try ended.
    pub(super) fn ended(&mut self, ending: Ending, now: Moment) -> Verdict {
        match ending {
            Ending::Delivered | Ending::Empty => self.succeeded(now),
            Ending::Failed(Failure::Connect | Failure::Subscribe) => self.failed(now),
            Ending::Failed(Failure::Bond) => self.permanent(CuffHealth::BondLost, now),
            Ending::Failed(Failure::NoMeasurementCharacteristic | Failure::OnlyBehindServiceOfItsMaker(_)) => {
                let tries = self.tries + 1;
                self.permanent(CuffHealth::Unreachable { tries }, now)
            }
            Ending::Failed(Failure::Cap | Failure::Stack) | Ending::Stopped => Verdict {
                not_before: now + COOLDOWN,
                health: None,
            },
        }
    }

    fn succeeded(&mut self, now: Moment) -> Verdict {
        let news = self.told.is_some();
        *self = Self::default();
        Verdict {
            not_before: now + COOLDOWN,
            health: news.then_some(CuffHealth::Reachable),
        }
    }

    fn failed(&mut self, now: Moment) -> Verdict {
        let place = (self.tries % SERIES) as usize;
        self.tries = self.tries.saturating_add(1);
        match BACK_OFF.get(place) {
            Some(pause) => Verdict {
                not_before: now + *pause,
                health: None,
            },
            None => {
                self.dropped = 0;
                let health = CuffHealth::Unreachable { tries: self.tries };
                self.told = Some(health);
                Verdict {
                    not_before: now + BETWEEN_SERIES,
                    health: Some(health),
                }
            }
        }
    }

    fn permanent(&mut self, health: CuffHealth, now: Moment) -> Verdict {
        self.tries = self.tries.saturating_add(1);
        self.dropped = 0;
        let news = self.told != Some(health);
        self.told = Some(health);
        Verdict {
            not_before: now + AFTER_PERMANENT,
            health: news.then_some(health),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::from_boot(Duration::from_secs(seconds))
    }

    #[test]
    fn a_series_of_five_is_spaced_ever_wider_and_then_rests() {
        let mut retry = Retry::default();
        let connect = Ending::Failed(Failure::Connect);
        let pauses: Vec<u128> = (0..5)
            .map(|_| retry.ended(connect, at(0)).not_before.since(at(0)).as_millis())
            .collect();
        assert_eq!(pauses, [250, 500, 1000, 2000, 30_000]);
    }

    #[test]
    fn the_fifth_failure_says_unreachable_and_the_next_success_reachable() {
        let mut retry = Retry::default();
        let told: Vec<_> = (0..5)
            .filter_map(|_| retry.ended(Ending::Failed(Failure::Subscribe), at(0)).health)
            .collect();
        assert_eq!(told, [CuffHealth::Unreachable { tries: 5 }]);
        assert_eq!(retry.ended(Ending::Empty, at(1)).health, Some(CuffHealth::Reachable));
        assert_eq!(retry.ended(Ending::Delivered, at(9)).health, None);
    }

    #[test]
    fn a_lost_bond_is_told_once_and_not_tried_again_soon() {
        let mut retry = Retry::default();
        let bond = Ending::Failed(Failure::Bond);
        let first = retry.ended(bond, at(0));
        assert_eq!(first.health, Some(CuffHealth::BondLost));
        assert_eq!(first.not_before, at(60));
        assert_eq!(retry.ended(bond, at(60)).health, None);
    }

    #[test]
    fn a_capped_or_stopped_connection_is_no_failed_try() {
        let mut retry = Retry::default();
        for ending in [
            Ending::Failed(Failure::Cap),
            Ending::Stopped,
            Ending::Failed(Failure::Stack),
        ] {
            assert_eq!(retry.ended(ending, at(0)).not_before, at(5), "{ending:?}");
        }
        assert_eq!(retry.tries, 0);
    }

    #[test]
    fn five_drops_of_a_bonded_link_in_a_row_mean_a_lost_bond() {
        let mut retry = Retry::default();
        let mut lost = Vec::new();
        for _ in 0..5 {
            lost.push(retry.bond_is_lost_by_next_drop());
            retry.dropped();
            let _ = retry.ended(Ending::Failed(Failure::Connect), at(0));
        }
        assert_eq!(lost, [false, false, false, false, true]);
    }
}
