//! Makes messages: ids, numbers, topics, octets.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;
use uuid::Uuid;

use crate::clock;
use crate::core::cuff::Cuff;
use crate::core::delivery::{Kind, NewMessage};
use crate::core::name::Name;
use crate::core::readiness::answer::{Answer, Attested};
use crate::core::readiness::policy::Policy;
use crate::core::reading::Reading;
use crate::core::reason::ReadingReason;
use crate::core::source::Description;
use crate::core::topics::Topics;
use crate::mqtt::message::alert::About;
use crate::mqtt::message::{self, Envelope, MessageError, Origin, alert, readiness, reading};
use crate::private::Private;
use crate::proof::SigningKey;
use crate::store::NewReading;

/// A judged reading with all that its message tells.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) id: Uuid,
    pub(super) cuff: &'a Cuff,
    pub(super) description: &'a Description,
    /// By the wall clock, with the reasons that the gate gave in the end.
    pub(super) reading: &'a Reading,
    pub(super) patient: &'a Name,
    pub(super) octets: &'a [u8],
    pub(super) digest: Option<[u8; 32]>,
}

/// Makes messages. The only one who gives out numbers.
#[derive(Debug)]
pub struct Maker {
    /// What every message says of where it comes from.
    pub origin: Origin,
    /// Where messages go.
    pub topics: Topics,
    /// False where the config has no broker.
    pub publish: bool,
    /// Whether the policy requires a bond.
    pub bond_required: bool,
    /// The namespace of the patient ids, where FHIR Bundles are made too.
    pub patient_system: Option<String>,
    /// The highest numbers that were given out.
    pub last: LastSeq,
    /// Signs what is made.
    pub key: watch::Receiver<Arc<SigningKey>>,
}

/// The highest numbers that were given out, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LastSeq {
    /// `cuffd.reading/1`.
    pub reading: u64,
    /// `cuffd.readiness/1`.
    pub readiness: u64,
    /// `cuffd.alert/1`.
    pub alert: u64,
    /// FHIR Bundles, which do not say it.
    pub fhir: u64,
}

impl Maker {
    /// The reading with its message, to be stored together.
    pub(super) fn reading(&mut self, subject: &Subject<'_>) -> Result<NewReading, MessageError> {
        let Subject {
            id,
            cuff,
            description,
            reading,
            patient,
            octets,
            digest,
        } = *subject;
        let seq = self.last.reading + 1;
        let (envelope, created_at) = self.envelope(reading::SCHEMA, id, seq);
        let parts = reading::Parts {
            envelope,
            patient,
            cuff,
            description,
            reading,
            octets,
            bond_required: self.bond_required,
        };
        let message = NewMessage {
            id,
            kind: Kind::Reading,
            seq,
            topic: self.topics.reading(),
            schema: reading::SCHEMA,
            payload: self.prove(reading::SCHEMA, &parts.encode()?)?,
            created_at,
            publish: self.publish,
        };
        // Only a number that a message has is used up: a missing one is a loss to whoever counts.
        self.last.reading = seq;
        Ok(NewReading {
            message,
            patient: Private::new(patient.clone()),
            session: reading.session.clone(),
            taken_at: reading.taken_at,
            systolic: reading.values.systolic,
            diastolic: reading.values.diastolic,
            pulse_rate: reading.values.pulse_rate,
            counted: reading.reasons.is_empty(),
            reasons: reasons(&reading.reasons),
            digest,
        })
    }

    /// The message of an answer.
    pub(super) fn readiness(
        &mut self,
        answer: &Answer,
        attested: &[Attested],
        policy: &Policy,
        in_answer_to: Option<&str>,
    ) -> Result<NewMessage, MessageError> {
        let (id, seq) = (Uuid::new_v4(), self.last.readiness + 1);
        let (envelope, created_at) = self.envelope(readiness::SCHEMA, id, seq);
        let parts = readiness::Parts {
            envelope,
            answer,
            attested,
            policy,
            in_answer_to,
        };
        let message = NewMessage {
            id,
            kind: Kind::Readiness,
            seq,
            topic: self.topics.readiness(&answer.session),
            schema: readiness::SCHEMA,
            payload: self.prove(readiness::SCHEMA, &parts.encode()?)?,
            created_at,
            publish: self.publish,
        };
        self.last.readiness = seq;
        Ok(message)
    }

    /// The message of an alert with this id.
    pub(super) fn alert(&mut self, alert: Uuid, about: About<'_>) -> Result<NewMessage, MessageError> {
        let (id, seq) = (Uuid::new_v4(), self.last.alert + 1);
        let (envelope, created_at) = self.envelope(alert::SCHEMA, id, seq);
        let message = NewMessage {
            id,
            kind: Kind::Alert,
            seq,
            topic: self.topics.alert(),
            schema: alert::SCHEMA,
            payload: self.prove(alert::SCHEMA, &alert::Parts { envelope, alert, about }.encode()?)?,
            created_at,
            publish: self.publish,
        };
        self.last.alert = seq;
        Ok(message)
    }

    fn prove(&self, schema: &'static str, message: &[u8]) -> Result<Vec<u8>, MessageError> {
        message::prove(schema, message, &self.key.borrow())
    }

    fn envelope(&self, schema: &'static str, id: Uuid, seq: u64) -> (Envelope, Timestamp) {
        let created_at = clock::wall();
        (self.origin.envelope(schema, id, seq, created_at), created_at)
    }
}

/// The reasons as the message has them.
fn reasons(reasons: &[ReadingReason]) -> String {
    let codes: Vec<String> = reasons
        .iter()
        .map(|reason| format!(r#"{{"code":"{}"}}"#, reason.code()))
        .collect();
    format!("[{}]", codes.join(","))
}
