//! The gate: takes events in order of time, and says what changed (contract 2.2 and 2.3).
//!
//! Deadlines are handled before the event that comes with or after them. The same events give the same outcomes, so that a
//! restarted daemon, and `replay`, come to the same answers.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::answer::{Answer, Attested};
use super::answering::{self, Now};
use super::decided;
use super::event::{Decision, Event};
use super::outcome::Outcome;
use super::policy::{Policy, ReadingRules};
use super::refusal::Refusal;
use super::registry::Registry;
use super::session::Session;
use super::sessions::{Place, Sessions};
use crate::core::cuff::Cuff;
use crate::core::name::Name;
use crate::core::reason::Reason;

/// The gate of one gateway: one policy, its cuffs, its sessions.
#[derive(Clone, Debug)]
pub struct Gate {
    policy: Option<Arc<Policy>>,
    /// What a reading must be: the policy's rules, or the defaults.
    pub(super) rules: ReadingRules,
    pub(super) zone: TimeZone,
    pub(super) cuffs: Registry,
    pub(super) clock_synchronized: bool,
    pub(super) store_available: bool,
    pub(super) elapsed_known: bool,
    pub(super) sessions: Sessions,
}

impl Gate {
    /// A gate without sessions; its clock is synchronized and its store available until it is told otherwise.
    ///
    /// Without a policy no session ever opens, and readings are judged by the defaults. `zone` is that of the cuffs' clocks.
    #[must_use]
    pub fn new(policy: Option<Arc<Policy>>, cuffs: impl IntoIterator<Item = Cuff>, zone: TimeZone) -> Self {
        Self {
            rules: policy
                .as_ref()
                .map_or_else(ReadingRules::default, |policy| policy.reading.clone()),
            policy,
            zone,
            cuffs: Registry::new(cuffs),
            clock_synchronized: true,
            store_available: true,
            elapsed_known: true,
            sessions: Sessions::default(),
        }
    }

    /// The policy in force.
    #[must_use]
    pub const fn policy(&self) -> Option<&Arc<Policy>> {
        self.policy.as_ref()
    }

    /// Registers a cuff, or registers it anew.
    pub fn register(&mut self, cuff: Cuff) {
        self.cuffs.add(cuff);
    }

    /// Forgets a cuff: its measurements are an unregistered cuff's from now on.
    pub fn forget(&mut self, cuff: &Name) {
        self.cuffs.remove(cuff);
    }

    /// Lets no session open with an id that was used before this gate was made.
    pub fn reserve_ids(&mut self, used: impl IntoIterator<Item = Name>) {
        for id in used {
            self.sessions.use_id(id);
        }
    }

