//! What systemd is told: ready, alive, stopping. Without systemd every call does nothing.
//!
//! The watchdog is fed only while every loop of the daemon makes progress; an idle loop makes progress too, because each
//! wakes by itself every [`BEAT`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tracing::{error, warn};

/// How often a loop with nothing to do shows that it is alive.
pub const BEAT: Duration = Duration::from_secs(5);

/// How many looks in a row may find a loop where it was before the watchdog starves.
const PATIENCE: u32 = 2;

/// A loop's sign of life. Cheap to clone; every clone is the same heart.
#[derive(Clone, Debug, Default)]
pub struct Heart(Arc<AtomicU64>);

impl Heart {
    /// Shows that the loop came round once more.
    pub fn beat(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// The counter itself, for a loop that must not know of systemd.
    #[must_use]
    pub fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.0)
    }

    fn beats(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Watches the hearts of all loops.
#[derive(Debug, Default)]
pub struct Watchdog {
    loops: Vec<Watched>,
}

#[derive(Debug)]
struct Watched {
    name: &'static str,
    heart: Heart,
    seen: u64,
    still: u32,
}

impl Watchdog {
    /// A heart for the loop `name`, to be watched from now on.
    pub fn heart(&mut self, name: &'static str) -> Heart {
        let heart = Heart::default();
        self.loops.push(Watched {
            name,
            heart: heart.clone(),
            seen: 0,
            still: 0,
        });
        heart
    }

    /// Looks at every loop once and names those that have not come round for too long.
    pub fn look(&mut self) -> Vec<&'static str> {
        let mut stuck = Vec::new();
        for watched in &mut self.loops {
            let beats = watched.heart.beats();
            watched.still = if beats == watched.seen {
                watched.still.saturating_add(1)
            } else {
                0
            };
            watched.seen = beats;
            if watched.still > PATIENCE {
                stuck.push(watched.name);
            }
        }
        stuck
    }

    /// Feeds systemd's watchdog while every loop makes progress. Never returns.
    pub async fn run(mut self) {
        let Some(limit) = sd_notify::watchdog_enabled() else {
            return std::future::pending().await;
        };
        let mut stuck_before = Vec::new();
        loop {
            tokio::time::sleep(limit / 4).await;
            let stuck = self.look();
            if stuck.is_empty() {
                tell(&[sd_notify::NotifyState::Watchdog]);
            } else if stuck != stuck_before {
                error!(?stuck, "a loop makes no progress: the watchdog is not fed");
            }
            stuck_before = stuck;
        }
    }
}

/// The daemon does what it is for, as far as it can now.
pub fn ready(status: &str) {
    tell(&[sd_notify::NotifyState::Ready, sd_notify::NotifyState::Status(status)]);
}

/// One line for `systemctl status`.
pub fn status(status: &str) {
    tell(&[sd_notify::NotifyState::Status(status)]);
}

/// The daemon is on its way out, in order.
pub fn stopping() {
    tell(&[sd_notify::NotifyState::Stopping]);
}

fn tell(states: &[sd_notify::NotifyState<'_>]) {
    if let Err(cause) = sd_notify::notify(states) {
        warn!(%cause, "systemd could not be told");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_is_stuck_only_after_more_looks_than_patience() {
        let mut watchdog = Watchdog::default();
        let heart = watchdog.heart("gate");
        heart.beat();
        assert!(watchdog.look().is_empty());
        for look in 1..=PATIENCE {
            assert!(watchdog.look().is_empty(), "look {look}");
        }
        assert_eq!(watchdog.look(), ["gate"]);
        heart.beat();
        assert!(watchdog.look().is_empty(), "it came round again");
    }

    #[test]
    fn one_stuck_loop_is_named_among_living_ones() {
        let mut watchdog = Watchdog::default();
        let living = watchdog.heart("link");
        let _dead = watchdog.heart("store");
        for _ in 0..PATIENCE {
            living.beat();
            assert!(watchdog.look().is_empty());
        }
        living.beat();
        assert_eq!(watchdog.look(), ["store"]);
    }
}
