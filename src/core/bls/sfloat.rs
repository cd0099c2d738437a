//! SFLOAT, the 16-bit decimal of IEEE 11073-20601: what cuffs write numbers in.
//!
//! Bits 15–12 are the exponent, bits 11–0 the mantissa, both in two's complement. Five words mean "no number".

use rust_decimal::Decimal;

use super::octets::Unencodable;

const NOT_A_NUMBER: u16 = 0x07FF;
const NOT_AT_THIS_RESOLUTION: u16 = 0x0800;
const POSITIVE_INFINITY: u16 = 0x07FE;
const NEGATIVE_INFINITY: u16 = 0x0802;
const RESERVED: u16 = 0x0801;

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

    /// What a word on the air means. Every word means something.
    #[must_use]
    pub fn from_word(word: u16) -> Self {
        // The five codes share exponent 0, so the whole word decides: 0x17FF is 20470, 0xF7FF is 204.7.
        match word {
            NOT_A_NUMBER => Self::NotANumber,
            NOT_AT_THIS_RESOLUTION => Self::NotAtThisResolution,
            POSITIVE_INFINITY => Self::PositiveInfinity,
            NEGATIVE_INFINITY => Self::NegativeInfinity,
            RESERVED => Self::Reserved,
            _ => Self::Number(number_of(word)),
        }
    }

    /// The word on the air. Its scale is kept where the mantissa allows it, so 69.0 stays 69.0.
    ///
    /// # Errors
    /// [`Unencodable::Number`] for a number that no word expresses exactly; nothing is ever rounded.
    pub fn to_word(self) -> Result<u16, Unencodable> {
        match self {
            Self::Number(value) => word_of(value).ok_or(Unencodable::Number(value)),
            Self::NotANumber => Ok(NOT_A_NUMBER),
            Self::NotAtThisResolution => Ok(NOT_AT_THIS_RESOLUTION),
            Self::PositiveInfinity => Ok(POSITIVE_INFINITY),
            Self::NegativeInfinity => Ok(NEGATIVE_INFINITY),
            Self::Reserved => Ok(RESERVED),
        }
    }

    /// The name of a code that means "no number", as IEEE 11073 abbreviates it; `None` for a number.
    #[must_use]
    pub const fn special(self) -> Option<&'static str> {
        match self {
            Self::Number(_) => None,
            Self::NotANumber => Some("NaN"),
            Self::NotAtThisResolution => Some("NRes"),
            Self::PositiveInfinity => Some("+INF"),
            Self::NegativeInfinity => Some("-INF"),
            Self::Reserved => Some("Reserved"),
        }
    }
}

fn number_of(word: u16) -> Decimal {
    // Arithmetic shifts carry the signs of both halves.
    let exponent = word.cast_signed() >> 12;
    let mantissa = i64::from((word << 4).cast_signed() >> 4);
    let power = u32::from(exponent.unsigned_abs());
    if exponent < 0 {
        Decimal::new(mantissa, power)
    } else {
        Decimal::new(mantissa * 10_i64.pow(power), 0)
    }
}

fn word_of(value: Decimal) -> Option<u16> {
    let mut mantissa = value.mantissa();
    let mut exponent = -i8::try_from(value.scale()).ok()?;
    loop {
        if let Some(word) = compose(mantissa, exponent) {
            return Some(word);
        }
        // A decimal has 28 digits at most, so this ends soon. Zero fits once its exponent does.
        if mantissa % 10 != 0 {
            return None;
        }
        mantissa /= 10;
        exponent += 1;
    }
}

/// The word with exactly this mantissa and exponent, if there is one and it is a number.
fn compose(mantissa: i128, exponent: i8) -> Option<u16> {
    let mantissa = i16::try_from(mantissa).ok().filter(|m| (-2048..=2047).contains(m))?;
    let exponent = Some(i16::from(exponent)).filter(|e| (-8..=7).contains(e))?;
    let word = (exponent << 12 | mantissa & 0x0FFF).cast_unsigned();
    Sfloat::from_word(word).number().map(|_| word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> Sfloat {
        Sfloat::Number(text.parse().expect("a decimal"))
    }

    #[test]
    fn words_mean_exact_decimals() {
        for (word, text) in [
            (0x0078, "120"),
            (0xF4B3, "120.3"),
            (0xF0A0, "16.0"),
            (0xF014, "2.0"),
            (0xF2B2, "69.0"),
            (0x17FF, "20470"),
            (0xF7FF, "204.7"),
            (0x77FF, "20470000000"),
            (0x8001, "0.00000001"),
            (0x8800, "-0.00002048"),
            (0x0FFF, "-1"),
            (0x0803, "-2045"),
            (0x07FD, "2045"),
            (0x0000, "0"),
            (0xF000, "0.0"),
            (0x7000, "0"),
        ] {
            assert_eq!(Sfloat::from_word(word), number(text), "{word:#06x}");
        }
    }

    #[test]
    fn scale_is_kept_as_sent() {
        let sent = Sfloat::from_word(0xF2B2).number().expect("a number");
        assert_eq!((sent.to_string().as_str(), sent.scale()), ("69.0", 1));
    }

    #[test]
    fn five_words_and_no_others_are_no_number() {
        let specials: Vec<u16> = (0..=u16::MAX)
            .filter(|word| Sfloat::from_word(*word).number().is_none())
            .collect();
        assert_eq!(specials, [0x07FE, 0x07FF, 0x0800, 0x0801, 0x0802]);
        let names: Vec<_> = specials
            .iter()
            .filter_map(|word| Sfloat::from_word(*word).special())
            .collect();
        assert_eq!(names, ["+INF", "NaN", "NRes", "Reserved", "-INF"]);
    }

    #[test]
    fn every_word_comes_back_as_the_same_value() {
        for word in 0..=u16::MAX {
            let value = Sfloat::from_word(word);
            let again = value.to_word().expect("what was sent can be sent");
            assert_eq!(Sfloat::from_word(again), value, "{word:#06x}");
            // A positive exponent has no scale to keep, so 0x1001 comes back as 0x000A.
            let exponent = word.cast_signed() >> 12;
            assert!(again == word || exponent > 0, "{word:#06x} came back as {again:#06x}");
        }
    }

    #[test]
    fn what_is_not_exact_is_refused() {
        for text in [
            "2047",
            "2046",
            "-2046",
            "-2048",
            "204.81",
            "1234.5",
            "0.000000001",
            "20470000001",
            "2049",
        ] {
            let Sfloat::Number(value) = number(text) else {
                unreachable!("a number")
            };
            assert_eq!(number(text).to_word(), Err(Unencodable::Number(value)), "{text}");
        }
    }

    #[test]
    fn needless_digits_do_not_hinder() {
        for (text, word) in [
            ("120.00", 0xF4B0),
            ("120.000000000", 0xF4B0),
            ("0.0000000000", 0x8000),
            ("3000", 0x112C),
        ] {
            assert_eq!(number(text).to_word(), Ok(word), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_decimal_is_sent_exactly_or_refused(mantissa in any::<i64>(), scale in 0_u32..28) {
            let value = Sfloat::Number(Decimal::new(mantissa, scale));
            if let Ok(word) = value.to_word() {
                prop_assert_eq!(Sfloat::from_word(word), value);
            }
        }
    }
}
