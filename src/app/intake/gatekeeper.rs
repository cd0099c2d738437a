//! The gate in the daemon: what it is told and what it says, as steps to be stored (contract 2, 2.7, 3.2, 3.3).
//!
//! Nothing here waits or stores. What a method returns must be stored before anything else is asked of the gatekeeper: the
//! gate has taken it in already.

mod candidates;

use jiff::Timestamp;
use tracing::{error, info, warn};
use uuid::Uuid;

pub(super) use self::candidates::{Candidate, Candidates};
use super::maker::Maker;
use super::resume::Terms;
use crate::core::cuff::Cuff;
use crate::core::gate_clock::GateClock;
use crate::core::moment::Now;
use crate::core::name::Name;
use crate::core::readiness::answer::{Answer, Attested, State};
use crate::core::readiness::event::{Connection, Event};
use crate::core::readiness::gate::Gate;
use crate::core::readiness::outcome::{Alert, Fate, Judged, JudgedRound, Outcome};
use crate::core::readiness::policy::Policy;
use crate::core::readiness::record::Record;
use crate::core::readiness::refusal::Refusal;
use crate::core::reading::ReadingId;
use crate::core::reason::ReadingReason;
use crate::core::state::session::{NotCounted, Notes, SessionState, Unassigned};
use crate::mqtt::message::MessageError;
use crate::mqtt::message::alert::About;
use crate::private::Private;
use crate::store::{NewEvent, Step};

/// The gate with its clock, and what it has said.
#[derive(Debug)]
pub(super) struct Gatekeeper {
    pub(super) gate: Gate,
    pub(super) terms: Terms,
    pub(super) clock: GateClock,
    pub(super) maker: Maker,
    /// The number of the settings in force.
    pub(super) setting: i64,
    /// The open sessions with what was said of them last, in order of opening.
    pub(super) said: Vec<Said>,
    /// The last answers of sessions that have ended, until they are taken to be shown.
    pub(super) ended: Vec<Answer>,
    /// While a run begins, answers are not said one by one: the one that stands in the end is.
    pub(super) is_resuming: bool,
}

/// What was said last of an open session.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) answer: Answer,
    /// The messages that say so.
    pub(super) ids: Vec<Uuid>,
    pub(super) notes: Notes,
}

impl Gatekeeper {
    /// When the gate must be asked again although nothing happens.
    pub(super) fn deadline(&self) -> Option<crate::core::moment::Moment> {
        self.gate.deadline().and_then(|at| self.clock.moment_of(at))
    }

    /// Lets time pass. Nothing to store where it changes nothing.
    pub(super) fn tick(&mut self, now: Now) -> Step {
        self.tell(Event::Tick, now)
    }

    /// Tells the gate something that is told again after a restart by itself: time, the store, the elapsed time.
    pub(super) fn tell(&mut self, event: Event, now: Now) -> Step {
        let at = self.time(now);
        let mut step = Step::default();
        let outcomes = self.gate.handle(event, at);
        self.take(outcomes, None, &mut step);
        step
    }

    /// The gateway's clock became synchronized, or lost that.
    pub(super) fn synchronized(&mut self, synchronized: bool, now: Now) -> Step {
        if self.gate.is_clock_synchronized() == synchronized {
            return Step::default();
        }
        let mut step = self.tell(Event::Clock { synchronized }, now);
        self.remember(&Record::Clock { synchronized }, self.open(), now, &mut step);
        step
    }

    /// Judges measurements of a connection, received by the gate's clock. Also says which rounds were judged with them.
    pub(super) fn measured(
        &mut self,
        connection: Connection,
        candidates: Candidates<'_>,
        now: Now,
    ) -> (Step, Vec<JudgedRound>) {
        let at = self.time(now);
        let record = Record::measured(&connection, at);
        let outcomes = self.gate.handle(Event::Measured(connection), at);
        let mut concerned: Vec<Name> = outcomes.iter().filter_map(session_of).collect();
        concerned.sort();
        concerned.dedup();
        let rounds = outcomes.iter().filter_map(judged_round).collect();
        let mut step = Step::default();
        self.take(outcomes, Some(candidates), &mut step);
        self.remember(&record, concerned, now, &mut step);
        (step, rounds)
    }

    /// Something that somebody asked for. What was due before is in the step even where it is refused.
    pub(super) fn asked(&mut self, event: Event, record: &Record, now: Now) -> (Step, Result<(), Refusal>) {
        let at = self.time(now);
        let mut step = Step::default();
        let mut opened = None;
        if let Event::SessionOpened { session, .. } = &event {
            opened = Some((session.clone(), at));
        }
        let session = event.session().cloned();
        let mut outcomes = self.gate.handle(event, at);
        let refused = match outcomes.last() {
            Some(Outcome::Refused(refusal)) => Some(*refusal),
            _ => None,
        };
        if let Some(refusal) = refused {
            outcomes.pop();
            self.take(outcomes, None, &mut step);
            return (step, Err(refusal));
        }
        step.sessions.opened = opened;
        self.take(outcomes, None, &mut step);
        self.remember(record, session.into_iter().collect(), now, &mut step);
        (step, Ok(()))
    }

