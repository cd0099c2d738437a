//! A consumer of three members divides what a fleet sends.

use crate::fleet::Fleet;
use crate::judge::{Ledger, all_is_confirmed, nothing_is_lost};
use crate::mosquitto::Mosquitto;
use crate::platform::{Platform, with_receipts};
use crate::wait::within;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_members_of_a_shared_subscription_get_each_message_once_together() {
    let broker = Mosquitto::open().await;
    let mut members = Vec::new();
    for name in ["store-1", "store-2", "store-3"] {
        members.push(Platform::start(broker.port, name, Some("store")).await);
    }
    let config = with_receipts(&[broker.port], "");
    let mut fleet = Fleet::start(&config, "--gateways 20 --over 1s --rate 60");
    within("all connections", fleet.is_connected()).await;
    within("some messages", fleet.until(|now| now["made"] > 100)).await;
    let accounts = within("the end of the fleet", fleet.stop()).await;
    all_is_confirmed(&accounts);
    let mut all = Ledger::default();
    for member in members {
        let part = member.close();
        assert!(part.deliveries > 0, "each has a part");
        all.add(part);
    }
    let made = nothing_is_lost(&accounts, &all);
    assert!(made > 100, "{made}");
    assert_eq!(all.deliveries, made, "each once");
}
