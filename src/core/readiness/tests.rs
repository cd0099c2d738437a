//! What the gate says beside answers: alerts, attestations, what a restart needs.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::answer::State;
use super::event::{Decision, Event};
use super::gate::Gate;
use super::outcome::{Alert, Fate, Outcome};
use super::policy::{Policy, ReadingRules};
use super::refusal::Refusal;
use super::rig::{at, attested, cuff, decided, gate, measured, minutes, name, octets, opened, policy};
use crate::core::cuff::Wearer;
use crate::core::reading::ReadingId;
use crate::core::reason::Reason;

mod told_again;

fn alerts(outcomes: &[Outcome]) -> Vec<&Alert> {
    outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            Outcome::Alert(alert) => Some(alert),
            Outcome::Refused(_) | Outcome::Judged(_) | Outcome::Answer { .. } => None,
        })
        .collect()
}

#[test]
fn entering_crisis_and_each_further_crisis_reading_alert() {
    let mut gate = gate(policy());
    let _opened = gate.handle(opened(), at(0, 0));
    for (minute, systolic, alerted) in [(1, 179, false), (2, 180, true), (3, 200, true), (4, 120, false)] {
        let outcomes = gate.handle(
            measured("own", 7, octets(systolic, 80, 0, at(minute, 0)), at(minute, 0)),
            at(minute, 0),
        );
        let alerts = alerts(&outcomes);
        assert_eq!(alerts.len(), usize::from(alerted), "{systolic}");
        for alert in alerts {
            let Alert::Crisis {
                session,
                patient,
                reading,
                verification,
            } = alert
            else {
                panic!("{alert:?}");
            };
            assert_eq!((session, patient), (&name("s1"), &name("p1")));
            assert_eq!(*reading, ReadingId::Numbered(7));
            assert!(verification.all());
        }
    }
}

#[test]
fn a_crisis_after_the_start_still_alerts() {
    let mut gate = gate(Policy {
        readings: 1,
        attestations: Vec::new(),
        ..policy()
    });
    let _opened = gate.handle(opened(), at(0, 0));
    let _ready = gate.handle(measured("own", 1, octets(120, 80, 0, at(1, 0)), at(1, 0)), at(1, 0));
    let started = gate.handle(Event::SessionStarted { session: name("s1") }, at(1, 0));
    assert!(matches!(started.as_slice(), [Outcome::Answer { answer, .. }] if answer.state == State::Started));
    let outcomes = gate.handle(measured("own", 2, octets(190, 80, 0, at(2, 0)), at(2, 0)), at(2, 0));
    assert_eq!(alerts(&outcomes).len(), 1);
}

