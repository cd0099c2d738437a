//! Numbers go through unchanged; what is no number says which.

use cuffd::core::bls::measurement::Unit;
use cuffd::core::bls::sfloat::Sfloat;
use cuffd::core::models::Model;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::rig::{Sample, measurement, observation, special};

fn components(sample: &Sample) -> Vec<Value> {
    let bundle = sample.bundle();
    observation(&bundle, "85354-9").unwrap()["component"]
        .as_array()
        .unwrap()
        .clone()
}

fn absent(component: &Value) -> &Value {
    &component["dataAbsentReason"]["coding"][0]["code"]
}

/// Every word in each unit: no digit may be lost on the way from the message.
#[test]
fn every_number_of_a_message_stands_in_its_bundle() {
    for unit in [Unit::MmHg, Unit::KPa] {
        for word in (0..=u16::MAX).step_by(37) {
            let Sfloat::Number(_) = Sfloat::from_word(word) else {
                continue;
            };
            let mut measurement = measurement();
            measurement.unit = unit;
            measurement.systolic = Sfloat::from_word(word);
            let sample = Sample::of(&measurement);
            let message: Value = serde_json::from_slice(&sample.message()).unwrap();
            let value = &components(&sample)[0]["valueQuantity"]["value"];
            assert_eq!(*value, message["systolic"], "{word:#06x} {unit:?}");
            // The text of the message, as a decimal, is the text of the Bundle.
            let decimal = |value: &Value| {
                let text = value.to_string();
                Decimal::from_scientific(&text).or_else(|_| text.parse()).unwrap()
            };
            let exact = Sfloat::from_word(word).number().unwrap();
            if unit == Unit::MmHg {
                assert_eq!(decimal(value), exact, "{word:#06x}");
            }
        }
    }
}

#[test]
fn kilopascal_come_as_millimetres_of_mercury() {
    let mut kilopascal = measurement();
    kilopascal.unit = Unit::KPa;
    kilopascal.systolic = Sfloat::Number(Decimal::new(1604, 2));
    kilopascal.diastolic = Sfloat::Number(Decimal::new(1067, 2));
    kilopascal.mean_arterial_pressure = special(0x07FF);
    let components = components(&Sample::of(&kilopascal));
    let quantity =
        |value: Value| json!({"value": value, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"});
    assert_eq!(components[0]["valueQuantity"], quantity(json!(120.3)));
    assert_eq!(components[1]["valueQuantity"], quantity(json!(80)));
    assert_eq!(absent(&components[2]), "not-a-number");
}

#[test]
fn each_of_the_five_codes_has_its_reason() {
    for (word, reason) in [
        (0x07FF, "not-a-number"),
        (0x0800, "error"),
        (0x07FE, "positive-infinity"),
        (0x0802, "negative-infinity"),
        (0x0801, "error"),
    ] {
        let mut measurement = measurement();
        measurement.systolic = special(word);
        measurement.pulse_rate = Some(special(word));
        let sample = Sample::of(&measurement);
        let components = components(&sample);
        assert_eq!(
            (absent(&components[0]), components[0].get("valueQuantity")),
            (&json!(reason), None)
        );
        assert_eq!(components[1]["valueQuantity"]["value"], 76);
        let bundle = sample.bundle();
        let pulse = observation(&bundle, "8867-4").unwrap();
        assert_eq!((absent(pulse), pulse.get("valueQuantity")), (&json!(reason), None));
    }
}

#[test]
fn a_pulse_rate_is_one_above_zero_and_absent_where_none_was_sent() {
    for (sent, value, reason) in [
        (Some(Sfloat::Number(72.into())), json!(72), Value::Null),
        (Some(Sfloat::Number(Decimal::new(725, 1))), json!(72.5), Value::Null),
        (Some(Sfloat::Number(0.into())), Value::Null, json!("error")),
        (Some(Sfloat::Number((-1).into())), Value::Null, json!("error")),
    ] {
        let mut measurement = measurement();
        measurement.pulse_rate = sent;
        let sample = Sample::of(&measurement);
        let bundle = sample.bundle();
        let pulse = observation(&bundle, "8867-4").expect("sent");
        assert_eq!((&pulse["valueQuantity"]["value"], absent(pulse)), (&value, &reason));
    }
    let mut without = measurement();
    without.pulse_rate = None;
    assert_eq!(observation(&Sample::of(&without).bundle(), "8867-4"), None);
}

#[test]
fn a_pulse_rate_that_is_no_number_is_none_in_either_order_of_octets() {
    let model = Model::find("beurer-bm85").unwrap();
    let mut measurement = measurement();
    measurement.pulse_rate = Some(special(0x07FE));
    measurement.user_id = Some(1);
    let sample = Sample {
        model,
        ..Sample::of_octets(model.encode(&measurement).unwrap())
    };
    let bundle = sample.bundle();
    let pulse = observation(&bundle, "8867-4").expect("sent");
    assert_eq!(absent(pulse), "positive-infinity");
}
