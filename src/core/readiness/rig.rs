//! What the tests of this folder share: a policy with times of minutes, one patient's cuff, events in short.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use super::event::{Arrived, Connection, Decision, Event};
use super::gate::Gate;

use super::policy::{Approval, Limits, Policy, Pressures, ReadingRules};
use crate::core::bls::measurement::{CuffTime, Measurement, Status, Unit};
use crate::core::bls::sfloat::Sfloat;
use crate::core::cuff::{Address, Cuff, Wearer};
use crate::core::models::Model;
use crate::core::name::Name;
use crate::core::reading::ReadingId;

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

/// The time of day, in minutes and seconds after 18:00.
pub(crate) fn at(minutes: i64, seconds: i64) -> Timestamp {
    let start: Timestamp = "2026-11-21T18:00:00Z".parse().expect("a time");
    start + jiff::SignedDuration::from_secs(60 * minutes + seconds)
}

pub(crate) const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

/// Two readings a round, one attestation, two attempts; invented limits.
pub(crate) fn policy() -> Policy {
    let limits = |min, max| Limits {
        min: Decimal::from(min),
        max: Decimal::from(max),
    };
    Policy {
        name: "test".to_owned(),
        sha256: String::new(),
        written: String::new(),
        systolic: limits(90, 140),
        diastolic: limits(50, 90),
        pulse_rate: None,
        crisis: Pressures {
            systolic: Decimal::from(180),
            diastolic: Decimal::from(120),
        },
        readings: 2,
        valid_for: minutes(3),
        discard_first: false,
        spacing: minutes(1),
        extra_if_differ: None,
        rest: minutes(1),
        attempts: 2,
        retry_after: minutes(1),
        session_limit: minutes(8),
        attestations: vec![name("safe")],
        attest_for: minutes(4),
        approval: Approval::None,
        clinician_may_override: true,
        reading: ReadingRules::default(),
    }
}

pub(crate) fn cuff(id: &str, wearer: Wearer) -> Cuff {
    Cuff {
        id: name(id),
        address: Address::new([0; 6]),
        model: Model::standard(),
        trust_clock: false,
        wearer,
        since: None,
    }
}

/// A gate with p1's cuff, a cuff of users, and a clinic's cuff.
pub(crate) fn gate(policy: Policy) -> Gate {
    let users = Wearer::Users([(1, name("p1"))].into());
    let cuffs = [
        cuff("own", Wearer::Patient(name("p1"))),
        cuff("shared", users),
        cuff("clinic", Wearer::Session),
    ];
    Gate::new(Some(Arc::new(policy)), cuffs, TimeZone::UTC)
}

/// The octets of a measurement taken at this time.
pub(crate) fn octets(systolic: i64, diastolic: i64, status: u16, taken_at: Timestamp) -> Vec<u8> {
    let measurement = Measurement {
        flags: 0,
        unit: Unit::MmHg,
        systolic: Sfloat::Number(Decimal::from(systolic)),
        diastolic: Sfloat::Number(Decimal::from(diastolic)),
        mean_arterial_pressure: Sfloat::NotANumber,
        timestamp: Some(CuffTime::Valid(TimeZone::UTC.to_datetime(taken_at))),
        pulse_rate: None,
        user_id: None,
        status: Some(Status(status)),
        trailing: 0,
    };
    measurement.encode().expect("encodable")
}

/// One measurement of `cuff`, received at a time, with an offset of 0.
pub(crate) fn measured(cuff: &str, number: u64, octets: Vec<u8>, received_at: Timestamp) -> Event {
    Event::Measured(Connection {
        cuff: name(cuff),
        bonded: true,
        first: false,
        brought: 1,
        arrived: vec![Arrived {
            id: ReadingId::Numbered(number),
            octets,
            received_at,
            offset_s: Some(0),
            seen_before: false,
            clock_synchronized: true,
        }],
    })
}

/// A measurement, received while the gateway's clock was as the gate knows it.
pub(crate) fn received_now(mut event: Event, gate: &Gate) -> Event {
    if let Event::Measured(connection) = &mut event {
        for arrived in &mut connection.arrived {
            arrived.clock_synchronized = gate.is_clock_synchronized();
        }
    }
    event
}

pub(crate) fn opened() -> Event {
    Event::SessionOpened {
        session: name("s1"),
        patient: name("p1"),
        cuff: None,
    }
}

pub(crate) fn attested(value: bool) -> Event {
    Event::Attested {
        session: name("s1"),
        item: name("safe"),
        by: Some(name("nurse")),
        value,
    }
}

pub(crate) fn decided(decision: Decision) -> Event {
    Event::Decided {
        session: name("s1"),
        decision,
        by: name("dr"),
    }
}
