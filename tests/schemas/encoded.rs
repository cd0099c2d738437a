//! Every message that the encoders can make: what no daemon says in a test's time stands here too.

use std::collections::BTreeSet;

use cuffd::core::bls::measurement::{CuffTime, Measurement, Status, Unit};
use cuffd::core::bls::sfloat::Sfloat;
use cuffd::core::cuff::{Address, Cuff, Wearer};
use cuffd::core::models::Model;
use cuffd::core::name::Name;
use cuffd::core::readiness::answer::{Answer, Attested, State};
use cuffd::core::readiness::means::Means;
use cuffd::core::readiness::policy::{Approval, Limits, Policy, Pressures, ReadingRules};
use cuffd::core::reading::values::Values;
use cuffd::core::reading::{Reading, ReadingId, Verification};
use cuffd::core::reason::{ReadingReason, Reason};
use cuffd::core::source::Description;
use cuffd::core::trouble::Trouble;
use cuffd::mqtt::command::{Code, Refusal};
use cuffd::mqtt::message::alert::{About, AlertState};
use cuffd::mqtt::message::reply::Outcome;
use cuffd::mqtt::message::{Envelope, Origin, alert, info, readiness, reading, reply, status};
use cuffd::web::asked;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::checker::{Sample, assert_described};
use crate::{every, examined, printed, told};

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

pub(crate) fn time() -> Timestamp {
    "2026-11-21T18:07:20.5Z".parse().unwrap()
}

fn origin(test: bool) -> Origin {
    Origin {
        site: name("north"),
        gateway: name("gw-0042"),
        run: Uuid::from_u128(7),
        test,
    }
}

fn envelope(schema: &'static str) -> Envelope {
    origin(true).envelope(schema, Uuid::from_u128(3), 17, time())
}

/// A message as it goes out: the encoders leave the proof to whoever holds the key.
fn signed(octets: &[u8]) -> Value {
    let mut message: Value = serde_json::from_slice(octets).unwrap();
    message["proof"] = json!("eyJhbGciOiJFZDI1NTE5In0..c2lnbmF0dXJl");
    message
}

pub(crate) fn policy() -> Policy {
    let limits = |min, max| Limits {
        min: Decimal::from(min),
        max: Decimal::from(max),
    };
    let minutes = |minutes: u64| std::time::Duration::from_secs(60 * minutes);
    Policy {
        name: "clinic-2026-03".to_owned(),
        sha256: "ab".repeat(32),
        written: String::new(),
        systolic: limits(90, 140),
        diastolic: limits(50, 90),
        pulse_rate: None,
        crisis: Pressures {
            systolic: Decimal::from(180),
            diastolic: Decimal::from(120),
        },
        readings: 2,
        valid_for: minutes(30),
        discard_first: false,
        spacing: minutes(1),
        extra_if_differ: None,
        rest: minutes(5),
        attempts: 3,
        retry_after: minutes(15),
        session_limit: minutes(240),
        attestations: vec![name("safe_setting")],
        attest_for: minutes(30),
        approval: Approval::None,
        clinician_may_override: false,
        reading: ReadingRules::default(),
    }
}

pub(crate) fn attested() -> Attested {
    Attested {
        item: name("safe_setting"),
        by: Some(name("companion")),
        at: time(),
        until: time(),
    }
}

/// An answer in this state; unless it is ready, for every reason that there is.
pub(crate) fn answer(state: State) -> Answer {
    let is_ready = state == State::Ready;
    Answer {
        session: name("s1"),
        patient: name("p1"),
        state,
        reasons: if is_ready { Vec::new() } else { every::reasons() },
        valid_until: is_ready.then(time),
        next_at: (state == State::Blocked).then(time),
        means: Some(Means {
            systolic: Decimal::new(1_203_050, 4),
            diastolic: Decimal::from(78),
            pulse_rate: is_ready.then_some(Decimal::from(72)),
        }),
        counted: vec![ReadingId::Unique(Uuid::from_u128(1))],
        by: is_ready.then(|| name("dr")),
    }
}

