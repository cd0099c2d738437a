//! SFLOAT, the 16-bit decimal of IEEE 11073-20601: what cuffs write numbers in.

use rust_decimal::Decimal;

/// One SFLOAT: a number, or one of the five codes that mean "no number".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sfloat {
    /// An exact decimal, its scale as sent.
    Number(Decimal),
    /// Not a number: the sensor has no value. On the air 0x07FF.
    NotANumber,
    /// Not at this resolution. On the air 0x0800.
    NotAtThisResolution,
    /// Above what the sensor can tell. On the air 0x07FE.
    PositiveInfinity,
    /// Below what the sensor can tell. On the air 0x0802.
    NegativeInfinity,
    /// Reserved for future use. On the air 0x0801.
    Reserved,
}

impl Sfloat {
    /// The number, if it is one.
    #[must_use]
    pub const fn number(self) -> Option<Decimal> {
        match self {
            Self::Number(value) => Some(value),
            Self::NotANumber
            | Self::NotAtThisResolution
            | Self::PositiveInfinity
            | Self::NegativeInfinity
            | Self::Reserved => None,
        }
    }
}
