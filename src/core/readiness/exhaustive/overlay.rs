//! The store and the time that passed, in every state: they keep back "ready", and change nothing else.

use super::{ALPHABET, Letter, Node, explore};
use crate::core::readiness::answer::{Answer, State};
use crate::core::readiness::outcome::Outcome;
use crate::core::readiness::policy::{Policy, ReadingRules};
use crate::core::readiness::rig;
use crate::core::reason::Reason;

/// What is laid over the answers and touches nothing below them.
const OVERLAY: [Letter; 4] = [
    Letter::StoreLost,
    Letter::StoreBack,
    Letter::ElapsedLost,
    Letter::ElapsedBack,
];

impl Node {
    pub(super) fn has_overlay(&self) -> bool {
        !self.gate.store_available || !self.gate.elapsed_known
    }

    /// The same, had the store always been available and the time that passed known.
    fn without_overlay(&self) -> Self {
        let mut bare = self.clone();
        bare.gate.store_available = true;
        bare.gate.elapsed_known = true;
        bare
    }
}

/// While the store is unavailable, or the time that passed unknown, all goes on as it would, but that nothing is ready and
/// nothing starts.
pub(super) fn check(before: &Node, letter: Letter, after: &Node, outcomes: &[Outcome]) {
    let path = &after.path;
    if letter == Letter::Started {
        assert!(matches!(outcomes, [Outcome::Refused(_)]), "{path:?}: started");
        return;
    }
    let mut bare = before.without_overlay();
    let bare_outcomes = bare
        .gate
        .handle(rig::received_now(letter.event(after.at), &bare.gate), after.at);
    let unsaid = |outcomes: &[Outcome]| -> Vec<Outcome> {
        let unsaid = outcomes.iter();
        unsaid
            .filter(|outcome| !matches!(outcome, Outcome::Answer { .. }))
            .cloned()
            .collect()
    };
    assert_eq!(unsaid(outcomes), unsaid(&bare_outcomes), "{path:?}: judged otherwise");
    bare.at = after.at;
    assert_eq!(
        bare.without_overlay().key(),
        after.without_overlay().key(),
        "{path:?}: came to another state"
    );
    if let (Some(bare), Some(answer)) = (bare.answer(), after.answer()) {
        let own = [Reason::ClockUnsynchronized, Reason::StoreUnavailable];
        let others = |answer: &Answer| -> Vec<Reason> {
            let reasons = answer.reasons.iter();
            reasons.filter(|reason| !own.contains(reason)).cloned().collect()
        };
        assert_eq!(others(&bare), others(&answer), "{path:?}");
        if bare.state != State::Ready {
            assert_eq!(bare.state, answer.state, "{path:?}");
        }
    }
}

/// Without `require_clock`, where the time that passed is all that holds back.
#[test]
fn without_the_store_or_the_time_that_passed_nothing_is_ready_and_all_else_goes_on() {
    let policy = Policy {
        readings: 1,
        rest: rig::minutes(0),
        session_limit: rig::minutes(3),
        reading: ReadingRules {
            require_clock: false,
            ..ReadingRules::default()
        },
        ..rig::policy()
    };
    let alphabet: Vec<Letter> = ALPHABET.into_iter().chain(OVERLAY).collect();
    let seen = explore(&policy, &alphabet);
    assert!(seen.nodes.len() > 1_000, "{} states", seen.nodes.len());
    assert!(seen.transitions.contains(&(State::Ready, State::Started)));
}
