//! The faults that can be asked for, by name and probability.

use std::str::FromStr;

/// Something that goes wrong now and then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The link is lost in the middle of a dump.
    LinkLost,
    /// The newest measurement comes twice.
    Double,
    /// The cuff could not measure: all values are "not a number".
    ErrorFrame,
    /// Octets are missing at the end.
    Truncated,
    /// The person moved.
    BodyMovement,
    /// The cuff was loose.
    LooseCuff,
    /// The pulse was irregular.
    IrregularPulse,
    /// The cuff's clock is off by hours.
    WrongClock,
    /// The cuff's clock was never set, or lost its battery.
    UnsetClock,
    /// Somebody else of the household measured.
    OtherUser,
    /// The cuff speaks kilopascal.
    Kpa,
    /// The cuff is heard and cannot be reached.
    Unreachable,
    /// The cuff has forgotten its bond.
    BondLost,
}

impl Fault {
    /// Every fault, with its name on the command line.
    pub const ALL: [(Self, &'static str); 13] = [
        (Self::LinkLost, "link-lost"),
        (Self::Double, "double"),
        (Self::ErrorFrame, "error-frame"),
        (Self::Truncated, "truncated"),
        (Self::BodyMovement, "body-movement"),
        (Self::LooseCuff, "loose-cuff"),
        (Self::IrregularPulse, "irregular-pulse"),
        (Self::WrongClock, "wrong-clock"),
        (Self::UnsetClock, "unset-clock"),
        (Self::OtherUser, "other-user"),
        (Self::Kpa, "kpa"),
        (Self::Unreachable, "unreachable"),
        (Self::BondLost, "bond-lost"),
    ];
}

/// How often a fault happens where nothing else is said.
const USUAL: f64 = 0.1;

/// One fault, and how often it happens: with each measurement or connection, whichever it belongs to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chance {
    fault: Fault,
    probability: f64,
}

/// Why a text is no [`Chance`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChanceError {
    /// No fault has that name.
    #[error("is not a fault; known are {}", names())]
    Unknown,
    /// What stands after `=` is not from 0 to 1.
    #[error("the probability must be a number from 0 to 1")]
    Probability,
}

fn names() -> String {
    Fault::ALL.map(|(_, name)| name).join(", ")
}

impl FromStr for Chance {
    type Err = ChanceError;

    fn from_str(text: &str) -> Result<Self, ChanceError> {
        let (name, probability) = match text.split_once('=') {
            None => (text, USUAL),
            Some((name, number)) => {
                let number = number.parse().map_err(|_| ChanceError::Probability)?;
                (name, number)
            }
        };
        if !(0.0..=1.0).contains(&probability) {
            return Err(ChanceError::Probability);
        }
        let known = Fault::ALL.iter().find(|(_, known)| *known == name);
        let (fault, _) = *known.ok_or(ChanceError::Unknown)?;
        Ok(Self { fault, probability })
    }
}

/// How often each fault happens.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults(Vec<Chance>);

impl Faults {
    /// The faults of these chances; of one named twice the last counts.
    #[must_use]
    pub fn new(chances: impl IntoIterator<Item = Chance>) -> Self {
        Self(chances.into_iter().collect())
    }

    /// How likely `fault` is, from 0 to 1.
    #[must_use]
    pub fn probability(&self, fault: Fault) -> f64 {
        let last = self.0.iter().rev().find(|chance| chance.fault == fault);
        last.map_or(0.0, |chance| chance.probability)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_named_with_or_without_its_probability() {
        for (text, probability) in [("double", USUAL), ("double=0", 0.0), ("double=1", 1.0)] {
            let faults = Faults::new([text.parse().expect(text)]);
            assert!((faults.probability(Fault::Double) - probability).abs() < f64::EPSILON);
            assert!(faults.probability(Fault::Kpa).abs() < f64::EPSILON);
        }
    }

    #[test]
    fn what_is_no_fault_is_refused() {
        for (text, why) in [
            ("", ChanceError::Unknown),
            ("doubles", ChanceError::Unknown),
            ("double=", ChanceError::Probability),
            ("double=1.01", ChanceError::Probability),
            ("double=-0.1", ChanceError::Probability),
            ("double=NaN", ChanceError::Probability),
        ] {
            assert_eq!(text.parse::<Chance>(), Err(why), "{text:?}");
        }
    }

    #[test]
    fn every_fault_stands_in_the_list_once() {
        for (index, (fault, name)) in Fault::ALL.iter().enumerate() {
            let others = Fault::ALL.iter().skip(index + 1);
            assert!(others.clone().all(|(other, _)| other != fault));
            assert_eq!(
                name.parse(),
                Ok(Chance {
                    fault: *fault,
                    probability: USUAL
                })
            );
        }
    }
}
