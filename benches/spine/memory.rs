//! What an idle gateway occupies: scanning for its cuff, connected to its broker by TLS, nothing to do; beside it Theengs, as idle.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::broker::Mosquitto;
use crate::daemon::Daemon;
use crate::figures::{Goal, Row};
use crate::mock::bluez::Bluez;
use crate::mock::bus::Bus;
use crate::mock::script::{Script, Stage};
use crate::theengs::{self, Theengs};
use crate::{gateway, wire};

const STARTS: usize = 3;

/// After this it has settled.
const IDLE: Duration = Duration::from_secs(10);

/// Longer than any gateway needs until it scans.
const PATIENCE: Duration = Duration::from_secs(30);

/// In MB of a million octets.
const GOAL: Goal = Goal::AtMost(12.0);

/// Octets that are resident: all of them, and those that are shared with no file.
type Memory = (u64, u64);

pub(crate) fn measure(runtime: &Runtime) -> Result<Vec<Row>> {
    let python = theengs::install()?;
    let (mut ours, mut peers) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        ours.push(runtime.block_on(idle())?);
        peers.push(runtime.block_on(idle_theengs(&python))?);
    }
    let (resident, own) = median(ours);
    let (peer_resident, peer_own) = median(peers);
    let beside = format!("idle memory beside Theengs gateway {}", theengs::version()?);
    let compared =
        |what: &str, ours: f64, peer: f64| Row::beside(what, shown(ours), shown(peer), ours / peer, Goal::Lower);
    Ok(vec![
        Row::alone("idle memory, Bluetooth (mock) and TLS", shown(resident), resident, GOAL),
        Row::told("  of it not backed by a file", shown(own), String::new()),
        compared(&beside, resident, peer_resident),
        compared("  not backed by a file, beside its", own, peer_own),
    ])
}

/// Where a gateway stands: an adapter whose cuff is silent, and a broker.
struct Place {
    broker: Mosquitto,
    bus: Bus,
    bluez: Bluez,
    folder: TempDir,
}

impl Place {
    async fn new() -> Result<Self> {
        let bus = Bus::start().await;
        let cuff = Script {
            advertises: false,
            ..Script::new("C0:FF:EE:00:00:01")
        };
        Ok(Self {
            broker: Mosquitto::start()?,
            bluez: Bluez::start(&bus.address(), Stage::new(vec![cuff])).await,
            bus,
            folder: crate::folder()?,
        })
    }

    fn scans(&self) -> bool {
        self.bluez.stage.lock().adapter.discovering
    }
}

async fn idle() -> Result<Memory> {
    let place = Place::new().await?;
    let folder = place.folder.path();
    let config = gateway::config_text(folder, &place.broker);
    let daemon = Daemon::start(folder, &config, &place.bus.address())?;
    wire::wait_for(place.broker.port, "cuffd/v1/+/+/status", r#""online""#)?;
    tokio::time::sleep(IDLE).await;
    ensure!(place.scans(), "it does not scan");
    let memory = daemon.memory()?;
    daemon.stop()?;
    Ok(memory)
}

/// It scans for some seconds and rests for some, so that it is waited for.
async fn idle_theengs(python: &Path) -> Result<Memory> {
    let place = Place::new().await?;
    let folder = place.folder.path();
    let gateway = Theengs::start(python, folder, &place.broker, &place.bus.address())?;
    let scans = async {
        while !place.scans() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let scans = tokio::time::timeout(PATIENCE, scans).await;
    scans.with_context(|| format!("it does not scan: {}", theengs::log(folder)))?;
    wire::wait_for(place.broker.port, theengs::STATUS, "online")?;
    tokio::time::sleep(IDLE).await;
    gateway.memory()
}

/// In MB of a million octets.
#[expect(clippy::cast_precision_loss, reason = "some millions")]
fn median(mut all: Vec<Memory>) -> (f64, f64) {
    all.sort_unstable();
    let (resident, own) = all.get(STARTS / 2).copied().unwrap_or_default();
    (resident as f64 / 1e6, own as f64 / 1e6)
}

fn shown(megabytes: f64) -> String {
    format!("{megabytes:.1} MB")
}
