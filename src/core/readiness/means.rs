//! Means of readings, and what of them is outside the policy's limits. Compared exactly: sums against limits times the count.

use rust_decimal::Decimal;

use super::policy::{Limits, Policy, Pressures};
use super::round::Counted;
use crate::core::reason::{Reason, Side, Vital};

/// Means for printing; never compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Means {
    /// Systolic, mmHg.
    pub systolic: Decimal,
    /// Diastolic, mmHg.
    pub diastolic: Decimal,
    /// Beats per minute; `None` unless each reading has a pulse rate above 0.
    pub pulse_rate: Option<Decimal>,
}

impl Means {
    /// The means of `counted`; `None` if there are none.
    pub(super) fn of(counted: &[Counted]) -> Option<Self> {
        Some(Self {
            systolic: Sum::of(counted, Vital::Systolic)?.mean(),
            diastolic: Sum::of(counted, Vital::Diastolic)?.mean(),
            pulse_rate: Sum::of(counted, Vital::PulseRate).map(Sum::mean),
        })
    }
}

/// What of the means of `counted` is outside the limits, systolic first; of one reading: what of it is outside by itself.
pub(super) fn outside(counted: &[Counted], policy: &Policy) -> Vec<Reason> {
    [
        (Vital::Systolic, Some(policy.systolic)),
        (Vital::Diastolic, Some(policy.diastolic)),
        (Vital::PulseRate, policy.pulse_rate),
    ]
    .into_iter()
    .filter_map(|(of, limits)| {
        let sum = Sum::of(counted, of)?;
        let (side, limit) = sum.passes(limits?)?;
        let measured = sum.mean();
        Some(Reason::Limit {
            of,
            side,
            measured,
            limit,
        })
    })
    .collect()
}

/// Whether the readings differ by more than `allowed` in either pressure.
pub(super) fn differ_by_more(counted: &[Counted], allowed: Pressures) -> bool {
    spread(counted, |reading| reading.systolic) > allowed.systolic
        || spread(counted, |reading| reading.diastolic) > allowed.diastolic
}

fn spread(counted: &[Counted], pressure: impl Fn(&Counted) -> Decimal) -> Decimal {
    let least = counted.iter().map(&pressure).min();
    let greatest = counted.iter().map(&pressure).max();
    match (least, greatest) {
        (Some(least), Some(greatest)) => greatest - least,
        (None, _) | (_, None) => Decimal::ZERO,
    }
}

/// A sum of as many values as there are readings.
#[derive(Clone, Copy)]
struct Sum {
    total: Decimal,
    /// How many; never 0. Of one value nothing is added, multiplied or divided: it is the most frequent case.
    count: usize,
}

impl Sum {
    /// `None` if there is no reading, or one that lacks the value.
    fn of(counted: &[Counted], of: Vital) -> Option<Self> {
        let mut values = counted.iter().map(|reading| match of {
            Vital::Systolic => Some(reading.systolic),
            Vital::Diastolic => Some(reading.diastolic),
            Vital::PulseRate => reading.pulse_rate,
        });
        let first = values.next()??;
        let total = values.try_fold(first, |total, value| Some(total + value?))?;
        let count = counted.len();
        Some(Self { total, count })
    }

    fn mean(self) -> Decimal {
        match self.count {
            1 => self.total,
            count => self.total / Decimal::from(count),
        }
    }

    /// What the total of values at this limit would be.
    fn at(self, limit: Decimal) -> Decimal {
        match self.count {
            1 => limit,
            count => limit.saturating_mul(Decimal::from(count)),
        }
    }

    /// The end of `limits` that the mean passes.
    fn passes(self, limits: Limits) -> Option<(Side, Decimal)> {
        if self.total > self.at(limits.max) {
            Some((Side::Above, limits.max))
        } else if self.total < self.at(limits.min) {
            Some((Side::Below, limits.min))
        } else {
            None
        }
    }
}
