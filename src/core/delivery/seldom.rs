//! Log lines whose cause comes again and again, or is in the hands of others: one a minute at most, or they would fill the
//! disk.

use std::time::Duration;

use crate::core::moment::Moment;

const EVERY: Duration = Duration::from_secs(60);

/// One such line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seldom {
    last: Option<Moment>,
    untold: u64,
}

impl Seldom {
    /// Nothing has happened yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { last: None, untold: 0 }
    }

    /// It has happened again. If it is to be told now: how often it has happened since it was told last, this time included.
    pub fn happened(&mut self, now: Moment) -> Option<u64> {
        self.untold = self.untold.saturating_add(1);
        if self.last.is_some_and(|last| now.since(last) < EVERY) {
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_the_others_are_counted_for_a_minute() {
        let mut seldom = Seldom::default();
        let told = [100, 101, 159, 160, 161, 900].map(|second| {
            let now = Moment::from_boot(Duration::from_secs(second));
            seldom.happened(now)
        });
        assert_eq!(told, [Some(1), None, None, Some(3), None, Some(2)]);
    }
}
