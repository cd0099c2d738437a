//! How a run begins: the gate is told again what it was told before (contract 2.7).

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tracing::error;
use uuid::Uuid;

use super::gatekeeper::Gatekeeper;
use super::maker::Maker;
use crate::core::cuff::Cuff;
use crate::core::gate_clock::GateClock;
use crate::core::moment::Now;
use crate::core::name::Name;
use crate::core::readiness::answer::{Answer, State};
use crate::core::readiness::event::Event;
use crate::core::readiness::gate::Gate;
use crate::core::readiness::outcome::Outcome;
use crate::core::readiness::policy::Policy;
use crate::core::readiness::record::Record;
use crate::store::{Step, StoredEvent, StoredSessions};

/// What sessions are judged by.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The policy in force; without one no session opens.
    pub policy: Option<Arc<Policy>>,
    /// Registered cuffs.
    pub cuffs: Arc<[Cuff]>,
    /// The zone of the cuffs' own clocks.
    pub zone: TimeZone,
}

impl Terms {
    fn gate(&self) -> Gate {
        Gate::new(self.policy.clone(), self.cuffs.iter().cloned(), self.zone.clone())
    }
}

/// What a stored history says of the time that has passed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Elapsed {
    /// Boottime tells.
    ByBoottime,
    /// There was a reboot: the wall clock tells, and is synchronized. What was told in this boot is to be dated anew first.
    ByWallClock { date_anew: bool },
    /// There was a reboot, and the wall clock is not synchronized.
    Unknown,
}

/// What can be known of the time that has passed since `events`. A wall clock that is behind them knows nothing of it.
pub(super) fn elapsed(events: &[StoredEvent], boot: Uuid, synchronized: bool, now: Now) -> Elapsed {
    let is_of_now = |event: &&StoredEvent| event.boot == boot;
    let rebooted = events.iter().any(|event| event.boot != boot);
    let was_synchronized = events.iter().filter(is_of_now).any(|event| event.synchronized);
    if !rebooted || was_synchronized {
        Elapsed::ByBoottime
    } else if synchronized && before_this_boot(events, boot).is_none_or(|last| last <= now.wall) {
        let date_anew = events.iter().any(|event| event.boot == boot);
        Elapsed::ByWallClock { date_anew }
    } else {
        Elapsed::Unknown
    }
}

/// When the gate was last told something in an earlier boot.
pub(super) fn before_this_boot(events: &[StoredEvent], boot: Uuid) -> Option<Timestamp> {
    events
        .iter()
        .filter(|event| event.boot != boot)
        .map(|event| event.at)
        .max()
}

/// The gate's clock as it goes on after `events`.
pub(super) fn clock_after(events: &[StoredEvent], elapsed: Elapsed, now: Now) -> GateClock {
    let Some(last) = events.last() else {
        return GateClock::running(now);
    };
    match elapsed {
        Elapsed::ByBoottime => GateClock::running(Now {
            wall: last.at,
            moment: last.moment,
        }),
        Elapsed::ByWallClock { .. } => GateClock::running(now).not_before(last.at),
        Elapsed::Unknown => GateClock::standing_still(last.at, now.moment),
    }
}

/// Sessions that are open in the store and not in a gate that was told everything again.
#[derive(Debug, Default)]
pub(super) struct Gone {
    /// Their time is over, by the policy or the clock in force: when, and the last answer.
    over: Vec<(Timestamp, Answer)>,
    /// By the settings in force they could not have been opened. With the patient, if that is known.
    unknown: Vec<(Name, Option<Name>)>,
}

impl Gone {
    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.over.is_empty() && self.unknown.is_empty()
    }
}

impl Gatekeeper {
    /// A gatekeeper that has been told nothing.
    pub(super) fn new(terms: Terms, maker: Maker, now: Now) -> Self {
        Self {
            gate: terms.gate(),
            terms,
            clock: GateClock::running(now),
            maker,
            setting: 0,
            said: Vec::new(),
            ended: Vec::new(),
            is_resuming: true,
        }
    }

