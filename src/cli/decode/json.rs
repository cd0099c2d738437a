//! The objects of `decode`, field by field in the contract's order.
//!
//! Written by hand because a number here is an exact decimal: JSON libraries go through binary floating point, and write
//! small ones with an exponent. Octets left over are told where the contract's form has `trailing`; elsewhere only if there
//! are any.

use std::io::Write;

use crate::core::bls::cuff_pressure::CuffPressure;
use crate::core::bls::current_time::CurrentTime;
use crate::core::bls::date_time::DateTime;
use crate::core::bls::enhanced::{Circumstances, EnhancedCuffPressure, EnhancedMeasurement};
use crate::core::bls::feature::{Feature, Features};
use crate::core::bls::measurement::{CuffTime, Measurement, Status, Unit};
use crate::core::bls::record::Segment;
use crate::core::bls::sfloat::Sfloat;
use crate::core::notation::hex;

/// What has fields to write.
pub(super) trait Fields {
    /// Writes them, in order.
    fn write_to(&self, object: &mut Object<'_>);
}

/// Appends the object of a decoded value.
pub(super) fn put(json: &mut Vec<u8>, characteristic: &str, value: &impl Fields) {
    let mut object = Object::new(json);
    object.word("characteristic", characteristic);
    value.write_to(&mut object);
    object.close();
}

/// Appends the object of a value that did not decode.
pub(super) fn put_error(json: &mut Vec<u8>, characteristic: &str, code: &str, message: &str) {
    let mut object = Object::new(json);
    object.text("characteristic", characteristic);
    object.object("error", |error| {
        error.word("code", code);
        error.text("message", message);
    });
    object.close();
}

/// An object being written. Keys, and what goes through [`Object::word`], are this program's own and need no escapes.
pub(super) struct Object<'a> {
    json: &'a mut Vec<u8>,
    separator: u8,
}

impl<'a> Object<'a> {
    const fn new(json: &'a mut Vec<u8>) -> Self {
        Self { json, separator: b'{' }
    }

    fn close(self) {
        self.json.push(b'}');
    }

    fn key(&mut self, key: &str) {
        self.json.push(self.separator);
        self.separator = b',';
        self.quoted(key);
        self.json.push(b':');
    }

    fn quoted(&mut self, word: &str) {
        self.json.push(b'"');
        self.json.extend_from_slice(word.as_bytes());
        self.json.push(b'"');
    }

    fn word(&mut self, key: &str, word: &str) {
        self.key(key);
        self.quoted(word);
    }

    fn text(&mut self, key: &str, text: &str) {
        self.key(key);
        let escaped = serde_json::Value::from(text).to_string();
        self.json.extend_from_slice(escaped.as_bytes());
    }

    /// Anything that displays itself as JSON.
    fn bare(&mut self, key: &str, value: impl std::fmt::Display) {
        self.key(key);
        // A vector takes whatever is written to it.
        let _ = write!(self.json, "{value}");
    }

    fn words(&mut self, key: &str, words: impl Iterator<Item = &'static str>) {
        self.key(key);
        self.json.push(b'[');
        for (index, word) in words.enumerate() {
            if index > 0 {
                self.json.push(b',');
            }
            self.quoted(word);
        }
        self.json.push(b']');
    }

