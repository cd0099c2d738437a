//! Tells a broker that has stopped acknowledging from one that has nothing to acknowledge.
//!
//! It counts PUBACKs only: a broker whose front answers pings while its back is dead looks alive otherwise.

use std::time::Duration;

use crate::core::moment::Moment;

/// How long a publish may go without any PUBACK arriving.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Watches one connection.
#[derive(Clone, Copy, Debug)]
pub struct Watchdog {
    patience: Duration,
    waiting_since: Option<Moment>,
}

impl Watchdog {
    /// Watches with this patience.
    #[must_use]
    pub const fn new(patience: Duration) -> Self {
        Self {
            patience,
            waiting_since: None,
        }
    }

    /// A publish went out.
    pub fn sent(&mut self, now: Moment) {
        self.waiting_since.get_or_insert(now);
    }

    /// A PUBACK came, and so many publishes are still out.
    pub fn answered(&mut self, still_out: usize, now: Moment) {
        self.waiting_since = (still_out > 0).then_some(now);
    }

    /// When to give the connection up, unless a PUBACK comes before.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        self.waiting_since.map(|since| since + self.patience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::from_boot(Duration::from_secs(seconds))
    }

    #[test]
    fn the_deadline_counts_from_the_first_unanswered_publish_or_the_last_answer() {
        let mut watchdog = Watchdog::new(Duration::from_secs(20));
        assert_eq!(watchdog.deadline(), None);
        watchdog.sent(at(100));
        watchdog.sent(at(110));
        assert_eq!(watchdog.deadline(), Some(at(120)));
        watchdog.answered(1, at(115));
        assert_eq!(watchdog.deadline(), Some(at(135)));
        watchdog.answered(0, at(116));
        assert_eq!(watchdog.deadline(), None);
    }
}
