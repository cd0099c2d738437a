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

/// At least so many looks in a row may find a loop where it was before the watchdog starves. One may by chance: loops and
/// looks have the same rhythm.
const LEAST_PATIENCE: u32 = 2;

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

    /// Looks at every loop once and names those that more than `patience` looks in a row have found where they were.
    pub fn look(&mut self, patience: u32) -> Vec<&'static str> {
        let mut stuck = Vec::new();
        for watched in &mut self.loops {
            let beats = watched.heart.beats();
            watched.still = if beats == watched.seen {
                watched.still.saturating_add(1)
            } else {
                0
            };
            watched.seen = beats;
            if watched.still > patience {
                stuck.push(watched.name);
            }
        }
        stuck
    }

    /// Feeds systemd's watchdog while every loop makes progress. Never returns.
    ///
    /// It looks as often as loops beat, however often the unit wants to be fed: a short `WatchdogSec` must not make an idle
    /// loop look stuck.
    pub async fn run(mut self) {
        let Some(limit) = sd_notify::watchdog_enabled() else {
            return std::future::pending().await;
        };
        let patience = patience(limit);
        let mut feeding = tokio::time::interval(limit / 4);
        let mut looking = tokio::time::interval(BEAT);
        let mut stuck = Vec::new();
        loop {
            tokio::select! {
                _ = feeding.tick() => if stuck.is_empty() {
                    tell(&[sd_notify::NotifyState::Watchdog]);
                },
                _ = looking.tick() => {
                    let now = self.look(patience);
                    if !now.is_empty() && now != stuck {
                        error!(stuck = ?now, "a loop makes no progress: the watchdog is not fed");
                    }
                    stuck = now;
                }
            }
        }
    }
}

/// How many looks a loop may stand still: for about half of `limit`.
fn patience(limit: Duration) -> u32 {
    let looks = limit.as_secs() / 2 / BEAT.as_secs();
    u32::try_from(looks).unwrap_or(u32::MAX).max(LEAST_PATIENCE)
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
        assert!(watchdog.look(2).is_empty());
        for look in 1..=2 {
            assert!(watchdog.look(2).is_empty(), "look {look}");
        }
        assert_eq!(watchdog.look(2), ["gate"]);
        heart.beat();
        assert!(watchdog.look(2).is_empty(), "it came round again");
    }

    #[test]
    fn one_stuck_loop_is_named_among_living_ones() {
        let mut watchdog = Watchdog::default();
        let living = watchdog.heart("link");
        let _dead = watchdog.heart("store");
        for _ in 0..2 {
            living.beat();
            assert!(watchdog.look(2).is_empty());
        }
        living.beat();
        assert_eq!(watchdog.look(2), ["store"]);
    }

    #[test]
    fn patience_is_half_the_limit_and_never_below_two_looks() {
        for (limit_s, looks) in [(1, 2), (20, 2), (29, 2), (30, 3), (60, 6)] {
            assert_eq!(patience(Duration::from_secs(limit_s)), looks, "{limit_s} s");
        }
    }
}
