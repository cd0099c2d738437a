//! Names that the clinic gives: sites, gateways, cuffs, patients, sessions, attestation items.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest name, in characters.
pub const LONGEST: usize = 40;

/// The longest name of a site or a gateway, in characters.
pub const LONGEST_OF_GATEWAY: usize = 24;

/// A name of the grammar `[A-Za-z0-9][A-Za-z0-9_-]{0,39}`: safe in topics, file names, and URLs.
///
/// It is held in place: names stand in every reading and every answer and are copied with them, and a copy must not allocate.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// Its octets, then zeros. No name has an octet 0, so that the order of the arrays is that of the texts.
    octets: [u8; LONGEST],
    length: u8,
}

/// Why a text is no [`Name`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// More than `longest` characters.
    #[error("is longer than {longest} characters")]
    TooLong {
        /// How many are allowed.
        longest: usize,
    },
    /// A character outside the grammar.
    #[error("has a character other than A-Z a-z 0-9 _ - (and the first must be a letter or digit)")]
    Character,
}

impl Name {
    /// Parses a name of at most [`LONGEST`] characters.
    ///
    /// # Errors
    /// Says which rule of the grammar the text breaks.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        Self::parse_up_to(text, LONGEST)
    }

    /// Parses a site's or gateway's name, of at most [`LONGEST_OF_GATEWAY`] characters.
    ///
    /// # Errors
    /// Says which rule of the grammar the text breaks.
    pub fn parse_gateway(text: &str) -> Result<Self, NameError> {
        Self::parse_up_to(text, LONGEST_OF_GATEWAY)
    }

    fn parse_up_to(text: &str, longest: usize) -> Result<Self, NameError> {
        let mut octets = text.bytes();
        let first = octets.next().ok_or(NameError::Empty)?;
        let rest_fits = octets.all(|o| o.is_ascii_alphanumeric() || o == b'_' || o == b'-');
        if !first.is_ascii_alphanumeric() || !rest_fits {
            return Err(NameError::Character);
        }
        if text.len() > longest {
            return Err(NameError::TooLong { longest });
        }
        Self::holding(text).ok_or(NameError::TooLong { longest })
    }

    /// `None` if there is no place for so long a text.
    fn holding(text: &str) -> Option<Self> {
        let mut octets = [0; LONGEST];
        octets.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        let length = u8::try_from(text.len()).ok()?;
        Some(Self { octets, length })
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(self.as_octets()).unwrap_or_default()
    }

    fn as_octets(&self) -> &[u8] {
        self.octets.get(..usize::from(self.length)).unwrap_or_default()
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Name").field(&self.as_str()).finish()
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_octets().hash(state);
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.as_str().to_owned()
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Texts)
    }
}

/// Takes a name from a text without making another text of it.
struct Texts;

impl Visitor<'_> for Texts {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Name, E> {
        Name::parse(text).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_limits_are_inclusive() {
        for (length, any, gateway) in [
            (23, true, true),
            (24, true, true),
            (25, true, false),
            (40, true, false),
            (41, false, false),
        ] {
            let text = "a".repeat(length);
            assert_eq!(Name::parse(&text).is_ok(), any, "{length} characters");
            assert_eq!(
                Name::parse_gateway(&text).is_ok(),
                gateway,
                "{length} characters, of a gateway"
            );
        }
    }

    #[test]
    fn only_the_grammar_is_a_name() {
        for good in ["a", "0", "p-7f3a", "gw_0042", "A-_"] {
            assert!(Name::parse(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("", NameError::Empty),
            ("-a", NameError::Character),
            ("_a", NameError::Character),
            ("a b", NameError::Character),
            ("a/b", NameError::Character),
            ("a+", NameError::Character),
            ("é", NameError::Character),
            ("a\n", NameError::Character),
        ] {
            assert_eq!(Name::parse(bad), Err(why), "{bad:?}");
        }
    }

    #[test]
    fn names_are_ordered_printed_and_written_as_their_texts() {
        let texts = ["0", "A", "a", "a-", "a0", "aa", "ab", "b"];
        let names: Vec<Name> = texts.iter().map(|text| Name::parse(text).expect("a name")).collect();
        assert!(names.is_sorted());
        for (name, text) in names.iter().zip(texts) {
            assert_eq!((name.as_str(), name.to_string().as_str()), (text, text));
            assert_eq!(format!("{name:?}"), format!("Name({text:?})"));
            let json = serde_json::to_string(name).expect("json");
            assert_eq!(json, format!("{text:?}"));
            assert_eq!(&serde_json::from_str::<Name>(&json).expect("a name"), name);
        }
        assert!(serde_json::from_str::<Name>("\"a b\"").is_err());
        assert!(serde_json::from_str::<Name>("7").is_err());
    }
}
