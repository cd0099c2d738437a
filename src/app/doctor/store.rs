//! The store, where no daemon has it: opened as the daemon would, and closed again at the end.

use crate::app::wiring;
use crate::clock;
use crate::config::Config;
use crate::core::doctor::{DaemonFacts, StoreSeen, Waiting};
use crate::store::{DeliverySummary, Opened, Store, StoreError};

use super::{may_run, unopened};

/// What was seen of the store.
pub(super) struct Seen {
    seen: StoreSeen,
    waiting: Option<Waiting>,
    /// While it is open no daemon can begin.
    opened: Option<(Opened, DeliverySummary)>,
}

/// Opens it, if that is not the daemon's.
pub(super) async fn look(config: &Config, daemon: &DaemonFacts) -> Seen {
    if may_run(daemon) {
        return Seen::unknown(daemon);
    }
    let closed = |seen| Seen {
        seen,
        waiting: None,
        opened: None,
    };
    let opened = match Store::open_existing(wiring::store_settings(config), clock::now()) {
        Ok(opened) => opened,
        Err(StoreError::Missing { .. } | StoreError::NoDirectory { .. }) => return closed(StoreSeen::NotMade),
        Err(StoreError::Locked { .. }) => return closed(StoreSeen::Held),
        Err(error) => return closed(StoreSeen::Refused(crate::app::chain(&error))),
    };
    match opened.store.delivery_summary().await {
        Ok(summary) => Seen {
            seen: StoreSeen::Good,
            waiting: Some(waiting(&summary)),
            opened: Some((opened, summary)),
        },
        Err(error) => closed(StoreSeen::Refused(crate::app::chain(&error))),
    }
}

fn waiting(summary: &DeliverySummary) -> Waiting {
    Waiting {
        queued: summary.queued.values().sum(),
        oldest_queued_at: summary.oldest_queued_at,
        awaiting_receipt: summary.awaiting_receipt,
        awaiting_receipt_since: summary.awaiting_receipt_since,
        set_aside: summary.set_aside_count,
    }
}

impl Seen {
    /// It was not opened; what the daemon says of it.
    pub(super) fn unknown(daemon: &DaemonFacts) -> Self {
        let waiting = match daemon {
            DaemonFacts::Running(state) => {
                let delivery = &state.delivery;
                Some(Waiting {
                    queued: delivery.queued.total(),
                    oldest_queued_at: delivery.oldest_queued_at,
                    awaiting_receipt: delivery.awaiting_receipt.unwrap_or(0),
                    awaiting_receipt_since: delivery.awaiting_receipt_since,
                    set_aside: delivery.set_aside_count,
                })
            }
            DaemonFacts::NotRunning | DaemonFacts::Closed | DaemonFacts::Unclear(_) => None,
        };
        Self {
            seen: unopened(daemon),
            waiting,
            opened: None,
        }
    }

    /// What waits to be sent, if that is known.
    pub(super) const fn waiting(&self) -> Option<Waiting> {
        self.waiting
    }

    /// The open store, with what it says of delivery.
    pub(super) fn opened(&self) -> Option<(&Store, &DeliverySummary)> {
        self.opened.as_ref().map(|(opened, summary)| (&opened.store, summary))
    }

    /// Whether there is none yet.
    pub(super) fn is_not_made(&self) -> bool {
        self.seen == StoreSeen::NotMade
    }

    /// Whether somebody else may be using this gateway's name.
    pub(super) fn is_held(&self) -> bool {
        self.seen == StoreSeen::Held
    }

    /// Closes it, and says what was seen.
    pub(super) async fn close(self) -> StoreSeen {
        if let Some((opened, _)) = self.opened {
            opened.store.close().await;
        }
        self.seen
    }
}
