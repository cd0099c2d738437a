//! `cuffd.reading/1` (contract 3.1): one measurement with its owner, its times, and why it does not count.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;

use super::number::Exact;
use super::{Envelope, LARGEST, MessageError, encode};
use crate::core::bls::feature::{Feature, Features};
use crate::core::bls::measurement::{CuffTime, Measurement, Unit};
use crate::core::cuff::Cuff;
use crate::core::name::Name;
use crate::core::notation::hex;
use crate::core::reading::values::published;
use crate::core::reading::{Reading, Verification};
use crate::core::reason::ReadingReason;
use crate::core::source::Description;

/// The schema's name.
pub const SCHEMA: &str = "cuffd.reading/1";

/// What the message is made of.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    /// Its id, number and origin.
    pub envelope: Envelope,
    /// Whose it is.
    pub patient: &'a Name,
    /// The cuff it came from.
    pub cuff: &'a Cuff,
    /// What the cuff says of itself, as far as it was read.
    pub description: &'a Description,
    /// The judged reading.
    pub reading: &'a Reading,
    /// The 0x2A35 value as it came.
    pub octets: &'a [u8],
    /// Whether the policy requires a bond; where it does not, nothing is verified.
    pub bond_required: bool,
}

impl Parts<'_> {
    /// Whether all that stands behind a reading is true.
    #[must_use]
    pub const fn verified(&self) -> bool {
        self.bond_required && self.reading.verification.all()
    }

    /// The message's octets, without proof.
    ///
    /// # Errors
    /// Where it would be larger than a message may be.
    pub fn encode(&self) -> Result<Vec<u8>, MessageError> {
        encode(SCHEMA, &self.message(), LARGEST)
    }

    fn message(&self) -> Message<'_> {
        let reading = self.reading;
        let measurement = reading.measurement.as_ref();
        let unit = measurement.map_or(Unit::MmHg, |measurement| measurement.unit);
        let pressure = |value: Option<Decimal>| value.map(|value| Exact(published(value, unit)));
        Message {
            envelope: &self.envelope,
            session: reading.session.as_ref(),
            patient: self.patient,
            cuff: CuffFacts::of(self.cuff, self.description),
            unit: "mmHg",
            systolic: pressure(reading.values.systolic),
            diastolic: pressure(reading.values.diastolic),
            mean_arterial_pressure: pressure(reading.values.mean_arterial_pressure),
            pulse_rate: reading.values.pulse_rate.map(Exact),
            user_id: measurement.and_then(|measurement| measurement.user_id),
            status: measurement.map(status).unwrap_or_default(),
            status_supported: self.description.features.map(supported),
            taken_at: reading.taken_at,
            received_at: reading.received_at,
            cuff_time: measurement.and_then(cuff_time),
            cuff_clock_offset_s: reading.offset_s,
            raw: hex(self.octets),
            as_sent: measurement
                .filter(|measurement| measurement.unit == Unit::KPa)
                .map(as_sent),
            counted: reading.reasons.is_empty(),
            reasons: &reading.reasons,
            verified: self.verified(),
            verification: reading.verification.into(),
        }
    }
}

#[derive(Serialize)]
struct Message<'a> {
    #[serde(flatten)]
    envelope: &'a Envelope,
    session: Option<&'a Name>,
    patient: &'a Name,
    cuff: CuffFacts<'a>,
    unit: &'static str,
    systolic: Option<Exact>,
    diastolic: Option<Exact>,
    mean_arterial_pressure: Option<Exact>,
    pulse_rate: Option<Exact>,
    user_id: Option<u8>,
    status: Vec<&'static str>,
    /// What the cuff can see at all: an empty `status` of a cuff that cannot see a thing is no finding. Null: not read yet.
    status_supported: Option<Vec<&'static str>>,
    taken_at: Option<Timestamp>,
    received_at: Timestamp,
    cuff_time: Option<String>,
    cuff_clock_offset_s: Option<i64>,
    raw: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    as_sent: Option<AsSent>,
    counted: bool,
    reasons: &'a [ReadingReason],
    verified: bool,
    verification: VerificationFacts,
}

#[derive(Serialize)]
struct CuffFacts<'a> {
    id: &'a Name,
    manufacturer: Option<&'a str>,
    model: Option<&'a str>,
    serial: Option<&'a str>,
    firmware: Option<&'a str>,
    battery: Option<u8>,
}

impl<'a> CuffFacts<'a> {
    fn of(cuff: &'a Cuff, description: &'a Description) -> Self {
        Self {
            id: &cuff.id,
            manufacturer: description.manufacturer.as_deref(),
            model: description.model.as_deref(),
            serial: description.serial.as_deref(),
            firmware: description.firmware.as_deref(),
            battery: description.battery,
        }
    }
}

#[derive(Serialize)]
struct AsSent {
    unit: &'static str,
    systolic: Option<Exact>,
    diastolic: Option<Exact>,
    mean_arterial_pressure: Option<Exact>,
}

#[derive(Serialize)]
struct VerificationFacts {
    registered: bool,
    bonded: bool,
    clock_synchronized: bool,
    fresh: bool,
    user_matched: bool,
}

impl From<Verification> for VerificationFacts {
    fn from(facts: Verification) -> Self {
        let Verification {
            registered,
            bonded,
            clock_synchronized,
            fresh,
            user_matched,
        } = facts;
        Self {
            registered,
            bonded,
            clock_synchronized,
            fresh,
            user_matched,
        }
    }
}

fn status(measurement: &Measurement) -> Vec<&'static str> {
    measurement
        .status
        .map(|status| status.names().collect())
        .unwrap_or_default()
}

/// The names of `status` that a cuff with these features can give.
fn supported(raw: u16) -> Vec<&'static str> {
    let features = Features { raw, trailing: 0 };
    let mut names = Vec::new();
    for (feature, gives) in [
        (Feature::BodyMovementDetection, &["body_movement"][..]),
        (Feature::CuffFitDetection, &["cuff_too_loose"]),
        (Feature::IrregularPulseDetection, &["irregular_pulse"]),
        (
            Feature::PulseRateRangeDetection,
            &["pulse_rate_above_range", "pulse_rate_below_range"],
        ),
        (Feature::MeasurementPositionDetection, &["improper_position"]),
    ] {
        if features.has(feature) {
            names.extend(gives);
        }
    }
    names
}

fn cuff_time(measurement: &Measurement) -> Option<String> {
    measurement
        .timestamp
        .and_then(CuffTime::valid)
        .map(|time| time.to_string())
}

fn as_sent(measurement: &Measurement) -> AsSent {
    let exact = |value: crate::core::bls::sfloat::Sfloat| value.number().map(|value| Exact(value.normalize()));
    AsSent {
        unit: measurement.unit.as_str(),
        systolic: exact(measurement.systolic),
        diastolic: exact(measurement.diastolic),
        mean_arterial_pressure: exact(measurement.mean_arterial_pressure),
    }
}
