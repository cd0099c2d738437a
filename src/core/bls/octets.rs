//! Octets read in order; running out of them is the only way that decoding fails.

use super::sfloat::Sfloat;
use super::status::Status;

/// A value is shorter than its own flags need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("has {found} octets, needs at least {needed}")]
pub struct Truncated {
    /// How many octets the fields up to the missing one take.
    pub needed: usize,
    /// How many there are.
    pub found: usize,
}

/// What has no octets on the air, because a field cannot express it exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unencodable {
    /// The number needs more than 12 bits of mantissa, or is one of the five words that mean no number.
    #[error("{0} is no SFLOAT")]
    Number(rust_decimal::Decimal),
    /// The date and time is invalid, or its year is outside 1582–9999.
    #[error("the date and time cannot be sent")]
    Time,
    /// The layout always has a user octet, and there is no user id for it.
    #[error("the user id is missing")]
    UserId,
}

/// In which order the octets of a field are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ByteOrder {
    /// Least significant first, as the standard says.
    #[default]
    Little,
    /// Most significant first.
    Big,
}

impl ByteOrder {
    /// The two octets of `word`, in this order.
    #[must_use]
    pub const fn octets_of(self, word: u16) -> [u8; 2] {
        match self {
            Self::Little => word.to_le_bytes(),
            Self::Big => word.to_be_bytes(),
        }
    }

    /// The word that two octets in this order mean.
    #[must_use]
    pub const fn word_of(self, octets: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(octets),
            Self::Big => u16::from_be_bytes(octets),
        }
    }
}

/// Takes fields from the front of a value.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    length: usize,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(octets: &'a [u8]) -> Self {
        Self {
            rest: octets,
            length: octets.len(),
        }
    }

    /// The next `N` octets.
    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N], Truncated> {
        let Some((head, rest)) = self.rest.split_first_chunk() else {
            return Err(Truncated {
                needed: self.length - self.rest.len() + N,
                found: self.length,
            });
        };
        self.rest = rest;
        Ok(*head)
    }

    pub(super) fn octet(&mut self) -> Result<u8, Truncated> {
        let [octet] = self.take()?;
        Ok(octet)
    }

    pub(super) fn word(&mut self, order: ByteOrder) -> Result<u16, Truncated> {
        Ok(order.word_of(self.take()?))
    }

    pub(super) fn seconds(&mut self) -> Result<u32, Truncated> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    pub(super) fn sfloat(&mut self, order: ByteOrder) -> Result<Sfloat, Truncated> {
        Ok(Sfloat::from_word(self.word(order)?))
    }

    pub(super) fn status(&mut self, order: ByteOrder) -> Result<Status, Truncated> {
        Ok(Status(self.word(order)?))
    }

    /// A field that is there only if its flag says so.
    pub(super) fn optional<T>(
        &mut self,
        present: bool,
        read: impl FnOnce(&mut Self) -> Result<T, Truncated>,
    ) -> Result<Option<T>, Truncated> {
        present.then(|| read(self)).transpose()
    }

    /// How many octets no field has taken.
    pub(super) const fn trailing(&self) -> usize {
        self.rest.len()
    }

    /// The octets that no field has taken.
    pub(super) const fn rest(self) -> &'a [u8] {
        self.rest
    }
}
