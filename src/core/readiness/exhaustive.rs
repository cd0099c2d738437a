//! Every state that a small policy and a small alphabet of events can reach, with what must hold in each.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashSet, VecDeque};
use std::hash::{Hash, Hasher};

use jiff::Timestamp;

use super::answer::{Answer, State};
use super::event::{Decision, Event};
use super::gate::Gate;
use super::outcome::{Alert, Outcome};
use super::phase::{Clearance, Pass, Phase};
use super::policy::{Approval, Policy};
use super::refusal::Refusal;
use super::rig;
use crate::core::reason::Reason;

mod overlay;

/// What may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Letter {
    Minute,
    Attested,
    TakenBack,
    Good,
    High,
    Moved,
    Irregular,
    Crisis,
    ClockLost,
    ClockBack,
    Approved,
    Denied,
    Started,
    Closed,
    StoreLost,
    StoreBack,
    ElapsedLost,
    ElapsedBack,
}

/// What people and cuffs do, and the clock.
const ALPHABET: [Letter; 14] = [
    Letter::Minute,
    Letter::Attested,
    Letter::TakenBack,
    Letter::Good,
    Letter::High,
    Letter::Moved,
    Letter::Irregular,
    Letter::Crisis,
    Letter::ClockLost,
    Letter::ClockBack,
    Letter::Approved,
    Letter::Denied,
    Letter::Started,
    Letter::Closed,
];

impl Letter {
    fn event(self, at: Timestamp) -> Event {
        let session = rig::name("s1");
        // No mean of a good and a high reading is inside the limits. A reading's id is what it is, so that states that differ in nothing else are one.
        let measured = |id, systolic, status| rig::measured("own", id, rig::octets(systolic, 80, status, at), at);
        match self {
            Self::Minute => Event::Tick,
            Self::Attested => rig::attested(true),
            Self::TakenBack => rig::attested(false),
            Self::Good => measured(1, 120, 0),
            Self::High => measured(2, 170, 0),
            Self::Moved => measured(3, 170, 1),
            Self::Irregular => measured(4, 120, 4),
            Self::Crisis => measured(5, 190, 0),
            Self::ClockLost => Event::Clock { synchronized: false },
            Self::ClockBack => Event::Clock { synchronized: true },
            Self::Approved => rig::decided(Decision::Approve),
            Self::Denied => rig::decided(Decision::Deny),
            Self::Started => Event::SessionStarted { session },
            Self::Closed => Event::SessionClosed { session },
            Self::StoreLost => Event::Store { available: false },
            Self::StoreBack => Event::Store { available: true },
            Self::ElapsedLost => Event::Elapsed { known: false },
            Self::ElapsedBack => Event::Elapsed { known: true },
        }
    }

    const fn takes(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Attested
            | Self::TakenBack
            | Self::Good
            | Self::High
            | Self::Moved
            | Self::Irregular
            | Self::Crisis
            | Self::ClockLost
            | Self::ClockBack
            | Self::Approved
            | Self::Denied
            | Self::Started
            | Self::Closed
            | Self::StoreLost
            | Self::StoreBack
            | Self::ElapsedLost
            | Self::ElapsedBack => 0,
        }
    }
}

#[derive(Clone)]
struct Node {
    gate: Gate,
    at: Timestamp,
    path: Vec<Letter>,
}

impl Node {
    /// What tells it from other nodes: nothing of how it came about.
    fn key(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.at.hash(&mut hasher);
        self.gate.clock_synchronized.hash(&mut hasher);
        self.gate.store_available.hash(&mut hasher);
        self.gate.elapsed_known.hash(&mut hasher);
        for session in self.gate.sessions.iter() {
            session.hash(&mut hasher);
        }
        hasher.finish()
    }

    fn answer(&self) -> Option<Answer> {
        self.gate.answers(self.at).pop().map(|(answer, _)| answer)
    }
}

/// What the search saw.
#[derive(Default)]
struct Seen {
    nodes: HashSet<u64>,
    transitions: BTreeSet<(State, State)>,
}

fn explore(policy: &Policy, alphabet: &[Letter]) -> Seen {
    let mut gate = rig::gate(policy.clone());
    let start = rig::at(0, 0);
    assert_eq!(gate.handle(rig::opened(), start).len(), 1);
    let first = Node {
        gate,
        at: start,
        path: Vec::new(),
    };
    let mut seen = Seen::default();
    seen.nodes.insert(first.key());
    let mut waiting = VecDeque::from([first]);
    while let Some(node) = waiting.pop_front() {
        for letter in alphabet.iter().copied() {
            let mut next = node.clone();
            next.path.push(letter);
            next.at = node.at + jiff::SignedDuration::from_secs(letter.takes());
            let outcomes = next
                .gate
                .handle(rig::received_now(letter.event(next.at), &next.gate), next.at);
            check(policy, &node, letter, &next, &outcomes);
            if node.has_overlay() {
                overlay::check(&node, letter, &next, &outcomes);
            }
            note_transitions(&node, &outcomes, &mut seen.transitions);
            if !seen.nodes.insert(next.key()) {
                continue;
            }
            if next.gate.has_open_session() {
                waiting.push_back(next);
            } else {
                check_nothing_after_the_end(&next);
            }
        }
    }
    seen
}

