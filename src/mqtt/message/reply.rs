//! `cuffd.reply/1`: the answer to a command, and where it goes.

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::{LARGEST, MessageError, encode};
use crate::core::state::{CuffState, SessionState, State};
use crate::mqtt::command::Refusal;

/// The schema's name.
pub const SCHEMA: &str = "cuffd.reply/1";

/// Longer response topics are not used.
const LONGEST_RESPONSE_TOPIC: usize = 256;

/// What a command came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Done; nothing to add.
    Done,
    /// Done: a `report`. Of this only what may be told by MQTT is told, and no more than there is room for.
    Report(Box<State>),
    /// Done: a `resend`. What is no longer kept is named.
    Resent {
        /// Ids, or `seq`s where a range was asked for.
        not_kept: Vec<Value>,
    },
    /// Not done.
    Refused(Refusal),
}

#[derive(Clone, Copy, Serialize)]
struct Reply<'a> {
    schema: &'static str,
    /// As the command wrote it; null where it could not be read.
    id: Option<&'a str>,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a State>,
    /// Details of the cuffs, the cuffs, or the sessions too, are left out of `status` for want of room.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    shortened: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_kept: Option<&'a [Value]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Error<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    test: bool,
}

#[derive(Clone, Copy, Serialize)]
struct Error<'a> {
    code: crate::mqtt::command::Code,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
}

/// The octets of a reply to the command with this `id`, as the command wrote it.
///
/// # Errors
/// Where it would be larger than a message may be; a report is shortened before.
pub fn reply(id: Option<&str>, outcome: &Outcome, test: bool) -> Result<Vec<u8>, MessageError> {
    let mut reply = Reply {
        schema: SCHEMA,
        id,
        ok: true,
        status: None,
        shortened: false,
        not_kept: None,
        error: None,
        test,
    };
    match outcome {
        Outcome::Done => {}
        Outcome::Report(state) => return report(&reply, state),
        Outcome::Resent { not_kept } => reply.not_kept = Some(not_kept),
        Outcome::Refused(refusal) => {
            reply.ok = false;
            reply.error = Some(Error {
                code: refusal.code,
                message: &refusal.message,
                field: refusal.field,
            });
        }
    }
    encode(SCHEMA, &reply, LARGEST)
}

/// A report with as much of the state as there is room for: sessions before cuffs, and cuffs before what they say of themselves.
fn report(reply: &Reply<'_>, state: &State) -> Result<Vec<u8>, MessageError> {
    let mut told = state.clone();
    // What a body does is not for whatever topic a sender names: answers go out signed, on the topics of their sessions.
    for cuff in &mut told.cuffs {
        cuff.cuff_pressure = None;
    }
    told.sessions = told.sessions.into_iter().map(SessionState::without_values).collect();
    let mut report = report_of(reply, &told, false);
    let shorter: [fn(&mut State); 3] = [
        |told| told.cuffs.iter_mut().for_each(leave_out_details),
        |told| told.cuffs.clear(),
        |told| told.sessions.clear(),
    ];
    for shorten in shorter {
        if !matches!(report, Err(MessageError::TooLarge { .. })) {
            break;
        }
        shorten(&mut told);
        report = report_of(reply, &told, true);
    }
    report
}

fn report_of(reply: &Reply<'_>, state: &State, shortened: bool) -> Result<Vec<u8>, MessageError> {
    let report = Reply {
        status: Some(state),
        shortened,
        ..*reply
    };
    encode(SCHEMA, &report, LARGEST)
}

/// What a cuff says of itself does not change and can be had on the spot; how the way to it stands cannot.
fn leave_out_details(cuff: &mut CuffState) {
    cuff.manufacturer = None;
    cuff.model_number = None;
    cuff.serial = None;
    cuff.firmware = None;
}

/// Where a reply goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// To the gateway's own `reply`.
    Own,
    /// To the command's response topic.
    Response {
        /// The topic.
        topic: String,
        /// What the command asked to be sent along.
        correlation: Option<Bytes>,
    },
}

/// Where the reply to a command goes: to its response topic if that begins with `prefix`, which is the clinic's word for
/// where this gateway may write; else to `reply`.
#[must_use]
pub fn route(prefix: Option<&str>, response_topic: Option<&str>, correlation: Option<&Bytes>) -> Route {
    let allowed = |topic: &&str| prefix.is_some_and(|prefix| topic.starts_with(prefix)) && is_publishable(topic);
    response_topic
        .filter(allowed)
        .map_or(Route::Own, |topic| Route::Response {
            topic: topic.to_owned(),
            correlation: correlation.cloned(),
        })
}

fn is_publishable(topic: &str) -> bool {
    !topic.is_empty() && topic.len() <= LONGEST_RESPONSE_TOPIC && !topic.contains(['+', '#', '\0'])
}

