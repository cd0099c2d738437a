//! What the link tells of the gateway, from what is known now.

use std::sync::Arc;

use tokio::sync::watch;

use crate::config::Config;
use crate::core::state::State;
use crate::mqtt::message::{info, status};
use crate::systemd::{BEAT, Heart};

/// What `status` and `info` are made of, and whether somebody waits.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) status: watch::Sender<status::Facts>,
    pub(super) info: watch::Sender<info::Facts>,
    pub(super) session_open: watch::Sender<bool>,
}

impl Told {
    pub(super) fn new(state: &State, config: &Config) -> Self {
        let cuffs = config.cuffs.iter();
        let cuffs = cuffs
            .map(|cuff| info::Cuff {
                id: cuff.id.clone(),
                model: cuff.model.name.clone(),
            })
            .collect();
        Self {
            status: watch::Sender::new(facts(state)),
            info: watch::Sender::new(info::Facts {
                cuffs,
                ..info::Facts::default()
            }),
            session_open: watch::Sender::new(state.has_open_session()),
        }
    }

    /// Keeps it right for ever.
    pub(super) async fn keep(self, mut state: watch::Receiver<Arc<State>>, heart: Heart) {
        loop {
            heart.beat();
            let now = Arc::clone(&state.borrow_and_update());
            set(&self.status, facts(&now));
            set(&self.session_open, now.has_open_session());
            tokio::select! {
                changed = state.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(BEAT) => {}
            }
        }
    }
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
        seq: status::Heads {
            reading: seq.reading,
            readiness: seq.readiness,
            alert: seq.alert,
        },
        queued: state.delivery.queued.total(),
        set_aside: state.delivery.set_aside.clone(),
        problems: state.problems.iter().copied().collect(),
    }
}