fn note_transitions(before: &Node, outcomes: &[Outcome], transitions: &mut BTreeSet<(State, State)>) {
    let mut state = before.answer().expect("open").state;
    for outcome in outcomes {
        if let Outcome::Answer { answer, .. } = outcome {
            transitions.insert((state, answer.state));
            state = answer.state;
        }
    }
}

/// What must hold of every step from every state.
fn check(policy: &Policy, before: &Node, letter: Letter, after: &Node, outcomes: &[Outcome]) {
    let path = &after.path;
    let answers: Vec<(&Timestamp, &Answer)> = outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            Outcome::Answer { at, answer, .. } => Some((at, &**answer)),
            Outcome::Refused(_) | Outcome::Judged(_) | Outcome::Alert(_) => None,
        })
        .collect();
    for (at, answer) in &answers {
        assert!(**at > before.at || letter.takes() == 0, "{path:?}: time passed");
        check_answer(policy, answer, path);
    }
    assert!(
        answers
            .windows(2)
            .all(|two| two[0].1 != two[1].1 && two[0].1.state != State::Ended),
        "{path:?}: an answer that says nothing new, or one after the end"
    );
    if let Some(answer) = after.answer() {
        check_answer(policy, &answer, path);
        check_ready(policy, after, &answer);
        assert!(after.gate.deadline() > Some(after.at), "{path:?}: a deadline was left");
        assert!(after.at < end_of_session(policy), "{path:?}: past the session's limit");
    }
    check_letter(before, letter, after, outcomes);
}

/// An answer that is not ready says why; `valid_until`, `next_at` and `by` stand only where they may.
fn check_answer(policy: &Policy, answer: &Answer, path: &[Letter]) {
    let state = answer.state;
    assert_eq!(answer.reasons.is_empty(), state == State::Ready, "{path:?}: {answer:?}");
    assert_eq!(answer.valid_until.is_some(), state == State::Ready, "{path:?}");
    assert_eq!(answer.next_at.is_some(), state == State::Blocked, "{path:?}");
    assert!(answer.by.is_none() || state == State::Ready, "{path:?}");
    assert_eq!(answer.means.is_some(), !answer.counted.is_empty(), "{path:?}");
    let ended = matches!(answer.reasons.as_slice(), [Reason::SessionOver | Reason::Denied]);
    assert_eq!(ended, state == State::Ended, "{path:?}: {answer:?}");
    assert_eq!(
        answer.reasons.contains(&Reason::SessionStarted),
        state == State::Started
    );
    if state == State::Ready && answer.by.is_none() {
        assert!(policy.approval == Approval::None, "{path:?}: ready without approval");
    }
}

/// Ready: enough readings inside the limits or a clinician's word, every attestation, the clock, and some time left.
fn check_ready(policy: &Policy, node: &Node, answer: &Answer) {
    if answer.state != State::Ready {
        return;
    }
    let path = &node.path;
    let (_, attested) = node.gate.answers(node.at).pop().expect("open");
    let items: Vec<_> = attested.iter().map(|attested| attested.item.clone()).collect();
    assert_eq!(items, policy.attestations, "{path:?}: an attestation is missing");
    assert!(attested.iter().all(|attested| attested.until > node.at), "{path:?}");
    assert!(
        node.gate.clock_synchronized || !policy.reading.require_clock,
        "{path:?}: without the clock"
    );
    assert!(
        !node.has_overlay(),
        "{path:?}: without the store, or the time that passed"
    );
    let valid_until = answer.valid_until.expect("ready");
    assert!(valid_until > node.at, "{path:?}: ready past its end");
    assert!(
        attested.iter().all(|attested| attested.until >= valid_until),
        "{path:?}"
    );
    assert!(
        valid_until <= end_of_session(policy),
        "{path:?}: past the session's limit"
    );
    assert!(
        node.gate.deadline() <= Some(valid_until),
        "{path:?}: nobody looks when it ends"
    );
    // Ids tell what the readings were: only good ones are inside the limits.
    let good = answer.counted.iter().filter(|id| id.to_string() == "r1").count();
    let passed = good == answer.counted.len() && good >= usize::try_from(policy.readings).expect("few");
    assert!(
        passed || (answer.by.is_some() && policy.clinician_may_override),
        "{path:?}: {answer:?}"
    );
    assert!(
        !answer.counted.iter().any(|id| id.to_string() == "r5"),
        "{path:?}: a crisis cleared"
    );
}

fn end_of_session(policy: &Policy) -> Timestamp {
    rig::at(0, 0) + policy.session_limit
}

