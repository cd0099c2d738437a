//! One session in `cuffd.state/1`: its answer, and what the page for the people in the room is made of (contract 5).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::core::name::Name;
use crate::core::readiness::answer::{Answer, Attested, State};
use crate::core::readiness::policy::Policy;
use crate::core::readiness::progress::{Progress, Standing};
use crate::core::readiness::told::Told;
use crate::core::reading::ReadingId;
use crate::core::reason::ReadingReason;

/// One session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionState {
    /// Its answer, by the names of `cuffd.readiness/1`.
    #[serde(flatten)]
    pub told: Told,
    /// Whole seconds that "ready" has left, rounded down; null if it is not ready. For a timer that does not trust its own clock.
    pub valid_for_s: Option<u64>,
    /// How far it has come.
    #[serde(flatten)]
    pub progress: Progress,
    /// All that the policy wants attested, in its order.
    pub attestations: Vec<Attestation>,
    /// What the gate does not know of it.
    #[serde(flatten)]
    pub notes: Notes,
}

/// An item of the policy's check-list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attestation {
    /// What.
    pub item: Name,
    /// Whether it holds.
    pub holds: bool,
    /// Who said so, if that was told.
    pub by: Option<Name>,
    /// Until when it holds.
    pub until: Option<Timestamp>,
}

/// What is known of a session beside what the gate says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Notes {
    /// What became of the newest message about its present answer; null where nothing is published.
    pub message: Option<MessageState>,
    /// The last reading, if it did not count.
    pub not_counted: Option<NotCounted>,
    /// The last measurement, if it was nobody's.
    pub unassigned: Option<Unassigned>,
}

/// What became of a message. Never that a person has seen it: nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// It waits here.
    NotSent,
    /// A broker took it.
    Sent,
    /// The clinic's system said that it has it.
    Received,
}

/// A reading that did not count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NotCounted {
    /// Its id.
    pub reading: String,
    /// When it was received.
    pub received_at: Timestamp,
    /// Why, each `{"code": …}`; a reader may not know all codes.
    pub reasons: Vec<Value>,
}

/// A measurement that is nobody's: never a number of it, and not what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unassigned {
    /// Which cuff brought it.
    pub cuff: Name,
    /// When it was received.
    pub received_at: Timestamp,
    /// It is at or above a crisis limit, so the crisis text is to be shown.
    pub crisis: bool,
    /// The button of the cuff that it came from, if it has such.
    pub user_id: Option<u8>,
    /// The buttons that are the patient's.
    pub own_user_ids: Vec<u8>,
}

impl NotCounted {
    /// A reading with why it did not count.
    #[must_use]
    pub fn new(reading: ReadingId, received_at: Timestamp, reasons: &[ReadingReason]) -> Self {
        Self {
            reading: reading.to_string(),
            received_at,
            reasons: reasons.iter().map(|reason| json!({"code": reason.code()})).collect(),
        }
    }
}

impl SessionState {
    /// A session as it stands. The seconds left are not counted yet: see [`super::State::counted_down`].
    #[must_use]
    pub fn new(standing: &Standing, policy: &Policy, notes: Notes) -> Self {
        let Standing {
            answer,
            attested,
            progress,
        } = standing;
        let items = policy.attestations.iter();
        Self {
            told: Told::new(answer, attested, policy),
            valid_for_s: None,
            progress: progress.clone(),
            attestations: items.map(|item| Attestation::of(item, attested)).collect(),
            notes,
        }
    }

    /// The same once it has ended: nothing is left to do, and nothing holds.
    #[must_use]
    pub fn ended(mut self, answer: &Answer, policy: &Policy) -> Self {
        self.told = Told::new(answer, &[], policy);
        self.valid_for_s = None;
        self.notes = Notes::default();
        self.progress = Progress {
            rest_until: None,
            next_reading_at: None,
            readings_done: None,
            readings_needed: None,
            ..self.progress
        };
        let items = policy.attestations.iter();
        self.attestations = items.map(|item| Attestation::of(item, &[])).collect();
        self
    }

    /// Whether it has not ended.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.told.state != State::Ended
    }

    /// Counts the seconds that are left of "ready" at `now`.
    pub fn count_down(&mut self, now: Timestamp) {
        self.valid_for_s = self.told.valid_until.map(|until| {
            let left = until.duration_since(now).as_secs();
            u64::try_from(left).unwrap_or(0)
        });
    }

    /// The same without anything that was measured, and without the limits that it was held against.
    #[must_use]
    pub fn without_values(mut self) -> Self {
        self.told.systolic = None;
        self.told.diastolic = None;
        self.told.pulse_rate = None;
        for reason in self.told.reasons.iter_mut().filter_map(Value::as_object_mut) {
            reason.retain(|name, _| name != "measured" && name != "limit");
        }
        self
    }
}

