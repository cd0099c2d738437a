//! What virtual cuffs measure, known beforehand from their seed.

use std::time::Duration;

use cuffd::simulate::fault::Faults;
use cuffd::simulate::routine::{Pace, Routine};
use serde_json::{Value, json};

/// What the cuff of this number measures under `simulate --seed`, for as long as it is asked: each cuff has a seed of its
/// own, and how often it measures changes nothing.
pub(crate) fn measured(seed: u64, cuff: u64, readings: u16) -> impl Iterator<Item = Value> {
    let every = Duration::from_secs(1);
    let mut routine = Routine::new(seed + (cuff << 32), Pace { readings, every }, Faults::default());
    std::iter::repeat_with(move || routine.next_visit().1.taken)
        .flatten()
        .map(|taken| {
            let values = taken.values.expect("no fault was asked for");
            json!([values.systolic, values.diastolic, values.pulse_rate])
        })
}

/// The same of a reading.
pub(crate) fn values(reading: &Value) -> Value {
    json!([reading["systolic"], reading["diastolic"], reading["pulse_rate"]])
}
