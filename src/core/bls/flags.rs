//! The flags octet in front of every pressure: which unit, and which fields follow.

use super::measurement::Unit;

/// Bit 0: kilopascal instead of millimetres of mercury.
const KILOPASCAL: u8 = 1 << 0;
/// Bit 1: a time stamp follows.
pub(super) const TIMESTAMP: u8 = 1 << 1;
/// Bit 2: a pulse rate follows.
pub(super) const PULSE_RATE: u8 = 1 << 2;
/// Bit 3: a user id follows.
pub(super) const USER_ID: u8 = 1 << 3;
/// Bit 4: a measurement status follows.
pub(super) const STATUS: u8 = 1 << 4;
/// Bit 5, enhanced only: a user-facing time follows.
pub(super) const USER_FACING_TIME: u8 = 1 << 5;
/// Bit 6, enhanced only: seconds count from 2000 instead of 1900.
pub(super) const EPOCH_2000: u8 = 1 << 6;
/// Bits 5–7 have no meaning yet in 0x2A35 and 0x2A36, and some cuffs set them.
pub(super) const RESERVED: u8 = 0b1110_0000;

pub(super) const fn has(flags: u8, bit: u8) -> bool {
    flags & bit != 0
}

/// `bit` if the field is there.
pub(super) const fn bit_of<T>(field: Option<&T>, bit: u8) -> u8 {
    if field.is_some() { bit } else { 0 }
}

pub(super) const fn unit_of(flags: u8) -> Unit {
    if has(flags, KILOPASCAL) { Unit::KPa } else { Unit::MmHg }
}

pub(super) const fn bit_of_unit(unit: Unit) -> u8 {
    match unit {
        Unit::MmHg => 0,
        Unit::KPa => KILOPASCAL,
    }
}
