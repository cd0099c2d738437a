//! A measurement's numbers in the units that are judged and published.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::core::bls::measurement::{Measurement, Unit};
use crate::core::bls::sfloat::Sfloat;

/// Millimetres of mercury in a kilopascal (contract 2.5).
const MMHG_PER_KPA: Decimal = Decimal::from_parts(7_500_617, 0, 0, false, 6);

/// What a measurement says, unrounded; `None` where it sent no number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// Systolic pressure, mmHg.
    pub systolic: Option<Decimal>,
    /// Diastolic pressure, mmHg.
    pub diastolic: Option<Decimal>,
    /// Mean arterial pressure, mmHg. Plays no part in judging.
    pub mean_arterial_pressure: Option<Decimal>,
    /// Pulse rate, beats per minute, as sent: may be 0.
    pub pulse_rate: Option<Decimal>,
}

impl Values {
    /// The numbers of `measurement`, kPa converted.
    #[must_use]
    pub fn of(measurement: &Measurement) -> Self {
        let mmhg = |pressure: Sfloat| {
            let number = pressure.number()?;
            Some(match measurement.unit {
                Unit::MmHg => number,
                Unit::KPa => number * MMHG_PER_KPA,
            })
        };
        Self {
            systolic: mmhg(measurement.systolic),
            diastolic: mmhg(measurement.diastolic),
            mean_arterial_pressure: mmhg(measurement.mean_arterial_pressure),
            pulse_rate: measurement.pulse_rate.and_then(Sfloat::number),
        }
    }

    /// The pulse rate, if it is one: above 0.
    #[must_use]
    pub fn real_pulse_rate(&self) -> Option<Decimal> {
        self.pulse_rate.filter(|rate| is_positive(*rate))
    }
}

/// Whether a number is above 0. Faster than a comparison of decimals, which aligns their scales first.
pub(super) const fn is_positive(number: Decimal) -> bool {
    number.is_sign_positive() && !number.is_zero()
}

/// A pressure in mmHg as messages tell it (contract 3.1): what came in kPa has one decimal. Never compared so.
#[must_use]
pub fn published(pressure: Decimal, unit: Unit) -> Decimal {
    match unit {
        Unit::MmHg => pressure.normalize(),
        Unit::KPa => pressure
            .round_dp_with_strategy(1, RoundingStrategy::MidpointAwayFromZero)
            .normalize(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measurement(unit: Unit, systolic: Sfloat, pulse_rate: Option<Sfloat>) -> Measurement {
        Measurement {
            flags: 0,
            unit,
            systolic,
            diastolic: Sfloat::Number(Decimal::new(1067, 2)),
            mean_arterial_pressure: Sfloat::NotANumber,
            timestamp: None,
            pulse_rate,
            user_id: None,
            status: None,
            trailing: 0,
        }
    }

    #[test]
    fn kilopascal_are_converted_exactly_and_rounded_only_for_print() {
        let values = Values::of(&measurement(Unit::KPa, Sfloat::Number(Decimal::new(1604, 2)), None));
        assert_eq!(values.systolic, Some(Decimal::new(12_030_989_668, 8)));
        assert_eq!(values.diastolic, Some(Decimal::new(8_003_158_339, 8)));
        let systolic = values.systolic.expect("a number");
        assert_eq!(published(systolic, Unit::KPa), Decimal::new(1203, 1));
        assert_eq!(published(Decimal::new(12_060, 2), Unit::MmHg), Decimal::new(1206, 1));
    }

    #[test]
    fn what_is_no_number_is_none() {
        for special in [
            Sfloat::NotANumber,
            Sfloat::NotAtThisResolution,
            Sfloat::PositiveInfinity,
            Sfloat::NegativeInfinity,
            Sfloat::Reserved,
        ] {
            let values = Values::of(&measurement(Unit::MmHg, special, Some(special)));
            assert_eq!((values.systolic, values.pulse_rate), (None, None), "{special:?}");
        }
    }

    #[test]
    fn a_real_pulse_rate_is_above_zero() {
        for (sent, real) in [(-1, false), (0, false), (1, true)] {
            let sent = Some(Sfloat::Number(Decimal::from(sent)));
            let values = Values::of(&measurement(Unit::MmHg, Sfloat::NotANumber, sent));
            assert_eq!(values.real_pulse_rate().is_some(), real, "{sent:?}");
        }
    }
}