    /// Says the answers of these open sessions, or of all, although they have not changed.
    pub(super) fn say_again(&mut self, only: Option<&Name>, in_answer_to: Option<&str>, now: Now, step: &mut Step) {
        let at = self.time(now);
        for (answer, attested) in self.gate.answers(at) {
            if only.is_none_or(|only| *only == answer.session) {
                self.say(answer, &attested, in_answer_to, step);
            }
        }
    }

    /// Says the answers that are not what was said last.
    pub(super) fn say_changed(&mut self, now: Now, step: &mut Step) {
        let at = self.time(now);
        for (answer, attested) in self.gate.answers(at) {
            if self.said_of(&answer.session).is_none_or(|said| said.answer != answer) {
                self.say_unless_resuming(answer, &attested, step);
            }
        }
    }

    /// Ends a session that the gate does not know: by the settings in force it could not have been opened.
    pub(super) fn end_unknown(
        &mut self,
        session: &Name,
        patient: Option<&Name>,
        policy: Option<&Policy>,
        now: Now,
        step: &mut Step,
    ) {
        let at = self.time(now);
        warn!(%session, "an open session is ended: by the settings in force it could not have been opened");
        step.sessions.ended.push((session.clone(), at));
        self.said.retain(|said| said.answer.session != *session);
        let (Some(patient), Some(policy)) = (patient, policy) else {
            return;
        };
        let answer = Answer::over(session.clone(), patient.clone());
        match self.maker.readiness(&answer, &[], policy, None) {
            Ok(message) => step.messages.push(message),
            Err(error) => untold(&error),
        }
    }

    /// The open sessions, to be shown.
    pub(super) fn shown(&self, now: Now) -> Vec<SessionState> {
        let Some(policy) = self.gate.policy() else {
            return Vec::new();
        };
        let standings = self.gate.standings(self.clock.at(now.moment));
        let standings = standings.iter().map(|standing| {
            let said = self.said_of(&standing.answer.session);
            SessionState::new(
                standing,
                policy,
                said.map(|said| said.notes.clone()).unwrap_or_default(),
            )
        });
        standings.collect()
    }

    /// The newest message about each open session's answer.
    pub(super) fn newest_messages(&self) -> Vec<(Name, Uuid)> {
        let newest = |said: &Said| Some((said.answer.session.clone(), *said.ids.last()?));
        self.said.iter().filter_map(newest).collect()
    }

    /// Whether the answer that this message says is still the last.
    pub(super) fn stands(&self, session: &Name, message: Uuid) -> bool {
        self.said_of(session).is_some_and(|said| said.ids.contains(&message))
    }

    /// What was said last of an open session.
    pub(super) fn said_of(&self, session: &Name) -> Option<&Said> {
        self.said.iter().find(|said| said.answer.session == *session)
    }

    /// The gate's time. Without an open session nothing is measured by it, and it follows the wall clock.
    pub(super) fn time(&mut self, now: Now) -> Timestamp {
        if !self.gate.has_open_session() {
            self.clock.set(now);
        }
        self.clock.tell(now.moment)
    }

    pub(super) fn open(&self) -> Vec<Name> {
        self.said.iter().map(|said| said.answer.session.clone()).collect()
    }

    /// Adds the event to the step, if it concerns a session.
    pub(super) fn remember(&self, record: &Record, sessions: Vec<Name>, now: Now, step: &mut Step) {
        if sessions.is_empty() {
            return;
        }
        match serde_json::to_string(record) {
            Ok(told) => step.sessions.told.push(NewEvent {
                at: self.clock.latest(),
                moment: now.moment,
                synchronized: self.gate.is_clock_synchronized(),
                told: Private::new(told),
                sessions,
            }),
            Err(error) => error!(%error, "an event has no form in JSON"),
        }
    }

    /// What the gate said becomes what is stored.
    fn take(&mut self, outcomes: Vec<Outcome>, mut candidates: Option<Candidates<'_>>, step: &mut Step) {
        // The gate says it just before it says what became of the measurement.
        let mut is_crisis_of_nobody = false;
        for outcome in outcomes {
            match outcome {
                Outcome::Refused(_) => {}
                Outcome::Alert(alert) => {
                    is_crisis_of_nobody = matches!(alert, Alert::CrisisUnassigned { .. });
                    self.alert(&alert, candidates.as_ref(), step);
                }
                Outcome::Judged(judged) => {
                    let is_crisis = std::mem::take(&mut is_crisis_of_nobody);
                    if let Some(candidates) = &mut candidates {
                        self.note(&judged, is_crisis, candidates.cuff);
                        self.judged(*judged, candidates, step);
                    }
                }
                Outcome::Answer { at, answer, attested } => self.answered(at, *answer, &attested, step),
            }
        }
    }

