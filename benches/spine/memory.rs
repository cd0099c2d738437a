//! What an idle gateway occupies: scanning for its cuff, connected to its broker by TLS, nothing to do.

use std::time::Duration;

use anyhow::Result;
use tokio::runtime::Runtime;

use crate::broker::Mosquitto;
use crate::daemon::Daemon;
use crate::figures::{Goal, Row};
use crate::mock::bluez::Bluez;
use crate::mock::bus::Bus;
use crate::mock::script::{Script, Stage};
use crate::{gateway, wire};

const STARTS: usize = 3;

/// After this it has settled.
const IDLE: Duration = Duration::from_secs(10);

/// In MB of a million octets.
const GOAL: Goal = Goal::AtMost(12.0);

pub(crate) fn measure(runtime: &Runtime) -> Result<Vec<Row>> {
    let mut memory = Vec::new();
    for _ in 0..STARTS {
        memory.push(runtime.block_on(idle())?);
    }
    memory.sort_unstable();
    let (resident, own) = memory.get(STARTS / 2).copied().unwrap_or_default();
    Ok(vec![
        Row::alone(
            "idle memory, Bluetooth (mock) and TLS",
            format!("{:.1} MB", megabytes(resident)),
            megabytes(resident),
            GOAL,
        ),
        Row::told(
            "  of it not backed by a file",
            format!("{:.1} MB", megabytes(own)),
            String::new(),
        ),
    ])
}

async fn idle() -> Result<(u64, u64)> {
    let broker = Mosquitto::start()?;
    let bus = Bus::start().await;
    let cuff = Script {
        advertises: false,
        ..Script::new("C0:FF:EE:00:00:01")
    };
    let bluez = Bluez::start(&bus.address(), Stage::new(vec![cuff])).await;
    let folder = crate::folder()?;
    let daemon = Daemon::start(
        folder.path(),
        &gateway::config_text(folder.path(), &broker),
        &bus.address(),
    )?;
    wire::wait_for(broker.port, "cuffd/v1/+/+/status", r#""online""#)?;
    tokio::time::sleep(IDLE).await;
    anyhow::ensure!(bluez.stage.lock().adapter.discovering, "it does not scan");
    let memory = daemon.memory()?;
    daemon.stop()?;
    Ok(memory)
}

#[expect(clippy::cast_precision_loss, reason = "a few million")]
fn megabytes(octets: u64) -> f64 {
    octets as f64 / 1e6
}
