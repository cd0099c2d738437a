//! A broker with many gateways is killed: how they come back.

use std::collections::BTreeMap;
use std::time::Duration;

use cuffd::clock;

use crate::costs::{Saves, is_wanted};
use crate::fleet::Fleet;
use crate::judge::{all_is_confirmed, nothing_is_lost};
use crate::platform::{Platform, with_receipts};
use crate::process::Usage;

/// How long the broker is away.
const AWAY: Duration = Duration::from_secs(5);

/// What mosquitto logs of whom it lets in, after the seconds of the epoch.
const CAME: &str = ": New client connected from";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a quarter of an hour: tests/fleet/run"]
async fn all_come_back_after_a_kill() {
    println!(
        "| gateways | away | all back after | most in a second | tries each | broker: processor in that time | readings lost |"
    );
    println!("|---|---|---|---|---|---|---|");
    for gateways in [100, 1000, 10_000].into_iter().filter(|gateways| is_wanted(*gateways)) {
        storm(gateways).await;
    }
}

async fn storm(gateways: u32) {
    let mut broker = Saves::Seldom.broker().await;
    let platform = Platform::start(broker.port, "store", None).await;
    let options = format!("--gateways {gateways} --rate 0.5 --settle 300s");
    let mut fleet = Fleet::start(&with_receipts(&[broker.port], "receipt_timeout = \"30s\""), &options);
    fleet.is_connected().await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    broker.kill();
    tokio::time::sleep(AWAY).await;
    let back = clock::wall().as_second();
    broker.start().await;
    let begin = Usage::of(broker.pid());
    // Newly told: what stood before the kill is not meant.
    fleet.until(|now| now["connected"] < u64::from(gateways)).await;
    fleet.is_connected().await;
    let end = Usage::of(broker.pid());
    let tries = fleet.now("tries");
    let accounts = fleet.stop().await;
    all_is_confirmed(&accounts);
    let made = nothing_is_lost(&accounts, &platform.close());
    let came = by_second(&broker.log());
    let (last, _) = came.last_key_value().unwrap();
    println!(
        "| {gateways} | {} s | {} s | {} | {:.2} | {:.1} s | 0 of {made} |",
        AWAY.as_secs(),
        last - back,
        came.values().max().unwrap(),
        tries as f64 / f64::from(gateways),
        (end.processor - begin.processor).as_secs_f64(),
    );
}

/// How many gateways came in each second.
fn by_second(log: &str) -> BTreeMap<i64, u32> {
    let mut came = BTreeMap::new();
    for line in log
        .lines()
        .filter(|line| line.contains(CAME) && line.contains(":simulate"))
    {
        let (second, _) = line.split_once(':').unwrap();
        *came.entry(second.parse().unwrap()).or_default() += 1;
    }
    came
}