#[test]
fn a_crisis_that_is_nobodys_alerts_without_values_while_a_session_is_open() {
    let nobodys =
        |systolic, taken_minute| measured("shared", 9, octets(systolic, 80, 0, at(taken_minute, 0)), at(20, 0));
    let mut idle = gate(policy());
    assert!(
        alerts(&idle.handle(nobodys(200, 19), at(20, 0))).is_empty(),
        "no session is open"
    );
    for (systolic, taken_minute, alerted) in [(179, 19, false), (180, 19, true), (200, 10, true), (200, 9, false)] {
        let mut gate = gate(Policy {
            session_limit: minutes(60),
            ..policy()
        });
        let _opened = gate.handle(opened(), at(0, 0));
        let outcomes = gate.handle(nobodys(systolic, taken_minute), at(20, 0));
        let expected = match alerts(&outcomes).as_slice() {
            [] => false,
            [Alert::CrisisUnassigned { cuff, verification }] => {
                assert_eq!(*cuff, name("shared"));
                assert!(!verification.user_matched);
                true
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(expected, alerted, "{systolic} taken at minute {taken_minute}");
    }
}

#[test]
fn attestations_that_hold_come_with_each_answer() {
    let mut gate = gate(policy());
    let _opened = gate.handle(opened(), at(0, 0));
    let outcomes = gate.handle(attested(true), at(0, 30));
    let [Outcome::Answer { attested: holding, .. }] = outcomes.as_slice() else {
        panic!("{outcomes:?}");
    };
    assert_eq!(holding.len(), 1);
    assert_eq!(holding[0].by, Some(name("nurse")));
    assert_eq!((holding[0].at, holding[0].until), (at(0, 30), at(4, 30)));
    assert_eq!(gate.handle(attested(true), at(0, 45)), [], "a renewal is no new answer");
    let (_, now_holding) = gate.answers(at(0, 45)).pop().expect("open");
    assert_eq!(now_holding[0].until, at(4, 45));
    let _lapsed = gate.handle(Event::Tick, at(4, 45));
    let (_, now_holding) = gate.answers(at(4, 45)).pop().expect("open");
    assert_eq!(now_holding, []);
}

#[test]
fn an_attestation_that_lapses_as_the_session_ends_does_not_come_with_its_last_answer() {
    let mut gate = gate(Policy {
        session_limit: minutes(5),
        ..policy()
    });
    let _opened = gate.handle(opened(), at(0, 0));
    // Each holds for four minutes.
    for (given_at, holding) in [(at(1, 0), 0), (at(1, 1), 1)] {
        let mut gate = gate.clone();
        let _attested = gate.handle(attested(true), given_at);
        let outcomes = gate.handle(Event::Tick, at(5, 0));
        let Some(Outcome::Answer { answer, attested, .. }) = outcomes.last() else {
            panic!("{outcomes:?}");
        };
        assert_eq!(answer.state, State::Ended);
        assert_eq!(attested.len(), holding);
    }
}

#[test]
fn the_gate_asks_for_its_next_deadline_and_for_none_when_idle() {
    let mut gate = gate(policy());
    assert_eq!(gate.deadline(), None);
    let _opened = gate.handle(opened(), at(0, 0));
    assert_eq!(gate.deadline(), Some(at(1, 0)), "the rest is over");
    let _rested = gate.handle(Event::Tick, at(1, 0));
    assert_eq!(gate.deadline(), Some(at(8, 0)), "the session's limit");
    let _attested = gate.handle(attested(true), at(2, 0));
    assert_eq!(gate.deadline(), Some(at(6, 0)), "the attestation lapses");
    let _measured = gate.handle(measured("own", 1, octets(120, 80, 0, at(2, 0)), at(2, 0)), at(2, 0));
    assert_eq!(gate.deadline(), Some(at(5, 0)), "the round has collected long enough");
    let _denied = gate.handle(decided(Decision::Deny), at(3, 0));
    assert_eq!(gate.deadline(), None);
    assert!(!gate.has_open_session());
}

#[test]
fn a_connection_told_late_leaves_nothing_that_is_over() {
    // Received at minutes 2 and 3, told at minute 7: the pass of 3 minutes is over before it could be said.
    let mut gate = gate(Policy {
        attestations: Vec::new(),
        ..policy()
    });
    let _opened = gate.handle(opened(), at(0, 0));
    let Event::Measured(mut connection) = measured("own", 1, octets(120, 80, 0, at(2, 0)), at(2, 0)) else {
        panic!("a measurement");
    };
    let Event::Measured(second) = measured("own", 2, octets(120, 80, 0, at(3, 0)), at(3, 0)) else {
        panic!("a measurement");
    };
    connection.arrived.extend(second.arrived);
    let outcomes = gate.handle(Event::Measured(connection), at(7, 0));
    let states: Vec<State> = outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            Outcome::Answer { answer, .. } => Some(answer.state),
            Outcome::Refused(_) | Outcome::Judged(_) | Outcome::Alert(_) => None,
        })
        .collect();
    assert!(!states.contains(&State::Ready), "{states:?}");
    assert_eq!(gate.deadline(), Some(at(8, 0)));
}

#[test]
fn the_same_events_give_the_same_outcomes() {
    let events = [
        (opened(), at(0, 0)),
        (attested(true), at(0, 30)),
        (measured("own", 1, octets(150, 80, 0, at(1, 0)), at(1, 0)), at(1, 0)),
        (measured("own", 2, octets(150, 80, 0, at(2, 0)), at(2, 0)), at(2, 0)),
        (measured("own", 3, octets(120, 80, 0, at(4, 0)), at(4, 0)), at(4, 0)),
        (decided(Decision::Approve), at(5, 0)),
        (Event::Tick, at(9, 0)),
    ];
    let run = || {
        let mut gate = gate(policy());
        let outcomes: Vec<Outcome> = events
            .iter()
            .flat_map(|(event, at)| gate.handle(event.clone(), *at))
            .collect();
        outcomes
    };
    assert_eq!(run(), run());
}

