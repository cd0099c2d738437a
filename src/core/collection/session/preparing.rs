//! From the link coming up to indications being on: what the cuff has, its clock, the pause it needs, the subscription.

use super::{ASK_FOR, Chore, DISCOVERY_PAUSE, DISCOVERY_TRIES, FIRST_WITHIN, Phase, SUBSCRIBE_FOR, Session};
use crate::core::collection::chores::Reads;
use crate::core::collection::clock::ClockSync;
use crate::core::collection::{Action, Catalogue, Characteristic, Fault, Operation};
use crate::core::moment::{Moment, Now};
use crate::core::source::{Ending, Failure};

impl Session {
    pub(super) fn on_link_up(&mut self, now: Now, out: &mut Vec<Action>) {
        self.link_up = true;
        self.tell_connected(now, out);
        self.hasten(now, out);
    }

    /// What is to be asked of a cuff that has this.
    pub(super) fn plan(&mut self, catalogue: Catalogue) {
        self.pressure_wanted = catalogue.has(Characteristic::CuffPressure);
        self.reads = Reads::plan(&catalogue, &self.beginning.known);
        let setup = &self.setup;
        self.clock = ClockSync::plan(&catalogue, setup.habits, self.beginning.set_clock, &setup.zone);
        self.catalogue = catalogue;
    }

    pub(super) fn on_connected(&mut self, result: Result<(), Fault>, now: Now, out: &mut Vec<Action>) {
        let Phase::Connecting { until } = self.phase else {
            return;
        };
        match result {
            Ok(()) => {
                self.link_up = true;
                self.answered = true;
                self.tell_connected(now, out);
                self.discover(until, 1, false, out);
            }
            Err(Fault::Bond) => self.hang_up(Ending::Failed(Failure::Bond), now, out),
            Err(Fault::Stack) => self.hang_up(Ending::Failed(Failure::Stack), now, out),
            Err(_) => self.hang_up(self.fallen_short(Failure::Connect), now, out),
        }
    }

    pub(super) fn discover(&mut self, until: Moment, tries: u32, afresh: bool, out: &mut Vec<Action>) {
        self.phase = Phase::Discovering {
            until,
            tries,
            again_at: None,
        };
        out.push(Action::Do(Operation::Discover { afresh }));
    }

    pub(super) fn on_discovered(&mut self, result: Result<Catalogue, Fault>, now: Now, out: &mut Vec<Action>) {
        let Phase::Discovering { until, tries, .. } = self.phase else {
            return;
        };
        let catalogue = result.unwrap_or_default();
        if catalogue.has(Characteristic::Measurement) {
            self.prepare_collecting(catalogue, now, out);
        } else if tries < DISCOVERY_TRIES {
            let again_at = Some(now.moment + DISCOVERY_PAUSE);
            self.phase = Phase::Discovering { until, tries, again_at };
        } else if catalogue == Catalogue::default() {
            self.hang_up(self.fallen_short(Failure::Connect), now, out);
        } else {
            let elsewhere = self.setup.habits.proprietary_service;
            let failure = elsewhere.map_or(
                Failure::NoMeasurementCharacteristic,
                Failure::OnlyBehindServiceOfItsMaker,
            );
            self.hang_up(Ending::Failed(failure), now, out);
        }
    }

    /// The cuff's list is at hand: the clock first, unless what the cuff may be sending already would be lost meanwhile.
    fn prepare_collecting(&mut self, catalogue: Catalogue, now: Now, out: &mut Vec<Action>) {
        if self.rediscovered {
            self.catalogue = catalogue;
            return self.settle(now, out);
        }
        self.plan(catalogue);
        let Some(clock) = &mut self.clock else {
            self.settle_clock(out);
            return self.settle(now, out);
        };
        // A bonded cuff may send from the moment the link is encrypted; nobody listens before we subscribe.
        let is_urgent = self.beginning.bonded && self.beginning.armed.is_none();
        if is_urgent && !clock.is_expected() {
            return self.settle(now, out);
        }
        let next = clock.begin(now);
        let until = now.moment + ASK_FOR;
        self.phase = Phase::SyncingTime { until };
        self.advance_clock((None, next), now, out);
    }

    pub(super) fn settle(&mut self, now: Now, out: &mut Vec<Action>) {
        if self.setup.habits.settle.is_zero() {
            return self.subscribe(now, out);
        }
        let until = now.moment + self.setup.habits.settle;
        self.phase = Phase::Settling { until };
    }

    pub(super) fn subscribe(&mut self, now: Now, out: &mut Vec<Action>) {
        let until = now.moment + SUBSCRIBE_FOR;
        self.phase = Phase::Subscribing { until };
        out.push(Action::Do(Operation::Subscribe(Characteristic::Measurement)));
    }

    pub(super) fn on_subscribed(&mut self, result: Result<(), Fault>, now: Now, out: &mut Vec<Action>) {
        match self.phase {
            Phase::Subscribing { .. } => self.on_indications(result, now, out),
            Phase::Collecting {
                chore: Some(running), ..
            } if running.chore == Chore::CuffPressure => {
                self.finish_chore(now, out);
            }
            // The cuff hung up and said why only now.
            Phase::Draining { until, .. } if result == Err(Fault::Bond) && self.measurements == 0 => {
                let ending = Ending::Failed(Failure::Bond);
                self.phase = Phase::Draining { until, ending };
            }
            Phase::Connecting { .. }
            | Phase::Hastening { .. }
            | Phase::Discovering { .. }
            | Phase::SyncingTime { .. }
            | Phase::Settling { .. }
            | Phase::Collecting { .. }
            | Phase::HangingUp { .. }
            | Phase::Draining { .. } => {}
        }
    }

    fn on_indications(&mut self, result: Result<(), Fault>, now: Now, out: &mut Vec<Action>) {
        match result {
            // "In progress" is what bluetoothd says of a subscription that it keeps from before.
            Ok(()) | Err(Fault::InProgress) => {
                self.subscribed = true;
                self.collect(now, out);
            }
            Err(Fault::Bond) => self.hang_up(Ending::Failed(Failure::Bond), now, out),
            Err(Fault::UnknownObject) if !self.rediscovered => {
                self.rediscovered = true;
                self.discover(now.moment + self.setup.limits.connect_for, 1, true, out);
            }
            // It was subscribed to before, or it would not send; whether it still is, nobody knows.
            Err(_) if self.measurements > 0 => self.collect(now, out),
            Err(_) => self.hang_up(Ending::Failed(Failure::Subscribe), now, out),
        }
    }

    fn collect(&mut self, now: Now, out: &mut Vec<Action>) {
        let wait = if self.measurements > 0 {
            self.setup.limits.idle_end
        } else {
            FIRST_WITHIN
        };
        let quiet_until = now.moment + wait;
        self.heard_at = now.moment;
        self.answered = true;
        self.phase = Phase::Collecting {
            quiet_until,
            chore: None,
        };
        out.push(Action::GiveRadioBack);
        self.begin_chore(now, out);
    }
}
