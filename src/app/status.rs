//! What the link tells of the gateway, from what is known now.

use std::sync::Arc;

use tokio::sync::watch;

use crate::config::Config;
use crate::core::state::State;
use crate::mqtt::message::{info, status};
use crate::proof::{PublicKey, SigningKey};
use crate::systemd::{BEAT, Heart};

/// What `status` and `info` are made of, and whether somebody waits.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) status: watch::Sender<status::Facts>,
    pub(super) info: watch::Sender<info::Facts>,
    pub(super) session_open: watch::Sender<bool>,
}

impl Told {
    pub(super) fn new(state: &State, config: &Config, public_key: PublicKey) -> Self {
        Self {
            status: watch::Sender::new(facts(state)),
            info: watch::Sender::new(info::Facts {
                cuffs: cuffs(state),
                policy: config.readiness.as_ref().map(|policy| info::Policy {
                    name: policy.name.clone(),
                    sha256: policy.sha256.clone(),
                }),
                public_key: Some(jwk(state, public_key)),
            }),
            session_open: watch::Sender::new(state.has_open_session()),
        }
    }

    /// Keeps it right for ever.
    pub(super) async fn keep(
        self,
        mut state: watch::Receiver<Arc<State>>,
        mut key: watch::Receiver<Arc<SigningKey>>,
        heart: Heart,
    ) {
        loop {
            heart.beat();
            let now = Arc::clone(&state.borrow_and_update());
            set(&self.status, facts(&now));
            set(&self.session_open, now.has_open_session());
            let public_key = Some(jwk(&now, key.borrow_and_update().public()));
            let cuffs = cuffs(&now);
            self.info.send_if_modified(|info| {
                let changed = info.public_key != public_key || info.cuffs != cuffs;
                (info.public_key, info.cuffs) = (public_key, cuffs);
                changed
            });
            tokio::select! {
                changed = state.changed() => if changed.is_err() { return },
                changed = key.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(BEAT) => {}
            }
        }
    }
}

/// The registered cuffs as `info` tells them.
fn cuffs(state: &State) -> Vec<info::Cuff> {
    let cuffs = state.cuffs.iter();
    cuffs
        .map(|cuff| info::Cuff {
            id: cuff.id.clone(),
            model: cuff.model.clone(),
        })
        .collect()
}

/// The public key as `info` tells it.
fn jwk(state: &State, key: PublicKey) -> serde_json::Value {
    key.jwk(state.site.as_str(), state.gateway.as_str())
}

fn set<T: PartialEq>(told: &watch::Sender<T>, new: T) {
    told.send_if_modified(|old| {
        let changed = *old != new;
        *old = new;
        changed
    });
}

fn facts(state: &State) -> status::Facts {
    let seq = state.delivery.seq;
    status::Facts {
        standing: status::Standing {
            seq: status::Heads {
                reading: seq.reading,
                readiness: seq.readiness,
                alert: seq.alert,
            },
            queued: state.delivery.queued.total(),
            set_aside: state.delivery.set_aside.clone(),
        },
        problems: state.problems.iter().copied().collect(),
    }
}
