//! Without D-Bus the daemon leaves, to be started again; without bluetoothd it waits and says so.

use cuffd::control::client;
use serde_json::Value;

use crate::private_bus::Bus;
use crate::rig::{Daemon, Gateway};

const CUFF: &str = r#"
[[cuffs]]
id = "living-room"
address = "C0:FF:EE:00:00:01"
patient = "p1"
"#;

fn run(gateway: &Gateway, bus: &str) -> Daemon {
    let mut command = gateway.command(&["run"]);
    command.env("DBUS_SYSTEM_BUS_ADDRESS", bus);
    Daemon::start(command, gateway.socket())
}

fn waits_for_bluetooth(state: &Value) -> bool {
    state["radio"]["state"] == "no_stack"
}

#[tokio::test]
async fn without_a_bus_the_exit_code_asks_for_another_try() {
    let gateway = Gateway::with(CUFF);
    let nowhere = format!("unix:path={}", gateway.path("nowhere").display());
    let ended = run(&gateway, &nowhere).ended().await;
    assert_eq!(ended.code, Some(75), "{}", ended.log);
    assert!(ended.log.contains("the D-Bus system bus is gone"), "{}", ended.log);
}

#[tokio::test]
async fn a_bus_that_dies_takes_the_daemon_along() {
    let mut bus = Bus::start().await;
    let gateway = Gateway::with(CUFF);
    let daemon = run(&gateway, &bus.address());
    daemon.until("waiting for bluetoothd", waits_for_bluetooth).await;
    bus.kill().await;
    let ended = daemon.ended().await;
    assert_eq!(ended.code, Some(75), "{}", ended.log);
}

#[tokio::test]
async fn without_bluetoothd_the_daemon_waits_and_says_so() {
    let bus = Bus::start().await;
    let gateway = Gateway::with(CUFF);
    let daemon = run(&gateway, &bus.address());
    let state = daemon.until("waiting for bluetoothd", waits_for_bluetooth).await;
    assert!(
        state["problems"].as_array().unwrap().contains(&"adapter_lost".into()),
        "{state}"
    );
    let words = gateway.ask(&["status"]).await.good();
    assert!(words.contains("bluetoothd does not run"), "{words}");
    assert!(words.contains("adapter_lost"), "{words}");
    let health = client::get(&gateway.socket(), "/healthz").await;
    assert!(health.is_ok(), "a restart would not help");
    assert_eq!(daemon.stop().await.code, Some(0));
}
