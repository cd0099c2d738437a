//! What became of an order, what silence means, and when a power cycle is due.

use std::time::Duration;

use super::{Cycle, Radio, UnderWay};
use crate::core::collection::Fault;
use crate::core::collection::hearing::Hearing;
use crate::core::moment::Moment;

/// Failed starts of a scan in a row, or failed stops, after which the adapter counts as wedged.
const WEDGED_AFTER: u32 = 3;
/// At most one power cycle in this time.
const BETWEEN_CYCLES: Duration = Duration::from_secs(600);
/// How long bluetoothd may call a scan off before we believe it.
const LOST_AFTER: Duration = Duration::from_secs(2);
/// Before a failed order is given again.
const PAUSE: Duration = Duration::from_secs(1);
/// Before it is given again for the fourth time and later.
const LONG_PAUSE: Duration = Duration::from_secs(10);

impl Radio {
    /// When time alone will change something.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        if !self.is_powered() || self.under_way.is_some() {
            return None;
        }
        let again = (self.cycle != Cycle::None || (!self.scanning && self.wants_scan()))
            .then_some(self.not_before)
            .flatten();
        let lost = self.lost_at.map(|lost_at| lost_at + LOST_AFTER);
        let hearing = self
            .scanning
            .then(|| self.hearing.deadline(self.deaf.is_some()))
            .flatten();
        let cycle = (self.deaf.is_some() && self.recover && self.is_idle() && !self.stopping)
            .then_some(self.cycled_at)
            .flatten()
            .map(|cycled_at| cycled_at + BETWEEN_CYCLES);
        [again, lost, hearing, cycle].into_iter().flatten().min()
    }

    pub(super) fn on_advertisement(&mut self, now: Moment) {
        if self.scanning {
            self.hearing.heard(now);
            self.refused_stops = 0;
            self.deaf = None;
        }
    }

    pub(super) fn on_done(&mut self, result: Result<(), Fault>, now: Moment) {
        match self.under_way.take() {
            Some(UnderWay::Start) => self.on_started(result, now),
            Some(UnderWay::Stop) => self.on_stopped(result, now),
            Some(UnderWay::PowerOff) => {
                self.cycle = Cycle::SwitchOn;
                self.not_before = None;
            }
            Some(UnderWay::PowerOn) if result.is_ok() => {
                // Its own word for that may come later.
                if let Some(adapter) = self.chosen.as_ref().and_then(|name| self.adapters.get_mut(name)) {
                    adapter.powered = true;
                }
                self.cycle = Cycle::None;
                self.forget_faults();
            }
            Some(UnderWay::PowerOn) => self.not_before = Some(now + PAUSE),
            Some(UnderWay::Moot) | None => {}
        }
    }

    /// A controller that does not answer any more leaves bluetoothd waiting for it, and that calls every stop "in progress"
    /// (seen with 5.66 after the kernel's "command tx timeout"). Any other error means that there was nothing to stop.
    fn on_stopped(&mut self, result: Result<(), Fault>, now: Moment) {
        self.scanning = false;
        self.lost_at = None;
        self.refused_stops = match result {
            Err(Fault::InProgress) => self.refused_stops.saturating_add(1),
            Ok(()) | Err(_) => 0,
        };
        if self.refused_stops >= WEDGED_AFTER {
            self.find_deaf(now);
        }
    }

    /// It does not hear, whatever shows that.
    fn find_deaf(&mut self, now: Moment) {
        self.deaf.get_or_insert(self.hearing.silence(now));
    }

    /// What an adapter did before it was switched off and on, or what another one did, says nothing of the one that is used.
    pub(super) fn forget_faults(&mut self) {
        self.deaf = None;
        self.failures = 0;
        self.refused_stops = 0;
        self.hearing = Hearing::default();
    }

    pub(super) fn on_started(&mut self, result: Result<(), Fault>, now: Moment) {
        match result {
            Ok(()) => {
                if self.failures >= WEDGED_AFTER {
                    self.deaf = None;
                }
                self.scanning = true;
                self.failures = 0;
                self.hearing.resume(now);
                return;
            }
            // bluetoothd still has a scan of ours: stop it, then start anew.
            Err(Fault::InProgress) => {
                self.scanning = true;
                self.restart = true;
            }
            Err(_) => {}
        }
        self.failures = self.failures.saturating_add(1);
        let pause = if self.failures > WEDGED_AFTER {
            LONG_PAUSE
        } else {
            PAUSE
        };
        self.not_before = Some(now + pause);
        if self.failures >= WEDGED_AFTER {
            self.find_deaf(now);
        }
    }

    pub(super) fn on_deadline(&mut self, now: Moment) {
        if self.lost_at.is_some_and(|lost_at| lost_at + LOST_AFTER <= now) {
            self.restart = true;
            self.lost_at = None;
        }
        if self.scanning {
            self.restart |= self.hearing.take_restart(now);
            if self.hearing.is_deaf(now) {
                self.find_deaf(now);
            }
        }
    }

    pub(super) fn begin_cycle(&mut self, now: Moment) {
        let rested = self.cycled_at.is_none_or(|cycled_at| cycled_at + BETWEEN_CYCLES <= now);
        if self.cycle == Cycle::None
            && self.deaf.is_some()
            && self.recover
            && rested
            && self.is_idle()
            && !self.stopping
        {
            self.cycle = Cycle::SwitchOff;
        }
    }
}
