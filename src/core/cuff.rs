//! A registered cuff: what it is called, how it is found, and whose measurements it takes (contract 2.1).

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use super::name::Name;

/// One registered cuff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cuff {
    /// What events, messages and the page call it.
    pub id: Name,
    /// Its identity address; never in a message, never in a log.
    pub address: Address,
    /// Its row in the table of models; `standard` where nothing is known of it.
    pub model: &'static super::models::Model,
    /// Whether its clock is right although it can neither be read nor set.
    pub trust_clock: bool,
    /// Whose measurements it takes.
    pub wearer: Wearer,
    /// What was measured before belongs to nobody. Set by `pair`.
    pub since: Option<Timestamp>,
}

impl Cuff {
    /// The user ids under which it takes this patient's measurements; none where it does not go by them.
    #[must_use]
    pub fn users_of(&self, patient: &Name) -> Vec<u8> {
        match &self.wearer {
            Wearer::Users(users) => {
                let own = users.iter().filter(|(_, owner)| *owner == patient);
                own.map(|(user, _)| *user).collect()
            }
            Wearer::Patient(_) | Wearer::Session => Vec::new(),
        }
    }
}

/// The patients whom these cuffs name, each once.
#[must_use]
pub fn patients(cuffs: &[Cuff]) -> Vec<Name> {
    let mut patients: Vec<Name> = Vec::new();
    for cuff in cuffs {
        let named: Vec<&Name> = match &cuff.wearer {
            Wearer::Patient(patient) => vec![patient],
            Wearer::Users(users) => users.values().collect(),
            Wearer::Session => Vec::new(),
        };
        for patient in named {
            if !patients.contains(patient) {
                patients.push(patient.clone());
            }
        }
    }
    patients
}

/// Whose measurements a cuff takes. Prints its kind, never the patients.
#[derive(Clone, PartialEq, Eq)]
pub enum Wearer {
    /// By the user id that the cuff sends (0–254).
    Users(BTreeMap<u8, Name>),
    /// One person's own cuff.
    Patient(Name),
    /// A clinic's cuff: the patient of the open session that named it.
    Session,
}

impl Wearer {
    /// The word in place of a patient for [`Wearer::Session`]. No patient can have this id.
    pub const SESSION: &str = "session";
}

impl fmt::Debug for Wearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Users(_) => "Users(<private>)",
            Self::Patient(_) => "Patient(<private>)",
            Self::Session => "Session",
        })
    }
}

/// A Bluetooth device address, the six octets as written, most significant first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address([u8; 6]);

/// The text is not six pairs of hexadecimal digits with colons between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not an address of the form AA:BB:CC:DD:EE:FF")]
pub struct AddressError;

impl Address {
    /// The address of these octets, most significant first.
    #[must_use]
    pub const fn new(octets: [u8; 6]) -> Self {
        Self(octets)
    }

    /// The octets, most significant first.
    #[must_use]
    pub const fn octets(self) -> [u8; 6] {
        self.0
    }

    /// The address as text, for D-Bus and for the person who registers a cuff; not for logs.
    #[must_use]
    pub fn expose(self) -> String {
        let [a, b, c, d, e, f] = self.0;
        format!("{a:02X}:{b:02X}:{c:02X}:{d:02X}:{e:02X}:{f:02X}")
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let mut octets = [0; 6];
        let mut parts = text.split(':');
        for octet in &mut octets {
            let part = parts
                .next()
                .filter(|part| part.len() == 2 && part.bytes().all(|o| o.is_ascii_hexdigit()));
            *octet = part
                .and_then(|part| u8::from_str_radix(part, 16).ok())
                .ok_or(AddressError)?;
        }
        match parts.next() {
            None => Ok(Self(octets)),
            Some(_) => Err(AddressError),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<private>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_is_six_pairs_in_either_case() {
        let address: Address = "c0:ff:EE:00:00:01".parse().expect("six pairs");
        assert_eq!(address.expose(), "C0:FF:EE:00:00:01");
        for bad in [
            "",
            "C0:FF:EE:00:00",
            "C0:FF:EE:00:00:01:02",
            "C0-FF-EE-00-00-01",
            "C0:FF:EE:00:0:01",
            "C0:FF:EE:00:00:+1",
            "C0:FF:EE:00:00:0G",
        ] {
            assert_eq!(bad.parse::<Address>(), Err(AddressError), "{bad:?}");
        }
    }

    #[test]
    fn address_does_not_print_itself() {
        assert_eq!(format!("{:?}", Address::new([1; 6])), "<private>");
    }
}
