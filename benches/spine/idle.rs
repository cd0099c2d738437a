//! What a gateway costs that has nothing to do, or that cannot do it: processor, disk, log.
//!
//! Three gateways run side by side for `CUFFD_IDLE_S` seconds, ten minutes if it is not set: one that scans and is connected to its
//! broker, one whose broker and bluetoothd are away, and one whose cuff advertises without end and refuses every connection.

use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::broker::{self, Mosquitto};
use crate::daemon::{Daemon, Used};
use crate::figures::{Goal, Row};
use crate::mock::bluez::Bluez;
use crate::mock::bus::Bus;
use crate::mock::script::{Connect, Script, Stage};
use crate::{gateway, wire};

const ADDRESS: &str = "C0:FF:EE:00:00:01";

/// After this it has settled.
const SETTLED_AFTER: Duration = Duration::from_secs(30);

const USUALLY: Duration = Duration::from_secs(600);

/// More refusals than there are tries in the time.
const REFUSALS: usize = 100_000;

/// In per cent of a core.
const PROCESSOR: Goal = Goal::AtMost(0.1);

/// In MB of a million octets a day.
const WRITTEN: Goal = Goal::AtMost(1.0);

const DAY: Duration = Duration::from_hours(24);

/// A gateway that runs, and what it stands on.
struct Running {
    daemon: Daemon,
    // Gone with it.
    _around: (Bus, Option<Bluez>, TempDir),
}

pub(crate) fn measure(runtime: &Runtime) -> Result<Vec<Row>> {
    runtime.block_on(side_by_side())
}

async fn side_by_side() -> Result<Vec<Row>> {
    let time = match std::env::var("CUFFD_IDLE_S") {
        Ok(seconds) => Duration::from_secs(seconds.parse().context("CUFFD_IDLE_S")?),
        Err(_) => USUALLY,
    };
    let broker = Mosquitto::start()?;
    let idle = started(Some(cuff(false)), &broker, "localhost").await?;
    wire::wait_for(broker.port, "cuffd/v1/+/+/status", r#""online""#)?;
    // Nothing listens on the port of a name that does not exist.
    let alone = started(None, &broker, "nobody.invalid").await?;
    let refused = started(Some(cuff(true)), &broker, "nobody.invalid").await?;
    tokio::time::sleep(SETTLED_AFTER).await;
    let all = [&idle, &alone, &refused];
    let mut before = Vec::new();
    for running in all {
        before.push(running.daemon.used()?);
    }
    tokio::time::sleep(time).await;
    let mut rows = vec![Row::told(
        "exec to READY, empty store",
        format!("{:.0} ms", idle.daemon.ready_after.as_secs_f64() * 1e3),
        String::new(),
    )];
    for ((name, judged, running), before) in [
        ("idle", true, &idle),
        ("broker and bluetoothd away", false, &alone),
        ("cuff refuses without end", false, &refused),
    ]
    .into_iter()
    .zip(before)
    {
        rows.extend(rows_of(name, judged, &running.daemon.used()?.since(&before), time));
    }
    for running in [idle, alone, refused] {
        running.daemon.stop()?;
    }
    Ok(rows)
}

/// The registered cuff: silent, or advertising without end and refusing each connection.
fn cuff(refuses: bool) -> Script {
    Script {
        advertises: refuses,
        connects: std::iter::repeat_n(Connect::Aborts, if refuses { REFUSALS } else { 0 }).collect(),
        ..Script::new(ADDRESS)
    }
}

async fn started(cuff: Option<Script>, broker: &Mosquitto, host: &str) -> Result<Running> {
    let (bus, folder) = (Bus::start().await, crate::folder()?);
    let bluez = match cuff {
        Some(cuff) => Some(Bluez::start(&bus.address(), Stage::new(vec![cuff])).await),
        None => None,
    };
    let config = gateway::room_text(folder.path(), broker, broker::free_port()?)
        .replace(&format!("//{}:", broker::NAME), &format!("//{host}:"));
    let daemon = Daemon::start(folder.path(), &config, &bus.address())?;
    Ok(Running {
        daemon,
        _around: (bus, bluez, folder),
    })
}

/// What it used in this time, most of it by the day.
#[expect(clippy::cast_precision_loss, reason = "some millions")]
fn rows_of(name: &str, judged: bool, used: &Used, time: Duration) -> Vec<Row> {
    let day = |count: u64| count as f64 * DAY.as_secs_f64() / time.as_secs_f64();
    let processor = 100.0 * used.processor.as_secs_f64() / time.as_secs_f64();
    let written = day(used.written) / 1e6;
    let row = |what: &str, figure: String, value: f64, goal| {
        let what = format!("{name}: {what}");
        if judged {
            Row::alone(&what, figure, value, goal)
        } else {
            Row::told(&what, figure, String::new())
        }
    };
    let woken = used.wakeups as f64 / time.as_secs_f64();
    vec![
        row("processor", format!("{processor:.3} %"), processor, PROCESSOR),
        Row::told(&format!("{name}: woken"), format!("{woken:.1}/s"), String::new()),
        row("written a day", format!("{written:.2} MB"), written, WRITTEN),
        Row::told(
            &format!("{name}: log a day"),
            format!("{:.0} lines", day(used.lines)),
            format!("{:.0} kB", day(used.logged) / 1e3),
        ),
    ]
}
