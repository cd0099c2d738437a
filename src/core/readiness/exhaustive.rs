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

mod hold;
mod overlay;

use self::hold::{check, check_nothing_after_the_end};

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