/// A reply on its way to the link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Where to.
    pub route: Route,
    /// The octets.
    pub payload: Bytes,
    /// The property `id`: one for each publish.
    pub id: Uuid,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::core::state::{ClockState, DeliveryState, StoreState};
    use crate::mqtt::command::Code;

    fn text(id: Option<&str>, outcome: &Outcome) -> String {
        String::from_utf8(reply(id, outcome, false).unwrap()).unwrap()
    }

    #[test]
    fn replies_have_the_form_of_the_contract() {
        let refused = Outcome::Refused(Refusal {
            code: Code::Expired,
            message: "too late".to_owned(),
            field: None,
        });
        let malformed = Outcome::Refused(Refusal {
            code: Code::Malformed,
            message: "by is missing".to_owned(),
            field: Some("by"),
        });
        let nothing_kept = Outcome::Resent {
            not_kept: vec![Value::from(3)],
        };
        for (id, outcome, expected) in [
            (
                Some("a"),
                Outcome::Done,
                r#"{"schema":"cuffd.reply/1","id":"a","ok":true}"#,
            ),
            (
                None,
                refused,
                r#"{"schema":"cuffd.reply/1","id":null,"ok":false,"error":{"code":"expired","message":"too late"}}"#,
            ),
            (
                Some("c"),
                malformed,
                r#"{"schema":"cuffd.reply/1","id":"c","ok":false,"error":{"code":"malformed","message":"by is missing","field":"by"}}"#,
            ),
            (
                Some("b"),
                nothing_kept,
                r#"{"schema":"cuffd.reply/1","id":"b","ok":true,"not_kept":[3]}"#,
            ),
        ] {
            assert_eq!(text(id, &outcome), expected);
        }
    }

    fn cuff(details: usize) -> Value {
        json!({
            "id": "living-room", "model": "ua-651ble", "manufacturer": "m".repeat(details), "connected": true,
            "cuff_pressure": "141 mmHg", "health": "bond_lost", "duplicates": 0, "unassigned": 0,
        })
    }

    fn session() -> Value {
        let reason = json!({"code": "systolic_above_limit", "measured": 146, "limit": 140});
        json!({
            "session": "s1", "patient": "p1", "state": "blocked", "ready": false, "reasons": [reason], "systolic": 146,
            "counted": ["r1"], "attested": [], "policy": {"name": "a", "sha256": "b"}, "opened_at": "2026-11-21T18:00:00Z",
            "attestations": [],
        })
    }

    fn reported(cuffs: usize, details: usize) -> Value {
        report_with(cuffs, details, 0)
    }

    fn report_with(cuffs: usize, details: usize, sessions: usize) -> Value {
        let time = "2026-11-21T18:00:00Z";
        let state = json!({
            "schema": "cuffd.state/1", "version": "1", "site": "north", "gateway": "gw", "run": Uuid::nil(),
            "started_at": time, "sessions": vec![session(); sessions], "cuffs": vec![cuff(details); cuffs],
            "radio": {"state": "scanning"},
            "delivery": DeliveryState::default(), "clock": ClockState::default(), "store": StoreState::default(),
            "problems": [],
        });
        let state: State = serde_json::from_value(state).unwrap();
        serde_json::from_str(&text(Some("a"), &Outcome::Report(Box::new(state)))).unwrap()
    }

    #[test]
    fn a_report_does_not_tell_the_pressure_in_a_cuff() {
        let reply = reported(1, 9);
        assert_eq!(reply["status"]["cuffs"][0]["cuff_pressure"], Value::Null);
        assert_eq!(reply["status"]["cuffs"][0]["manufacturer"], "m".repeat(9));
        assert_eq!(reply["shortened"], Value::Null);
    }

    #[test]
    fn a_report_tells_how_sessions_stand_and_nothing_measured() {
        let reply = report_with(1, 0, 1);
        let session = &reply["status"]["sessions"][0];
        assert_eq!(session["state"], "blocked");
        assert_eq!(session["reasons"], json!([{"code": "systolic_above_limit"}]));
        assert_eq!(session["systolic"], Value::Null);
    }

    #[test]
    fn a_report_that_would_be_too_large_tells_of_sessions_before_cuffs() {
        let cuffs_left_out = report_with(100, 0, 10);
        assert_eq!(cuffs_left_out["status"]["cuffs"], json!([]));
        assert_eq!(cuffs_left_out["status"]["sessions"].as_array().map(Vec::len), Some(10));
        let both_left_out = report_with(1, 0, 100);
        assert_eq!(both_left_out["shortened"], true);
        assert_eq!(both_left_out["status"]["sessions"], json!([]));
    }

    #[test]
    fn a_report_that_would_be_too_large_tells_less_of_the_cuffs() {
        let details_left_out = reported(20, 1000);
        assert_eq!(details_left_out["shortened"], true);
        let cuffs = details_left_out["status"]["cuffs"].as_array().unwrap();
        assert_eq!(cuffs.len(), 20);
        assert_eq!(cuffs[19]["manufacturer"], Value::Null);
        assert_eq!(cuffs[19]["health"], "bond_lost");
        let cuffs_left_out = reported(100, 0);
        assert_eq!(cuffs_left_out["shortened"], true);
        assert_eq!(cuffs_left_out["status"]["cuffs"], json!([]));
        assert_eq!(cuffs_left_out["status"]["radio"]["state"], "scanning");
    }

    #[test]
    fn only_response_topics_under_the_prefix_are_used() {
        let correlation = Bytes::from_static(b"c");
        let clinic = Some("clinic/replies/");
        let response = |topic: &str| Route::Response {
            topic: topic.to_owned(),
            correlation: Some(correlation.clone()),
        };
        let long = format!("clinic/replies/{}", "x".repeat(300));
        for (prefix, topic, expected) in [
            (clinic, Some("clinic/replies/7"), response("clinic/replies/7")),
            (clinic, Some("clinic/other/7"), Route::Own),
            (clinic, Some("clinic/replies/+"), Route::Own),
            (clinic, Some("clinic/replies/#"), Route::Own),
            (clinic, Some("clinic/replies/\0"), Route::Own),
            (clinic, Some(long.as_str()), Route::Own),
            (clinic, None, Route::Own),
            (None, Some("clinic/replies/7"), Route::Own),
            (Some(""), Some(""), Route::Own),
        ] {
            assert_eq!(route(prefix, topic, Some(&correlation)), expected, "{topic:?}");
        }
    }
}
