//! `cuffd.readiness/1` (contract 3.2): the gate's answer about one session. Absolute times only: it stays true without being told again.

use serde::Serialize;

use super::{Envelope, LARGEST, MessageError, encode};
use crate::core::readiness::answer::{Answer, Attested};
use crate::core::readiness::policy::Policy;
use crate::core::readiness::told::Told;

/// The schema's name.
pub const SCHEMA: &str = "cuffd.readiness/1";

/// What the message is made of.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    /// Its id, number and origin.
    pub envelope: Envelope,
    /// What the gate said.
    pub answer: &'a Answer,
    /// The attestations that held then.
    pub attested: &'a [Attested],
    /// What it was judged by.
    pub policy: &'a Policy,
    /// The id of the `report` that asked for it, as that wrote it.
    pub in_answer_to: Option<&'a str>,
}

impl Parts<'_> {
    /// The message's octets, without proof.
    ///
    /// # Errors
    /// Where it would be larger than a message may be: with a policy of more readings and attestations than anyone has.
    pub fn encode(&self) -> Result<Vec<u8>, MessageError> {
        let message = Message {
            envelope: &self.envelope,
            told: Told::new(self.answer, self.attested, self.policy),
            in_answer_to: self.in_answer_to,
        };
        encode(SCHEMA, &message, LARGEST)
    }
}

