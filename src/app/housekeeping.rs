//! Looks after the store: how much room there is, and what need not be kept any longer.

use std::time::Duration;

use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::clock;
use crate::core::moment::Moment;
use crate::core::state::StoreState;
use crate::store::{Store, StoreError, StoreHealth};
use crate::systemd::{BEAT, Heart};

/// How often what need not be kept is looked for, once nothing was found.
const PRUNE_EVERY: Duration = Duration::from_secs(600);

/// Keeps `state` right and the store small. Ends only with the store.
pub(super) async fn run(store: Store, state: watch::Sender<StoreState>, heart: Heart) {
    let mut pruned_at: Option<Moment> = None;
    loop {
        heart.beat();
        tell(&state, store.health().await);
        let now = clock::now();
        if pruned_at.is_none_or(|last| now.moment.since(last) >= PRUNE_EVERY) {
            match store.prune(now.wall).await {
                // A full step: there may be more, so it goes on at the next turn.
                Ok(pruned) if pruned.more => {}
                Ok(_) => pruned_at = Some(now.moment),
                Err(error) => {
                    warn!(%error, "what need not be kept could not be removed");
                    pruned_at = Some(now.moment);
                }
            }
        }
        tokio::time::sleep(BEAT).await;
    }
}

fn tell(state: &watch::Sender<StoreState>, health: Result<StoreHealth, StoreError>) {
    let new = match health {
        Ok(health) => StoreState {
            available: health.reserve_ok,
            nearly_full: health.too_large,
            size: health.size,
            free: health.free_bytes,
        },
        Err(error) => {
            warn!(%error, "the store does not answer");
            StoreState {
                available: false,
                ..*state.borrow()
            }
        }
    };
    let was = state.send_replace(new);
    if was.available && !new.available {
        error!(
            free = new.free,
            "less disk is free than store.reserve: no session is cleared"
        );
    } else if new.available && !was.available {
        info!(free = new.free, "the store takes measurements");
    }
}