    /// Tells a new gate what is stored, and lets the clock go on from there: time has to pass next. What was said stays said.
    /// Returns the sessions that are open no more.
    pub(super) fn tell_again(&mut self, stored: &StoredSessions, clock: GateClock) -> Gone {
        let (available, synchronized) = (self.gate.is_store_available(), self.gate.is_clock_synchronized());
        self.clock = clock;
        self.gate = self.terms.gate();
        self.gate.reserve_ids(stored.ended.iter().cloned());
        let mut gone = Gone::default();
        let told: Vec<(&StoredEvent, Option<Record>)> =
            stored.events.iter().map(|event| (event, record(event))).collect();
        // What cannot be read could be a reading that stands against a session: then none of them goes on.
        let is_whole = told.iter().all(|(_, record)| record.is_some());
        let mut patients = Vec::new();
        for (stored, record) in told {
            let Some(record) = record else { continue };
            if let Record::SessionOpened { session, patient, .. } = &record {
                patients.push((session.clone(), patient.clone()));
            }
            if is_whole {
                let (at, told_at, synchronized) = (stored.at, stored.told_at, stored.synchronized);
                let outcomes = self.gate.tell_again(record, at, told_at, synchronized);
                gone.over.extend(outcomes.into_iter().filter_map(over));
            }
        }
        // What is due since then is said when time passes.
        let at = stored.events.last().map_or(self.clock.latest(), |last| last.at);
        let known = !self.clock.stands_still();
        for event in [
            Event::Clock { synchronized },
            Event::Store { available },
            Event::Elapsed { known },
        ] {
            let _said_when_all_is_told = self.gate.handle(event, at);
        }
        let answers = self.gate.answers(at);
        let known = answers.iter().map(|(answer, _)| answer);
        let known: Vec<&Name> = known
            .chain(gone.over.iter().map(|(_, answer)| answer))
            .map(|answer| &answer.session)
            .collect();
        let unknown = stored.open.iter().filter(|session| !known.contains(session));
        let unknown = unknown.map(|session| {
            let patient = patients.iter().find(|(of, _)| of == session);
            (session.clone(), patient.map(|(_, patient)| patient.clone()))
        });
        gone.unknown = unknown.collect();
        // An id is never used again, whatever became of its session.
        self.gate.reserve_ids(stored.open.iter().cloned());
        gone
    }

    /// Ends the sessions that are gone, and puts down that other settings are in force now, if they are. `policy` is what
    /// those that end by that are told to have been judged by.
    pub(super) fn settle(&mut self, stored: &StoredSessions, gone: Gone, policy: Option<&Policy>, now: Now) -> Step {
        let mut step = Step::default();
        for (at, answer) in gone.over {
            step.sessions.ended.push((answer.session.clone(), at));
            self.say(answer, &[], None, &mut step);
        }
        for (session, patient) in gone.unknown {
            self.end_unknown(&session, patient.as_ref(), policy, now, &mut step);
        }
        let open: Vec<Name> = self
            .gate
            .answers(self.clock.latest())
            .into_iter()
            .map(|(answer, _)| answer.session)
            .collect();
        if last_setting(&stored.events).is_some_and(|last| last != self.setting) {
            let setting = self.setting;
            self.remember(&Record::Setting { setting }, open, now, &mut step);
        }
        step
    }

    /// How far the wall clock has stepped away from the gate's, if that is more than `jump`. Without an open session nothing
    /// is measured by it.
    pub(super) fn has_stepped(&self, now: Now, jump: SignedDuration) -> bool {
        self.gate.has_open_session() && !self.clock.stands_still() && self.clock.drift(now).abs() > jump
    }
}

fn record(event: &StoredEvent) -> Option<Record> {
    let read = serde_json::from_str(event.told.expose());
    read.map_err(|error: serde_json::Error| error!(line = error.line(), "a stored event cannot be read"))
        .ok()
}

/// The last answer of a session that is over.
fn over(outcome: Outcome) -> Option<(Timestamp, Answer)> {
    match outcome {
        Outcome::Answer { at, answer, .. } if answer.state == State::Ended => Some((at, *answer)),
        Outcome::Answer { .. } | Outcome::Refused(_) | Outcome::Judged(_) | Outcome::Alert(_) => None,
    }
}

/// The number of the settings that the open sessions were judged by last.
pub(super) fn last_setting(events: &[StoredEvent]) -> Option<i64> {
    events.iter().rev().find_map(|event| record(event)?.setting())
}