impl Attestation {
    fn of(item: &Name, attested: &[Attested]) -> Self {
        let holding = attested.iter().find(|attested| attested.item == *item);
        Self {
            item: item.clone(),
            holds: holding.is_some(),
            by: holding.and_then(|attested| attested.by.clone()),
            until: holding.map(|attested| attested.until),
        }
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;
    use crate::core::readiness::means::Means;
    use crate::core::readiness::rig::{at, name, policy};
    use crate::core::reason::{Reason, Side, Vital};

    fn standing(state: State, reasons: Vec<Reason>) -> Standing {
        let is_ready = state == State::Ready;
        Standing {
            answer: Answer {
                session: name("s1"),
                patient: name("p1"),
                state,
                reasons,
                valid_until: is_ready.then_some(at(37, 20)),
                next_at: None,
                means: Some(Means {
                    systolic: Decimal::new(12150, 2),
                    diastolic: Decimal::from(78),
                    pulse_rate: None,
                }),
                counted: vec![ReadingId::Numbered(1), ReadingId::Numbered(3)],
                by: None,
            },
            attested: vec![Attested {
                item: name("safe"),
                by: Some(name("companion")),
                at: at(1, 0),
                until: at(31, 0),
            }],
            progress: Progress {
                opened_at: at(0, 0),
                started_at: None,
                cuff: None,
                rest_until: None,
                next_reading_at: None,
                readings_done: None,
                readings_needed: None,
            },
        }
    }

    fn ready() -> SessionState {
        let mut policy = policy();
        policy.attestations.push(name("companion_present"));
        let notes = Notes {
            message: Some(MessageState::NotSent),
            not_counted: Some(NotCounted::new(
                ReadingId::Numbered(2),
                at(6, 0),
                &[ReadingReason::TooSoon],
            )),
            unassigned: Some(Unassigned {
                cuff: name("own"),
                received_at: at(6, 30),
                crisis: false,
                user_id: Some(2),
                own_user_ids: vec![1],
            }),
        };
        SessionState::new(&standing(State::Ready, Vec::new()), &policy, notes)
    }

    #[test]
    fn a_session_has_its_answer_its_check_list_and_what_the_page_needs() {
        let mut session = ready();
        session.count_down(at(7, 20));
        let expected = json!({
            "session": "s1", "patient": "p1", "state": "ready", "ready": true, "reasons": [],
            "valid_until": "2026-11-21T18:37:20Z", "next_at": null, "systolic": 121.5, "diastolic": 78, "pulse_rate": null,
            "counted": ["r1", "r3"],
            "attested": [{"item": "safe", "by": "companion", "at": "2026-11-21T18:01:00Z", "until": "2026-11-21T18:31:00Z"}],
            "by": null, "policy": {"name": "test", "sha256": ""}, "valid_for_s": 1800,
            "opened_at": "2026-11-21T18:00:00Z", "started_at": null, "cuff": null, "rest_until": null,
            "next_reading_at": null, "readings_done": null, "readings_needed": null,
            "attestations": [
                {"item": "safe", "holds": true, "by": "companion", "until": "2026-11-21T18:31:00Z"},
                {"item": "companion_present", "holds": false, "by": null, "until": null},
            ],
            "message": "not_sent",
            "not_counted": {"reading": "r2", "received_at": "2026-11-21T18:06:00Z", "reasons": [{"code": "too_soon"}]},
            "unassigned": {
                "cuff": "own", "received_at": "2026-11-21T18:06:30Z", "crisis": false, "user_id": 2, "own_user_ids": [1],
            },
        });
        assert_eq!(serde_json::to_value(&session).expect("json"), expected);
        let read: SessionState = serde_json::from_value(expected).expect("a session");
        assert_eq!(read, session);
    }

    #[test]
    fn the_seconds_left_are_whole_and_never_below_none() {
        let mut session = ready();
        assert_eq!(session.valid_for_s, None);
        for (now, left) in [
            (at(37, 19), 1),
            (at(37, 18) + jiff::SignedDuration::from_millis(1), 1),
            (at(37, 20), 0),
            (at(38, 0), 0),
        ] {
            session.count_down(now);
            assert_eq!(session.valid_for_s, Some(left), "{now}");
        }
    }

    #[test]
    fn a_ready_that_is_taken_back_says_why_and_what_is_not_ready_stays() {
        let mut session = ready();
        session.told.take_back(&Reason::StoreUnavailable);
        session.count_down(at(7, 20));
        let told = serde_json::to_value(&session).expect("json");
        assert_eq!((&told["state"], &told["ready"]), (&json!("waiting"), &json!(false)));
        assert_eq!(told["reasons"], json!([{"code": "store_unavailable"}]));
        assert_eq!(
            (&told["valid_until"], &told["valid_for_s"]),
            (&json!(null), &json!(null))
        );
        let rest = standing(State::Blocked, vec![Reason::ReadingsNeeded { needed: 2 }]);
        let blocked = SessionState::new(&rest, &policy(), Notes::default());
        let mut same = blocked.clone();
        same.told.take_back(&Reason::StoreUnavailable);
        assert_eq!(same, blocked);
    }

    #[test]
    fn without_values_a_session_still_says_why() {
        let limit = Reason::Limit {
            of: Vital::Systolic,
            side: Side::Above,
            measured: Decimal::from(146),
            limit: Decimal::from(140),
        };
        let rest = Reason::ReadingsNeeded { needed: 2 };
        let standing = standing(State::Blocked, vec![limit, rest]);
        let told = SessionState::new(&standing, &policy(), Notes::default())
            .without_values()
            .told;
        assert_eq!(
            told.reasons,
            [
                json!({"code": "systolic_above_limit"}),
                json!({"code": "readings_needed", "needed": 2})
            ]
        );
        assert_eq!((told.systolic, told.diastolic, told.pulse_rate), (None, None, None));
    }

    #[test]
    fn only_a_session_that_ended_is_not_open() {
        for (state, open) in [
            (State::Waiting, true),
            (State::Ready, true),
            (State::Started, true),
            (State::Blocked, true),
            (State::Referred, true),
            (State::Crisis, true),
            (State::Ended, false),
        ] {
            let session = SessionState::new(&standing(state, Vec::new()), &policy(), Notes::default());
            assert_eq!(session.is_open(), open, "{}", state.as_str());
            assert_eq!(serde_json::to_value(state).expect("json"), state.as_str());
        }
    }
}
