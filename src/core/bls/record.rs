//! Blood Pressure Record, 0x2B36: one segment of a stored value that may take several.

use super::octets::{ByteOrder, Reader, Truncated};

/// Header bit 0: the first segment of a record.
const FIRST: u8 = 1 << 0;
/// Header bit 1: the last segment of a record.
const LAST: u8 = 1 << 1;

/// A decoded 0x2B36 value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// It begins a record.
    pub first: bool,
    /// It ends a record.
    pub last: bool,
    /// Counts segments: 0–63, then 0 again.
    pub counter: u8,
    /// The record's number within its user's records: wraps after 65535.
    pub sequence: u16,
    /// The characteristic that the record holds a value of.
    pub inner_uuid: u16,
    /// All or part of that value, and at the end of the last segment a CRC if the cuff's features say so.
    pub payload: &'a [u8],
}

impl<'a> Segment<'a> {
    /// Decodes a 0x2B36 value.
    ///
    /// # Errors
    /// Fewer than five octets.
    pub fn decode(octets: &'a [u8]) -> Result<Self, Truncated> {
        let mut reader = Reader::new(octets);
        let header = reader.octet()?;
        Ok(Self {
            first: header & FIRST != 0,
            last: header & LAST != 0,
            counter: header >> 2,
            sequence: reader.word(ByteOrder::Little)?,
            inner_uuid: reader.word(ByteOrder::Little)?,
            payload: reader.rest(),
        })
    }
}