fn check_nothing_after_the_end(node: &Node) {
    for letter in ALPHABET {
        let mut gate = node.gate.clone();
        let at = node.at + jiff::SignedDuration::from_secs(60);
        for outcome in gate.handle(rig::received_now(letter.event(at), &gate), at) {
            match outcome {
                Outcome::Answer { answer, .. } => panic!("{:?}: {answer:?} after the end", node.path),
                Outcome::Alert(alert) => panic!("{:?}: {alert:?} after the end", node.path),
                Outcome::Refused(refusal) => assert_eq!(refusal, Refusal::UnknownSession),
                Outcome::Judged(judged) => assert!(!judged.fate.reasons().is_empty()),
            }
        }
        let again = gate.handle(rig::opened(), at);
        assert_eq!(again, [Outcome::Refused(Refusal::IdUsed)], "{:?}", node.path);
    }
}

/// What single events always or never do.
fn check_letter(before: &Node, letter: Letter, after: &Node, outcomes: &[Outcome]) {
    let path = &after.path;
    let state = |node: &Node| node.answer().map(|answer| answer.state);
    let refused = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Refused(_)));
    if refused {
        assert_eq!(before.key(), after.key(), "{path:?}: a refused event changed something");
    }
    match letter {
        Letter::Crisis => {
            assert!(matches!(state(after), Some(State::Crisis | State::Started)), "{path:?}");
            let alerts = outcomes
                .iter()
                .filter(|outcome| matches!(outcome, Outcome::Alert(Alert::Crisis { .. })))
                .count();
            assert_eq!(alerts, 1, "{path:?}: every crisis reading alerts once");
        }
        Letter::High | Letter::Moved => assert_ne!(state(after), Some(State::Ready), "{path:?}: outside a limit"),
        Letter::Irregular => assert_ne!(state(after), Some(State::Ready), "{path:?}: irregular"),
        Letter::Started => assert_eq!(refused, state(before) != Some(State::Ready), "{path:?}"),
        Letter::Denied => assert_eq!(refused, state(before) == Some(State::Started), "{path:?}"),
        Letter::Closed => assert_eq!(state(after), None, "{path:?}"),
        Letter::Approved if !refused => {
            let cleared = matches!(before_phase(before), Phase::Referred { .. } | Phase::Crisis { .. })
                || matches!(
                    before_phase(before),
                    Phase::Passed(Pass {
                        clearance: Clearance::Awaited,
                        ..
                    })
                );
            assert!(cleared, "{path:?}: approved what waited for nobody");
        }
        Letter::TakenBack | Letter::StoreLost | Letter::ElapsedLost => {
            assert_ne!(state(after), Some(State::Ready), "{path:?}");
        }
        Letter::ClockLost => assert!(
            state(after) != Some(State::Ready) || !after.gate.rules.require_clock,
            "{path:?}"
        ),
        Letter::Minute
        | Letter::Attested
        | Letter::Good
        | Letter::ClockBack
        | Letter::Approved
        | Letter::StoreBack
        | Letter::ElapsedBack => {}
    }
}

fn before_phase(node: &Node) -> &Phase {
    &node.gate.sessions.iter().next().expect("open").phase
}

/// Every change of state that there may be, and no other, in rounds of two readings.
fn transitions() -> BTreeSet<(State, State)> {
    use State::{Blocked, Crisis, Ended, Ready, Referred, Started, Waiting};
    [
        (Waiting, &[Waiting, Ready, Blocked, Referred, Crisis, Ended][..]),
        (Ready, &[Waiting, Ready, Referred, Crisis, Started, Ended]),
        (Blocked, &[Waiting, Blocked, Referred, Crisis, Ended]),
        (Referred, &[Waiting, Ready, Referred, Crisis, Ended]),
        (Crisis, &[Waiting, Crisis, Ended]),
        (Started, &[Started, Ended]),
    ]
    .into_iter()
    .flat_map(|(before, after)| after.iter().map(move |after| (before, *after)))
    .collect()
}

fn every_state_keeps_what_must_hold(approval: Approval) {
    let policy = Policy {
        approval,
        session_limit: rig::minutes(6),
        ..rig::policy()
    };
    let seen = explore(&policy, &ALPHABET);
    assert!(seen.nodes.len() > 1_000, "{} states", seen.nodes.len());
    assert_eq!(seen.transitions, transitions());
}

#[test]
fn every_state_keeps_what_must_hold_where_numbers_clear() {
    every_state_keeps_what_must_hold(Approval::None);
}

#[test]
fn every_state_keeps_what_must_hold_where_a_clinician_clears() {
    every_state_keeps_what_must_hold(Approval::Clinician);
}

#[test]
fn without_override_nothing_referred_or_in_crisis_is_ever_ready_again() {
    let policy = Policy {
        clinician_may_override: false,
        readings: 1,
        ..rig::policy()
    };
    let seen = explore(&policy, &ALPHABET);
    for from in [State::Referred, State::Crisis] {
        let ways: Vec<State> = seen
            .transitions
            .iter()
            .filter(|(before, _)| *before == from)
            .map(|(_, to)| *to)
            .collect();
        assert!(
            ways.iter()
                .all(|to| matches!(to, State::Referred | State::Crisis | State::Ended)),
            "{from:?} to {ways:?}"
        );
    }
}
