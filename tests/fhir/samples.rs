//! One Bundle of each kind, for the validators.

use cuffd::core::bls::measurement::{Measurement, Status, Unit};
use cuffd::core::bls::sfloat::Sfloat;
use cuffd::core::source::Description;
use cuffd::mqtt::message::fhir::{self, Round};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::average;
use crate::rig::{PATIENTS, Sample, measurement, special};

type Kinds = Vec<(&'static str, Sample)>;

fn changed(change: fn(&mut Measurement)) -> Sample {
    let mut measurement = measurement();
    change(&mut measurement);
    Sample::of(&measurement)
}

/// What a cuff may send.
fn sent() -> Kinds {
    let kilopascal = changed(|it| {
        it.unit = Unit::KPa;
        it.systolic = Sfloat::Number(Decimal::new(1604, 2));
        it.diastolic = Sfloat::Number(Decimal::new(1067, 2));
    });
    let specials = changed(|it| {
        it.systolic = special(0x07FE);
        it.mean_arterial_pressure = special(0x07FF);
        it.pulse_rate = Some(special(0x0800));
    });
    let implausible = Sample {
        counted: false,
        ..changed(|it| it.diastolic = it.systolic)
    };
    vec![
        ("plain", Sample::of(&measurement())),
        ("kPa", kilopascal),
        ("specials", specials),
        ("irregular pulse", changed(|it| it.status = Some(Status(0b00_0100)))),
        ("no pulse rate", changed(|it| it.pulse_rate = None)),
        ("no status", changed(|it| it.status = None)),
        ("no stamp", changed(|it| it.timestamp = None)),
        ("implausible", implausible),
    ]
}

/// What may be known of it beside.
fn known() -> Kinds {
    let plain = Sample::of(&measurement());
    let uncounted = Sample {
        counted: false,
        ..plain.clone()
    };
    let a_clock_nobody_knows = Sample {
        offset_s: None,
        ..uncounted.clone()
    };
    let no_clock_at_all = Sample {
        synchronized: false,
        ..uncounted
    };
    let a_silent_cuff = Sample {
        description: Description::default(),
        ..plain.clone()
    };
    let without_proof = Sample {
        proof: None,
        ..plain.clone()
    };
    vec![
        ("a clock nobody knows", a_clock_nobody_knows),
        ("no clock at all", no_clock_at_all),
        ("a cuff that says nothing", a_silent_cuff),
        ("without proof", without_proof),
        ("a test", Sample { test: true, ..plain }),
    ]
}

/// All of them with what the rules must know of each, one a line.
pub(crate) fn lines() -> String {
    let readings = sent().into_iter().chain(known()).map(|(name, sample)| {
        let message: Value = serde_json::from_slice(&sample.message()).unwrap();
        line(name, sample.bundle(), &[message])
    });
    let parse = |message: &Vec<u8>| -> Value { serde_json::from_slice(message).unwrap() };
    let [readings_of_round, answer] = [average::readings().to_vec(), vec![average::answer()]];
    let averages = [("average", Some(&answer[0])), ("untold average", None)].map(|(name, answer)| {
        let round = Round {
            readings: readings_of_round.iter().map(Vec::as_slice).collect(),
            systolic: 118.into(),
            diastolic: 76.into(),
            answer: answer.map(Vec::as_slice),
        };
        let bundle = fhir::average(&round, PATIENTS).unwrap().expect("it has readings");
        let of: Vec<Value> = answer.into_iter().chain(&readings_of_round).map(parse).collect();
        line(name, serde_json::from_slice(&bundle.octets).unwrap(), &of)
    });
    readings.chain(averages).collect()
}

fn line(name: &str, bundle: Value, of: &[Value]) -> String {
    let proofs: Vec<&Value> = of.iter().filter_map(|message| message.get("proof")).collect();
    let ids: Vec<&Value> = of.iter().map(|message| &message["id"]).collect();
    let test = of.iter().any(|message| message["test"] == true);
    let line = json!({
        "name": name, "bundle": bundle, "system": PATIENTS, "patient": "p1", "gateway": "north/gw-0042",
        "proofs": proofs, "messages": ids, "test": test,
    });
    format!("{line}\n")
}
