//! How a connection comes to its end, and what the end is called.

use super::{DRAIN_FOR, HANG_UP_FOR, Phase, STOP_WITHIN, Session};
use crate::core::collection::{Action, Operation};
use crate::core::moment::Now;
use crate::core::source::{self, Ending, Failure};

impl Session {
    pub(super) fn on_link_down(&mut self, now: Now, out: &mut Vec<Action>) -> Option<Ending> {
        self.link_up = false;
        match self.phase {
            // bluetoothd may go on trying; the answer to this stops it.
            Phase::Connecting { .. } => self.hang_up(self.fallen_short(Failure::Connect), now, out),
            Phase::Discovering { .. } => self.drain(self.fallen_short(Failure::Connect), now),
            Phase::SyncingTime { .. } | Phase::Settling { .. } | Phase::Subscribing { .. } => {
                self.drain(self.fallen_short(Failure::Subscribe), now);
            }
            Phase::Collecting { .. } => self.drain(self.quiet_ending(), now),
            Phase::HangingUp { ending, .. } => return self.drain_or_end(ending, now),
            Phase::Draining { .. } => {}
        }
        None
    }

    pub(super) fn on_stack_gone(&mut self, now: Now) {
        if !matches!(self.phase, Phase::Draining { .. }) {
            self.drain(Ending::Failed(Failure::Stack), now);
        }
    }

    /// The ending of a connection that did not get as far as it should have; what was delivered counts more.
    pub(super) fn fallen_short(&self, failure: Failure) -> Ending {
        if self.measurements > 0 {
            Ending::Delivered
        } else {
            Ending::Failed(failure)
        }
    }

    pub(super) fn quiet_ending(&self) -> Ending {
        if self.measurements > 0 {
            Ending::Delivered
        } else {
            Ending::Empty
        }
    }

    pub(super) fn hang_up(&mut self, ending: Ending, now: Now, out: &mut Vec<Action>) {
        let until = now.moment + HANG_UP_FOR;
        self.phase = Phase::HangingUp { until, ending };
        out.push(Action::Do(Operation::HangUp));
    }

    pub(super) fn on_hung_up(&mut self, now: Now) -> Option<Ending> {
        let Phase::HangingUp { ending, .. } = self.phase else {
            return None;
        };
        // Else the link is still said to be up: it is waited for.
        if self.link_up {
            return None;
        }
        self.drain_or_end(ending, now)
    }

    pub(super) fn drain_or_end(&mut self, ending: Ending, now: Now) -> Option<Ending> {
        if !self.told {
            return Some(ending);
        }
        self.drain(ending, now);
        None
    }

    pub(super) fn drain(&mut self, ending: Ending, now: Now) {
        self.link_up = false;
        let until = now.moment + DRAIN_FOR;
        self.phase = Phase::Draining { until, ending };
    }

    pub(super) fn on_stop(&mut self, now: Now, out: &mut Vec<Action>) {
        self.stopping = true;
        match &mut self.phase {
            Phase::Collecting { quiet_until, .. } => *quiet_until = now.moment + STOP_WITHIN,
            Phase::HangingUp { .. } | Phase::Draining { .. } => {}
            Phase::Connecting { .. }
            | Phase::Discovering { .. }
            | Phase::SyncingTime { .. }
            | Phase::Settling { .. }
            | Phase::Subscribing { .. } => self.hang_up(Ending::Stopped, now, out),
        }
    }

    /// Tells what is still to be told. Nothing, if the link never came up.
    pub(in crate::core::collection) fn close(&mut self, ending: Ending, now: Now, out: &mut Vec<Action>) {
        if !self.told {
            return;
        }
        self.settle_clock(out);
        self.describe(out);
        let cuff = self.setup.cuff.clone();
        out.push(Action::Tell(source::Event::Over { cuff, ending, at: now }));
    }
}
