//! Makes messages of readings: ids, numbers, topic, octets.

use uuid::Uuid;

use crate::clock;
use crate::core::cuff::Cuff;
use crate::core::delivery::{Kind, NewMessage};
use crate::core::name::Name;
use crate::core::reading::Reading;
use crate::core::reason::ReadingReason;
use crate::core::source::Description;
use crate::mqtt::message::{MessageError, Origin, reading};
use crate::mqtt::topics::Topics;
use crate::private::Private;
use crate::store::NewReading;

/// A judged reading with all that its message tells.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) cuff: &'a Cuff,
    pub(super) description: &'a Description,
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
    /// The highest number that a stored reading has.
    pub last_seq: u64,
}

impl Maker {
    /// The number that the next reading gets.
    pub(super) const fn next_seq(&self) -> u64 {
        self.last_seq + 1
    }

    /// Everything below `next` stands in the store.
    pub(super) const fn used_up_to(&mut self, next: u64) {
        self.last_seq = next - 1;
    }

    /// The reading with its message, to be stored together.
    pub(super) fn reading(&self, seq: u64, subject: &Subject<'_>) -> Result<NewReading, MessageError> {
        let Subject {
            cuff,
            description,
            reading,
            patient,
            octets,
            digest,
        } = *subject;
        let id = Uuid::new_v4();
        let created_at = clock::wall();
        let envelope = self.origin.envelope(reading::SCHEMA, id, seq, created_at);
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
            payload: parts.encode()?,
            created_at,
            publish: self.publish,
        };
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
}

/// The reasons as the message has them.
fn reasons(reasons: &[ReadingReason]) -> String {
    let codes: Vec<String> = reasons
        .iter()
        .map(|reason| format!(r#"{{"code":"{}"}}"#, reason.code()))
        .collect();
    format!("[{}]", codes.join(","))
}
