//! Records put together from their segments.

use super::{Header, Segment};
use crate::core::bls::octets::Truncated;

/// The longest record that is put together, in octets on the air: far above any value of the service, so that no cuff fills
/// our memory.
pub const LONGEST: usize = 4096;

/// Which segments carry a sequence number and a UUID.
///
/// Sources disagree: the GATT Specification Supplement lists both for every segment, a public codec (JavaBLEUtil) reads them
/// from the first one only. Where records have a CRC, that decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbering {
    /// Every segment.
    EverySegment,
    /// The first segment of a record.
    FirstSegment,
}

/// Whether records end with a CRC, as the feature `e2e_crc` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// They do.
    Crc,
    /// They do not.
    None,
}

/// A whole record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number within its user's records.
    pub sequence: u16,
    /// The characteristic that `value` is of.
    pub inner_uuid: u16,
    /// The value, without CRC.
    pub value: Vec<u8>,
}

/// Why a segment did not fit. What was collected of its record is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssemblyError {
    /// The segment is too short for its fields.
    #[error("a segment is cut short")]
    Truncated(#[source] Truncated),
    /// The beginning of its record is missing.
    #[error("a segment continues a record that was not begun")]
    NotBegun,
    /// A segment before it was lost, or it came twice.
    #[error("segment {found} came where {expected} was due")]
    Counter {
        /// The counter that was due.
        expected: u8,
        /// The counter that came.
        found: u8,
    },
    /// Its sequence number or UUID is not that of the record it continues.
    #[error("a segment of another record came in between")]
    OtherRecord,
    /// The record is longer than [`LONGEST`].
    #[error("a record is longer than {LONGEST} octets")]
    TooLong,
    /// The CRC does not fit, or is missing.
    #[error("the CRC of a record does not fit")]
    Crc,
}

impl From<Truncated> for AssemblyError {
    fn from(cause: Truncated) -> Self {
        Self::Truncated(cause)
    }
}

/// Puts records together, one segment at a time.
#[derive(Clone, Debug)]
pub struct Assembly {
    numbering: Numbering,
    checksum: Checksum,
    begun: Option<Begun>,
}

impl Assembly {
    /// An assembly that waits for a first segment.
    #[must_use]
    pub const fn new(numbering: Numbering, checksum: Checksum) -> Self {
        Self {
            numbering,
            checksum,
            begun: None,
        }
    }

    /// Takes a segment, and returns the record that it completes, if it does.
    ///
    /// A first segment begins anew: a record whose end did not come shows as a gap in the sequence numbers.
    ///
    /// # Errors
    /// The segment does not fit; the next first segment begins anew.
    pub fn push(&mut self, octets: &[u8]) -> Result<Option<Record>, AssemblyError> {
        // Taken out first, so that whatever fails below leaves nothing half-done.
        let before = self.begun.take();
        let header = Header::decode(octets)?;
        let mut begun = if header.first {
            Begun::by(&Segment::decode(octets)?)
        } else {
            before.ok_or(AssemblyError::NotBegun)?
        };
        let payload = self.payload_for(&begun, header, octets)?;
        begun.append(header, octets, payload)?;
        if header.last {
            return begun.finish(self.checksum).map(Some);
        }
        self.begun = Some(begun);
        Ok(None)
    }

    /// The part of the value in a segment, if the segment belongs to the record.
    fn payload_for<'a>(&self, begun: &Begun, header: Header, octets: &'a [u8]) -> Result<&'a [u8], AssemblyError> {
        if !header.first && self.numbering == Numbering::FirstSegment {
            return Ok(octets.get(Header::LENGTH..).unwrap_or_default());
        }
        let segment = Segment::decode(octets)?;
        if (segment.sequence, segment.inner_uuid) != (begun.sequence, begun.inner_uuid) {
            return Err(AssemblyError::OtherRecord);
        }
        Ok(segment.payload)
    }
}

/// What is there of a record so far.
#[derive(Clone, Debug)]
struct Begun {
    sequence: u16,
    inner_uuid: u16,
    next_counter: u8,
    value: Vec<u8>,
    /// Everything on the air, which is what the CRC covers.
    octets: Vec<u8>,
}

impl Begun {
    const fn by(first: &Segment<'_>) -> Self {
        Self {
            sequence: first.sequence,
            inner_uuid: first.inner_uuid,
            next_counter: first.header.counter,
            value: Vec::new(),
            octets: Vec::new(),
        }
    }

    fn append(&mut self, header: Header, octets: &[u8], payload: &[u8]) -> Result<(), AssemblyError> {
        if header.counter != self.next_counter {
            return Err(AssemblyError::Counter {
                expected: self.next_counter,
                found: header.counter,
            });
        }
        if self.octets.len() + octets.len() > LONGEST {
            return Err(AssemblyError::TooLong);
        }
        self.next_counter = header.next_counter();
        self.value.extend(payload);
        self.octets.extend(octets);
        Ok(())
    }

    fn finish(mut self, checksum: Checksum) -> Result<Record, AssemblyError> {
        if checksum == Checksum::Crc {
            self.strip_crc()?;
        }
        Ok(Record {
            sequence: self.sequence,
            inner_uuid: self.inner_uuid,
            value: self.value,
        })
    }

    fn strip_crc(&mut self) -> Result<(), AssemblyError> {
        let (covered, sent) = self.octets.split_last_chunk().ok_or(AssemblyError::Crc)?;
        let value_length = self.value.len().checked_sub(sent.len()).ok_or(AssemblyError::Crc)?;
        if crc16(covered) != u16::from_le_bytes(*sent) {
            return Err(AssemblyError::Crc);
        }
        self.value.truncate(value_length);
        Ok(())
    }
}

/// CRC-16/MCRF4XX, which the sibling services name E2E-CRC: polynomial 0x1021 reflected, from 0xFFFF, no final exclusive or.
fn crc16(octets: &[u8]) -> u16 {
    octets.iter().fold(0xFFFF, |crc, octet| {
        (0..8).fold(crc ^ u16::from(*octet), |crc, _| {
            if crc & 1 == 0 { crc >> 1 } else { crc >> 1 ^ 0x8408 }
        })
    })
}

#[cfg(test)]
mod tests;
