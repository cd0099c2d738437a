//! One registered cuff for the daemon's life: when it is connected, and when it is left in peace.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::retry::Retry;
use super::session::{Beginning, Session};
use super::{Action, Answer, Catalogue, Event, Habits, Limits, Operation};
use crate::core::moment::{Moment, Now};
use crate::core::name::Name;
use crate::core::source::{self, CuffHealth, Description, Ending, Failure};

/// An advertisement older than this says nothing about whether the cuff listens now.
const FRESH: Duration = Duration::from_secs(2);
/// For the subscription to be made ready, and again for the radio to be had.
const PREPARE_FOR: Duration = Duration::from_secs(5);
/// A cuff that keeps advertising is told of this often.
const TELL_HEARD_EVERY: Duration = Duration::from_secs(10);

/// What does not change while the daemon runs.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The cuff.
    pub cuff: Name,
    /// How it wants to be treated.
    pub habits: Habits,
    /// The clinic's limits.
    pub limits: Limits,
    /// Whether its clock may be set.
    pub set_clock: bool,
    /// The zone of its clock.
    pub zone: TimeZone,
}

/// One registered cuff, from the daemon's start to its end.
#[derive(Clone, Debug)]
pub struct Collector {
    setup: Setup,
    state: State,
    bonded: bool,
    /// What the cuff has, if bluetoothd keeps our subscription and carries it out when the link comes up.
    armed: Option<Catalogue>,
    /// [`Operation::Arm`] is under way.
    arming: bool,
    synchronized: bool,
    known: Description,
    retry: Retry,
    not_before: Option<Moment>,
    heard_at: Option<Moment>,
    heard_told_at: Option<Moment>,
    stopping: bool,
}

#[derive(Clone, Debug)]
enum State {
    Idle,
    /// Heard; the subscription is made ready, then the radio is waited for.
    Seen {
        until: Moment,
    },
    Busy(Box<Session>),
    Stopped,
}

