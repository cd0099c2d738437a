//! Looks after the store: how much room there is, and what need not be kept any longer.

use std::time::Duration;

use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::clock;
use crate::core::delivery::seldom::Seldom;
use crate::core::moment::Moment;
use crate::core::state::StoreState;
use crate::store::{Store, StoreError, StoreHealth};
use crate::systemd::{BEAT, Heart};

/// How often what need not be kept is looked for, once nothing was found.
const PRUNE_EVERY: Duration = Duration::from_secs(600);

/// What housekeeping is told.
pub(super) struct Told {
    /// Whether a measurement waits because the store did not take it.
    pub(super) refused: watch::Receiver<bool>,
    /// Whether the wall clock can be believed.
    pub(super) clock: watch::Receiver<bool>,
}

/// Keeps `state` right and the store small. Ends only with the store.
pub(super) async fn run(store: Store, state: watch::Sender<StoreState>, mut told: Told, heart: Heart) {
    let mut pruned_at: Option<Moment> = None;
    let mut was_available = true;
    let (mut unanswered, mut untaken) = (Seldom::default(), Seldom::default());
    loop {
        heart.beat();
        let refused = *told.refused.borrow_and_update();
        show(&state, store.health().await, refused, &mut unanswered);
        let available = state.borrow().available;
        if was_available != available {
            log(*state.borrow());
            was_available = available;
        }
        if let Err(error) = store.take_in_log().await
            && let Some(times) = untaken.happened(clock::moment())
        {
            warn!(times, %error, "the store's log could not be taken into the database, and grows");
        }
        let now = clock::now();
        let due = pruned_at.is_none_or(|last| now.moment.since(last) >= PRUNE_EVERY);
        if due {
            // By a clock that is years ahead everything is old.
            let believed = *told.clock.borrow();
            let pruned = if believed {
                store.prune(now.wall).await
            } else {
                store.prune_by_size().await
            };
            match pruned {
                // A full step: there may be more, so it goes on at the next turn.
                Ok(pruned) if pruned.more => {}
                Ok(_) => pruned_at = Some(now.moment),
                Err(error) => {
                    warn!(%error, "what need not be kept could not be removed");
                    pruned_at = Some(now.moment);
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(BEAT) => {}
            Ok(()) = told.refused.changed() => {}
        }
    }
}

/// What is shown of the store. It is available where it takes measurements and the reserve is free.
pub(super) fn seen(health: StoreHealth, refused: bool) -> StoreState {
    StoreState {
        available: health.reserve_ok && !refused,
        nearly_full: health.nearly_full,
        size: health.size,
        free: health.free_bytes,
    }
}

fn show(
    state: &watch::Sender<StoreState>,
    health: Result<StoreHealth, StoreError>,
    refused: bool,
    unanswered: &mut Seldom,
) {
    let new = match health {
        Ok(health) => seen(health, refused),
        Err(error) => {
            if let Some(times) = unanswered.happened(clock::moment()) {
                warn!(times, %error, "the store does not answer");
            }
            StoreState {
                available: false,
                ..*state.borrow()
            }
        }
    };
    state.send_replace(new);
}

fn log(StoreState { available, free, .. }: StoreState) {
    if available {
        info!(free, "the store takes measurements");
    } else {
        error!(
            free,
            "the store takes no measurements, or less disk is free than store.reserve: no session is cleared"
        );
    }
}
