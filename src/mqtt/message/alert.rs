//! `cuffd.alert/1` (contract 3.3): what somebody must be told now. Never a value: who may read it looks at the reading.

use serde::Serialize;
use uuid::Uuid;

use super::{Envelope, LARGEST, MessageError, encode};
use crate::core::alert::AlertCode;
use crate::core::name::Name;
use crate::core::trouble::Trouble;

/// The schema's name.
pub const SCHEMA: &str = "cuffd.alert/1";

/// What the message is made of.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    /// Its id, number and origin.
    pub envelope: Envelope,
    /// The alert's own id: what is cleared has the id under which it was raised.
    pub alert: Uuid,
    /// What it is about.
    pub about: About<'a>,
}

/// What an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About<'a> {
    /// A reading of the session's patient at or above a crisis limit.
    Crisis {
        /// Which session.
        session: &'a Name,
        /// Whose.
        patient: &'a Name,
        /// The reading's id.
        reading: Uuid,
        /// Whether all that stands behind the reading is true.
        verified: bool,
        /// The cuff that it came from.
        cuff: &'a Name,
    },
    /// A measurement at or above a crisis limit that is nobody's, so that nothing verifies it.
    CrisisUnassigned {
        /// The cuff that it came from.
        cuff: &'a Name,
    },
    /// Trouble of the gateway's own, which has come or gone.
    Trouble {
        /// What it is.
        trouble: &'a Trouble,
        /// Whether it has come or gone.
        state: AlertState,
    },
}

/// Whether what an alert is about has come or gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// It has come.
    Raised,
    /// It has gone.
    Cleared,
}

impl Parts<'_> {
    /// The message's octets, without proof.
    ///
    /// # Errors
    /// None that can occur: nothing in it is long.
    pub fn encode(&self) -> Result<Vec<u8>, MessageError> {
        encode(SCHEMA, &self.message(), LARGEST)
    }

    fn message(&self) -> Message<'_> {
        let raised = |code| Message {
            envelope: &self.envelope,
            code,
            state: AlertState::Raised,
            alert: self.alert,
            session: None,
            patient: None,
            reading: None,
            verified: None,
            cuff: None,
        };
        match self.about {
            About::Crisis {
                session,
                patient,
                reading,
                verified,
                cuff,
            } => Message {
                session: Some(session),
                patient: Some(patient),
                reading: Some(reading),
                verified: Some(verified),
                cuff: Some(cuff),
                ..raised(AlertCode::Crisis)
            },
            About::CrisisUnassigned { cuff } => Message {
                verified: Some(false),
                cuff: Some(cuff),
                ..raised(AlertCode::CrisisUnassigned)
            },
            About::Trouble { trouble, state } => Message {
                state,
                cuff: trouble.cuff.as_ref(),
                ..raised(AlertCode::Trouble(trouble.code))
            },
        }
    }
}

#[derive(Serialize)]
struct Message<'a> {
    #[serde(flatten)]
    envelope: &'a Envelope,
    code: AlertCode,
    state: AlertState,
    alert: Uuid,
    session: Option<&'a Name>,
    patient: Option<&'a Name>,
    reading: Option<Uuid>,
    /// Null where there is no reading that could be.
    verified: Option<bool>,
    /// Which cuff; an operator must know where to go.
    cuff: Option<&'a Name>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::core::readiness::rig;
    use crate::core::trouble::Code;
    use crate::mqtt::message::Origin;

    fn message(test: bool, about: About<'_>) -> Value {
        let origin = Origin {
            site: rig::name("north"),
            gateway: rig::name("gw-0042"),
            run: Uuid::from_u128(7),
            test,
        };
        let parts = Parts {
            envelope: origin.envelope(SCHEMA, Uuid::from_u128(1), 3, rig::at(7, 20)),
            alert: Uuid::from_u128(2),
            about,
        };
        serde_json::from_slice(&parts.encode().expect("a message")).expect("json")
    }

    /// The whole message, made of what is particular to it.
    fn whole(particular: &Value) -> Value {
        let mut whole = json!({
            "schema": "cuffd.alert/1", "id": "00000000-0000-0000-0000-000000000001", "site": "north",
            "gateway": "gw-0042", "run": "00000000-0000-0000-0000-000000000007", "seq": 3,
            "created_at": "2026-11-21T18:07:20Z", "alert": "00000000-0000-0000-0000-000000000002",
        });
        for (name, value) in particular.as_object().expect("an object") {
            whole[name] = value.clone();
        }
        whole
    }

    #[test]
    fn a_crisis_names_session_patient_and_reading() {
        let (session, patient, cuff) = (rig::name("s1"), rig::name("p1"), rig::name("own"));
        let about = About::Crisis {
            session: &session,
            patient: &patient,
            reading: Uuid::from_u128(9),
            verified: true,
            cuff: &cuff,
        };
        let expected = whole(&json!({
            "code": "crisis", "state": "raised", "session": "s1", "patient": "p1",
            "reading": "00000000-0000-0000-0000-000000000009", "verified": true, "cuff": "own",
        }));
        assert_eq!(message(false, about), expected);
    }

    #[test]
    fn a_crisis_that_is_nobodys_names_only_the_cuff() {
        let cuff = rig::name("shared");
        let expected = whole(&json!({
            "code": "crisis_unassigned", "state": "raised", "session": null, "patient": null, "reading": null,
            "verified": false, "cuff": "shared",
        }));
        assert_eq!(message(false, About::CrisisUnassigned { cuff: &cuff }), expected);
    }

    #[test]
    fn trouble_comes_and_goes_with_or_without_a_cuff() {
        for (code, cuff, state, words) in [
            (Code::BondLost, Some("own"), AlertState::Raised, ("bond_lost", "raised")),
            (
                Code::ClockUnsynchronized,
                None,
                AlertState::Cleared,
                ("clock_unsynchronized", "cleared"),
            ),
        ] {
            let trouble = Trouble {
                code,
                cuff: cuff.map(rig::name),
            };
            let about = About::Trouble {
                trouble: &trouble,
                state,
            };
            let expected = whole(&json!({
                "code": words.0, "state": words.1, "session": null, "patient": null, "reading": null, "verified": null,
                "cuff": cuff, "test": true,
            }));
            assert_eq!(message(true, about), expected);
        }
    }
}
