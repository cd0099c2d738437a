//! Collection through unmodified btleplug and zbus, against an `org.bluez` that fails in every way a mock can fail.
//!
//! Each test has a bus and a gateway process of its own. What bluetoothd itself does below D-Bus is for the scenarios on a
//! real one.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "all of it is test code, where a panic is how a failure is told"
)]

mod bluez;
mod bus;
mod gateway;
mod gatt;
mod script;
mod stack;
mod terminal;

use std::time::Duration;

use bluez::Bluez;
use bus::Bus;
use gateway::Gateway;
use script::{Connect, Refusal, Script, Stage};

const CUFF: &str = "C0:FF:EE:00:00:01";
const OTHER: &str = "C0:FF:EE:00:00:02";
const STRANGER: &str = "C0:FF:EE:00:00:99";

/// A bus with a mock on it, and a gateway that has the first cuff registered.
struct Scene {
    bus: Bus,
    bluez: Bluez,
    gateway: Gateway,
}

impl Scene {
    async fn with(cuffs: Vec<Script>) -> Self {
        Self::registered(&format!("c1={CUFF}=standard"), cuffs).await
    }

    async fn registered(registered: &str, cuffs: Vec<Script>) -> Self {
        let bus = Bus::start().await;
        let bluez = Bluez::start(&bus.address(), Stage::new(cuffs)).await;
        let gateway = Gateway::start(&bus.address(), registered);
        Self { bus, bluez, gateway }
    }
}

fn counters(range: std::ops::Range<u32>) -> Vec<u32> {
    range.collect()
}

#[tokio::test]
async fn a_dump_of_sixty_arrives_whole_and_in_order() {
    let mut scene = Scene::with(vec![Script::new(CUFF).dump(0..60)]).await;
    assert_eq!(scene.gateway.says("over").await, "over c1 Delivered");
    assert_eq!(scene.gateway.measurements(), counters(0..60));
    let said = &scene.gateway.said;
    assert_eq!(said[..2], ["radio Scanning", "connected c1 bonded=false"]);
    assert_eq!(said.iter().filter(|line| *line == "clock settled").count(), 1);
    assert_eq!(scene.gateway.stop().await, "ended Ok(())");
    let stage = &scene.bluez.stage;
    assert!(stage.count("Transport le") > 0);
    assert_eq!(stage.count("StopNotify"), 0, "cuffs take that for the end of the bond");
    assert_eq!(stage.count("Powered true"), 0, "nobody asked for that");
    assert_eq!(stage.count("RegisterAgent NoInputNoOutput"), 1);
}

#[tokio::test]
async fn values_that_arrive_before_the_connection_is_reported_are_kept() {
    let cuff = Script {
        bonded: true,
        ..Script::new(CUFF).dump(0..3).dump(3..63)
    };
    let mut scene = Scene::with(vec![cuff]).await;
    scene.gateway.says("over").await;
    // In the second connection the mock sends all of it, and hangs up, before it lists the attributes or answers.
    scene.gateway.says("connected c1 bonded=true").await;
    assert_eq!(scene.gateway.says("over").await, "over c1 Delivered");
    assert_eq!(scene.gateway.measurements(), counters(0..63));
}

#[tokio::test]
async fn each_of_two_connections_in_a_row_delivers() {
    let mut scene = Scene::with(vec![Script {
        hangs_up: false,
        ..Script::new(CUFF).dump(0..5).dump(5..10)
    }])
    .await;
    for _ in 0..2 {
        assert_eq!(scene.gateway.says("over").await, "over c1 Delivered");
    }
    assert_eq!(scene.gateway.measurements(), counters(0..10));
    assert_eq!(
        scene.bluez.stage.count("Disconnect"),
        2,
        "a cuff that falls silent is hung up on"
    );
}

#[tokio::test]
async fn a_cuff_out_of_range_mid_dump_sends_the_rest_when_it_is_back() {
    let mut scene = Scene::with(vec![Script {
        hangs_up: false,
        ..Script::new(CUFF).dump(0..4).dump(4..9)
    }])
    .await;
    scene.gateway.says("measurement 3").await;
    scene.bluez.drop_link(0).await;
    assert_eq!(scene.gateway.says("over").await, "over c1 Delivered");
    scene.gateway.says("measurement 8").await;
    assert_eq!(scene.gateway.measurements(), counters(0..9));
}

#[tokio::test]
async fn in_progress_is_overcome_wherever_it_comes_from() {
    let mut cuff = Script::new(CUFF).dump(0..2);
    cuff.connects = [Connect::InProgress].into();
    let stage = Stage::new(vec![cuff]);
    stage.lock().adapter.starts = [Refusal::InProgress].into();
    let bus = Bus::start().await;
    let bluez = Bluez::start(&bus.address(), stage).await;
    let mut gateway = Gateway::start(&bus.address(), &format!("c1={CUFF}=standard"));
    assert_eq!(gateway.says("over").await, "over c1 Delivered");
    assert_eq!(gateway.measurements(), [0, 1]);
    assert!(bluez.stage.count("StopDiscovery") > 0, "the old scan is stopped first");
}

