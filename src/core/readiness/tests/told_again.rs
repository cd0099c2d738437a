//! What a restarted gate makes of what was told before (contract 2.7).

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::last;
use crate::core::readiness::answer::State;
use crate::core::readiness::event::Event;
use crate::core::readiness::gate::Gate;
use crate::core::readiness::outcome::Outcome;
use crate::core::readiness::policy::Policy;
use crate::core::readiness::record::{Record, Word};
use crate::core::readiness::refusal::Refusal;
use crate::core::readiness::rig::{at, gate, measured, name, octets, policy};
use crate::core::reading::ReadingId;

fn opened() -> Record {
    Record::SessionOpened {
        session: name("s1"),
        patient: name("p1"),
        cuff: None,
        setting: 1,
    }
}

fn started() -> Record {
    Record::SessionStarted { session: name("s1") }
}

/// A measurement of p1's own cuff, taken and received at a time.
fn reading(number: u128, systolic: i64, at: Timestamp) -> Record {
    let Event::Measured(mut connection) = measured("own", 0, octets(systolic, 80, 0, at), at) else {
        panic!("a measurement");
    };
    for arrived in &mut connection.arrived {
        arrived.id = ReadingId::Unique(Uuid::from_u128(number));
    }
    Record::measured(&connection, at)
}

/// Tells it while the clock was synchronized, and has not stepped since.
fn tell(gate: &mut Gate, record: Record, at: Timestamp) -> Vec<Outcome> {
    gate.tell_again(record, at, at, true)
}

fn one_reading() -> Policy {
    Policy {
        readings: 1,
        attestations: Vec::new(),
        ..policy()
    }
}

#[test]
fn a_restarted_gate_comes_to_the_same_answers() {
    let told = [
        (opened(), at(0, 0)),
        (
            Record::Attested {
                session: name("s1"),
                item: name("safe"),
                by: Some(name("nurse")),
                value: true,
            },
            at(0, 30),
        ),
        (reading(1, 150, at(1, 0)), at(1, 0)),
        (reading(2, 150, at(2, 0)), at(2, 0)),
        (reading(3, 150, at(3, 0)), at(3, 0)),
        (Record::Setting { setting: 2 }, at(3, 30)),
        (reading(4, 150, at(4, 0)), at(4, 0)),
        (
            Record::Decided {
                session: name("s1"),
                decision: Word::Approve,
                by: name("dr"),
                note: None,
            },
            at(4, 10),
        ),
        (started(), at(4, 20)),
    ];
    let (mut running, mut restarted) = (gate(policy()), gate(policy()));
    let mut states = Vec::new();
    for (record, at) in told {
        let event = record.clone().event(at, SignedDuration::ZERO);
        let said = event.map_or_else(Vec::new, |event| running.handle(event, at));
        states.extend(last(&said).map(|(state, _)| state));
        assert_eq!(tell(&mut restarted, record, at), said);
        assert_eq!(restarted.standings(at), running.standings(at));
    }
    let [.., referred, ready, started] = states.as_slice() else {
        panic!("{states:?}");
    };
    assert_eq!(
        [referred, ready, started],
        [&State::Referred, &State::Ready, &State::Started]
    );
}

#[test]
fn what_was_started_stays_started_whatever_the_settings_say_now() {
    let stricter = Policy {
        readings: 2,
        ..one_reading()
    };
    let mut gate = gate(stricter);
    let _opened = tell(&mut gate, opened(), at(0, 0));
    let _measured = tell(&mut gate, reading(1, 120, at(1, 0)), at(1, 0));
    let now_refused = gate
        .clone()
        .handle(Event::SessionStarted { session: name("s1") }, at(1, 10));
    assert_eq!(now_refused, [Outcome::Refused(Refusal::NotReady)]);
    let _started = tell(&mut gate, started(), at(1, 10));
    let standing = gate.standings(at(1, 10)).pop().expect("open");
    assert_eq!(standing.answer.state, State::Started);
    assert_eq!(standing.progress.started_at, Some(at(1, 10)));
}

#[test]
fn only_an_open_session_stays_started() {
    let mut gate = gate(one_reading());
    let refused = tell(&mut gate, started(), at(0, 0));
    assert_eq!(refused, [Outcome::Refused(Refusal::UnknownSession)]);
    assert!(!gate.has_open_session());
}

#[test]
fn the_clock_is_what_was_known_of_it_then() {
    let mut gate = gate(one_reading());
    let unsynchronized = gate.tell_again(opened(), at(0, 0), at(0, 0), false);
    let reasons = vec!["rest_incomplete", "readings_needed", "clock_unsynchronized"];
    assert_eq!(last(&unsynchronized), Some((State::Waiting, reasons)));
    assert!(!gate.is_clock_synchronized());
    let ready = tell(&mut gate, reading(1, 120, at(1, 0)), at(1, 0));
    assert_eq!(last(&ready), Some((State::Ready, vec![])));
    assert!(gate.is_clock_synchronized());
}
