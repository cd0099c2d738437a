//! What an idle gateway occupies: scanning for its cuff, connected to its broker by TLS, its page open to
//! whoever comes, nothing to do; beside it Theengs, as idle.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::runtime::Runtime;

use crate::figures::{Goal, Row};
use crate::place::Place;
use crate::theengs::{self, Theengs};
use crate::{broker, wire};

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
        Row::alone(
            "idle memory, Bluetooth (mock), TLS and page",
            shown(resident),
            resident,
            GOAL,
        ),
        Row::told("  of it not backed by a file", shown(own), String::new()),
        compared(&beside, resident, peer_resident),
        compared("  not backed by a file, beside its", own, peer_own),
    ])
}

async fn idle() -> Result<Memory> {
    let place = Place::new().await?;
    let daemon = place.start(broker::free_port()?)?;
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