#[tokio::test]
async fn a_subscription_in_progress_is_a_subscription() {
    let mut cuff = Script::new(CUFF);
    cuff.subscribes = [Refusal::InProgress].into();
    let mut scene = Scene::with(vec![cuff]).await;
    scene.gateway.says("clock settled").await;
    while scene.bluez.stage.count("StartNotify") == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    scene.bluez.indicate(0, 7).await;
    assert_eq!(scene.gateway.says("measurement").await, "measurement 7");
}

#[tokio::test]
async fn a_connection_that_hangs_is_given_up_and_tried_again() {
    let mut cuff = Script::new(CUFF).dump(0..2);
    cuff.connects = [Connect::Hangs].into();
    let mut scene = Scene::with(vec![cuff]).await;
    assert_eq!(scene.gateway.says("over").await, "over c1 Delivered");
    assert!(
        scene.bluez.stage.count("Disconnect") > 0,
        "bluetoothd is told to give up as well"
    );
    assert_eq!(scene.gateway.measurements(), [0, 1]);
}

#[tokio::test]
async fn a_link_that_drops_in_discovery_is_noticed_at_once() {
    let mut cuff = Script::new(CUFF).dump(0..2);
    cuff.connects = [Connect::DropsInDiscovery].into();
    let mut scene = Scene::with(vec![cuff]).await;
    assert_eq!(scene.gateway.says("over").await, "over c1 Failed(Connect)");
    assert_eq!(scene.gateway.says("over").await, "over c1 Delivered");
}

#[tokio::test]
async fn a_cuff_that_wants_a_bond_is_reported_and_never_paired() {
    let mut cuff = Script::new(CUFF);
    cuff.subscribes = [Refusal::Att(0x05)].into();
    let mut scene = Scene::with(vec![cuff]).await;
    assert_eq!(scene.gateway.says("over").await, "over c1 Failed(Bond)");
    assert_eq!(scene.gateway.says("cuff").await, "cuff c1 BondLost");
    scene.gateway.says_within(Duration::from_secs(3)).await;
    assert_eq!(
        scene.bluez.stage.count(&format!("Connect {CUFF}")),
        1,
        "another try mends nothing"
    );
}

#[tokio::test]
async fn a_bonded_link_that_always_drops_at_once_means_a_lost_bond() {
    let mut cuff = Script::new(CUFF);
    cuff.bonded = true;
    cuff.connects = [Connect::Aborts; 5].into();
    let mut scene = Scene::with(vec![cuff]).await;
    for _ in 0..4 {
        assert_eq!(scene.gateway.says("over").await, "over c1 Failed(Connect)");
    }
    assert_eq!(scene.gateway.says("over").await, "over c1 Failed(Bond)");
    assert_eq!(scene.gateway.says("cuff").await, "cuff c1 BondLost");
}

#[tokio::test]
async fn a_clock_is_read_set_and_then_left_alone() {
    let mut cuff = Script::new(CUFF).dump(0..2);
    cuff.has_clock = true;
    let mut scene = Scene::with(vec![cuff]).await;
    scene.gateway.says("over").await;
    let said = scene.gateway.said.iter().map(String::as_str);
    let order: Vec<&str> = said
        .filter(|line| line.starts_with("clock") || line.starts_with("measurement"))
        .map(|line| {
            if line.starts_with("clock read") {
                "clock read"
            } else {
                line
            }
        })
        .collect();
    assert_eq!(
        order,
        [
            "clock read",
            "clock set",
            "clock settled",
            "measurement 0",
            "measurement 1"
        ]
    );
}

#[tokio::test]
async fn a_refused_clock_delays_nothing() {
    let mut cuff = Script::new(CUFF).dump(0..2);
    cuff.has_clock = true;
    cuff.writes = [Refusal::Att(0x80)].into();
    let mut scene = Scene::with(vec![cuff]).await;
    assert_eq!(scene.gateway.says("over").await, "over c1 Delivered");
    assert!(
        !scene.gateway.said.contains(&"clock set".to_owned()),
        "midnight is not now"
    );
    assert_eq!(scene.gateway.measurements(), [0, 1]);
}

#[tokio::test]
async fn what_a_cuff_is_is_read_once_it_has_time() {
    let mut cuff = Script::new(CUFF).dump(0..2);
    cuff.describes_itself = true;
    cuff.hangs_up = false;
    let mut scene = Scene::with(vec![cuff]).await;
    let description = scene.gateway.says("described").await;
    for part in [
        "manufacturer: Some(\"Maker\")",
        "battery: Some(87)",
        "features: Some(35)",
    ] {
        assert!(description.contains(part), "{description}");
    }
    assert_eq!(scene.gateway.measurements(), [0, 1], "measurements come first");
}

