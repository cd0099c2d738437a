//! A clinic's policy as a value (contract 2.4). Every clinical limit in it comes from the clinic; none has a default here.

use std::time::Duration;

use rust_decimal::Decimal;

use crate::core::name::Name;

/// What a reading must be to count, apart from when in a session it was taken.
///
/// Its `Default` is what holds without a `[readiness]` table: a reading is judged, published, and clears nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadingRules {
    /// A reading taken longer before its receipt does not count.
    pub max_reading_age: Duration,
    /// A reading without a time field, alone in its connection, counts as taken at its receipt.
    pub count_undated: bool,
    /// Only readings over a bonded link count.
    pub require_bond: bool,
    /// Nothing counts while the clock is unsynchronized.
    pub require_clock: bool,
    /// The policy has limits for the pulse rate, so a reading without one does not count.
    pub require_pulse_rate: bool,
    /// What an irregular pulse does.
    pub on_irregular_pulse: OnIrregularPulse,
    /// What body movement does.
    pub on_body_movement: OnStatus,
    /// What a loose cuff does.
    pub on_cuff_too_loose: OnStatus,
    /// What an improper position does.
    pub on_improper_position: OnStatus,
    /// What a pulse rate outside the cuff's range does.
    pub on_pulse_rate_range: OnStatus,
}

impl Default for ReadingRules {
    fn default() -> Self {
        Self {
            max_reading_age: Duration::from_secs(600),
            count_undated: false,
            require_bond: true,
            require_clock: true,
            require_pulse_rate: false,
            on_irregular_pulse: OnIrregularPulse::Refer,
            on_body_movement: OnStatus::Reject,
            on_cuff_too_loose: OnStatus::Reject,
            on_improper_position: OnStatus::Reject,
            on_pulse_rate_range: OnStatus::Reject,
        }
    }
}

/// What a status bit of a reading does to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnStatus {
    /// The reading counts all the same.
    Count,
    /// The reading does not count.
    Reject,
}

/// What an irregular pulse does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnIrregularPulse {
    /// The reading counts all the same.
    Count,
    /// The reading does not count.
    Reject,
    /// The clinic decides about the session.
    Refer,
}

/// The range that the clinic permits, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The lowest permitted value.
    pub min: Decimal,
    /// The highest permitted value.
    pub max: Decimal,
}

/// A pair of pressures in mmHg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pressures {
    /// Systolic, mmHg.
    pub systolic: Decimal,
    /// Diastolic, mmHg.
    pub diastolic: Decimal,
}

/// Who clears a round that passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// The numbers alone.
    None,
    /// A clinician, by `decided`.
    Clinician,
}

/// The `[readiness]` table, whole and free of mistakes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its name in every answer.
    pub name: String,
    /// SHA-256 of the RFC 8785 form of the table as written, in lower-case hexadecimal.
    pub sha256: String,
    /// The table as written, in its RFC 8785 form.
    pub written: String,
    /// Permitted systolic pressure, mmHg.
    pub systolic: Limits,
    /// Permitted diastolic pressure, mmHg.
    pub diastolic: Limits,
    /// Permitted pulse rate, beats per minute.
    pub pulse_rate: Option<Limits>,
    /// At or above either one is a crisis.
    pub crisis: Pressures,
    /// Counted readings that make a round; at least 1.
    pub readings: u32,
    /// How long a passed round holds.
    pub valid_for: Duration,
    /// The round's first accepted reading is kept but not counted.
    pub discard_first: bool,
    /// Least time between accepted readings.
    pub spacing: Duration,
    /// Greater differences in a round ask for one more reading.
    pub extra_if_differ: Option<Pressures>,
    /// From session_opened to the first reading.
    pub rest: Duration,
    /// Rounds that may fail; at least 1.
    pub attempts: u32,
    /// From a failed round to the next.
    pub retry_after: Duration,
    /// Then the session ends by itself.
    pub session_limit: Duration,
    /// What must be attested.
    pub attestations: Vec<Name>,
    /// An attestation holds this long.
    pub attest_for: Duration,
    /// Who clears a round that passed.
    pub approval: Approval,
    /// Whether `approve` may clear what is referred.
    pub clinician_may_override: bool,
    /// What a reading must be to count.
    pub reading: ReadingRules,
}
