//! When somebody measures and what goes wrong, drawn from a seed: the same seed gives the same visits.

use std::time::Duration;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use super::fault::{Fault, Faults};
use super::visit::{ClockMishap, Mishap, Taken, User, Values, Visit};
use crate::core::bls::measurement::{Status, Unit};

/// The bits of the measurement status that a fault sets.
const BODY_MOVEMENT: u16 = 1;
const CUFF_TOO_LOOSE: u16 = 1 << 1;
const IRREGULAR_PULSE: u16 = 1 << 2;

/// How long two measurements of one sitting lie apart, where there is time for it.
const SPACING: Duration = Duration::from_secs(75);

/// Failed connections after which the collector calls a cuff unreachable.
const TRIES: u32 = 5;

/// The longest that one waits for a cuff's first visit.
const FIRST_WITHIN: Duration = Duration::from_secs(10);

/// How often, and how many at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Measurements that one connection brings.
    pub readings: u16,
    /// From one connection's begin to the next, on average.
    pub every: Duration,
}

/// One cuff's visits to come, without end.
#[derive(Clone, Debug)]
pub struct Routine {
    random: Xoshiro256PlusPlus,
    usual: Values,
    pace: Pace,
    faults: Faults,
    first: First,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    ToCome,
    Gone,
}

impl Routine {
    /// The visits of one cuff; give each cuff its own seed.
    #[must_use]
    pub fn new(seed: u64, pace: Pace, faults: Faults) -> Self {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let usual = Values {
            systolic: random.random_range(112..=138),
            diastolic: random.random_range(66..=86),
            pulse_rate: random.random_range(58..=84),
        };
        Self {
            random,
            usual,
            pace,
            faults,
            first: First::ToCome,
        }
    }

    /// How long after the last one's begin the next visit begins, and what it brings.
    pub fn next_visit(&mut self) -> (Duration, Visit) {
        let wait = self.wait();
        let gap = SPACING.min(self.pace.every / (u32::from(self.pace.readings) + 1));
        let taken = (1..=self.pace.readings)
            .rev()
            .map(|ago| self.take(gap * u32::from(ago)));
        let taken = taken.collect();
        let visit = Visit {
            taken,
            live: None,
            doubled: self.happens(Fault::Double),
            bond: None,
            clock: self.clock_mishap(),
            mishap: self.mishap(),
        };
        (wait, visit)
    }

    fn wait(&mut self) -> Duration {
        let share = self.random.random_range(0.0..1.0);
        match std::mem::replace(&mut self.first, First::Gone) {
            First::ToCome => self.pace.every.min(FIRST_WITHIN).mul_f64(share),
            First::Gone => self.pace.every.mul_f64(0.5 + share),
        }
    }

    fn take(&mut self, before: Duration) -> Taken {
        let values = self.values();
        let other = self.happens(Fault::OtherUser);
        let kpa = self.happens(Fault::Kpa);
        Taken {
            before,
            user: if other { User::Other } else { User::Wearer },
            values: (!self.happens(Fault::ErrorFrame)).then_some(values),
            status: self.status(),
            unit: if kpa { Unit::KPa } else { Unit::MmHg },
            cut_to: self.happens(Fault::Truncated).then(|| self.random.random_range(1..10)),
        }
    }

    fn values(&mut self) -> Values {
        Values {
            systolic: self.usual.systolic + self.random.random_range(0..=16) - 8,
            diastolic: self.usual.diastolic + self.random.random_range(0..=10) - 5,
            pulse_rate: self.usual.pulse_rate + self.random.random_range(0..=12) - 6,
        }
    }

    fn status(&mut self) -> Status {
        let bits = [
            (Fault::BodyMovement, BODY_MOVEMENT),
            (Fault::LooseCuff, CUFF_TOO_LOOSE),
            (Fault::IrregularPulse, IRREGULAR_PULSE),
        ];
        let set = bits.into_iter().filter(|(fault, _)| self.happens(*fault));
        Status(set.fold(0, |status, (_, bit)| status | bit))
    }

