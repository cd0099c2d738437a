//! What one more reading costs, from its arrival until it is durable and judged.

use std::time::Duration;

use anyhow::Result;
use cuffd::clock;
use cuffd::config::Config;

use crate::gateway::{self, Cuff};

/// The times of `count` readings, one after the other, in the store that the config names.
pub(crate) async fn times(config: &Config, count: u32) -> Result<Vec<Duration>> {
    let (store, thread) = gateway::open(config)?;
    let mut cuff = Cuff::connect(config, &store).await?;
    // The first ones fill caches.
    let warm_up = count / 10;
    let mut times = Vec::new();
    for round in 0..warm_up + count {
        let start = clock::moment();
        cuff.indicate().await?;
        cuff.stored().await?;
        if round >= warm_up {
            times.push(clock::moment().since(start));
        }
    }
    cuff.hang_up().await?;
    gateway::close(store, thread).await?;
    Ok(times)
}
