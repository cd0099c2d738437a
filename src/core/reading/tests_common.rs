//! What the tests of this folder share: one day, one cuff.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Circumstances;
use crate::core::cuff::{Address, Cuff, Wearer};
use crate::core::models::Model;
use crate::core::name::Name;
use crate::core::readiness::policy::ReadingRules;

pub(super) fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

/// A time of one day, in UTC.
pub(crate) fn time(text: &str) -> Timestamp {
    format!("2026-11-21T{text}Z").parse().expect("a time of day")
}

pub(super) fn cuff(wearer: Wearer) -> Cuff {
    Cuff {
        id: name("c1"),
        address: Address::new([0; 6]),
        model: Model::standard(),
        trust_clock: false,
        wearer,
        since: None,
    }
}

/// Nothing speaks against a measurement of p1's own cuff.
pub(super) fn circumstances<'a>(
    rules: &'a ReadingRules,
    received_at: &str,
    offset_s: Option<i64>,
) -> Circumstances<'a> {
    static OWN: LazyLock<Cuff> = LazyLock::new(|| cuff(Wearer::Patient(name("p1"))));
    static UTC: TimeZone = TimeZone::UTC;
    Circumstances {
        cuff: Some(&OWN),
        rules,
        zone: &UTC,
        received_at: time(received_at),
        offset_s,
        bonded: true,
        first_connection: false,
        alone: true,
        seen_before: false,
        clock_synchronized: true,
    }
}
