//! Measurement Status: what the cuff says about how a measurement went.

/// The measurement status, 16 bits as sent. Bits 6–15 are reserved.
///
/// A bit that is set is evidence; one that is clear is evidence of absence only if the cuff's features say that it detects
/// such a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(pub u16);

/// Where the pulse rate lay, by the cuff's own limits: bits 3 and 4 together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PulseRateRange {
    /// Within, or not told.
    InRange,
    /// Above the upper limit.
    Above,
    /// Below the lower limit.
    Below,
    /// The value that has no meaning yet.
    Reserved,
}

impl Status {
    /// Bit 0: the body moved.
    #[must_use]
    pub const fn body_movement(self) -> bool {
        self.has(0)
    }

    /// Bit 1: the cuff sat too loosely.
    #[must_use]
    pub const fn cuff_too_loose(self) -> bool {
        self.has(1)
    }

    /// Bit 2: the pulse was irregular.
    #[must_use]
    pub const fn irregular_pulse(self) -> bool {
        self.has(2)
    }

    /// Bits 3 and 4.
    #[must_use]
    pub const fn pulse_rate_range(self) -> PulseRateRange {
        match (self.has(4), self.has(3)) {
            (false, false) => PulseRateRange::InRange,
            (false, true) => PulseRateRange::Above,
            (true, false) => PulseRateRange::Below,
            (true, true) => PulseRateRange::Reserved,
        }
    }

    /// Bit 5: the arm or wrist was held wrongly.
    #[must_use]
    pub const fn improper_position(self) -> bool {
        self.has(5)
    }

    /// The contract's names of what is set, in bit order; reserved bits have none.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let pulse_rate_range = match self.pulse_rate_range() {
            PulseRateRange::InRange => None,
            PulseRateRange::Above => Some("pulse_rate_above_range"),
            PulseRateRange::Below => Some("pulse_rate_below_range"),
            PulseRateRange::Reserved => Some("pulse_rate_range_reserved"),
        };
        [
            self.body_movement().then_some("body_movement"),
            self.cuff_too_loose().then_some("cuff_too_loose"),
            self.irregular_pulse().then_some("irregular_pulse"),
            pulse_rate_range,
            self.improper_position().then_some("improper_position"),
        ]
        .into_iter()
        .flatten()
    }

    const fn has(self, bit: u32) -> bool {
        self.0 >> bit & 1 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_named_in_their_order() {
        for (bits, names) in [
            (0x0000, &[][..]),
            (0x0001, &["body_movement"]),
            (0x0002, &["cuff_too_loose"]),
            (0x0004, &["irregular_pulse"]),
            (0x0008, &["pulse_rate_above_range"]),
            (0x0010, &["pulse_rate_below_range"]),
            (0x0018, &["pulse_rate_range_reserved"]),
            (0x0020, &["improper_position"]),
            (0xFFC0, &[]),
            (
                0xFFF7,
                &[
                    "body_movement",
                    "cuff_too_loose",
                    "irregular_pulse",
                    "pulse_rate_below_range",
                    "improper_position",
                ],
            ),
        ] {
            assert_eq!(Status(bits).names().collect::<Vec<_>>(), names, "{bits:#06x}");
        }
    }

    #[test]
    fn pulse_rate_range_is_one_number_of_two_bits() {
        let ranges = [0x00, 0x08, 0x10, 0x18].map(|bits| Status(bits).pulse_rate_range());
        assert_eq!(
            ranges,
            [
                PulseRateRange::InRange,
                PulseRateRange::Above,
                PulseRateRange::Below,
                PulseRateRange::Reserved
            ]
        );
    }
}
