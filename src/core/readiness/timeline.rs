//! Arithmetic on the gate's timeline.

use std::time::Duration;

use jiff::Timestamp;

/// The time `duration` after `time`; the last time there is, where the calendar ends before.
pub(super) fn after(time: Timestamp, duration: Duration) -> Timestamp {
    time.checked_add(duration).unwrap_or(Timestamp::MAX)
}
