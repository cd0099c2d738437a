//! How a connection comes to its end, and what the end is called.

use super::{DRAIN_FOR, HANG_UP_FOR, Phase, STOP_WITHIN, Session};
use crate::core::collection::{Action, Operation};
use crate::core::moment::Now;
use crate::core::source::{self, Ending, Failure};

/// What an ending is called once a measurement arrived after it.
pub(super) const fn delivered_after_all(ending: Ending) -> Ending {
    match ending {
        Ending::Empty | Ending::Failed(Failure::Connect | Failure::Subscribe | Failure::Cap) => Ending::Delivered,
        Ending::Delivered | Ending::Failed(_) | Ending::Stopped => ending,
    }
}

impl Session {
    /// A link that goes down was up, even if nobody said so before.
    pub(super) fn on_link_down(&mut self, now: Now, out: &mut Vec<Action>) {
        self.tell_connected(now, out);
        self.link_up = false;
        match self.phase {
            // bluetoothd may go on trying; this stops it.
            Phase::Connecting { .. } | Phase::Hastening { .. } => {
                self.hang_up(self.fallen_short(Failure::Connect), now, out)
            }
            Phase::Discovering { .. } => self.drain(self.fallen_short(Failure::Connect), now),
            Phase::SyncingTime { .. } | Phase::Settling { .. } | Phase::Subscribing { .. } => {
                self.drain(self.fallen_short(Failure::Subscribe), now);
            }
            Phase::Collecting { .. } => self.drain(self.quiet_ending(), now),
            Phase::HangingUp { ending, .. } => self.drain(ending, now),
            Phase::Draining { .. } => {}
        }
    }

    /// What had come to its end before keeps its name: a refused key can take bluetoothd down (Linux 6.1).
    pub(super) fn on_stack_gone(&mut self, now: Now) {
        match self.phase {
            Phase::Draining { .. } => {}
            Phase::HangingUp { ending, .. } => self.drain(ending, now),
            Phase::Connecting { .. }
            | Phase::Hastening { .. }
            | Phase::Discovering { .. }
            | Phase::SyncingTime { .. }
            | Phase::Settling { .. }
            | Phase::Subscribing { .. }
            | Phase::Collecting { .. } => self.drain(Ending::Failed(Failure::Stack), now),
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

    pub(super) fn on_hung_up(&mut self, now: Now) {
        // Else the link is still said to be up: it is waited for.
        if let Phase::HangingUp { ending, .. } = self.phase
            && !self.link_up
        {
            self.drain(ending, now);
        }
    }

    /// Waits for what is still under way to us: values, and word of the link, come by other ways than answers do.
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
            | Phase::Hastening { .. }
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
        if self.measurements > 0 {
            self.settle_clock(out);
        } else {
            self.give_clock_up(out);
        }
        self.describe(out);
        let cuff = self.setup.cuff.clone();
        out.push(Action::Tell(source::Event::Over { cuff, ending, at: now }));
    }
}
