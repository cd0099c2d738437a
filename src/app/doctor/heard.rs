//! When each registered cuff last brought a reading that is still stored.

use std::collections::HashMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::store::Seen;
use crate::clock;
use crate::config::Config;
use crate::control::{client, socket_path};
use crate::core::doctor::{DaemonFacts, Heard};
use crate::core::name::Name;
use crate::store::Store;

/// Who was not heard for longer is told so; what is older need not be read.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Readings read at once.
const PAGE: usize = 500;

/// A month of readings is read in a second or two.
const PATIENCE: Duration = Duration::from_secs(15);

/// What of a reading matters here.
#[derive(Deserialize)]
struct Reading {
    cuff: Cuff,
    received_at: Timestamp,
}

#[derive(Deserialize)]
struct Cuff {
    id: Name,
}

/// The newest reading of each.
#[derive(Default)]
struct Newest(HashMap<Name, Timestamp>);

impl Newest {
    /// What cannot be read tells nothing.
    fn take(&mut self, line: &[u8]) {
        if let Ok(reading) = serde_json::from_slice::<Reading>(line) {
            let newest = self.0.entry(reading.cuff.id).or_insert(reading.received_at);
            *newest = (*newest).max(reading.received_at);
        }
    }
}

/// Asks the daemon, or the store where none runs. Nothing is told where neither answers.
pub(super) async fn look(config: &Config, daemon: &DaemonFacts, seen: &Seen) -> Vec<Heard> {
    let since = clock::wall().saturating_sub(LOOK_BACK).unwrap_or(Timestamp::MIN);
    let newest = async {
        match (daemon, seen.opened()) {
            (DaemonFacts::Running(_), _) => of_the_daemon(since).await,
            (_, Some((store, _))) => of_the_store(store, since).await,
            (DaemonFacts::NotRunning | DaemonFacts::Closed | DaemonFacts::Unclear(_), None) => None,
        }
    };
    // A dying card answers nobody: that must not keep the rest from being told.
    let newest = tokio::time::timeout(PATIENCE, newest).await;
    let Ok(Some(Newest(newest))) = newest else {
        return Vec::new();
    };
    let heard = |cuff: &crate::core::cuff::Cuff| Heard {
        cuff: cuff.id.clone(),
        at: newest.get(&cuff.id).copied(),
    };
    config.cuffs.iter().map(heard).collect()
}

async fn of_the_daemon(since: Timestamp) -> Option<Newest> {
    let path = format!("/control/v1/readings?since={since}");
    let mut answer = client::get(&socket_path(), &path).await.ok()?;
    let (mut newest, mut begun) = (Newest::default(), Vec::new());
    while let Some(piece) = answer.piece().await.ok()? {
        begun.extend_from_slice(&piece);
        while let Some(end) = begun.iter().position(|octet| *octet == b'\n') {
            let line: Vec<u8> = begun.drain(..=end).collect();
            newest.take(&line);
        }
    }
    Some(newest)
}

async fn of_the_store(store: &Store, since: Timestamp) -> Option<Newest> {
    let (mut newest, mut after) = (Newest::default(), None);
    loop {
        let page = store.readings(Some(since), after, PAGE).await.ok()?;
        page.readings.iter().for_each(|reading| newest.take(&reading.payload));
        after = page.next;
        if after.is_none() {
            return Some(newest);
        }
    }
}
