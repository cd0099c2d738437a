//! What must hold in every state and after every letter.

use super::*;

/// What must hold of every step from every state.
pub(super) fn check(policy: &Policy, before: &Node, letter: Letter, after: &Node, outcomes: &[Outcome]) {
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

pub(super) fn check_nothing_after_the_end(node: &Node) {
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