impl Collector {
    /// A cuff that nothing is known of yet.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        Self {
            setup,
            state: State::Idle,
            bonded: false,
            armed: None,
            arming: false,
            synchronized: false,
            known: Description::default(),
            retry: Retry::default(),
            not_before: None,
            heard_at: None,
            heard_told_at: None,
            stopping: false,
        }
    }

    /// Applies one event and returns the work it causes, in order.
    #[must_use]
    pub fn handle(&mut self, event: Event, now: Now) -> Vec<Action> {
        let mut out = Vec::new();
        self.note(&event, now, &mut out);
        match &mut self.state {
            State::Idle => self.while_idle(event, now, &mut out),
            State::Seen { .. } => self.while_seen(event, now, &mut out),
            State::Busy(session) => {
                if let Some(ending) = session.handle(event, now, &mut out) {
                    self.end(ending, now, &mut out);
                }
            }
            State::Stopped => {}
        }
        out
    }

    /// When time alone will change something.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        match &self.state {
            State::Idle => {
                let heard_at = self.heard_at?;
                self.not_before.filter(|moment| *moment <= heard_at + FRESH)
            }
            State::Seen { until } => Some(*until),
            State::Busy(session) => Some(session.deadline()),
            State::Stopped => None,
        }
    }

    /// Whether the cuff is neither connected nor about to be.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle)
    }

    /// Whether it has come to its end after [`Event::Stop`].
    #[must_use]
    pub const fn is_stopped(&self) -> bool {
        matches!(self.state, State::Stopped)
    }

    fn note(&mut self, event: &Event, now: Now, out: &mut Vec<Action>) {
        match event {
            Event::Bonded(bonded) => self.bonded = *bonded,
            Event::Synchronized(synchronized) => self.synchronized = *synchronized,
            Event::Heard { rssi } => {
                self.heard_at = Some(now.moment);
                self.tell_heard(*rssi, now, out);
            }
            Event::Stop => self.stopping = true,
            // An object that is new to us keeps no subscription of ours; a stack that is gone keeps nothing.
            Event::Known | Event::StackGone => self.armed = None,
            Event::Answer(Answer::Armed(armed)) => {
                self.armed.clone_from(armed);
                self.arming = false;
            }
            Event::LinkUp
            | Event::LinkDown
            | Event::Answer(_)
            | Event::Measurement(_)
            | Event::CuffPressure(_)
            | Event::Deadline => {}
        }
    }

    fn tell_heard(&mut self, rssi: Option<i16>, now: Now, out: &mut Vec<Action>) {
        let told = self.heard_told_at;
        if told.is_some_and(|told| now.moment < told + TELL_HEARD_EVERY) {
            return;
        }
        self.heard_told_at = Some(now.moment);
        self.tell_health(CuffHealth::Heard { rssi, at: now }, out);
    }

    fn tell_health(&self, health: CuffHealth, out: &mut Vec<Action>) {
        let cuff = self.setup.cuff.clone();
        out.push(Action::Tell(source::Event::Cuff { cuff, health }));
    }

    fn while_idle(&mut self, event: Event, now: Now, out: &mut Vec<Action>) {
        match event {
            Event::Known => self.arm(out),
            // It took longer than was waited for; the cuff may still be there.
            Event::Answer(Answer::Armed(_)) if self.is_due(now) => self.take_radio(now, out),
            Event::Heard { .. } | Event::Deadline => self.begin(now, out),
            Event::LinkUp | Event::Measurement(_) | Event::CuffPressure(_) => self.adopt(event, now, out),
            Event::Stop => self.state = State::Stopped,
            Event::Bonded(_) | Event::Synchronized(_) | Event::LinkDown | Event::StackGone | Event::Answer(_) => {}
        }
    }

    /// Goes for the cuff if it was just heard and may be disturbed.
    fn begin(&mut self, now: Now, out: &mut Vec<Action>) {
        if !self.is_due(now) {
            return;
        }
        if self.armed.is_some() {
            return self.take_radio(now, out);
        }
        let until = now.moment + PREPARE_FOR;
        self.state = State::Seen { until };
        if !self.arming {
            self.arm(out);
        }
    }

    fn is_due(&mut self, now: Now) -> bool {
        let heard = self.heard_at.is_some_and(|heard_at| now.moment <= heard_at + FRESH);
        let rested = self.not_before.is_none_or(|not_before| not_before <= now.moment);
        if rested && !heard {
            self.heard_at = None;
        }
        heard && rested
    }

    fn take_radio(&mut self, now: Now, out: &mut Vec<Action>) {
        let until = now.moment + PREPARE_FOR;
        self.state = State::Seen { until };
        out.push(Action::Do(Operation::TakeRadio));
    }

    fn arm(&mut self, out: &mut Vec<Action>) {
        self.arming = true;
        out.push(Action::Do(Operation::Arm));
    }

    fn while_seen(&mut self, event: Event, now: Now, out: &mut Vec<Action>) {
        match event {
            Event::Answer(Answer::Armed(_)) => self.take_radio(now, out),
            Event::Answer(Answer::RadioTaken) => self.connect(now, out),
            Event::Measurement(_) | Event::CuffPressure(_) => self.adopt(event, now, out),
            Event::StackGone => self.give_up(State::Idle, out),
            Event::Deadline if self.deadline().is_some_and(|until| until <= now.moment) => {
                // What is being made ready is not begun anew each time: on a slow machine it would never come to an end.
                if self.arming {
                    self.state = State::Idle;
                } else {
                    self.give_up(State::Idle, out);
                }
            }
            Event::Stop => self.give_up(State::Stopped, out),
            Event::Known
            | Event::Bonded(_)
            | Event::Synchronized(_)
            | Event::Heard { .. }
            | Event::LinkUp
            | Event::LinkDown
            | Event::Answer(_)
            | Event::Deadline => {}
        }
    }

    fn give_up(&mut self, state: State, out: &mut Vec<Action>) {
        self.state = state;
        self.arming = false;
        out.extend([Action::Abandon, Action::Leave]);
    }

    fn connect(&mut self, now: Now, out: &mut Vec<Action>) {
        self.heard_at = None;
        self.arming = false;
        let beginning = Beginning {
            bonded: self.bonded,
            armed: self.armed.clone(),
            set_clock: self.setup.set_clock && self.synchronized,
            known: self.known.clone(),
        };
        let session = Session::connect(self.setup.clone(), beginning, now, out);
        self.state = State::Busy(Box::new(session));
    }

    /// Takes over a link that is up without our doing: another program's, or one left from before our start.
    fn adopt(&mut self, event: Event, now: Now, out: &mut Vec<Action>) {
        self.connect(now, out);
        if let State::Busy(session) = &mut self.state {
            let _goes_on = session.handle(event, now, out);
        }
    }

    fn end(&mut self, ending: Ending, now: Now, out: &mut Vec<Action>) {
        let State::Busy(mut session) = std::mem::replace(&mut self.state, State::Idle) else {
            return;
        };
        let ending = self.recognise_lost_bond(ending, &session);
        session.close(ending, now, out);
        self.armed = session.armed();
        self.known = session.into_known();
        let verdict = self.retry.ended(ending, now.moment);
        self.not_before = Some(verdict.not_before);
        if let Some(health) = verdict.health {
            self.tell_health(health, out);
        }
        if self.stopping {
            self.state = State::Stopped;
        }
        out.push(Action::Leave);
    }

    fn recognise_lost_bond(&mut self, ending: Ending, session: &Session) -> Ending {
        if ending != Ending::Failed(Failure::Connect) || !self.bonded || !session.was_dropped_early() {
            return ending;
        }
        if self.retry.bond_is_lost_by_next_drop() {
            return Ending::Failed(Failure::Bond);
        }
        self.retry.dropped();
        ending
    }
}

#[cfg(test)]
mod rig;
#[cfg(test)]
mod tests;
