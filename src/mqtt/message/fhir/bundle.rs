//! A transaction Bundle as it grows, and the ids that come of what it is of.

use jiff::Timestamp;
use ring::digest::{Context, SHA256};
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::{Builder, Uuid};

use super::condition::Identifier;
use super::source::Envelope;
use super::{Bundle, FhirError, SCHEMA};
use crate::mqtt::message::{LARGEST_FHIR, encode};

/// The system of messages' ids.
pub(super) const MESSAGE: &str = "urn:cuffd:message";

/// An id made of these, the same each time: a UUID of version 8 (RFC 9562), half of a SHA-256.
pub(super) fn derived(what: &str, of: &[Uuid]) -> Uuid {
    let mut hash = Context::new(&SHA256);
    hash.update(b"cuffd/fhir/");
    hash.update(what.as_bytes());
    for id in of {
        hash.update(id.as_bytes());
    }
    let hash = hash.finish();
    let mut octets = [0; 16];
    for (octet, hashed) in octets.iter_mut().zip(hash.as_ref()) {
        *octet = *hashed;
    }
    Builder::from_custom_bytes(octets).into_uuid()
}

/// The Bundle as it is written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Transaction {
    resource_type: &'static str,
    id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Value>,
    r#type: &'static str,
    timestamp: Timestamp,
    entry: Vec<Entry>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    full_url: String,
    resource: Map<String, Value>,
    request: Request,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: &'static str,
    url: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    if_none_exist: Option<String>,
}

/// The entries of a Bundle.
#[derive(Debug)]
pub(super) struct Entries {
    id: Uuid,
    entries: Vec<Entry>,
}

impl Entries {
    pub(super) const fn new(id: Uuid) -> Self {
        let entries = Vec::new();
        Self { id, entries }
    }

    /// What the other entries call the resource of this part by.
    pub(super) fn full_url(&self, part: &str) -> String {
        format!("urn:uuid:{}", derived(part, &[self.id]))
    }

    /// Adds a resource; with an identifier, to be created only if there is none yet that has it.
    pub(super) fn add(&mut self, part: &str, only_new: Option<&Identifier>, resource: Map<String, Value>) {
        let request = Request {
            method: "POST",
            url: resource.get("resourceType").cloned(),
            if_none_exist: only_new.map(Identifier::query),
        };
        self.entries.push(Entry {
            full_url: self.full_url(part),
            resource,
            request,
        });
    }

    /// The Bundle, of this message.
    pub(super) fn finish(mut self, of: &Envelope) -> Result<Bundle, FhirError> {
        if of.test {
            self.mark_as_test();
        }
        let id = self.id;
        let bundle = Transaction {
            resource_type: "Bundle",
            id,
            meta: of.test.then(|| json!({"security": [test_data()]})),
            r#type: "transaction",
            timestamp: of.created_at,
            entry: self.entries,
        };
        let octets = encode(SCHEMA, &bundle, LARGEST_FHIR)?;
        Ok(Bundle { id, octets })
    }

    /// Each resource says so by itself: a server takes the Bundle apart.
    fn mark_as_test(&mut self) {
        for entry in &mut self.entries {
            let meta = entry.resource.entry("meta").or_insert_with(|| json!({}));
            if let Some(meta) = meta.as_object_mut() {
                meta.insert("security".to_owned(), json!([test_data()]));
            }
        }
    }
}

fn test_data() -> Value {
    json!({"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST", "display": "test health data"})
}

/// A reference to another entry.
pub(super) fn reference(full_url: &str) -> Value {
    json!({"reference": full_url})
}

/// A reference to the patient, whom the platform knows.
pub(super) fn patient(system: &str, patient: &str) -> Value {
    json!({"type": "Patient", "identifier": Identifier::new(system, patient).json()})
}

/// A time as FHIR writes it: with seconds, and what there is of their fraction.
pub(super) fn time(at: Timestamp) -> Value {
    at.to_string().into()
}
