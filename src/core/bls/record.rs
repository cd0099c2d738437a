//! Blood Pressure Record, 0x2B36: one segment of a stored value that may take several.

pub mod assembly;

use super::octets::{ByteOrder, Reader, Truncated};

/// Header bit 0: the first segment of a record.
const FIRST: u8 = 1 << 0;
/// Header bit 1: the last segment of a record.
const LAST: u8 = 1 << 1;

/// A decoded 0x2B36 value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Where it stands in its record.
    pub header: Header,
    /// The record's number within its user's records: wraps after 65535.
    pub sequence: u16,
    /// The characteristic that the record holds a value of.
    pub inner_uuid: u16,
    /// All or part of that value, and at the end of the last segment a CRC if the cuff's features say so.
    pub payload: &'a [u8],
}

/// The segmentation header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// It begins a record.
    pub first: bool,
    /// It ends a record.
    pub last: bool,
    /// Counts segments: 0–63, then 0 again.
    pub counter: u8,
}

impl<'a> Segment<'a> {
    /// Decodes a 0x2B36 value.
    ///
    /// # Errors
    /// Fewer than five octets.
    pub fn decode(octets: &'a [u8]) -> Result<Self, Truncated> {
        let mut reader = Reader::new(octets);
        Ok(Self {
            header: Header::from_octet(reader.octet()?),
            sequence: reader.word(ByteOrder::Little)?,
            inner_uuid: reader.word(ByteOrder::Little)?,
            payload: reader.rest(),
        })
    }
}

impl Header {
    /// How many octets it takes.
    const LENGTH: usize = 1;

    const fn from_octet(octet: u8) -> Self {
        Self {
            first: octet & FIRST != 0,
            last: octet & LAST != 0,
            counter: octet >> 2,
        }
    }

    /// The header of a segment of which nothing else needs to be there.
    fn decode(octets: &[u8]) -> Result<Self, Truncated> {
        Reader::new(octets).octet().map(Self::from_octet)
    }

    /// The counter of the segment after this one.
    const fn next_counter(self) -> u8 {
        (self.counter + 1) % 64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_field_is_decoded() {
        let octets = [0xFD, 0x07, 0x01, 0x34, 0x2b, 0xAA, 0xBB];
        let segment = Segment::decode(&octets).expect("seven octets");
        let header = Header {
            first: true,
            last: false,
            counter: 63,
        };
        assert_eq!(segment.header, header);
        assert_eq!((segment.sequence, segment.inner_uuid), (0x0107, 0x2B34));
        assert_eq!(segment.payload, [0xAA, 0xBB]);
    }

    #[test]
    fn an_empty_payload_is_a_payload_and_less_is_truncated() {
        let octets = [0x03, 0x07, 0x00, 0x34, 0x2b];
        assert_eq!(Segment::decode(&octets).map(|segment| segment.payload.len()), Ok(0));
        for length in 0..5 {
            let cut = Segment::decode(&octets[..length]).expect_err("too short");
            assert_eq!((cut.found, cut.needed > length), (length, true));
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost_of_any_octets(octets in proptest::collection::vec(any::<u8>(), 5..64)) {
            let segment = Segment::decode(&octets).expect("five octets at least");
            prop_assert_eq!(segment.payload, &octets[5..]);
            let Header { first, last, counter } = segment.header;
            prop_assert_eq!(u8::from(first) | u8::from(last) << 1 | counter << 2, octets[0]);
        }
    }
}
