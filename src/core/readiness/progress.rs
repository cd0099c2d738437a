//! What the people in the room must know of a session beside its answer (contract 5).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Attested};
use super::answering;
use super::gate::Gate;
use super::phase::Phase;
use super::policy::Policy;
use super::session::Session;
use crate::core::name::Name;

/// An open session as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What the gate says.
    pub answer: Answer,
    /// The attestations that hold.
    pub attested: Vec<Attested>,
    /// How far it has come.
    pub progress: Progress,
}

/// How far a session has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was started, if it was.
    pub started_at: Option<Timestamp>,
    /// The clinic's cuff that it named.
    pub cuff: Option<Name>,
    /// Until when the patient rests; `None` once that is over, and where no round collects.
    pub rest_until: Option<Timestamp>,
    /// Before when no reading is accepted, for rest or spacing; `None` if one would be now, and where no round collects.
    pub next_reading_at: Option<Timestamp>,
    /// Readings that the round accepted, one to discard too; `None` where no round collects.
    pub readings_done: Option<u64>,
    /// Readings to be accepted still, one to discard too; `None` where no round collects.
    pub readings_needed: Option<u64>,
}

impl Gate {
    /// The open sessions as they stand at `at`, in order of opening.
    ///
    /// Deadlines up to `at` must have been handled: feed a [`super::event::Event::Tick`] first.
    #[must_use]
    pub fn standings(&self, at: Timestamp) -> Vec<Standing> {
        let Some(policy) = self.policy() else {
            return Vec::new();
        };
        let now = self.now(policy, at);
        let sessions = self.sessions.iter();
        sessions
            .map(|session| Standing {
                answer: answering::answer(session, now),
                attested: answering::attested(session, now),
                progress: Progress::of(session, policy, at),
            })
            .collect()
    }
}

impl Progress {
    fn of(session: &Session, policy: &Policy, now: Timestamp) -> Self {
        let round = match &session.phase {
            Phase::Collecting(round) => Some(round),
            Phase::Passed(_)
            | Phase::Blocked { .. }
            | Phase::Referred { .. }
            | Phase::Crisis { .. }
            | Phase::Started { .. }
            | Phase::Ended { .. } => None,
        };
        let to_come = |time: Timestamp| (round.is_some() && time > now).then_some(time);
        Self {
            opened_at: session.opened_at,
            started_at: session.started_at,
            cuff: session.cuff.clone(),
            rest_until: to_come(session.rested_at(policy)),
            next_reading_at: to_come(session.next_reading_at(policy)),
            readings_done: round.map(|round| round.accepted(policy)),
            readings_needed: round.map(|round| round.needed(policy)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::readiness::event::Event;
    use crate::core::readiness::rig::{at, gate, measured, minutes, name, octets, opened, policy};

    fn progress(gate: &mut Gate, now: Timestamp) -> Progress {
        let _deadlines = gate.handle(Event::Tick, now);
        gate.standings(now).pop().expect("open").progress
    }

    fn reading(gate: &mut Gate, number: u64, minute: i64) {
        let now = at(minute, 0);
        let _judged = gate.handle(measured("own", number, octets(120, 80, 0, now), now), now);
    }

    /// Until when to rest, before when no reading is accepted, readings done and to come.
    fn told(progress: &Progress) -> (Option<Timestamp>, Option<Timestamp>, Option<u64>, Option<u64>) {
        let Progress {
            rest_until,
            next_reading_at,
            readings_done,
            readings_needed,
            ..
        } = *progress;
        (rest_until, next_reading_at, readings_done, readings_needed)
    }

    #[test]
    fn a_round_tells_its_rest_its_spacing_and_how_many_readings_are_done() {
        let mut gate = gate(Policy {
            rest: minutes(2),
            attestations: Vec::new(),
            ..policy()
        });
        let _opened = gate.handle(opened(), at(0, 0));
        let resting = progress(&mut gate, at(1, 59));
        assert_eq!(told(&resting), (Some(at(2, 0)), Some(at(2, 0)), Some(0), Some(2)));
        assert_eq!((resting.opened_at, resting.started_at), (at(0, 0), None));
        assert_eq!(told(&progress(&mut gate, at(2, 0))), (None, None, Some(0), Some(2)));
        reading(&mut gate, 1, 3);
        let spacing = progress(&mut gate, at(3, 30));
        assert_eq!(told(&spacing), (None, Some(at(4, 0)), Some(1), Some(1)));
        assert_eq!(told(&progress(&mut gate, at(4, 0))), (None, None, Some(1), Some(1)));
        reading(&mut gate, 2, 4);
        assert_eq!(told(&progress(&mut gate, at(4, 1))), (None, None, None, None), "passed");
        let _started = gate.handle(Event::SessionStarted { session: name("s1") }, at(5, 0));
        assert_eq!(progress(&mut gate, at(5, 30)).started_at, Some(at(5, 0)));
    }

    #[test]
    fn a_reading_to_discard_is_done_and_needed_like_the_others() {
        let mut gate = gate(Policy {
            discard_first: true,
            ..policy()
        });
        let _opened = gate.handle(opened(), at(0, 0));
        for (number, done) in [(1, 1), (2, 2)] {
            let minute = i64::try_from(number).expect("few");
            reading(&mut gate, number, minute);
            let (.., readings_done, readings_needed) = told(&progress(&mut gate, at(minute, 0)));
            assert_eq!((readings_done, readings_needed), (Some(done), Some(3 - done)));
        }
    }

    #[test]
    fn standings_say_what_answers_say() {
        let mut gate = gate(policy());
        let _opened = gate.handle(opened(), at(0, 0));
        let standings = gate.standings(at(0, 30)).into_iter();
        let pairs: Vec<_> = standings.map(|one| (one.answer, one.attested)).collect();
        assert_eq!(pairs, gate.answers(at(0, 30)));
    }
}
