//! An answer's form outside the process: the names that `cuffd.readiness/1` and `cuffd.state/1` have in common (contract 3.2).
//!
//! Every name is always there, null where there is nothing to say.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value, json};

use super::answer::{Answer, Attested, State};
use super::policy::Policy;
use crate::core::name::Name;
use crate::core::notation::Printed;
use crate::core::reason::Reason;

/// An answer with the attestations that hold and the policy that it was judged by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// Which session.
    pub session: Name,
    /// Whose.
    pub patient: Name,
    /// How it stands.
    pub state: State,
    /// Whether it permits a start.
    pub ready: bool,
    /// Why not, each `{"code": …}` with what decided it; a reader may not know all codes.
    pub reasons: Vec<Value>,
    /// Until when "ready" holds.
    pub valid_until: Option<Timestamp>,
    /// When the next round begins, after one that failed.
    pub next_at: Option<Timestamp>,
    /// Mean of the readings behind it, mmHg.
    pub systolic: Option<Number>,
    /// Mean of the readings behind it, mmHg.
    pub diastolic: Option<Number>,
    /// Mean of the readings behind it, beats per minute.
    pub pulse_rate: Option<Number>,
    /// The ids of the readings behind it.
    pub counted: Vec<String>,
    /// The attestations that hold.
    pub attested: Vec<Attested>,
    /// Who approved.
    pub by: Option<Name>,
    /// What it was judged by.
    pub policy: PolicyName,
}

/// A policy as messages name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyName {
    /// What the clinic calls it.
    pub name: String,
    /// SHA-256 of its canonical form, hexadecimal.
    pub sha256: String,
}

impl Told {
    /// The answer as it is told.
    #[must_use]
    pub fn new(answer: &Answer, attested: &[Attested], policy: &Policy) -> Self {
        let mean = |of: fn(&super::means::Means) -> Option<rust_decimal::Decimal>| {
            answer
                .means
                .as_ref()
                .and_then(of)
                .map(Printed)
                .and_then(Printed::number)
        };
        Self {
            session: answer.session.clone(),
            patient: answer.patient.clone(),
            state: answer.state,
            ready: answer.is_ready(),
            reasons: answer.reasons.iter().map(reason).collect(),
            valid_until: answer.valid_until,
            next_at: answer.next_at,
            systolic: mean(|means| Some(means.systolic)),
            diastolic: mean(|means| Some(means.diastolic)),
            pulse_rate: mean(|means| means.pulse_rate),
            counted: answer.counted.iter().map(ToString::to_string).collect(),
            attested: attested.to_vec(),
            by: answer.by.clone(),
            policy: PolicyName {
                name: policy.name.clone(),
                sha256: policy.sha256.clone(),
            },
        }
    }

    /// Takes a "ready" back, for a reason that came after the answer and that the gate could not say yet.
    pub fn take_back(&mut self, why: &Reason) {
        if self.ready || self.state == State::Ready {
            self.state = State::Waiting;
            self.ready = false;
            self.reasons = vec![reason(why)];
            self.valid_until = None;
            self.by = None;
        }
    }
}

/// A reason is never left out: one whose numbers have no form in JSON says its code.
fn reason(reason: &Reason) -> Value {
    serde_json::to_value(reason).unwrap_or_else(|_| json!({"code": reason.code()}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::readiness::gate::Gate;
    use crate::core::readiness::rig::{at, attested, gate, measured, octets, opened, policy};

    /// What is told of the one open session at a time.
    fn told(gate: &Gate, now: Timestamp) -> Value {
        let (answer, attested) = gate.answers(now).pop().expect("open");
        serde_json::to_value(Told::new(&answer, &attested, &policy())).expect("json")
    }

    #[test]
    fn every_name_is_there_and_each_reason_with_what_decided_it() {
        let mut gate = gate(policy());
        let _opened = gate.handle(opened(), at(0, 0));
        let waiting = json!({
            "session": "s1", "patient": "p1", "state": "waiting", "ready": false,
            "reasons": [
                {"code": "rest_incomplete", "until": "2026-11-21T18:01:00Z"},
                {"code": "readings_needed", "needed": 2},
                {"code": "attestation_missing", "item": "safe"},
            ],
            "valid_until": null, "next_at": null, "systolic": null, "diastolic": null, "pulse_rate": null, "counted": [],
            "attested": [], "by": null, "policy": {"name": "test", "sha256": ""},
        });
        assert_eq!(told(&gate, at(0, 0)), waiting);
        let _attested = gate.handle(attested(true), at(0, 0));
        for (number, systolic, minute) in [(1, 120, 1), (2, 121, 2)] {
            let now = at(minute, 0);
            let _judged = gate.handle(measured("own", number, octets(systolic, 80, 0, now), now), now);
        }
        let ready = json!({
            "session": "s1", "patient": "p1", "state": "ready", "ready": true, "reasons": [],
            "valid_until": "2026-11-21T18:04:00Z", "next_at": null, "systolic": 120.5, "diastolic": 80, "pulse_rate": null,
            "counted": ["r1", "r2"],
            "attested": [{"item": "safe", "by": "nurse", "at": "2026-11-21T18:00:00Z", "until": "2026-11-21T18:04:00Z"}],
            "by": null, "policy": {"name": "test", "sha256": ""},
        });
        assert_eq!(told(&gate, at(2, 0)), ready);
    }
}
