//! Random events: the gate must tell what the oracle tells.

use std::sync::Arc;
use std::time::Duration;

use cuffd::core::bls::measurement::{CuffTime, Measurement, Status, Unit};
use cuffd::core::bls::sfloat::Sfloat;
use cuffd::core::cuff::{Address, Cuff, Wearer};
use cuffd::core::models::Model;
use cuffd::core::name::Name;
use cuffd::core::readiness::event::{Arrived, Connection, Decision, Event};
use cuffd::core::readiness::gate::Gate;
use cuffd::core::readiness::outcome::{Fate, Outcome};
use cuffd::core::readiness::policy::{Approval, Limits, OnIrregularPulse, OnStatus, Policy, Pressures, ReadingRules};
use cuffd::core::reading::ReadingId;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use crate::oracle::{CRISIS, Happening, MAX, MIN, Oracle, Rules, Told};

const DIASTOLIC: i64 = 60;
const ITEMS: [&str; 2] = ["companion", "safe"];

fn start() -> Timestamp {
    "2026-11-21T18:00:00Z".parse().expect("a time")
}

fn at(second: i64) -> Timestamp {
    start() + jiff::SignedDuration::from_secs(second)
}

fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

fn seconds(seconds: i64) -> Duration {
    Duration::from_secs(u64::try_from(seconds).expect("not negative"))
}

fn policy(rules: &Rules) -> Policy {
    let limits = |min: i64, max: i64| Limits {
        min: min.into(),
        max: max.into(),
    };
    Policy {
        name: "random".to_owned(),
        sha256: String::new(),
        written: String::new(),
        systolic: limits(MIN, MAX),
        diastolic: limits(50, 90),
        pulse_rate: None,
        crisis: Pressures {
            systolic: CRISIS.into(),
            diastolic: 120.into(),
        },
        readings: u32::try_from(rules.readings).expect("few"),
        valid_for: seconds(rules.valid_for),
        discard_first: rules.discard_first,
        spacing: seconds(rules.spacing),
        extra_if_differ: rules.extra.map(|extra| Pressures {
            systolic: extra.into(),
            diastolic: extra.into(),
        }),
        rest: seconds(rules.rest),
        attempts: u32::try_from(rules.attempts).expect("few"),
        retry_after: seconds(rules.retry_after),
        session_limit: seconds(rules.limit),
        attestations: ITEMS.iter().take(rules.items).map(|item| name(item)).collect(),
        attest_for: seconds(rules.attest_for),
        approval: if rules.approval {
            Approval::Clinician
        } else {
            Approval::None
        },
        clinician_may_override: rules.overriding,
        reading: ReadingRules {
            max_reading_age: seconds(rules.max_age),
            require_clock: rules.require_clock,
            on_irregular_pulse: match rules.irregular {
                0 => OnIrregularPulse::Count,
                1 => OnIrregularPulse::Reject,
                _ => OnIrregularPulse::Refer,
            },
            on_body_movement: if rules.reject_moved {
                OnStatus::Reject
            } else {
                OnStatus::Count
            },
            ..ReadingRules::default()
        },
    }
}

fn event(happening: Happening, id: u64, now: i64, clock_synchronized: bool) -> Event {
    let session = name("s1");
    match happening {
        Happening::Measured {
            ago,
            systolic,
            irregular,
            moved,
        } => {
            let measurement = Measurement {
                flags: 0,
                unit: Unit::MmHg,
                systolic: Sfloat::Number(systolic.into()),
                diastolic: Sfloat::Number(DIASTOLIC.into()),
                mean_arterial_pressure: Sfloat::NotANumber,
                timestamp: Some(CuffTime::Valid(TimeZone::UTC.to_datetime(at(now - ago)))),
                pulse_rate: None,
                user_id: None,
                status: Some(Status(u16::from(moved) | u16::from(irregular) << 2)),
                trailing: 0,
            };
            Event::Measured(Connection {
                cuff: name("own"),
                bonded: true,
                first: false,
                brought: 1,
                arrived: vec![Arrived {
                    id: ReadingId::Numbered(id),
                    octets: measurement.encode().expect("encodable"),
                    received_at: at(now),
                    offset_s: Some(0),
                    seen_before: false,
                    clock_synchronized,
                }],
            })
        }
        Happening::Attested(item, value) => Event::Attested {
            session,
            item: name(ITEMS[item]),
            by: None,
            value,
        },
        Happening::Clock(synchronized) => Event::Clock { synchronized },
        Happening::Approved => Event::Decided {
            session,
            decision: Decision::Approve,
            by: name("dr"),
        },
        Happening::Denied => Event::Decided {
            session,
            decision: Decision::Deny,
            by: name("dr"),
        },
        Happening::Started => Event::SessionStarted { session },
        Happening::Closed => Event::SessionClosed { session },
        Happening::Nothing => Event::Tick,
    }
}

