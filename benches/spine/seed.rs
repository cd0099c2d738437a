//! Stores with much in them, filled by the code that fills them in a clinic.

use std::path::Path;

use anyhow::{Result, ensure};
use cuffd::clock;
use cuffd::config::Config;
use cuffd::core::delivery::{Kind, Mark};
use cuffd::store::Store;

use crate::gateway::{self, Cuff};

/// How many messages one transaction marks.
const MARKS: usize = 1000;

/// Fills the store with `count` readings whose messages are queued.
pub(crate) async fn queue(config: &Config, store: &Store, count: u32) -> Result<()> {
    let mut cuff = Cuff::connect(config, store).await?;
    for _ in 0..count {
        cuff.indicate().await?;
    }
    cuff.hang_up().await?;
    let queued = store.delivery_summary().await?.queued.remove(&Kind::Reading);
    ensure!(
        queued == Some(count.into()),
        "{queued:?} of {count} readings are queued"
    );
    Ok(())
}

/// Marks everything that is queued as taken by a broker.
pub(crate) async fn mark_sent(store: &Store) -> Result<()> {
    loop {
        let at = clock::wall();
        let due = store.due(at, MARKS, Vec::new()).await?;
        if due.is_empty() {
            return Ok(());
        }
        let sent = |id| Mark::Sent { id, at, again: None };
        store.apply(due.into_iter().map(|due| sent(due.id)).collect()).await?;
    }
}

/// Copies a closed store, and waits until the copy is on the disk, so that later writing does not wait for it.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::copy(gateway::store_path(from), gateway::store_path(to))?;
    Ok(std::fs::File::open(gateway::store_path(to))?.sync_all()?)
}
