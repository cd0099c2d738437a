//! bluetoothd, the adapter and D-Bus as they go and come back.

use super::*;

#[tokio::test]
async fn a_restarted_bluetoothd_is_used_again() {
    let mut scene = Scene::with(vec![Script {
        hangs_up: false,
        ..Script::new(CUFF).dump(0..3).dump(3..6)
    }])
    .await;
    scene.gateway.says("measurement 2").await;
    let stage = scene.bluez.kill().await;
    scene.gateway.says("radio NoStack").await;
    assert_eq!(scene.gateway.says("over").await, "over c1 Failed(Stack)");
    let bluez = Bluez::start(&scene.bus.address(), stage).await;
    scene.gateway.says("radio Scanning").await;
    scene.gateway.says("measurement 5").await;
    assert_eq!(scene.gateway.measurements(), counters(0..6));
    assert_eq!(bluez.stage.count("RegisterAgent NoInputNoOutput"), 2);
}

#[tokio::test]
async fn a_gateway_that_starts_first_waits_for_bluetoothd() {
    let bus = Bus::start().await;
    let mut gateway = Gateway::start(&bus.address(), &format!("c1={CUFF}=standard"));
    gateway.says("radio NoStack").await;
    let _bluez = Bluez::start(&bus.address(), Stage::new(vec![Script::new(CUFF).dump(0..2)])).await;
    assert_eq!(gateway.says("over").await, "over c1 Delivered");
}

#[tokio::test]
async fn an_adapter_that_was_switched_off_stays_off_until_somebody_switches_it_on() {
    let mut cuff = Script::new(CUFF).dump(0..2);
    cuff.advertises = false;
    let mut scene = Scene::with(vec![cuff]).await;
    scene.gateway.says("radio Scanning").await;
    scene.bluez.set_powered(false).await;
    scene.gateway.says("radio AdapterOff").await;
    scene.bluez.stage.cuff(0, |cuff| cuff.advertises = true);
    scene.gateway.says_within(Duration::from_secs(2)).await;
    assert_eq!(scene.bluez.stage.count("Powered true"), 0);
    scene.bluez.set_powered(true).await;
    assert_eq!(scene.gateway.says("over").await, "over c1 Delivered");
}

#[tokio::test]
async fn an_adapter_that_was_unplugged_is_used_again_when_it_is_back() {
    let mut scene = Scene::with(vec![Script::new(CUFF).dump(0..2).dump(2..4)]).await;
    scene.gateway.says("over").await;
    scene.bluez.unplug().await;
    scene.gateway.says("radio NoAdapter").await;
    scene.bluez.plug_in().await;
    scene.gateway.says("radio Scanning").await;
    assert_eq!(scene.gateway.says("over").await, "over c1 Delivered");
    assert_eq!(scene.gateway.measurements(), counters(0..4));
}

#[tokio::test]
async fn the_death_of_dbus_ends_collection() {
    let mut scene = Scene::with(vec![Script {
        hangs_up: false,
        ..Script::new(CUFF).dump(0..3)
    }])
    .await;
    scene.gateway.says("measurement 2").await;
    scene.bus.kill().await;
    scene.gateway.says("radio NoBus").await;
    assert_eq!(scene.gateway.says("ended").await, "ended Err(NoBus)");
    assert_eq!(scene.gateway.measurements(), counters(0..3));
}
