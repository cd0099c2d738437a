//! When it was taken, and by which clock.

use serde_json::{Value, json};

use crate::rig::{Sample, measurement, observation, stamp};

fn taken(sample: &Sample) -> [Value; 3] {
    let bundle = sample.bundle();
    let pressure = observation(&bundle, "85354-9").unwrap();
    ["effectiveDateTime", "effectivePeriod", "_effectiveDateTime"].map(|name| pressure[name].clone())
}

/// The Observation that a cuff's own time is put right by.
fn time_stamp(sample: &Sample) -> Option<Value> {
    observation(&sample.bundle(), "67975").cloned()
}

#[test]
fn a_known_time_is_told_with_what_it_was_put_right_by() {
    let sample = Sample::of(&measurement());
    assert_eq!(
        taken(&sample),
        [json!("2026-11-21T18:07:29Z"), Value::Null, Value::Null]
    );
    let time_stamp = time_stamp(&sample).expect("there is one");
    assert_eq!(time_stamp["effectiveDateTime"], "2026-11-21T18:07:40.25Z");
    assert_eq!(time_stamp["valueDateTime"], "2026-11-21T18:04:23.25Z", "197 s slow");
    let bundle = sample.bundle();
    let extensions = &observation(&bundle, "85354-9").unwrap()["extension"];
    assert_eq!(extensions.as_array().unwrap().len(), 2);
}

#[test]
fn an_unknown_time_is_before_the_receipt_or_unknown_if_that_is() {
    for (stamped, offset_s, synchronized, period, unknown) in [
        (false, None, true, true, false),
        (false, Some(197), true, true, false),
        (true, None, true, true, false),
        (true, Some(100_000), true, true, false),
        (true, Some(197), false, false, true),
        (false, None, false, false, true),
    ] {
        let mut measurement = measurement();
        measurement.timestamp = stamped.then(|| stamp("2026-11-21T18:04:12"));
        let sample = Sample {
            offset_s,
            synchronized,
            counted: false,
            ..Sample::of(&measurement)
        };
        let [at, during, why] = taken(&sample);
        assert_eq!(at, Value::Null);
        let end = json!({"end": "2026-11-21T18:07:40.25Z"});
        assert_eq!(during, if period { end } else { Value::Null });
        assert_eq!(!why.is_null(), unknown);
        assert_eq!(time_stamp(&sample), None, "nothing was put right");
        // What has no stamp by a known clock is told apart by our id alone.
        let bundle = sample.bundle();
        let pressure = observation(&bundle, "85354-9").unwrap();
        let own = json!([{
            "system": "urn:cuffd:observation", "value": "00000000-0000-0000-0000-000000000001/blood-pressure",
        }]);
        assert_eq!(
            (&pressure["identifier"], pressure["extension"].as_array().unwrap().len()),
            (&own, 1)
        );
    }
}
