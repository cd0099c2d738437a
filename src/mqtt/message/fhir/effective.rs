//! When a reading was taken, as far as that is known.
//!
//! A reading of unknown time is not given a time that nobody knows. It was taken before it was received: a period of which only
//! the end is known, so that a search by date still finds it. Where the gateway's own clock could not be believed either, the
//! time is marked as unknown.

use serde_json::{Map, Value, json};

use super::bundle::time;
use super::coding::Absent;
use super::source::Reading;

/// Puts `effective[x]` into an Observation.
pub(super) fn put(into: &mut Map<String, Value>, reading: &Reading) {
    let (name, value) = if let Some(taken_at) = reading.taken_at {
        ("effectiveDateTime", time(taken_at))
    } else if reading.verification.clock_synchronized {
        ("effectivePeriod", json!({"end": time(reading.received_at)}))
    } else {
        ("_effectiveDateTime", Absent::Unknown.extension())
    };
    into.insert(name.to_owned(), value);
}
