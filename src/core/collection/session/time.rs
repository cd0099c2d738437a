//! When time alone changes something, and what it changes.

use super::{Phase, Session};
use crate::core::collection::Action;
use crate::core::moment::{Moment, Now};
use crate::core::source::{Ending, Failure};

impl Session {
    /// When time alone changes something.
    pub(in crate::core::collection) fn deadline(&self) -> Moment {
        let phase = match self.phase {
            Phase::Connecting { until } | Phase::Settling { until } | Phase::Subscribing { until } => until,
            Phase::Discovering { until, again_at, .. } => until.min(again_at.unwrap_or(until)),
            Phase::Hastening {
                until,
                ask_until,
                again_at,
            } => until
                .min(again_at.unwrap_or(ask_until))
                .min(self.clock_waits.unwrap_or(until)),
            Phase::SyncingTime { until } => until.min(self.clock_waits.unwrap_or(until)),
            Phase::Collecting { quiet_until, chore } => {
                quiet_until.min(self.next_chore_at(chore).unwrap_or(quiet_until))
            }
            Phase::HangingUp { until, .. } | Phase::Draining { until, .. } => return until,
        };
        phase.min(self.cap)
    }

    pub(super) fn on_deadline(&mut self, now: Now, out: &mut Vec<Action>) -> Option<Ending> {
        let due = |moment: Moment| moment <= now.moment;
        match self.phase {
            Phase::HangingUp { until, ending } if due(until) => self.drain(ending, now),
            // It came up after all, when it was not wanted any more.
            Phase::Draining { until, ending } if due(until) && self.link_up => self.hang_up(ending, now, out),
            Phase::Draining { until, ending } if due(until) => return Some(ending),
            Phase::HangingUp { .. } | Phase::Draining { .. } => {}
            _ if due(self.cap) => self.hang_up(self.fallen_short(Failure::Cap), now, out),
            Phase::Connecting { until } | Phase::Hastening { until, .. } | Phase::Discovering { until, .. }
                if due(until) =>
            {
                self.overdue = true;
                self.hang_up(self.fallen_short(Failure::Connect), now, out);
            }
            Phase::Discovering {
                until,
                tries,
                again_at: Some(again_at),
            } if due(again_at) => {
                self.discover(until, tries + 1, true, out);
            }
            Phase::SyncingTime { until }
            | Phase::Hastening {
                ask_until: until,
                again_at: None,
                ..
            } if due(until) => {
                out.push(Action::Abandon);
                self.leave_clock(now, out);
            }
            Phase::Settling { until } if due(until) => self.subscribe(now, out),
            Phase::Subscribing { until } if due(until) => {
                self.hang_up(self.fallen_short(Failure::Subscribe), now, out);
            }
            Phase::Collecting { quiet_until, .. } if due(quiet_until) => {
                let ending = if self.stopping {
                    Ending::Stopped
                } else {
                    self.quiet_ending()
                };
                self.hang_up(ending, now, out);
            }
            Phase::Hastening {
                until,
                again_at: Some(again_at),
                ..
            } if due(again_at) => self.ask_again(until, now, out),
            Phase::Hastening { .. } | Phase::SyncingTime { .. } => self.wake_clock(now, out),
            Phase::Collecting { chore, .. } => self.wake_chore(chore, now, out),
            Phase::Connecting { .. }
            | Phase::Discovering { .. }
            | Phase::Settling { .. }
            | Phase::Subscribing { .. } => {}
        }
        None
    }
}
