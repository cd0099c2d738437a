//! What is asked of a cuff beside its measurements, and how it answers: nothing of it may fail a connection.

use super::{ASK_FOR, Chore, HASTE_PAUSE, Phase, READ_AFTER, Running, Session};
use crate::core::collection::clock::{Next, Taken};
use crate::core::collection::{Action, Characteristic, Fault, Operation, chores};
use crate::core::moment::{Moment, Now};
use crate::core::source;

impl Session {
    pub(super) fn next_chore_at(&self, running: Option<Running>) -> Option<Moment> {
        match running {
            Some(running) => Some(running.until.min(self.clock_waits.unwrap_or(running.until))),
            None => self.reads.is_waiting().then(|| self.heard_at + READ_AFTER),
        }
    }

    pub(super) fn begin_chore(&mut self, now: Now, out: &mut Vec<Action>) {
        let chore = if std::mem::take(&mut self.pressure_wanted) {
            Chore::CuffPressure
        } else if self.clock.is_some() {
            Chore::Clock
        } else if now.moment >= self.heard_at + READ_AFTER
            && let Some(which) = self.reads.take_next()
        {
            Chore::Read(which)
        } else {
            return;
        };
        if let Phase::Collecting { chore: running, .. } = &mut self.phase {
            let until = now.moment + ASK_FOR;
            *running = Some(Running { chore, until });
        }
        match chore {
            Chore::CuffPressure => out.push(Action::Do(Operation::Subscribe(Characteristic::CuffPressure))),
            Chore::Read(which) => out.push(Action::Do(Operation::Read(which))),
            Chore::Clock => {
                if let Some(next) = self.clock.as_mut().map(|clock| clock.begin(now)) {
                    self.advance_clock((None, next), now, out);
                }
            }
        }
    }

    pub(super) fn finish_chore(&mut self, now: Now, out: &mut Vec<Action>) {
        if let Phase::Collecting { chore, .. } = &mut self.phase {
            *chore = None;
            if !self.reads.is_waiting() {
                self.describe(out);
            }
            self.begin_chore(now, out);
        }
    }

    pub(super) fn describe(&mut self, out: &mut Vec<Action>) {
        if let Some(description) = self.reads.take_found() {
            chores::learn(&mut self.beginning.known, &description);
            let cuff = self.setup.cuff.clone();
            out.push(Action::Tell(source::Event::Described { cuff, description }));
        }
    }

    pub(super) fn running_read(&self) -> Option<Characteristic> {
        let Phase::Collecting { chore, .. } = self.phase else {
            return None;
        };
        match chore?.chore {
            Chore::Read(which) => Some(which),
            Chore::CuffPressure | Chore::Clock => None,
        }
    }

    pub(super) fn on_read(&mut self, result: &Result<Vec<u8>, Fault>, now: Now, out: &mut Vec<Action>) {
        if let Some(which) = self.running_read() {
            if let Ok(octets) = result {
                self.reads.read(which, octets);
            }
            return self.finish_chore(now, out);
        }
        if self.is_not_carrying(result.as_ref().err(), now) {
            return;
        }
        if let Some(clock) = &mut self.clock {
            let answer = result.as_deref().map_err(|fault| *fault);
            let taken = clock.read(answer, now);
            self.advance_clock(taken, now, out);
        }
    }

    pub(super) fn on_written(&mut self, result: Result<(), Fault>, now: Now, out: &mut Vec<Action>) {
        if self.is_not_carrying(result.as_ref().err(), now) {
            return;
        }
        if let Some(clock) = &mut self.clock {
            let taken = clock.written(result, now);
            self.advance_clock(taken, now, out);
        }
    }

    /// The clock of a cuff that is listened to already cannot wait for bluetoothd's word that all is resolved: the cuff may
    /// send at once and hang up 0.3 s after that.
    pub(super) fn hasten(&mut self, now: Now, out: &mut Vec<Action>) {
        let Phase::Connecting { until } = self.phase else {
            return;
        };
        let Some(catalogue) = self.beginning.armed.clone() else {
            return;
        };
        self.plan(catalogue);
        if let Some(clock) = &mut self.clock {
            let next = clock.begin(now);
            self.phase = hastening(until, now);
            self.advance_clock((None, next), now, out);
        }
    }