    fn object(&mut self, key: &str, write: impl FnOnce(&mut Object<'_>)) {
        self.key(key);
        let mut inner = Object::new(self.json);
        write(&mut inner);
        inner.close();
    }

    fn flags(&mut self, flags: u8, unit: Unit) {
        self.bare("flags", flags);
        self.word("unit", unit.as_str());
    }

    fn sfloat(&mut self, key: &str, sfloat: Sfloat) {
        match (sfloat.number(), sfloat.special()) {
            (Some(number), _) => self.bare(key, number.normalize()),
            (None, special) => self.word(key, special.unwrap_or_default()),
        }
    }

    fn time(&mut self, time: CuffTime) {
        match time {
            CuffTime::Valid(valid) => {
                self.bare("timestamp", format_args!("\"{valid}\""));
                self.word("timestamp_state", "valid");
            }
            CuffTime::Unknown => {
                self.bare("timestamp", "null");
                self.word("timestamp_state", "unknown");
            }
            CuffTime::Invalid => {
                self.bare("timestamp", "null");
                self.word("timestamp_state", "invalid");
            }
        }
    }

    fn pulse_and_status(&mut self, pulse_rate: Option<Sfloat>, user_id: Option<u8>, status: Option<Status>) {
        if let Some(pulse_rate) = pulse_rate {
            self.sfloat("pulse_rate", pulse_rate);
        }
        if let Some(user_id) = user_id {
            self.bare("user_id", user_id);
        }
        if let Some(status) = status {
            self.words("status", status.names());
            self.bare("status_raw", status.0);
        }
    }

    fn trailing_if_any(&mut self, trailing: usize) {
        if trailing > 0 {
            self.bare("trailing", trailing);
        }
    }
}

impl Fields for Measurement {
    fn write_to(&self, object: &mut Object<'_>) {
        object.flags(self.flags, self.unit);
        object.sfloat("systolic", self.systolic);
        object.sfloat("diastolic", self.diastolic);
        object.sfloat("mean_arterial_pressure", self.mean_arterial_pressure);
        if let Some(timestamp) = self.timestamp {
            object.time(timestamp);
        }
        object.pulse_and_status(self.pulse_rate, self.user_id, self.status);
        object.bare("trailing", self.trailing);
    }
}

impl Fields for CuffPressure {
    fn write_to(&self, object: &mut Object<'_>) {
        object.flags(self.flags, self.unit);
        object.sfloat("cuff_pressure", self.cuff_pressure);
        if let Some(timestamp) = self.timestamp {
            object.time(timestamp);
        }
        object.pulse_and_status(self.pulse_rate, self.user_id, self.status);
        object.bare("trailing", self.trailing);
    }
}

impl Fields for EnhancedMeasurement {
    fn write_to(&self, object: &mut Object<'_>) {
        object.flags(self.flags, self.unit);
        object.sfloat("systolic", self.systolic);
        object.sfloat("diastolic", self.diastolic);
        object.sfloat("mean_arterial_pressure", self.mean_arterial_pressure);
        self.circumstances.write_to(object);
    }
}

impl Fields for EnhancedCuffPressure {
    fn write_to(&self, object: &mut Object<'_>) {
        object.flags(self.flags, self.unit);
        object.sfloat("cuff_pressure", self.cuff_pressure);
        self.circumstances.write_to(object);
    }
}

impl Fields for Circumstances {
    fn write_to(&self, object: &mut Object<'_>) {
        object.bare("epoch", self.epoch.year());
        if let Some(timestamp_s) = self.timestamp_s {
            object.bare("timestamp_s", timestamp_s);
        }
        object.pulse_and_status(self.pulse_rate, self.user_id, self.status);
        if let Some(user_facing_s) = self.user_facing_s {
            object.bare("user_facing_s", user_facing_s);
        }
        object.bare("trailing", self.trailing);
    }
}

impl Fields for Segment<'_> {
    fn write_to(&self, object: &mut Object<'_>) {
        object.bare("first_segment", self.header.first);
        object.bare("last_segment", self.header.last);
        object.bare("segment_counter", self.header.counter);
        object.bare("sequence", self.sequence);
        object.bare("inner_uuid", format_args!("\"{:04X}\"", self.inner_uuid));
        let payload = hex(self.payload);
        object.word("payload", &payload);
    }
}

impl Fields for Features {
    fn write_to(&self, object: &mut Object<'_>) {
        object.words("features", self.iter().map(Feature::as_str));
        object.bare("features_raw", self.raw);
        object.trailing_if_any(self.trailing);
    }
}

impl Fields for DateTime {
    fn write_to(&self, object: &mut Object<'_>) {
        object.time(self.time);
        object.trailing_if_any(self.trailing);
    }
}

impl Fields for CurrentTime {
    fn write_to(&self, object: &mut Object<'_>) {
        object.time(self.time);
        object.bare("day_of_week", self.day_of_week);
        object.bare("fractions256", self.fractions256);
        object.bare("adjust_reason", self.adjust_reason);
        object.trailing_if_any(self.trailing);
    }
}
