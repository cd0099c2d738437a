//! A broker falls under a fleet and comes back: everything arrives.

use std::time::Duration;

use crate::fleet::Fleet;
use crate::judge::{all_is_confirmed, nothing_is_lost};
use crate::mosquitto::Mosquitto;
use crate::platform::{Platform, with_receipts};
use crate::wait::within;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_loses_nothing_by_a_kill_of_its_broker() {
    const GATEWAYS: u64 = 50;
    let mut broker = Mosquitto::open().await;
    let platform = Platform::start(broker.port, "store", None).await;
    let config = with_receipts(&[broker.port], "receipt_timeout = \"2s\"");
    // 25 messages a second.
    let mut fleet = Fleet::start(&config, "--gateways 50 --over 1s --rate 30 --settle 60s");
    within("all connections", fleet.is_connected()).await;
    within("some messages", fleet.until(|now| now["made"] > 2 * GATEWAYS)).await;
    broker.kill();
    within("a fall", fleet.until(|now| now["connected"] == 0)).await;
    broker.start().await;
    within("all connections again", fleet.is_connected()).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let accounts = within("the end of the fleet", fleet.stop()).await;
    all_is_confirmed(&accounts);
    assert!(accounts.iter().all(|account| account.tries >= 2), "each was thrown out");
    let runs: std::collections::HashSet<_> = accounts.iter().map(|account| account.run).collect();
    assert_eq!(runs.len() as u64, GATEWAYS, "each has a run of its own");
    let made = nothing_is_lost(&accounts, &platform.close());
    assert!(made > 3 * GATEWAYS, "{made}");
}
