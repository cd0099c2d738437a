//! The cuff and the gateway as Devices.
//!
//! They are named by site, gateway and cuff, never by an address: who reads the platform's records learns of no radio. What the
//! cuff does not say of itself is marked as unknown where the profile requires it.

use serde_json::{Map, Value, json};

use super::bundle::Entries;
use super::coding::{Absent, Code, concept};
use super::condition::Identifier;
use super::source::{Envelope, Reading};

/// The system of Devices.
const DEVICE: &str = "urn:cuffd:device";
/// The kind of device: one that measures blood pressure.
const BLOOD_PRESSURE: Code = Code::mdc("528391", "MDC_DEV_SPEC_PROFILE_BP");

/// What tells the gateway from all others.
fn gateway_identifier(envelope: &Envelope) -> Identifier {
    Identifier::new(DEVICE, format!("{}/{}", envelope.site, envelope.gateway))
}

/// What tells the cuff from all others.
pub(super) fn cuff_identifier(reading: &Reading) -> Identifier {
    let Envelope { site, gateway, .. } = &reading.envelope;
    Identifier::new(DEVICE, format!("{site}/{gateway}/{}", reading.cuff.id))
}

/// Adds the gateway and the cuff.
pub(super) fn add(reading: &Reading, entries: &mut Entries) {
    add_gateway(&reading.envelope, entries);
    add_cuff(reading, entries);
}

/// Adds the gateway.
pub(super) fn add_gateway(envelope: &Envelope, entries: &mut Entries) {
    let identifier = gateway_identifier(envelope);
    let kind = Code::mdc("531981", "MDC_MOC_VMS_MDS_AHD");
    let mut gateway = device("PhgDevice", &identifier, kind);
    put(&mut gateway, "modelNumber", "cuffd");
    entries.add("gateway", Some(&identifier), gateway);
}

fn add_cuff(reading: &Reading, entries: &mut Entries) {
    let identifier = cuff_identifier(reading);
    let of = &reading.cuff;
    let mut cuff = device("PhdDevice", &identifier, Code::mdc("65573", "MDC_MOC_VMS_MDS_SIMP"));
    put_or_unknown(&mut cuff, "manufacturer", of.manufacturer.as_deref());
    put_or_unknown(&mut cuff, "modelNumber", of.model.as_deref());
    if let Some(serial) = text(of.serial.as_deref()) {
        put(&mut cuff, "serialNumber", serial);
    }
    let firmware = Code::mdc("531976", "MDC_ID_PROD_SPEC_FW");
    let mut version = Map::from_iter([("type".to_owned(), concept(&[firmware]))]);
    put_or_unknown(&mut version, "value", of.firmware.as_deref());
    cuff.insert("version".to_owned(), json!([version]));
    entries.add("cuff", Some(&identifier), cuff);
}

fn device(profile: &str, identifier: &Identifier, kind: Code) -> Map<String, Value> {
    let profile = format!("http://hl7.org/fhir/uv/phd/StructureDefinition/{profile}");
    [
        ("resourceType", json!("Device")),
        ("meta", json!({"profile": [profile]})),
        ("identifier", json!([identifier.json()])),
        ("type", concept(&[kind])),
        (
            "specialization",
            json!([{"systemType": concept(&[BLOOD_PRESSURE]), "version": "1"}]),
        ),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

fn put(into: &mut Map<String, Value>, name: &str, text: &str) {
    into.insert(name.to_owned(), text.into());
}

fn put_or_unknown(into: &mut Map<String, Value>, name: &str, said: Option<&str>) {
    match text(said) {
        Some(text) => put(into, name, text),
        None => {
            into.insert(format!("_{name}"), Absent::Unknown.extension());
        }
    }
}

/// A string of FHIR is never empty or blank, and has no control characters; a cuff may say what it likes.
fn text(said: Option<&str>) -> Option<&str> {
    let said = said?.trim();
    (!said.is_empty() && !said.contains(char::is_control)).then_some(said)
}
