//! The only place that reads clocks, and sleeps by them.
//!
//! Durations run on the boottime clock, which counts suspend; tokio's timers do not, so long sleeps are cut into slices.

pub mod synchronized;

use std::time::Duration;

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use uuid::Uuid;

use crate::core::moment::{Moment, Now};

/// The longest single timer: after a suspend a deadline is noticed at most this late.
const SLICE: Duration = Duration::from_secs(5);

/// Reads both clocks.
#[must_use]
pub fn now() -> Now {
    Now {
        wall: wall(),
        moment: moment(),
    }
}

/// Reads the boottime clock.
#[must_use]
pub fn moment() -> Moment {
    let since_boot = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(since_boot.tv_sec).unwrap_or(0);
    let nanoseconds = u32::try_from(since_boot.tv_nsec).unwrap_or(0);
    Moment::from_boot(Duration::new(seconds, nanoseconds))
}

/// Reads the wall clock.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this module is where clocks are read")]
pub fn wall() -> Timestamp {
    Timestamp::now()
}

/// Returns when `deadline` has come; never, for `None`. May be dropped half-way.
pub async fn sleep_until(deadline: Option<Moment>) {
    let Some(deadline) = deadline else {
        return std::future::pending().await;
    };
    loop {
        let left = deadline.since(moment());
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(SLICE)).await;
    }
}

/// The id of this boot; a new one where the kernel does not tell, so that moments of before are never compared with now's.
#[must_use]
pub fn boot_id() -> Uuid {
    let told = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
    told.and_then(|text| text.trim().parse().ok())
        .unwrap_or_else(Uuid::new_v4)
}