    fn answered(&mut self, at: Timestamp, answer: Answer, attested: &[Attested], step: &mut Step) {
        // Not which one: how somebody is does not belong in a log.
        info!(session = %answer.session, "another answer");
        if answer.state == State::Ended {
            step.sessions.ended.push((answer.session.clone(), at));
            self.ended.push(answer.clone());
            self.say(answer, attested, None, step);
        } else {
            self.say_unless_resuming(answer, attested, step);
        }
    }

    fn say_unless_resuming(&mut self, answer: Answer, attested: &[Attested], step: &mut Step) {
        if self.is_resuming {
            self.put_down(answer, None);
        } else {
            self.say(answer, attested, None, step);
        }
    }

    pub(super) fn say(&mut self, answer: Answer, attested: &[Attested], in_answer_to: Option<&str>, step: &mut Step) {
        let Some(policy) = self.gate.policy().cloned() else {
            return;
        };
        match self.maker.readiness(&answer, attested, &policy, in_answer_to) {
            Ok(message) => {
                self.put_down(answer, Some(message.id));
                step.messages.push(message);
            }
            Err(error) => untold(&error),
        }
    }

    /// Keeps what was said last.
    fn put_down(&mut self, answer: Answer, id: Option<Uuid>) {
        let known = self.said.iter_mut().find(|said| said.answer.session == answer.session);
        if answer.state == State::Ended {
            self.said.retain(|said| said.answer.session != answer.session);
        } else if let Some(said) = known {
            if said.answer != answer {
                said.ids.clear();
                said.answer = answer;
            }
            said.ids.extend(id);
        } else {
            self.said.push(Said {
                answer,
                ids: id.into_iter().collect(),
                notes: Notes::default(),
            });
        }
    }

    fn alert(&mut self, alert: &Alert, candidates: Option<&Candidates<'_>>, step: &mut Step) {
        let (Some(candidates), verified) = (candidates, self.maker.bond_required) else {
            return;
        };
        let about = match alert {
            Alert::Crisis {
                session,
                patient,
                reading: ReadingId::Unique(reading),
                verification,
            } => About::Crisis {
                session,
                patient,
                reading: *reading,
                verified: verified && verification.all(),
                cuff: &candidates.cuff.id,
            },
            Alert::Crisis {
                reading: ReadingId::Numbered(_),
                ..
            } => return,
            Alert::CrisisUnassigned { cuff, .. } => About::CrisisUnassigned { cuff },
        };
        match self.maker.alert(Uuid::new_v4(), about) {
            Ok(message) => step.messages.push(message),
            Err(error) => untold(&error),
        }
    }

    /// What the people in the room are told of the last reading.
    fn note(&mut self, judged: &Judged, is_crisis_of_nobody: bool, cuff: &Cuff) {
        let reasons = judged.fate.reasons();
        if reasons.contains(&ReadingReason::Duplicate) {
            return;
        }
        let reading = &judged.reading;
        if reading.patient.is_none() {
            // Never a number of it.
            let unassigned = Unassigned {
                cuff: cuff.id.clone(),
                received_at: reading.received_at,
                crisis: is_crisis_of_nobody,
                user_id: reading.measurement.as_ref().and_then(|measurement| measurement.user_id),
                own_user_ids: Vec::new(),
            };
            for said in &mut self.said {
                said.notes.unassigned = Some(Unassigned {
                    own_user_ids: cuff.users_of(&said.answer.patient),
                    ..unassigned.clone()
                });
            }
        } else if let Some(session) = &reading.session {
            let counted = reasons.is_empty();
            let not_counted = NotCounted::new(judged.id, reading.received_at, reasons);
            for said in self.said.iter_mut().filter(|said| said.answer.session == *session) {
                said.notes.not_counted = (!counted).then(|| not_counted.clone());
                said.notes.unassigned = None;
            }
        }
    }
}

fn session_of(outcome: &Outcome) -> Option<Name> {
    match outcome {
        Outcome::Judged(judged) => judged.reading.session.clone(),
        Outcome::Refused(_) | Outcome::Alert(_) | Outcome::Answer { .. } => None,
    }
}

fn judged_round(outcome: &Outcome) -> Option<JudgedRound> {
    match outcome {
        Outcome::Judged(judged) => match &judged.fate {
            Fate::Completed(round) => Some(JudgedRound::clone(round)),
            Fate::Counted | Fate::Crisis | Fate::IrregularPulse | Fate::NotCounted(_) => None,
        },
        Outcome::Refused(_) | Outcome::Alert(_) | Outcome::Answer { .. } => None,
    }
}

fn untold(error: &MessageError) {
    error!(%error, "a message could not be made");
}