#[tokio::test]
async fn indications_that_cannot_be_switched_on_are_tried_again() {
    let mut cuff = Script::new(CUFF).dump(0..2);
    cuff.subscribes = [Refusal::Failed].into();
    let mut scene = Scene::with(vec![cuff]).await;
    assert_eq!(scene.gateway.says("over").await, "over c1 Failed(Subscribe)");
    assert_eq!(scene.gateway.says("over").await, "over c1 Delivered");
}

#[tokio::test]
async fn a_cuff_without_measurements_is_named_so() {
    let mut cuff = Script::new(CUFF);
    cuff.measures = false;
    let mut scene = Scene::with(vec![cuff]).await;
    assert_eq!(
        scene.gateway.says("over").await,
        "over c1 Failed(NoMeasurementCharacteristic)"
    );
}

#[tokio::test]
async fn a_stranger_is_never_connected_whatever_it_offers() {
    let cuffs = vec![Script::new(STRANGER).dump(0..5), Script::new(CUFF).dump(10..12)];
    let mut scene = Scene::with(cuffs).await;
    assert_eq!(scene.gateway.says("over").await, "over c1 Delivered");
    assert_eq!(scene.gateway.measurements(), [10, 11]);
    assert_eq!(scene.bluez.stage.count(&format!("Connect {STRANGER}")), 0);
}

/// dbus-daemon compares match rules without their `path_namespace`: who takes back one cuff's rule loses the one that was made
/// last, which may be another cuff's.
#[tokio::test]
async fn a_cuff_that_is_let_go_takes_no_values_from_another() {
    let first = Script::new(CUFF).dump(0..1);
    let mut second = Script::new(OTHER).dump(10..11).dump(11..41);
    second.advertises = false;
    let registered = format!("c2={OTHER}=standard");
    let mut scene = Scene::registered(&format!("c1={CUFF}=standard,{registered}"), vec![first, second]).await;
    let stage = scene.bluez.stage.clone();
    assert_eq!(scene.gateway.says("over").await, "over c1 Delivered");
    stage.cuff(0, |cuff| cuff.advertises = false);
    stage.cuff(1, |cuff| cuff.advertises = true);
    assert_eq!(scene.gateway.says("over").await, "over c2 Delivered");
    scene.gateway.register(&registered).await;
    assert_eq!(scene.gateway.says("over").await, "over c2 Delivered");
    assert_eq!(scene.gateway.measurements(), [vec![0], counters(10..41)].concat());
}

#[tokio::test]
async fn two_cuffs_at_once_both_deliver() {
    let cuffs = vec![Script::new(CUFF).dump(0..30), Script::new(OTHER).dump(100..130)];
    let registered = format!("c1={CUFF}=standard,c2={OTHER}=beurer-bm85");
    let mut scene = Scene::registered(&registered, cuffs).await;
    for _ in 0..2 {
        let over = scene.gateway.says("over").await;
        assert!(over.ends_with("Delivered"), "{over}");
    }
    let mut measurements = scene.gateway.measurements();
    measurements.sort_unstable();
    assert_eq!(
        measurements,
        counters(0..30).into_iter().chain(100..130).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn stopping_lets_a_dump_end_and_hangs_up() {
    let mut cuff = Script::new(CUFF).dump(0..3);
    cuff.hangs_up = false;
    let mut scene = Scene::with(vec![cuff]).await;
    scene.gateway.says("measurement 2").await;
    let stopping = scene.gateway.stop();
    assert_eq!(stopping.await, "ended Ok(())");
    assert!(scene.gateway.said.contains(&"over c1 Stopped".to_owned()));
    assert!(!scene.bluez.stage.lock().adapter.discovering, "no scan is left behind");
    assert!(
        !scene.bluez.stage.cuff(0, |cuff| cuff.connected),
        "no link is left behind"
    );
}

#[tokio::test]
async fn a_gateway_that_can_keep_nothing_hangs_up_when_stopped_and_loses_nothing() {
    let bus = Bus::start().await;
    let bluez = Bluez::start(&bus.address(), Stage::new(vec![Script::new(CUFF).dump(0..60)])).await;
    bluez.stage.cuff(0, |cuff| cuff.hangs_up = false);
    let cuffs = format!("c1={CUFF}=standard");
    let mut gateway = Gateway::start_stalling(&bus.address(), &cuffs, "measurement 2");
    gateway.says("measurement 2").await;
    gateway.stop_later();
    gateway.says("measurement 3").await;
    assert!(
        bluez.stage.count("Disconnect") > 0,
        "before anything else could be kept"
    );
    assert_eq!(gateway.says("ended").await, "ended Ok(())");
    assert_eq!(gateway.measurements(), counters(0..60));
    assert_eq!(bluez.stage.count("StopNotify"), 0);
}