/// The state and the reasons of the last answer.
fn last(outcomes: &[Outcome]) -> Option<(State, Vec<&'static str>)> {
    let answer = outcomes.iter().rev().find_map(|outcome| match outcome {
        Outcome::Answer { answer, .. } => Some(answer),
        Outcome::Refused(_) | Outcome::Judged(_) | Outcome::Alert(_) => None,
    })?;
    let reasons = answer.reasons.iter().map(Reason::code).collect();
    Some((answer.state, reasons))
}

/// A gate whose one session has passed its round, and needs no attestation.
fn ready(require_clock: bool) -> Gate {
    let mut gate = gate(Policy {
        readings: 1,
        attestations: Vec::new(),
        reading: ReadingRules {
            require_clock,
            ..ReadingRules::default()
        },
        ..policy()
    });
    let _opened = gate.handle(opened(), at(0, 0));
    let ready = gate.handle(measured("own", 1, octets(120, 80, 0, at(1, 0)), at(1, 0)), at(1, 0));
    assert_eq!(last(&ready), Some((State::Ready, vec![])));
    gate
}

#[test]
fn without_the_store_or_the_time_that_passed_nothing_is_ready_and_nothing_starts() {
    const CLOCK: &str = "clock_unsynchronized";
    const STORE: &str = "store_unavailable";
    for (lost, back, reason) in [
        (
            Event::Store { available: false },
            Event::Store { available: true },
            STORE,
        ),
        (Event::Elapsed { known: false }, Event::Elapsed { known: true }, CLOCK),
    ] {
        for require_clock in [true, false] {
            let mut gate = ready(require_clock);
            let now = at(1, 30);
            assert_eq!(
                last(&gate.handle(lost.clone(), now)),
                Some((State::Waiting, vec![reason]))
            );
            assert_eq!(gate.handle(lost.clone(), now), [], "nothing new");
            let refused = gate.handle(Event::SessionStarted { session: name("s1") }, now);
            assert_eq!(refused, [Outcome::Refused(Refusal::NotReady)]);
            assert_eq!(last(&gate.handle(back.clone(), now)), Some((State::Ready, vec![])));
        }
    }
}

#[test]
fn an_unknown_clock_is_told_once_and_before_the_store() {
    let mut gate = ready(true);
    let now = at(1, 30);
    let _no_time = gate.handle(Event::Elapsed { known: false }, now);
    assert_eq!(
        gate.handle(Event::Clock { synchronized: false }, now),
        [],
        "told already"
    );
    let all = gate.handle(Event::Store { available: false }, now);
    let both = vec!["clock_unsynchronized", "store_unavailable"];
    assert_eq!(last(&all), Some((State::Waiting, both)));
}

#[test]
fn the_store_is_no_concern_of_a_session_that_started_or_ended() {
    let mut gate = ready(true);
    let _started = gate.handle(Event::SessionStarted { session: name("s1") }, at(1, 0));
    assert_eq!(gate.handle(Event::Store { available: false }, at(1, 30)), []);
    assert_eq!(gate.handle(Event::Elapsed { known: false }, at(1, 30)), []);
    let closed = gate.handle(Event::SessionClosed { session: name("s1") }, at(2, 0));
    assert_eq!(last(&closed), Some((State::Ended, vec!["session_over"])));
}

#[test]
fn what_the_store_has_no_room_for_is_judged_all_the_same() {
    let mut gate = gate(Policy {
        attestations: Vec::new(),
        ..policy()
    });
    let _opened = gate.handle(opened(), at(0, 0));
    let _full = gate.handle(Event::Store { available: false }, at(0, 0));
    let _no_time = gate.handle(Event::Elapsed { known: false }, at(0, 0));
    let first = gate.handle(measured("own", 1, octets(150, 80, 0, at(1, 0)), at(1, 0)), at(1, 0));
    let waits = vec!["readings_needed", "clock_unsynchronized", "store_unavailable"];
    assert_eq!(last(&first), Some((State::Waiting, waits)));
    let second = gate.handle(measured("own", 2, octets(150, 80, 0, at(2, 0)), at(2, 0)), at(2, 0));
    let above = vec!["systolic_above_limit", "clock_unsynchronized", "store_unavailable"];
    assert_eq!(last(&second), Some((State::Blocked, above)));
}

