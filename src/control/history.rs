//! What the gate was told of one session, for whoever asks why it said what it said.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::core::name::Name;
use crate::core::readiness::record::Record;
use crate::store::{Store, StoreError, StoredEvent};

/// A session's history.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct History {
    /// When it ended; `None` while it is open.
    pub ended_at: Option<Timestamp>,
    /// What the gate was told, in order; empty once that was kept for `store.keep_ended`.
    pub told: Vec<Told>,
    /// The settings that it was judged by, as configs, by their numbers in `told`.
    pub settings: BTreeMap<i64, String>,
}

/// One thing that the gate was told.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Told {
    /// When, as it is dated now.
    pub at: Timestamp,
    /// When, as it was dated then.
    pub told_at: Timestamp,
    /// Whether the gateway's clock was synchronized.
    pub synchronized: bool,
    /// What.
    pub record: Record,
}

/// Reads a session's history; `None` if there never was a session of this id.
///
/// # Errors
/// Any failure of the disk or the database.
pub async fn history(store: &Store, session: Name) -> Result<Option<History>, StoreError> {
    let Some(stored) = store.session(session).await? else {
        return Ok(None);
    };
    let told: Vec<Told> = stored.events.iter().filter_map(told).collect();
    let mut settings = BTreeMap::new();
    for number in told.iter().filter_map(|told| told.record.setting()) {
        settings.insert(number, store.setting_of(number).await?.expose().clone());
    }
    Ok(Some(History {
        ended_at: stored.ended_at,
        told,
        settings,
    }))
}

fn told(event: &StoredEvent) -> Option<Told> {
    Some(Told {
        at: event.at,
        told_at: event.told_at,
        synchronized: event.synchronized,
        // One that cannot be read is left out here; the gate let no session go on by it.
        record: serde_json::from_str(event.told.expose()).ok()?,
    })
}