    /// While hastening: whether the link does not carry anything yet. Once it does, the ordinary limit holds.
    fn is_not_carrying(&mut self, fault: Option<&Fault>, now: Now) -> bool {
        let Phase::Hastening { until, ask_until, .. } = self.phase else {
            return false;
        };
        if fault == Some(&Fault::NotConnected) {
            let again_at = Some(now.moment + HASTE_PAUSE);
            self.phase = Phase::Hastening {
                until,
                ask_until,
                again_at,
            };
            return true;
        }
        self.answered = true;
        let until = now.moment + ASK_FOR;
        self.phase = Phase::SyncingTime { until };
        false
    }

    pub(super) fn ask_again(&mut self, until: Moment, now: Now, out: &mut Vec<Action>) {
        self.phase = hastening(until, now);
        if let Some(next) = self.clock.as_mut().map(|clock| clock.begin(now)) {
            self.advance_clock((None, next), now, out);
        }
    }

    pub(super) fn advance_clock(&mut self, (note, next): Taken, now: Now, out: &mut Vec<Action>) {
        if let Some(note) = note {
            let cuff = self.setup.cuff.clone();
            out.push(Action::Tell(source::Event::Clock { cuff, note }));
        }
        self.clock_waits = None;
        match next {
            Next::Read(which) => out.push(Action::Do(Operation::Read(which))),
            Next::Write(which, octets) => out.push(Action::Do(Operation::Write(which, octets))),
            Next::Wait(until) => self.clock_waits = Some(until),
            Next::Over => self.leave_clock(now, out),
        }
    }

    pub(super) fn leave_clock(&mut self, now: Now, out: &mut Vec<Action>) {
        self.clock_waits = None;
        self.settle_clock(out);
        if let Phase::SyncingTime { .. } | Phase::Hastening { .. } = self.phase {
            self.settle(now, out);
        } else {
            self.finish_chore(now, out);
        }
    }

    pub(super) fn settle_clock(&mut self, out: &mut Vec<Action>) {
        self.give_clock_up(out);
        if !std::mem::replace(&mut self.clock_settled, true) {
            let cuff = self.setup.cuff.clone();
            out.push(Action::Tell(source::Event::ClockSettled { cuff }));
        }
    }

    /// Nothing more is asked of the cuff's clock; tells what may have become of it.
    pub(super) fn give_clock_up(&mut self, out: &mut Vec<Action>) {
        let given_up = self.clock.take().and_then(|clock| clock.given_up());
        if let Some(note) = given_up.filter(|_| !self.clock_settled) {
            let cuff = self.setup.cuff.clone();
            out.push(Action::Tell(source::Event::Clock { cuff, note }));
        }
    }

    pub(super) fn wake_clock(&mut self, now: Now, out: &mut Vec<Action>) {
        if self.clock_waits.is_some_and(|until| until <= now.moment)
            && let Some(clock) = &mut self.clock
        {
            let next = clock.waited(now);
            self.advance_clock((None, next), now, out);
        }
    }

    pub(super) fn wake_chore(&mut self, running: Option<Running>, now: Now, out: &mut Vec<Action>) {
        match running {
            Some(running) if running.until <= now.moment => {
                out.push(Action::Abandon);
                if running.chore == Chore::Clock {
                    self.leave_clock(now, out);
                } else {
                    self.finish_chore(now, out);
                }
            }
            Some(_) => self.wake_clock(now, out),
            None => self.begin_chore(now, out),
        }
    }
}

/// The clock is being asked for, for the first time or again.
fn hastening(until: Moment, now: Now) -> Phase {
    let ask_until = now.moment + ASK_FOR;
    Phase::Hastening {
        until,
        ask_until,
        again_at: None,
    }
}