    fn clock_mishap(&mut self) -> Option<ClockMishap> {
        if self.happens(Fault::UnsetClock) {
            return Some(ClockMishap::Unset);
        }
        let wrong = self.happens(Fault::WrongClock);
        wrong.then(|| ClockMishap::Ahead(self.random.random_range(-86_400..86_400)))
    }

    fn mishap(&mut self) -> Option<Mishap> {
        if self.happens(Fault::BondLost) {
            return Some(Mishap::BondLost);
        }
        if self.happens(Fault::Unreachable) {
            return Some(Mishap::Unreachable { tries: TRIES });
        }
        let lost = self.happens(Fault::LinkLost);
        let most = usize::from(self.pace.readings);
        lost.then(|| Mishap::LinkLost {
            after: self.random.random_range(0..most.max(1)),
        })
    }

    /// Draws whether or not the fault is asked for, so that asking for one leaves the others where they were.
    fn happens(&mut self, fault: Fault) -> bool {
        self.random.random_range(0.0..1.0) < self.faults.probability(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace {
        readings: 3,
        every: Duration::from_secs(600),
    };

    fn faults(names: &[&str]) -> Faults {
        Faults::new(names.iter().map(|name| name.parse().expect("a fault")))
    }

    fn visits(seed: u64, faults: &Faults) -> Vec<(Duration, Visit)> {
        let mut routine = Routine::new(seed, PACE, faults.clone());
        (0..50).map(|_| routine.next_visit()).collect()
    }

    #[test]
    fn a_seed_decides_everything() {
        let faults = faults(&["double=0.5", "truncated=0.5", "wrong-clock=0.5", "link-lost=0.5"]);
        assert_eq!(visits(7, &faults), visits(7, &faults));
        assert_ne!(visits(7, &faults), visits(8, &faults));
    }

    #[test]
    fn without_faults_all_goes_well() {
        for (_, visit) in visits(1, &Faults::default()) {
            assert_eq!(visit.taken.len(), 3);
            assert!(
                visit.taken.is_sorted_by(|one, next| one.before > next.before),
                "oldest first"
            );
            let fine = |taken: &Taken| *taken == Taken::measured(taken.values.expect("values"), taken.before);
            assert!(visit.taken.iter().all(fine));
            let expected = Visit {
                taken: visit.taken.clone(),
                ..Visit::default()
            };
            assert_eq!(visit, expected);
        }
    }

    #[test]
    fn the_first_visit_comes_soon_and_the_others_at_their_pace() {
        let visits = visits(1, &Faults::default());
        let (first, others) = visits.split_first().expect("visits");
        assert!(first.0 < FIRST_WITHIN);
        assert!(
            others
                .iter()
                .all(|(wait, _)| *wait >= PACE.every / 2 && *wait < PACE.every * 3 / 2)
        );
    }

    #[test]
    fn a_fault_that_is_certain_happens_each_time() {
        for (_, visit) in visits(
            1,
            &faults(&["loose-cuff=1", "error-frame=1", "bond-lost=1", "unset-clock=1"]),
        ) {
            assert!(visit.taken.iter().all(|taken| taken.status == Status(CUFF_TOO_LOOSE)));
            assert!(visit.taken.iter().all(|taken| taken.values.is_none()));
            assert_eq!(visit.mishap, Some(Mishap::BondLost));
            assert_eq!(visit.clock, Some(ClockMishap::Unset));
        }
    }

    #[test]
    fn values_stay_those_of_a_person() {
        for seed in 0..200 {
            let values = Routine::new(seed, PACE, Faults::default()).values();
            assert!((100..=150).contains(&values.systolic), "{values:?}");
            assert!(values.diastolic < values.systolic, "{values:?}");
        }
    }
}
