//! Whether an adapter that scans still hears: told from its own past, because some places are simply quiet.

use std::time::Duration;

use crate::core::moment::Moment;

/// Traffic is counted in slots of this length.
const SLOT: Duration = Duration::from_secs(30);
/// So many slots in a row with an advertisement in each make steady traffic.
const STEADY_SLOTS: u32 = 10;
/// After so much silence the scan is restarted. It costs some 50 ms, so it needs no further reason.
const RESTART_AFTER: Duration = Duration::from_secs(60);
/// So much silence after steady traffic means that the adapter is deaf.
const DEAF_AFTER: Duration = Duration::from_secs(90);

/// What was heard while the adapter was scanning.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hearing {
    /// Since when nothing was heard, while scanning; `None` while not scanning.
    silent_since: Option<Moment>,
    restarted_at: Option<Moment>,
    slot: Option<Moment>,
    steady_slots: u32,
}

impl Hearing {
    /// The scan began, or went on after a restart.
    pub(super) fn resume(&mut self, now: Moment) {
        self.silent_since.get_or_insert(now);
        self.slot.get_or_insert(now);
    }

    /// The scan was stopped for a reason of its own; what follows is no silence.
    pub(super) fn pause(&mut self) {
        self.silent_since = None;
        self.restarted_at = None;
        self.slot = None;
    }

    /// An advertisement arrived.
    pub(super) fn heard(&mut self, now: Moment) {
        let slot = self.slot.unwrap_or(now);
        let passed = now.since(slot);
        if passed >= SLOT + SLOT {
            self.steady_slots = 0;
            self.slot = Some(now);
        } else if passed >= SLOT {
            self.steady_slots = self.steady_slots.saturating_add(1);
            self.slot = Some(slot + SLOT);
        }
        self.silent_since = Some(now);
        self.restarted_at = None;
    }

    /// For how long nothing was heard.
    pub(super) fn silence(&self, now: Moment) -> Duration {
        self.silent_since.map_or(Duration::ZERO, |since| now.since(since))
    }

    /// Whether there is steady traffic here, and it stopped.
    pub(super) fn is_deaf(&self, now: Moment) -> bool {
        self.is_steady() && self.silence(now) >= DEAF_AFTER
    }

    /// Whether it is time to restart the scan because nothing is heard. Then it is not time again for a while.
    pub(super) fn take_restart(&mut self, now: Moment) -> bool {
        let due = self.restart_at().is_some_and(|at| at <= now);
        if due {
            self.restarted_at = Some(now);
        }
        due
    }

    /// When time alone will change an answer; that it is deaf may be known already.
    pub(super) fn deadline(&self, known_deaf: bool) -> Option<Moment> {
        let restart = self.restart_at()?;
        let deaf = self
            .silent_since
            .filter(|_| self.is_steady() && !known_deaf)
            .map(|since| since + DEAF_AFTER);
        Some(deaf.map_or(restart, |deaf| deaf.min(restart)))
    }

    fn is_steady(&self) -> bool {
        self.steady_slots >= STEADY_SLOTS
    }

    fn restart_at(&self) -> Option<Moment> {
        let from = self.restarted_at.or(self.silent_since)?;
        Some(from + RESTART_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::from_boot(Duration::from_secs(seconds))
    }

    fn after_traffic(seconds: u64) -> Hearing {
        let mut hearing = Hearing::default();
        hearing.resume(at(0));
        for second in 0..=seconds {
            hearing.heard(at(second));
        }
        hearing
    }

    #[test]
    fn silence_means_deaf_only_after_five_minutes_of_steady_traffic() {
        for (traffic_s, deaf) in [(299, false), (300, true), (400, true)] {
            let hearing = after_traffic(traffic_s);
            assert!(!hearing.is_deaf(at(traffic_s + 89)));
            assert_eq!(hearing.is_deaf(at(traffic_s + 90)), deaf, "after {traffic_s} s");
        }
    }

    #[test]
    fn a_place_where_a_telephone_passes_now_and_then_is_quiet() {
        let mut hearing = Hearing::default();
        hearing.resume(at(0));
        for pass in 1..100 {
            hearing.heard(at(pass * 70));
        }
        assert!(!hearing.is_deaf(at(1_000_000)));
    }

    #[test]
    fn the_scan_is_restarted_each_minute_of_silence() {
        let mut hearing = after_traffic(0);
        let restarts: Vec<u64> = (0..200).filter(|second| hearing.take_restart(at(*second))).collect();
        assert_eq!(restarts, [60, 120, 180]);
    }

    #[test]
    fn a_pause_is_no_silence() {
        let mut hearing = after_traffic(400);
        hearing.pause();
        assert_eq!(hearing.deadline(false), None);
        assert!(!hearing.is_deaf(at(10_000)));
        hearing.resume(at(10_000));
        assert_eq!(hearing.silence(at(10_010)), Duration::from_secs(10));
    }

    #[test]
    fn the_deadline_moves_on_after_each_answer() {
        let mut hearing = after_traffic(400);
        let mut deaf = false;
        let asked: Vec<Moment> = (0..4)
            .map(|_| {
                let deadline = hearing.deadline(deaf).expect("scanning");
                let _ = hearing.take_restart(deadline);
                deaf |= hearing.is_deaf(deadline);
                deadline
            })
            .collect();
        assert_eq!(asked, [at(460), at(490), at(520), at(580)]);
    }
}