/// What the gate told last: of an open session its answer now, of one that ended its last.
fn told_by(gate: &Gate, outcomes: &[Outcome], now: i64, last: &mut Option<Told>) -> Told {
    let answered = outcomes.iter().rev().find_map(|outcome| match outcome {
        Outcome::Answer { answer, .. } => Some((**answer).clone()),
        Outcome::Refused(_) | Outcome::Judged(_) | Outcome::Alert(_) => None,
    });
    let second = |time: Timestamp| time.duration_since(start()).as_secs();
    let id = |id: &ReadingId| match id {
        ReadingId::Numbered(number) => *number,
        ReadingId::Unique(_) => panic!("only numbers were given"),
    };
    let current = gate.answers(at(now)).pop().map(|(answer, _)| answer).or(answered);
    if let Some(answer) = current {
        *last = Some(Told {
            state: answer.state.as_str(),
            reasons: answer.reasons.iter().map(|reason| reason.code()).collect(),
            counted: answer.counted.iter().map(id).collect(),
            valid_until: answer.valid_until.map(second),
            next_at: answer.next_at.map(second),
        });
    }
    last.clone().expect("an opened session was answered")
}

fn rules() -> impl Strategy<Value = Rules> {
    let rounds = (
        1..4_i64,
        1..40_i64,
        any::<bool>(),
        0..6_i64,
        prop::option::of(0..30_i64),
    );
    let times = (0..10_i64, 0..30_i64, 1..4_i64, 1..15_i64, 30..150_i64);
    let clearing = (
        0..3_usize,
        5..60_i64,
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        0..3_u8,
        any::<bool>(),
    );
    (rounds, times, clearing).prop_map(|(rounds, times, clearing)| Rules {
        readings: rounds.0,
        valid_for: rounds.1,
        discard_first: rounds.2,
        spacing: rounds.3,
        extra: rounds.4,
        rest: times.0,
        max_age: times.1,
        attempts: times.2,
        retry_after: times.3,
        limit: times.4,
        items: clearing.0,
        attest_for: clearing.1,
        approval: clearing.2,
        overriding: clearing.3,
        require_clock: clearing.4,
        irregular: clearing.5,
        reject_moved: clearing.6,
    })
}

fn happening() -> impl Strategy<Value = Happening> {
    let systolic = prop_oneof![
        6 => 100..=MAX,
        2 => MAX - 2..=MAX + 2,
        1 => MIN - 2..=MIN + 2,
        2 => MAX + 1..CRISIS,
        1 => CRISIS - 1..=CRISIS + 1,
    ];
    let measured = (
        prop_oneof![4 => Just(0_i64), 2 => 0..6_i64, 1 => 0..40_i64],
        systolic,
        0..20_u8,
        0..10_u8,
    );
    prop_oneof![
        12 => measured.prop_map(|(ago, systolic, irregular, moved)| Happening::Measured {
            ago,
            systolic,
            irregular: irregular == 0,
            moved: moved == 0,
        }),
        4 => (0..2_usize, prop::bool::weighted(0.85)).prop_map(|(item, value)| Happening::Attested(item, value)),
        1 => any::<bool>().prop_map(Happening::Clock),
        2 => Just(Happening::Approved),
        1 => Just(Happening::Started),
        1 => prop_oneof![5 => Just(Happening::Nothing), 1 => Just(Happening::Denied), 1 => Just(Happening::Closed)],
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn the_gate_tells_what_the_oracle_tells(
        rules in rules(),
        happenings in prop::collection::vec((0..12_i64, happening()), 1..40),
    ) {
        let cuff = Cuff {
            id: name("own"),
            address: Address::new([0; 6]),
            model: Model::standard(),
            trust_clock: false,
            wearer: Wearer::Patient(name("p1")),
            since: None,
        };
        let mut gate = Gate::new(Some(Arc::new(policy(&rules))), [cuff], TimeZone::UTC);
        let mut oracle = Oracle::new(&rules);
        let mut last = None;
        let opened = Event::SessionOpened { session: name("s1"), patient: name("p1"), cuff: None };
        let outcomes = gate.handle(opened, at(0));
        prop_assert_eq!(told_by(&gate, &outcomes, 0, &mut last), oracle.told(0));
        let mut now = 0;
        for (number, (wait, happening)) in happenings.into_iter().enumerate() {
            for second in now + 1..=now + wait {
                oracle.second(second);
            }
            now += wait;
            // No two measurements are alike, so that none is a double; ids follow the events.
            let id = number as u64;
            let outcomes = gate.handle(event(happening, id, now, gate.is_clock_synchronized()), at(now));
            let refused = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Refused(_)));
            if matches!(happening, Happening::Measured { .. }) {
                let counts = oracle.measured(now, id, happening);
                let fate = outcomes.iter().find_map(|outcome| match outcome {
                    Outcome::Judged(judged) => Some(!matches!(judged.fate, Fate::NotCounted(_))),
                    Outcome::Refused(_) | Outcome::Alert(_) | Outcome::Answer { .. } => None,
                });
                prop_assert_eq!(fate, Some(counts), "{:?} at {}", happening, now);
            } else {
                prop_assert_eq!(!refused, oracle.happens(now, happening), "{:?} at {}", happening, now);
            }
            prop_assert_eq!(told_by(&gate, &outcomes, now, &mut last), oracle.told(now), "{:?} at {}", happening, now);
        }
    }
}