#[test]
fn ids_used_before_a_restart_stay_used() {
    let mut gate = gate(policy());
    gate.reserve_ids([name("s1")]);
    assert_eq!(gate.handle(opened(), at(0, 0)), [Outcome::Refused(Refusal::IdUsed)]);
}

#[test]
fn cuffs_come_and_go_while_the_gate_runs() {
    let mut gate = Gate::new(Some(Arc::new(policy())), [], TimeZone::UTC);
    assert_eq!(
        gate.handle(opened(), at(0, 0)),
        [Outcome::Refused(Refusal::UnknownPatient)]
    );
    gate.register(cuff("own", Wearer::Patient(name("p1"))));
    assert!(matches!(
        gate.handle(opened(), at(0, 0)).as_slice(),
        [Outcome::Answer { .. }]
    ));
    gate.forget(&name("own"));
    let outcomes = gate.handle(measured("own", 1, octets(190, 80, 0, at(2, 0)), at(2, 0)), at(2, 0));
    let judged = outcomes.iter().find_map(|outcome| match outcome {
        Outcome::Judged(judged) => Some(judged),
        Outcome::Refused(_) | Outcome::Alert(_) | Outcome::Answer { .. } => None,
    });
    let judged = judged.expect("a measurement is always judged");
    assert!(!judged.reading.verification.registered);
    assert_ne!(judged.fate, Fate::Crisis);
}

#[test]
fn refusals_have_the_codes_of_error_lines() {
    for (refusal, line) in [
        (Refusal::NoPolicy, "no_policy"),
        (Refusal::UnknownSession, "unknown_session"),
        (Refusal::IdUsed, "refused"),
        (Refusal::UnknownItem, "refused"),
        (Refusal::CrisisApprovedBefore, "refused"),
    ] {
        assert_eq!(refusal.code(), line, "{refusal}");
    }
}

#[test]
fn the_gate_knows_what_it_was_told_of_the_clock_the_store_and_the_time() {
    let known = |gate: &Gate| {
        (
            gate.is_clock_synchronized(),
            gate.is_store_available(),
            gate.is_elapsed_known(),
        )
    };
    let without_policy = Gate::new(None, [], TimeZone::UTC);
    for mut gate in [gate(policy()), without_policy] {
        assert_eq!(known(&gate), (true, true, true));
        for (event, told) in [
            (Event::Clock { synchronized: false }, (false, true, true)),
            (Event::Store { available: false }, (false, false, true)),
            (Event::Elapsed { known: false }, (false, false, false)),
            (Event::Clock { synchronized: true }, (true, false, false)),
            (Event::Store { available: true }, (true, true, false)),
            (Event::Elapsed { known: true }, (true, true, true)),
        ] {
            assert_eq!(gate.handle(event, at(0, 0)), []);
            assert_eq!(known(&gate), told);
        }
    }
}

#[test]
fn a_measurement_goes_to_the_open_session_of_its_patient() {
    let mut gate = gate(policy());
    let session_of = |gate: &Gate, cuff: &str| {
        let Event::Measured(connection) = measured(cuff, 1, octets(120, 80, 0, at(2, 0)), at(2, 0)) else {
            panic!("a measurement");
        };
        let arrived = connection.arrived.first().expect("one measurement");
        gate.session_of(&connection, arrived)
    };
    assert_eq!(session_of(&gate, "own"), None, "no session is open");
    let _opened = gate.handle(opened(), at(0, 0));
    assert_eq!(session_of(&gate, "own"), Some(name("s1")));
    assert_eq!(session_of(&gate, "shared"), None, "without a user id it is nobody's");
    assert_eq!(session_of(&gate, "clinic"), None, "no session named the cuff");
}
