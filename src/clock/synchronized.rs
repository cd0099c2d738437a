//! Whether the wall clock can be believed: what systemd-timedated says over D-Bus, and for how long it has not said so.
//!
//! `adjtimex` would be simpler, but a unit with `ProtectClock=yes` may not call it.

use std::time::Duration;

use tokio::sync::watch;
use tracing::{info, warn};

use crate::core::doctor::Timedated;
use crate::core::moment::Moment;

/// How often timedated is asked while it says no.
const WHILE_UNSYNCHRONIZED: Duration = Duration::from_secs(5);

/// How often timedated is asked while it says yes.
const WHILE_SYNCHRONIZED: Duration = Duration::from_secs(60);

/// An answer that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(5);

/// The service's name, and its interface's.
const TIMEDATED: &str = "org.freedesktop.timedate1";

/// Who says whether the wall clock can be believed: `[clock] source`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// `NTPSynchronized` of systemd-timedated.
    Timedated,
    /// Nobody: never believed.
    None,
    /// Always believed. For tests.
    Trust,
}

/// What was heard of the clock, and what follows.
#[derive(Clone, Copy, Debug, Default)]
struct Belief {
    synchronized_at: Option<Moment>,
}

impl Belief {
    /// Takes in one answer and says whether the clock is to be believed: yes while it is synchronized, and for
    /// `max_unsynced` after it was, in this boot.
    fn hear(&mut self, synchronized: bool, now: Moment, max_unsynced: Duration) -> bool {
        if synchronized {
            self.synchronized_at = Some(now);
        }
        self.synchronized_at.is_some_and(|last| now.since(last) <= max_unsynced)
    }
}

/// Keeps `believed` right for ever. `beat` is called whenever the loop comes round.
pub async fn watch(source: Source, max_unsynced: Duration, believed: watch::Sender<bool>, beat: impl Fn()) {
    if source != Source::Timedated {
        believed.send_replace(source == Source::Trust);
    }
    let mut belief = Belief::default();
    let mut asked_at: Option<Moment> = None;
    let mut bus = None;
    let mut nothing_said = true;
    loop {
        beat();
        let now = super::moment();
        let pause = if *believed.borrow() {
            WHILE_SYNCHRONIZED
        } else {
            WHILE_UNSYNCHRONIZED
        };
        let due = asked_at.is_none_or(|last| now.since(last) >= pause);
        if source == Source::Timedated && due {
            asked_at = Some(now);
            let synchronized = ask(&mut bus).await;
            let first = std::mem::take(&mut nothing_said);
            tell(&believed, belief.hear(synchronized, now, max_unsynced), first);
        }
        tokio::time::sleep(WHILE_UNSYNCHRONIZED).await;
    }
}

/// The first word is told even if it is what was assumed: somebody may wait for it.
fn tell(believed: &watch::Sender<bool>, new: bool, first: bool) {
    let mut changed = false;
    believed.send_if_modified(|old| {
        changed = std::mem::replace(old, new) != new;
        changed || first
    });
    if changed && new {
        info!("the clock is synchronized");
    } else if changed {
        warn!("the clock is not synchronized: nothing is ready until it is");
    }
}

/// What timedated says of itself and of the clock; `None` if it does not answer. For whoever asks once.
pub async fn enquire() -> Option<Timedated> {
    let asked = async {
        let connection = zbus::Connection::system().await?;
        let timedated = proxy(&connection).await?;
        Ok::<_, zbus::Error>(Timedated {
            can_ntp: timedated.get_property("CanNTP").await?,
            ntp: timedated.get_property("NTP").await?,
            synchronized: timedated.get_property("NTPSynchronized").await?,
        })
    };
    tokio::time::timeout(PATIENCE, asked).await.ok()?.ok()
}

async fn proxy(connection: &zbus::Connection) -> zbus::Result<zbus::Proxy<'_>> {
    zbus::proxy::Builder::<zbus::Proxy<'_>>::new(connection)
        .destination(TIMEDATED)
        .path("/org/freedesktop/timedate1")
        .interface(TIMEDATED)
        // timedated does not tell when it changes, so a cached value would be stale.
        .cache_properties(zbus::proxy::CacheProperties::No)
        .build()
        .await
}

/// Asks timedated once. No answer, no bus, no such service: not synchronized.
async fn ask(bus: &mut Option<zbus::Connection>) -> bool {
    let asked = async {
        if bus.is_none() {
            *bus = Some(zbus::Connection::system().await?);
        }
        let Some(connection) = bus.as_ref() else {
            return Ok(false);
        };
        let timedated = proxy(connection).await?;
        let answer = timedated.get_property("NTPSynchronized").await?;
        Ok::<bool, zbus::Error>(answer)
    };
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(synchronized)) => synchronized,
        Ok(Err(_)) | Err(_) => {
            *bus = None;
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(100);

    fn at(seconds: u64) -> Moment {
        Moment::from_boot(Duration::from_secs(seconds))
    }

    #[test]
    fn never_synchronized_is_never_believed() {
        let mut belief = Belief::default();
        for second in [0, 50, 5000] {
            assert!(!belief.hear(false, at(second), LIMIT));
        }
    }

    #[test]
    fn a_lost_synchronization_holds_up_to_the_limit() {
        let mut belief = Belief::default();
        assert!(belief.hear(true, at(10), LIMIT));
        for (second, believed) in [(109, true), (110, true), (111, false)] {
            assert_eq!(belief.hear(false, at(second), LIMIT), believed, "at {second} s");
        }
        assert!(belief.hear(true, at(200), LIMIT), "synchronized again");
    }
}
