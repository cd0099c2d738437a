//! From the start of the program to READY.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::broker::Mosquitto;
use crate::daemon::Daemon;
use crate::figures::Times;
use crate::gateway;
use crate::mock::bus::Bus;

const STARTS: usize = 7;

/// The usual time with the store that lies in `folder`.
pub(crate) async fn median(folder: &Path, broker: &Mosquitto) -> Result<Duration> {
    let bus = Bus::start().await;
    let config = gateway::config_text(folder, broker);
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let daemon = Daemon::start(folder, &config, &bus.address())?;
        times.push(daemon.ready_after);
        daemon.stop()?;
    }
    Ok(Times::new(times).median())
}
