//! The measurement status: what the cuff saw, what it would have seen, and nothing else.

use cuffd::core::bls::measurement::Status;
use serde_json::Value;

use crate::rig::{SEES, Sample, measurement, observation};

/// The bits that are told, each with its value; `None` if there is no such Observation.
fn told(status: Option<Status>, features: Option<u16>) -> Option<Vec<(String, bool)>> {
    let mut measurement = measurement();
    measurement.status = status;
    let mut sample = Sample::of(&measurement);
    sample.description.features = features;
    let bundle = sample.bundle();
    let components = observation(&bundle, "8410608")?["component"]
        .as_array()
        .unwrap()
        .clone();
    let bit = |component: &Value| {
        let code = component["code"]["coding"][0]["code"].as_str().unwrap();
        let bit = code.strip_prefix("8410608.").unwrap().to_owned();
        (bit, component["valueBoolean"].as_bool().unwrap())
    };
    Some(components.iter().map(bit).collect())
}

#[test]
fn a_bit_is_told_if_the_cuff_can_see_it_or_saw_it() {
    for (status, features, expected) in [
        (Some(0), Some(SEES), Some("0- 2- 3- 4-")),
        (Some(0b00_0101), Some(SEES), Some("0+ 2+ 3- 4-")),
        (Some(0b10_0010), Some(SEES), Some("0- 1+ 2- 3- 4- 5+")),
        (Some(0b00_1000), Some(SEES), Some("0- 2- 3+ 4-")),
        (Some(0b01_0000), Some(0), Some("4+")),
        (Some(0b00_0100), None, Some("2+")),
        (Some(0b01_1000), Some(SEES), Some("0- 2-")),
        (Some(0), Some(0), None),
        (Some(0), None, None),
        (Some(0xFFC0), Some(0xFFC0), None),
        (None, Some(SEES), None),
    ] {
        let told = told(status.map(Status), features);
        let told = told.map(|bits| {
            let sign = |(bit, set): (String, bool)| format!("{bit}{}", if set { '+' } else { '-' });
            bits.into_iter().map(sign).collect::<Vec<_>>().join(" ")
        });
        assert_eq!(told.as_deref(), expected, "{status:?} {features:?}");
    }
}
