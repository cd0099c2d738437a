//! Names that the clinic gives: sites, gateways, cuffs, patients, sessions, attestation items.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest name, in characters.
pub const LONGEST: usize = 40;

/// The longest name of a site or a gateway, in characters.
pub const LONGEST_OF_GATEWAY: usize = 24;

/// A name of the grammar `[A-Za-z0-9][A-Za-z0-9_-]{0,39}`: safe in topics, file names, and URLs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Box<str>);

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
        Ok(Self(text.into()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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
        name.0.into()
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
}
