//! Codes and the systems they belong to.

use serde_json::{Map, Number, Value, json};

/// IEEE 11073-10101, in which personal health devices name things.
pub(super) const MDC: &str = "urn:iso:std:iso:11073:10101";
/// Logical observation identifiers.
pub(super) const LOINC: &str = "http://loinc.org";
/// Units of measure.
pub(super) const UCUM: &str = "http://unitsofmeasure.org";
/// Why there is no value.
const DATA_ABSENT_REASON: &str = "http://terminology.hl7.org/CodeSystem/data-absent-reason";

/// A code with the system it belongs to and its name there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Code {
    pub(super) system: &'static str,
    pub(super) code: &'static str,
    pub(super) display: &'static str,
}

impl Code {
    pub(super) const fn mdc(code: &'static str, display: &'static str) -> Self {
        let system = MDC;
        Self { system, code, display }
    }

    pub(super) const fn loinc(code: &'static str, display: &'static str) -> Self {
        let system = LOINC;
        Self { system, code, display }
    }

    /// The category that the vital-signs profiles want.
    pub(super) const VITAL_SIGNS: Self = Self {
        system: "http://terminology.hl7.org/CodeSystem/observation-category",
        code: "vital-signs",
        display: "Vital Signs",
    };

    fn coding(self) -> Value {
        let Self { system, code, display } = self;
        json!({"system": system, "code": code, "display": display})
    }
}

/// One meaning, in each of these systems.
pub(super) fn concept(codes: &[Code]) -> Value {
    json!({"coding": codes.iter().map(|code| code.coding()).collect::<Vec<_>>()})
}

/// A unit: as people write it, and its UCUM code.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unit {
    MmHg,
    PerMinute,
}

impl Unit {
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::MmHg => ("mmHg", "mm[Hg]"),
            Self::PerMinute => ("/min", "/min"),
        }
    }
}

/// Why there is no value: the five codes of a sensor, and what else there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absent {
    NotANumber,
    PositiveInfinity,
    NegativeInfinity,
    Error,
    Unknown,
}

impl Absent {
    /// FHIR's word for it.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::NotANumber => "not-a-number",
            Self::PositiveInfinity => "positive-infinity",
            Self::NegativeInfinity => "negative-infinity",
            Self::Error => "error",
            Self::Unknown => "unknown",
        }
    }

    /// In place of a primitive element that a profile requires.
    pub(super) fn extension(self) -> Value {
        let url = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";
        json!({"extension": [{"url": url, "valueCode": self.code()}]})
    }
}

/// Puts a value, or why there is none, into an Observation or a component.
pub(super) fn put_value(into: &mut Map<String, Value>, value: Result<&Number, Absent>, unit: Unit) {
    let (name, value) = match value {
        Ok(number) => {
            let (unit, code) = unit.names();
            let quantity = json!({"value": number, "unit": unit, "system": UCUM, "code": code});
            ("valueQuantity", quantity)
        }
        Err(absent) => {
            let reason = json!({"coding": [{"system": DATA_ABSENT_REASON, "code": absent.code()}]});
            ("dataAbsentReason", reason)
        }
    };
    into.insert(name.to_owned(), value);
}

/// A component with a value, or with why it has none.
pub(super) fn component(codes: &[Code], value: Result<&Number, Absent>, unit: Unit) -> Value {
    let mut component = Map::from_iter([("code".to_owned(), concept(codes))]);
    put_value(&mut component, value, unit);
    component.into()
}