fn readinesses() -> Vec<Sample> {
    let mut answers: Vec<Answer> = every::states().into_iter().map(answer).collect();
    answers.push(Answer::over(name("s1"), name("p1")));
    // Each reason by itself, as the only one.
    answers.extend(every::reasons().into_iter().map(|reason: Reason| Answer {
        reasons: vec![reason],
        means: None,
        counted: Vec::new(),
        ..answer(State::Waiting)
    }));
    let message = |answer: &Answer| {
        let parts = readiness::Parts {
            envelope: envelope(readiness::SCHEMA),
            answer,
            attested: &[attested(), Attested { by: None, ..attested() }],
            policy: &policy(),
            in_answer_to: (answer.state == State::Ready).then_some("report {7}"),
        };
        ("readiness", signed(&parts.encode().unwrap()))
    };
    answers.iter().map(message).collect()
}

fn measurement(unit: Unit, systolic: Sfloat, status: u16) -> Measurement {
    Measurement {
        flags: 0,
        unit,
        systolic,
        diastolic: Sfloat::Number(Decimal::new(1067, 2)),
        mean_arterial_pressure: Sfloat::NotANumber,
        timestamp: Some(CuffTime::Valid("2026-11-21T18:04:12".parse().unwrap())),
        pulse_rate: Some(Sfloat::Number(Decimal::from(72))),
        user_id: Some(255),
        status: Some(Status(status)),
        trailing: 0,
    }
}

/// A reading of this measurement that counts, or does not for these reasons.
fn reading(measurement: Option<Measurement>, reasons: Vec<ReadingReason>) -> Value {
    let counts = reasons.is_empty();
    let reading = Reading {
        patient: Some(name("p1")),
        session: counts.then(|| name("s1")),
        received_at: time(),
        taken_at: counts.then(time),
        offset_s: counts.then_some(-197),
        values: measurement.as_ref().map(Values::of).unwrap_or_default(),
        measurement,
        reasons,
        verification: Verification {
            registered: true,
            bonded: true,
            clock_synchronized: counts,
            fresh: counts,
            user_matched: true,
        },
    };
    let described = Description {
        manufacturer: Some("Maker".to_owned()),
        model: Some("1".to_owned()),
        serial: Some("2".to_owned()),
        firmware: Some("3".to_owned()),
        battery: Some(87),
        features: Some(0x001F),
    };
    let parts = reading::Parts {
        envelope: envelope(reading::SCHEMA),
        patient: &name("p1"),
        cuff: &Cuff {
            id: name("living-room"),
            address: Address::new([0; 6]),
            model: Model::standard(),
            trust_clock: false,
            wearer: Wearer::Patient(name("p1")),
            since: None,
        },
        description: &if counts { described } else { Description::default() },
        reading: &reading,
        octets: &[0x1E, 0x78],
        bond_required: true,
    };
    signed(&parts.encode().unwrap())
}

fn readings() -> Vec<Sample> {
    let pressure = |unit, systolic, status| Some(measurement(unit, Sfloat::Number(systolic), status));
    let mut readings = vec![
        reading(pressure(Unit::MmHg, Decimal::new(1203, 1), 0), Vec::new()),
        reading(pressure(Unit::KPa, Decimal::new(1604, 2), 0), Vec::new()),
        reading(
            Some(measurement(Unit::KPa, Sfloat::NotANumber, 0)),
            vec![ReadingReason::MeasurementError],
        ),
        reading(None, vec![ReadingReason::MeasurementError]),
    ];
    let statuses = (0..64).map(|bits| reading(pressure(Unit::MmHg, Decimal::from(120), bits), Vec::new()));
    readings.extend(statuses);
    let reasons = every::reading_reasons().into_iter();
    readings.extend(reasons.map(|reason| reading(pressure(Unit::MmHg, Decimal::from(999), 0), vec![reason])));
    readings.into_iter().map(|reading| ("reading", reading)).collect()
}

fn alert(about: About<'_>) -> Sample {
    let parts = alert::Parts {
        envelope: envelope(alert::SCHEMA),
        alert: Uuid::from_u128(2),
        about,
    };
    ("alert", signed(&parts.encode().unwrap()))
}

