//! Readings as the daemon publishes them, and what of their Bundles the tests look at.

use cuffd::core::bls::date_time::CuffTime;
use cuffd::core::bls::measurement::{Measurement, Status, Unit};
use cuffd::core::bls::sfloat::Sfloat;
use cuffd::core::cuff::{Cuff, Wearer};
use cuffd::core::models::Model;
use cuffd::core::name::Name;
use cuffd::core::readiness::policy::ReadingRules;
use cuffd::core::reading::{Circumstances, evaluate_without_sessions};
use cuffd::core::source::Description;
use cuffd::mqtt::message::{Origin, fhir, reading};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use uuid::Uuid;

use crate::bundle::resources;

/// The namespace of the patient ids.
pub(crate) const PATIENTS: &str = "urn:example:patients";

/// What the cuff's address is; it stands in no Bundle.
pub(crate) const ADDRESS: &str = "C0:FF:EE:00:00:01";

/// The features of a cuff that sees movement, an irregular pulse, and the pulse rate's range.
pub(crate) const SEES: u16 = 0b00_1101;

/// One measurement with its circumstances.
#[derive(Clone)]
pub(crate) struct Sample {
    pub(crate) id: u128,
    pub(crate) model: &'static Model,
    pub(crate) octets: Vec<u8>,
    pub(crate) received_at: &'static str,
    /// Gateway minus cuff.
    pub(crate) offset_s: Option<i64>,
    pub(crate) synchronized: bool,
    /// It counts in the session `s1`; else there is no session.
    pub(crate) counted: bool,
    pub(crate) description: Description,
    pub(crate) proof: Option<&'static str>,
    pub(crate) test: bool,
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// 118/76 mmHg, mean 90, pulse 72, no irregular pulse, at 18:04:12 by a cuff that is 197 s slow, in UTC.
pub(crate) fn measurement() -> Measurement {
    let number = |value: i64| Sfloat::Number(value.into());
    Measurement {
        flags: 0,
        unit: Unit::MmHg,
        systolic: number(118),
        diastolic: number(76),
        mean_arterial_pressure: number(90),
        timestamp: Some(stamp("2026-11-21T18:04:12")),
        pulse_rate: Some(number(72)),
        user_id: None,
        status: Some(Status(0)),
        trailing: 0,
    }
}

pub(crate) fn stamp(text: &str) -> CuffTime {
    let time: jiff::civil::DateTime = text.parse().unwrap();
    let year = u16::try_from(time.year()).unwrap();
    let small = |value: i8| u8::try_from(value).unwrap();
    let [low, high] = year.to_le_bytes();
    let rest = [time.month(), time.day(), time.hour(), time.minute(), time.second()].map(small);
    let octets = [low, high, rest[0], rest[1], rest[2], rest[3], rest[4]];
    CuffTime::from_octets(octets)
}

/// A word that says why there is no number.
pub(crate) fn special(word: u16) -> Sfloat {
    Sfloat::from_word(word)
}

impl Sample {
    /// A reading that counts, of a cuff that says everything of itself.
    pub(crate) fn of(measurement: &Measurement) -> Self {
        Self::of_octets(measurement.encode().unwrap())
    }

    pub(crate) fn of_octets(octets: Vec<u8>) -> Self {
        let said = |text: &str| Some(text.to_owned());
        Self {
            id: 1,
            model: Model::standard(),
            octets,
            received_at: "2026-11-21T18:07:40.25Z",
            offset_s: Some(197),
            synchronized: true,
            counted: true,
            description: Description {
                manufacturer: said("Example Medical"),
                model: said("EX-BP1"),
                serial: said("SN000123"),
                firmware: said("1.2.3"),
                battery: Some(87),
                features: Some(SEES),
            },
            proof: Some("eyJhbGciOiJFZDI1NTE5In0..c2lnbmF0dXJl"),
            test: false,
        }
    }

    /// Its message, with its proof as the last name.
    pub(crate) fn message(&self) -> Vec<u8> {
        let model = self.model;
        let cuff = Cuff {
            id: name("living-room"),
            address: ADDRESS.parse().unwrap(),
            model,
            trust_clock: false,
            wearer: Wearer::Patient(name("p1")),
            since: None,
        };
        let rules = ReadingRules::default();
        let circumstances = Circumstances {
            cuff: Some(&cuff),
            rules: &rules,
            zone: &TimeZone::UTC,
            received_at: self.received_at.parse().unwrap(),
            offset_s: self.offset_s,
            bonded: true,
            first_connection: false,
            alone: true,
            seen_before: false,
            clock_synchronized: self.synchronized,
        };
        let mut reading = evaluate_without_sessions(model.decode(&self.octets).ok(), &circumstances);
        if self.counted {
            reading.reasons.clear();
            reading.session = Some(name("s1"));
        }
        let origin = Origin {
            site: name("north"),
            gateway: name("gw-0042"),
            run: Uuid::from_u128(7),
            test: self.test,
        };
        let created_at: Timestamp = "2026-11-21T18:07:41.5Z".parse().unwrap();
        let parts = reading::Parts {
            envelope: origin.envelope(reading::SCHEMA, Uuid::from_u128(self.id), 42, created_at),
            patient: &name("p1"),
            cuff: &cuff,
            description: &self.description,
            reading: &reading,
            octets: &self.octets,
            bond_required: true,
        };
        with_proof(&parts.encode().unwrap(), self.proof)
    }

    /// Its Bundle, which it must have.
    pub(crate) fn bundle(&self) -> Value {
        let bundle = fhir::reading(&self.message(), PATIENTS)
            .unwrap()
            .expect("it has numbers");
        serde_json::from_slice(&bundle.octets).unwrap()
    }
}

/// A message with its proof as the last name.
pub(crate) fn with_proof(message: &[u8], proof: Option<&str>) -> Vec<u8> {
    let text = std::str::from_utf8(message).unwrap();
    let proof = proof.map(|proof| format!(",\"proof\":\"{proof}\"}}"));
    match proof {
        Some(proof) => format!("{}{proof}", text.strip_suffix('}').unwrap()).into_bytes(),
        None => message.to_vec(),
    }
}

/// The only Observation with this code.
pub(crate) fn observation<'a>(bundle: &'a Value, code: &str) -> Option<&'a Value> {
    let has = |coding: &Value| coding["code"] == code;
    let mut found = resources(bundle, "Observation")
        .into_iter()
        .filter(|resource| resource["code"]["coding"].as_array().unwrap().iter().any(has));
    let first = found.next();
    assert!(found.next().is_none(), "only one {code}");
    first
}
