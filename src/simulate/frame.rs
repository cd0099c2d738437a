//! The octets of a virtual cuff: what was measured, in the model's own way of saying it.

use jiff::civil::DateTime;
use rust_decimal::{Decimal, RoundingStrategy};

use super::habits::{Habits, Mean, Octets};
use super::visit::{Taken, Values};
use crate::core::bls::cuff_pressure::CuffPressure;
use crate::core::bls::measurement::{CuffTime, Measurement, Unit};
use crate::core::bls::sfloat::Sfloat;

const TIME_STAMP: u8 = 1 << 1;
const PULSE_RATE: u8 = 1 << 2;
const USER_ID: u8 = 1 << 3;
const STATUS: u8 = 1 << 4;
const KPA: u8 = 1;

/// A reserved flag that the BM85 sets.
const BM85_RESERVED: u8 = 1 << 6;

/// One kilopascal in mmHg, with six decimals.
const MMHG_IN_KPA: Decimal = Decimal::from_parts(7_500_617, 0, 0, false, 6);

/// What a cuff of these habits means by `taken`, stamped by its own clock.
#[must_use]
pub fn measurement(habits: &Habits, taken: &Taken, stamp: Option<DateTime>, user_id: Option<u8>) -> Measurement {
    let [systolic, diastolic, mean_arterial_pressure, pulse_rate] = numbers(habits, taken);
    let mut flags = PULSE_RATE | STATUS;
    flags |= if taken.unit == Unit::KPa { KPA } else { 0 };
    flags |= if stamp.is_some() { TIME_STAMP } else { 0 };
    flags |= if user_id.is_some() { USER_ID } else { 0 };
    Measurement {
        flags,
        unit: taken.unit,
        systolic,
        diastolic,
        mean_arterial_pressure,
        timestamp: stamp.map(CuffTime::Valid),
        pulse_rate: Some(pulse_rate),
        user_id,
        status: Some(taken.status),
        trailing: 0,
    }
}

/// Systolic, diastolic, mean, pulse rate.
fn numbers(habits: &Habits, taken: &Taken) -> [Sfloat; 4] {
    let Some(values) = taken.values else {
        return [Sfloat::NotANumber; 4];
    };
    let pressure = |mmhg: u16| in_unit(mmhg, taken.unit);
    let mean = match habits.mean {
        Mean::Real => pressure(mean_of(values)),
        Mean::Zero => Sfloat::Number(Decimal::ZERO),
        Mean::NotANumber => Sfloat::NotANumber,
    };
    let pulse_rate = Sfloat::Number(values.pulse_rate.into());
    [pressure(values.systolic), pressure(values.diastolic), mean, pulse_rate]
}

const fn mean_of(values: Values) -> u16 {
    values.diastolic + values.systolic.saturating_sub(values.diastolic) / 3
}

fn in_unit(mmhg: u16, unit: Unit) -> Sfloat {
    let mmhg = Decimal::from(mmhg);
    Sfloat::Number(match unit {
        Unit::MmHg => mmhg,
        // One decimal: with two, an SFLOAT ends at 20.47 kPa, which is 153 mmHg.
        Unit::KPa => (mmhg / MMHG_IN_KPA).round_dp_with_strategy(1, RoundingStrategy::MidpointAwayFromZero),
    })
}

/// The octets of `measurement` as a cuff of these habits sends them.
#[must_use]
pub fn encode(habits: &Habits, measurement: &Measurement) -> Vec<u8> {
    // What the format cannot express (no person's values) is sent as no octets at all, which every decoder refuses.
    let mut octets = measurement.encode().unwrap_or_default();
    match habits.octets {
        Octets::Standard => {}
        Octets::Bm85 => bend_like_bm85(&mut octets, measurement),
    }
    octets
}

/// Done here by hand and not by the codec's own table, so that the two can be tested against each other.
/// Hides the user flag (the octet stays), sets the reserved one, turns pulse rate and status round.
fn bend_like_bm85(octets: &mut [u8], measurement: &Measurement) {
    let pulse_at = if measurement.timestamp.is_some() { 14 } else { 7 };
    let status_at = octets.len().saturating_sub(2);
    if let Some(flags) = octets.first_mut() {
        *flags = (*flags & !USER_ID) | BM85_RESERVED;
    }
    for at in [pulse_at, status_at] {
        if let Some(pair) = octets.get_mut(at..at + 2) {
            pair.reverse();
        }
    }
}

/// The octets of 0x2A36 while the cuff holds `mmhg`.
#[must_use]
pub fn cuff_pressure(mmhg: u16) -> Vec<u8> {
    let pressure = CuffPressure {
        flags: 0,
        unit: Unit::MmHg,
        cuff_pressure: in_unit(mmhg, Unit::MmHg),
        timestamp: None,
        pulse_rate: None,
        user_id: None,
        status: None,
        trailing: 0,
    };
    pressure.encode().unwrap_or_default()
}
