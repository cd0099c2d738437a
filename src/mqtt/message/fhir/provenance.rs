//! Where the Observations come from: the messages they were made of, with the proofs of these.
//!
//! A proof is over the message, not over the FHIR resource: whoever wants to check it takes the message of that id.

use data_encoding::BASE64;
use serde_json::{Map, Value, json};

use super::bundle::{Entries, MESSAGE, reference, time};
use super::condition::Identifier;
use super::observation::Common;
use super::source::Envelope;

/// Adds the Provenance of a reading's Observations.
pub(super) fn of_reading(common: &Common<'_>, told: &[&str], entries: &mut Entries) {
    let reading = common.reading;
    let targets = told.iter().map(|part| entries.full_url(part)).collect();
    let mut provenance = provenance(targets, &common.gateway, &[&reading.envelope]);
    if reading.verification.clock_synchronized {
        provenance.insert("occurredDateTime".to_owned(), time(reading.received_at));
    }
    entries.add("provenance", None, provenance);
}

/// A Provenance of what was made of these messages, the one that came last first.
pub(super) fn provenance(targets: Vec<String>, gateway: &str, of: &[&Envelope]) -> Map<String, Value> {
    let recorded = of.iter().map(|envelope| envelope.created_at).max().map(time);
    let assembler = json!({"coding": [{
        "system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type",
        "code": "assembler",
        "display": "Assembler",
    }]});
    let signatures: Vec<Value> = of.iter().filter_map(|envelope| signature(envelope, gateway)).collect();
    let mut provenance = Map::new();
    for (name, value) in [
        ("resourceType", json!("Provenance")),
        ("target", targets.iter().map(|target| reference(target)).collect()),
        ("recorded", recorded.into()),
        ("agent", json!([{"type": assembler, "who": reference(gateway)}])),
        ("entity", of.iter().map(|envelope| entity(envelope)).collect()),
    ] {
        provenance.insert(name.to_owned(), value);
    }
    if !signatures.is_empty() {
        provenance.insert("signature".to_owned(), signatures.into());
    }
    provenance
}

fn entity(envelope: &Envelope) -> Value {
    let identifier = Identifier::new(MESSAGE, envelope.id.to_string());
    json!({"role": "source", "what": {"identifier": identifier.json(), "display": envelope.schema}})
}

fn signature(envelope: &Envelope, gateway: &str) -> Option<Value> {
    let proof = envelope.proof.as_deref()?;
    Some(json!({
        "type": [{
            "system": "urn:iso-astm:E1762-95:2013",
            "code": "1.2.840.10065.1.12.1.5",
            "display": "Verification Signature",
        }],
        "when": time(envelope.created_at),
        "who": reference(gateway),
        "targetFormat": "application/json",
        "sigFormat": "application/jose",
        "data": BASE64.encode(proof.as_bytes()),
    }))
}
