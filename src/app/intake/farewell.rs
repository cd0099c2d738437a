//! The session that ended last: it is shown for a while, so that the people in the room read that it is over.

use std::time::Duration;

use crate::core::moment::Moment;
use crate::core::readiness::answer::Answer;
use crate::core::readiness::policy::Policy;
use crate::core::state::SessionState;

/// For so long it is shown.
const SHOWN_FOR: Duration = Duration::from_secs(600);

/// The session that ended last, if that was not long ago.
#[derive(Debug, Default)]
pub(super) struct Farewell {
    last: Option<(Moment, SessionState)>,
}

impl Farewell {
    /// Takes note of sessions that have ended; `shown` is how they were shown until now.
    pub(super) fn note(&mut self, ended: &[Answer], shown: &[SessionState], policy: &Policy, now: Moment) {
        for answer in ended {
            let before = shown.iter().find(|one| one.told.session == answer.session);
            if let Some(before) = before {
                self.last = Some((now, before.clone().ended(answer, policy)));
            }
        }
    }

    /// The open sessions, and after them the one that ended, until its patient has another.
    pub(super) fn beside(&mut self, mut open: Vec<SessionState>, now: Moment) -> Vec<SessionState> {
        self.last.take_if(|(since, ended)| {
            now.since(*since) >= SHOWN_FOR || open.iter().any(|one| one.told.patient == ended.told.patient)
        });
        open.extend(self.last.as_ref().map(|(_, ended)| ended.clone()));
        open
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::core::readiness::answer::State;
    use crate::core::readiness::rig::{at, gate, name, opened, policy};
    use crate::core::state::session::Notes;

    fn moment(seconds: u64) -> Moment {
        Moment::from_boot(Duration::from_secs(seconds))
    }

    fn shown() -> SessionState {
        let mut gate = gate(policy());
        let _opened = gate.handle(opened(), at(0, 0));
        let standing = gate.standings(at(0, 1)).pop().expect("open");
        SessionState::new(&standing, &policy(), Notes::default())
    }

    #[test]
    fn a_session_that_ended_is_shown_for_ten_minutes_and_with_nothing_left_to_do() {
        let (shown, mut farewell) = (shown(), Farewell::default());
        let over = Answer::over(name("s1"), name("p1"));
        farewell.note(&[over], &[shown], &policy(), moment(100));
        let told = farewell.beside(Vec::new(), moment(699));
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].told.state, State::Ended);
        assert_eq!(told[0].told.reasons, [json!({"code": "session_over"})]);
        assert_eq!(
            (told[0].progress.readings_needed, told[0].progress.rest_until),
            (None, None)
        );
        assert!(told[0].attestations.iter().all(|item| !item.holds));
        assert_eq!(farewell.beside(Vec::new(), moment(700)), []);
        assert_eq!(farewell.beside(Vec::new(), moment(101)), [], "it does not come back");
    }

    #[test]
    fn the_patients_next_session_takes_its_place() {
        let (shown, mut farewell) = (shown(), Farewell::default());
        let over = Answer::over(name("s1"), name("p1"));
        farewell.note(
            std::slice::from_ref(&over),
            std::slice::from_ref(&shown),
            &policy(),
            moment(0),
        );
        let mut next = shown.clone();
        next.told.session = name("s2");
        assert_eq!(farewell.beside(vec![next.clone()], moment(1)), [next.clone()]);
        let mut of_another = next;
        of_another.told.patient = name("p2");
        farewell.note(&[over], &[shown], &policy(), moment(2));
        assert_eq!(farewell.beside(vec![of_another], moment(3)).len(), 2);
    }

    #[test]
    fn one_that_was_never_shown_is_not_shown_now() {
        let mut farewell = Farewell::default();
        let over = Answer::over(name("s9"), name("p1"));
        farewell.note(&[over], &[shown()], &policy(), moment(0));
        assert_eq!(farewell.beside(Vec::new(), moment(0)), []);
    }
}