#[derive(Serialize)]
struct Message<'a> {
    #[serde(flatten)]
    envelope: &'a Envelope,
    #[serde(flatten)]
    told: Told,
    in_answer_to: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use rust_decimal::Decimal;
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;
    use crate::core::name::Name;
    use crate::core::readiness::answer::State;
    use crate::core::readiness::means::Means;
    use crate::core::readiness::rig;
    use crate::core::reading::ReadingId;
    use crate::core::reason::{Reason, Side, Vital};
    use crate::mqtt::message::Origin;

    const AN_ID: Uuid = Uuid::from_u128(1);

    fn envelope(test: bool) -> Envelope {
        let origin = Origin {
            site: rig::name("north"),
            gateway: rig::name("gw-0042"),
            run: Uuid::from_u128(7),
            test,
        };
        origin.envelope(SCHEMA, Uuid::from_u128(3), 17, rig::at(7, 20))
    }

    fn policy() -> Policy {
        Policy {
            name: "clinic-2026-03".to_owned(),
            sha256: "ab".repeat(32),
            ..rig::policy()
        }
    }

    fn answer(state: State) -> Answer {
        Answer {
            session: rig::name("s1"),
            patient: rig::name("p1"),
            state,
            reasons: Vec::new(),
            valid_until: None,
            next_at: None,
            means: None,
            counted: Vec::new(),
            by: None,
        }
    }

    fn message(parts: &Parts<'_>) -> Value {
        serde_json::from_slice(&parts.encode().expect("a message")).expect("json")
    }

    fn attested(item: Name, by: Option<Name>) -> Attested {
        Attested {
            item,
            by,
            at: rig::at(1, 0),
            until: rig::at(31, 0),
        }
    }

    #[test]
    fn a_ready_answer_has_the_form_of_the_contract() {
        let answer = Answer {
            valid_until: Some(rig::at(31, 0)),
            means: Some(Means {
                systolic: Decimal::new(1_203_050, 4),
                diastolic: Decimal::new(780, 1),
                pulse_rate: Some(Decimal::from(216) / Decimal::from(3)),
            }),
            counted: vec![ReadingId::Unique(AN_ID), ReadingId::Unique(Uuid::from_u128(2))],
            by: Some(rig::name("dr")),
            ..answer(State::Ready)
        };
        let attested = [attested(rig::name("companion_present"), Some(rig::name("companion")))];
        let parts = Parts {
            envelope: envelope(false),
            answer: &answer,
            attested: &attested,
            policy: &policy(),
            in_answer_to: Some("report 7"),
        };
        let expected = json!({
            "schema": "cuffd.readiness/1", "id": "00000000-0000-0000-0000-000000000003", "site": "north",
            "gateway": "gw-0042", "run": "00000000-0000-0000-0000-000000000007", "seq": 17,
            "created_at": "2026-11-21T18:07:20Z", "session": "s1", "patient": "p1", "state": "ready", "ready": true,
            "reasons": [], "valid_until": "2026-11-21T18:31:00Z", "next_at": null,
            "systolic": 120.31, "diastolic": 78, "pulse_rate": 72,
            "counted": ["00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"],
            "attested": [{"item": "companion_present", "by": "companion",
                "at": "2026-11-21T18:01:00Z", "until": "2026-11-21T18:31:00Z"}],
            "by": "dr", "policy": {"name": "clinic-2026-03", "sha256": "ab".repeat(32)}, "in_answer_to": "report 7",
        });
        assert_eq!(message(&parts), expected);
    }

    #[test]
    fn an_answer_that_is_not_ready_has_the_same_names_and_says_why() {
        let answer = Answer {
            reasons: vec![
                Reason::Limit {
                    of: Vital::Systolic,
                    side: Side::Above,
                    measured: Decimal::new(14605, 2),
                    limit: Decimal::from(140),
                },
                Reason::AttestationMissing {
                    item: rig::name("safe"),
                },
                Reason::StoreUnavailable,
            ],
            next_at: Some("2026-11-21T18:22:20.5Z".parse::<Timestamp>().expect("a time")),
            ..answer(State::Blocked)
        };
        let parts = Parts {
            envelope: envelope(true),
            answer: &answer,
            attested: &[],
            policy: &policy(),
            in_answer_to: None,
        };
        let expected = json!({
            "schema": "cuffd.readiness/1", "id": "00000000-0000-0000-0000-000000000003", "site": "north",
            "gateway": "gw-0042", "run": "00000000-0000-0000-0000-000000000007", "seq": 17,
            "created_at": "2026-11-21T18:07:20Z", "test": true, "session": "s1", "patient": "p1", "state": "blocked",
            "ready": false,
            "reasons": [
                {"code": "systolic_above_limit", "measured": 146.05, "limit": 140},
                {"code": "attestation_missing", "item": "safe"},
                {"code": "store_unavailable"},
            ],
            "valid_until": null, "next_at": "2026-11-21T18:22:20.5Z", "systolic": null, "diastolic": null,
            "pulse_rate": null, "counted": [], "attested": [], "by": null,
            "policy": {"name": "clinic-2026-03", "sha256": "ab".repeat(32)}, "in_answer_to": null,
        });
        assert_eq!(message(&parts), expected);
    }

    /// The size of an answer to a policy with so many readings in a round and items, all of the longest names.
    fn size(readings: u64, items: u64, state: State) -> Result<usize, MessageError> {
        let long = |number: u64| Name::parse(&format!("{number:x<40}")).expect("a name");
        let items: Vec<Name> = (0..items).map(long).collect();
        let missing = items.iter().cloned().map(|item| Reason::AttestationMissing { item });
        let answer = Answer {
            session: long(1),
            patient: long(2),
            reasons: missing.filter(|_| state != State::Ready).collect(),
            counted: (0..readings).map(|_| ReadingId::Unique(AN_ID)).collect(),
            by: Some(long(3)),
            ..answer(state)
        };
        let given = items.iter().filter(|_| state == State::Ready);
        let attested: Vec<Attested> = given.map(|item| attested(item.clone(), Some(long(4)))).collect();
        let parts = Parts {
            envelope: envelope(true),
            answer: &answer,
            attested: &attested,
            policy: &policy(),
            in_answer_to: Some(&"7".repeat(64)),
        };
        parts.encode().map(|octets| octets.len())
    }

    #[test]
    fn more_readings_and_items_fit_than_anyone_has() {
        for state in [State::Ready, State::Waiting] {
            assert!(size(50, 50, state).is_ok(), "{}", state.as_str());
        }
        assert!(matches!(size(500, 0, State::Ready), Err(MessageError::TooLarge { .. })));
        assert!(matches!(size(0, 100, State::Ready), Err(MessageError::TooLarge { .. })));
    }
}