fn alerts() -> Vec<Sample> {
    let (session, patient, cuff) = (name("s1"), name("p1"), name("living-room"));
    let mut alerts = vec![alert(About::CrisisUnassigned { cuff: &cuff })];
    alerts.extend([true, false].map(|verified| {
        alert(About::Crisis {
            session: &session,
            patient: &patient,
            reading: Uuid::from_u128(9),
            verified,
            cuff: &cuff,
        })
    }));
    for code in every::troubles_of() {
        use cuffd::core::trouble::Code::{BondLost, CuffUnreachable};
        let trouble = Trouble {
            code,
            cuff: matches!(code, BondLost | CuffUnreachable).then(|| cuff.clone()),
        };
        alerts.extend(every::alert_states().into_iter().map(|state: AlertState| {
            alert(About::Trouble {
                trouble: &trouble,
                state,
            })
        }));
    }
    alerts
}

fn statuses() -> Vec<Sample> {
    let facts = status::Facts {
        standing: status::Standing {
            set_aside: vec![Uuid::max(); 101],
            ..status::Standing::default()
        },
        problems: every::problems().into_iter().collect(),
    };
    let connection = status::Connection {
        number: 7,
        since: time(),
    };
    let message = |presence| {
        let octets = status::status(&origin(true), presence, connection, &facts).unwrap();
        ("status", serde_json::from_slice(&octets).unwrap())
    };
    every::presences().into_iter().map(message).collect()
}

fn infos() -> Vec<Sample> {
    let cuff = info::Cuff {
        id: name("living-room"),
        model: "beurer-bm54".to_owned(),
    };
    let facts = info::Facts {
        cuffs: vec![cuff; 500],
        policy: Some(info::Policy {
            name: "clinic-2026-03".to_owned(),
            sha256: "ab".repeat(32),
        }),
        public_key: Some(json!({
            "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "use": "sig", "cuffd_gateway": "north/gw-0042",
        })),
    };
    let message = |facts| {
        let octets = info::info(&origin(true), facts).unwrap();
        ("info", serde_json::from_slice(&octets).unwrap())
    };
    let little = info::Facts {
        public_key: facts.public_key.clone(),
        ..info::Facts::default()
    };
    vec![message(&facts), message(&little)]
}

fn replies() -> Vec<Sample> {
    let message = |id, outcome: &Outcome| {
        let octets = reply::reply(id, outcome, true).unwrap();
        ("reply", serde_json::from_slice(&octets).unwrap())
    };
    let refused = every::reply_codes().into_iter().map(|code| {
        let refusal = Refusal::new(code, "why");
        message(None, &Outcome::Refused(refusal))
    });
    let mut replies: Vec<Sample> = refused.collect();
    let malformed = Refusal {
        field: Some("expires_at"),
        ..Refusal::new(Code::Malformed, "why")
    };
    replies.push(message(Some("1"), &Outcome::Refused(malformed)));
    let not_kept = vec![json!(3), json!(Uuid::max())];
    let mut many = told::state(State::Blocked);
    many.sessions = vec![many.sessions[0].clone(); 40];
    replies.extend([
        message(Some("1"), &Outcome::Done),
        message(Some("1"), &Outcome::Resent { not_kept }),
        message(Some("1"), &Outcome::Report(Box::new(many))),
        ("reply", asked::reply(None)),
        ("reply", asked::reply(Some(&name("s1")))),
    ]);
    let states = every::states().into_iter().map(told::state);
    replies.extend(states.map(|state| message(Some("1"), &Outcome::Report(Box::new(state)))));
    replies
}

/// One and more of each.
pub(crate) fn samples() -> Vec<Sample> {
    [
        readings(),
        readinesses(),
        alerts(),
        statuses(),
        infos(),
        replies(),
        told::samples(),
        crate::commands::samples(),
        printed::samples(),
        examined::samples(),
    ]
    .concat()
}

/// What the program can say is described to the last field, and nothing is described that it cannot say.
#[test]
fn schemas_describe_every_field_that_there_is_and_no_other() {
    let unseen = assert_described(&samples());
    assert!(unseen.is_empty(), "no message has {unseen:#?}");
}

#[test]
fn there_are_samples_of_each_schema() {
    let of_samples: BTreeSet<String> = samples().iter().map(|(schema, _)| format!("{schema}.json")).collect();
    let files = std::fs::read_dir(crate::checker::repository("docs/schemas")).unwrap();
    let files = files.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<String> = files.filter(|name| name != "common.json").collect();
    assert_eq!(of_samples, files);
}