    /// When time alone will change an answer next, if it ever will.
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        self.sessions.deadline()
    }

    /// Whether the gateway's clock is synchronized, as the gate was told.
    #[must_use]
    pub const fn is_clock_synchronized(&self) -> bool {
        self.clock_synchronized
    }

    /// Whether the store takes what is measured, as the gate was told.
    #[must_use]
    pub const fn is_store_available(&self) -> bool {
        self.store_available
    }

    /// Whether it is known how much time has passed, as the gate was told.
    #[must_use]
    pub const fn is_elapsed_known(&self) -> bool {
        self.elapsed_known
    }

    /// Makes an open session started, ready or not.
    pub(super) fn restore_started(&mut self, session: &Name, at: Timestamp) {
        let place = self.sessions.place_of(session);
        if let Some(open) = place.and_then(|place| self.sessions.get_mut(place)) {
            open.session.start(at);
        }
    }

    /// Whether a session is open.
    #[must_use]
    pub fn has_open_session(&self) -> bool {
        !self.sessions.is_empty()
    }

    /// The answers as they stand at `at`, in order of opening, with the attestations that hold.
    ///
    /// Deadlines up to `at` must have been handled: feed a [`Event::Tick`] first.
    #[must_use]
    pub fn answers(&self, at: Timestamp) -> Vec<(Answer, Vec<Attested>)> {
        let Some(policy) = &self.policy else {
            return Vec::new();
        };
        let now = self.now(policy, at);
        let sessions = self.sessions.iter();
        sessions
            .map(|session| (answering::answer(session, now), answering::attested(session, now)))
            .collect()
    }

    /// Handles what is due up to and including `at`, then the event, and says what that caused, in order.
    ///
    /// `at` must not go back.
    #[must_use]
    pub fn handle(&mut self, event: Event, at: Timestamp) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        let Some(policy) = self.policy.clone() else {
            self.handle_without_policy(event, &mut outcomes);
            return outcomes;
        };
        while let Some(deadline) = self.sessions.deadline().filter(|deadline| *deadline <= at) {
            let due = self.sessions.due(deadline);
            self.settle(&due, deadline, &policy, &mut outcomes);
            debug_assert!(
                self.sessions.deadline() != Some(deadline),
                "a deadline that was handled is asked for no more"
            );
        }
        match self.apply(event, at, &policy, &mut outcomes) {
            Ok(touched) => self.settle(&touched, at, &policy, &mut outcomes),
            Err(refusal) => outcomes.push(Outcome::Refused(refusal)),
        }
        outcomes
    }

    fn handle_without_policy(&mut self, event: Event, outcomes: &mut Vec<Outcome>) {
        match event {
            Event::Measured(connection) => self.measure_without_policy(&connection, outcomes),
            Event::Clock { synchronized } => self.clock_synchronized = synchronized,
            Event::Store { available } => self.store_available = available,
            Event::Elapsed { known } => self.elapsed_known = known,
            Event::Tick => {}
            Event::SessionOpened { .. }
            | Event::Attested { .. }
            | Event::Decided { .. }
            | Event::SessionStarted { .. }
            | Event::SessionClosed { .. } => outcomes.push(Outcome::Refused(Refusal::NoPolicy)),
        }
    }

    /// Applies the event, and returns the sessions whose answers it may have changed.
    fn apply(
        &mut self,
        event: Event,
        at: Timestamp,
        policy: &Policy,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<Vec<Place>, Refusal> {
        match event {
            Event::SessionOpened { session, patient, cuff } => {
                self.may_open(&session, &patient, cuff.as_ref())?;
                Ok(vec![self.sessions.add(Session::open(session, patient, cuff, at))])
            }
            Event::Attested {
                session,
                item,
                by,
                value,
            } => self.change(&session, |session| attest(session, item, by, value, at, policy)),
            Event::Measured(connection) => Ok(self.measure(&connection, policy, outcomes)),
            Event::Clock { synchronized } => {
                self.clock_synchronized = synchronized;
                Ok(self.sessions.places())
            }
            Event::Store { available } => {
                self.store_available = available;
                Ok(self.sessions.places())
            }
            Event::Elapsed { known } => {
                self.elapsed_known = known;
                Ok(self.sessions.places())
            }
            Event::Decided { session, decision, by } => self.change(&session, |session| match decision {
                Decision::Deny => decided::deny(session),
                Decision::Approve => decided::approve(session, by, at, policy),
            }),
            Event::SessionStarted { session } => self.start(&session, at, policy),
            Event::SessionClosed { session } => self.change(&session, |session| {
                session.end(Reason::SessionOver);
                Ok(())
            }),
            Event::Tick => Ok(Vec::new()),
        }
    }

    fn may_open(&self, session: &Name, patient: &Name, cuff: Option<&Name>) -> Result<(), Refusal> {
        if self.sessions.was_used(session) {
            return Err(Refusal::IdUsed);
        }
        if self.sessions.has_patient(patient) {
            return Err(Refusal::PatientHasSession);
        }
        match cuff {
            Some(cuff) if self.sessions.has_cuff(cuff) => Err(Refusal::CuffHasSession),
            Some(cuff) if self.cuffs.is_session_cuff(cuff) => Ok(()),
            Some(_) | None if !self.cuffs.names(patient) => Err(Refusal::UnknownPatient),
            Some(_) => Err(Refusal::NotASessionCuff),
            None => Ok(()),
        }
    }

    /// Changes one open session.
    fn change(
        &mut self,
        id: &Name,
        change: impl FnOnce(&mut Session) -> Result<(), Refusal>,
    ) -> Result<Vec<Place>, Refusal> {
        let place = self.sessions.place_of(id).ok_or(Refusal::UnknownSession)?;
        let open = self.sessions.get_mut(place).ok_or(Refusal::UnknownSession)?;
        change(&mut open.session)?;
        Ok(vec![place])
    }

    fn start(&mut self, id: &Name, at: Timestamp, policy: &Policy) -> Result<Vec<Place>, Refusal> {
        let now = self.now(policy, at);
        self.change(id, |session| {
            if !answering::answer(session, now).is_ready() {
                return Err(Refusal::NotReady);
            }
            session.start(at);
            Ok(())
        })
    }

    pub(super) const fn now<'a>(&self, policy: &'a Policy, at: Timestamp) -> Now<'a> {
        Now {
            at,
            policy,
            clock_synchronized: self.clock_synchronized,
            store_available: self.store_available,
            elapsed_known: self.elapsed_known,
        }
    }

    /// Lets time pass until `at` for these sessions, says the answers that changed, and asks for their next deadlines.
    fn settle(&mut self, places: &[Place], at: Timestamp, policy: &Policy, outcomes: &mut Vec<Outcome>) {
        let now = self.now(policy, at);
        for place in places.iter().copied() {
            let Some(open) = self.sessions.get_mut(place) else {
                continue;
            };
            open.session.advance(at, policy);
            let answer = answering::answer(&open.session, now);
            if open.last.as_ref() != Some(&answer) {
                open.last = Some(answer.clone());
                outcomes.push(Outcome::Answer {
                    at,
                    attested: answering::attested(&open.session, now),
                    answer: Box::new(answer),
                });
            }
            if open.session.has_ended() {
                self.sessions.remove(place);
            } else {
                let deadline = open.session.deadline(policy, at);
                self.sessions.set_deadline(place, deadline);
            }
        }
    }
}

fn attest(
    session: &mut Session,
    item: Name,
    by: Option<Name>,
    value: bool,
    at: Timestamp,
    policy: &Policy,
) -> Result<(), Refusal> {
    if !policy.attestations.contains(&item) {
        return Err(Refusal::UnknownItem);
    }
    if value {
        session.attestations.give(item, by, at, policy);
    } else {
        session.attestations.take_back(&item);
    }
    Ok(())
}
