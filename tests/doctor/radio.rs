//! All is well; and then, one after the other, what is wrong between the bus and the cuff.

use crate::box_of_a_patient::{ADDRESS, Patient, examined, no_bus};
use crate::script::Script;
use crate::strict_bus::StrictBus;

#[tokio::test]
async fn where_all_is_well_it_says_so_and_the_exit_code_is_0() {
    let patient = Patient::well().await;
    let daemon = patient.run().await;
    let told = patient.doctor().await;
    assert_eq!(told.bad(), [""; 0], "{:#}", told.report);
    assert_eq!(told.code, Some(0));
    for about in [
        "bluetoothd",
        "adapter",
        "clock",
        "disk",
        "broker",
        "delivery",
        "sessions",
    ] {
        assert!(told.wrong(about).is_empty(), "{about} in {:#}", told.report);
    }
    let mut command = patient.gateway.command(&["doctor"]);
    command.env("DBUS_SYSTEM_BUS_ADDRESS", patient.bus.address());
    let output = command.output().await.unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
    let words = String::from_utf8(output.stdout).unwrap();
    assert!(words.contains("ok   adapter hci0: it listens for cuffs\n"), "{words}");
    assert!(words.contains("\nA session could be cleared now."), "{words}");
    assert!(words.lines().all(|line| line.chars().count() <= 80), "{words}");
    // No address, no patient, no key.
    for private in [ADDRESS, "C0_FF_EE", "p-7f3a", "\"d\""] {
        assert!(
            !words.contains(private) && !told.report.to_string().contains(private),
            "{private}"
        );
    }
    // It has not taken the daemon's place at the broker.
    let connects = patient.broker.log().matches("as north:gw").count();
    assert_eq!(connects, 1, "{}", patient.broker.log());
    assert_eq!(daemon.stop().await.code, Some(0));
}

#[tokio::test]
async fn without_a_daemon_the_broker_is_told_that_it_is_offline_and_the_exit_code_is_1() {
    let mut patient = Patient::well().await;
    let told = patient.doctor().await;
    told.assert_says("daemon", "bad", "does not run", "systemctl enable --now cuffd");
    assert_eq!(told.bad(), ["daemon"], "{:#}", told.report);
    let status = patient.platform.next_on("north/gw/status").await.json();
    assert_eq!((&status["state"], &status["test"]), (&"offline".into(), &true.into()));
}

#[tokio::test]
async fn the_first_thing_that_is_missing_on_the_way_to_a_cuff_is_named() {
    let patient = Patient::with(None).await;
    let nowhere = no_bus(&patient.gateway);
    let told = examined(&patient.gateway, &nowhere).await;
    told.assert_says("dbus", "bad", "no D-Bus", "systemctl start dbus");
    patient
        .doctor()
        .await
        .assert_says("bluetoothd", "bad", "does not run", "bluetooth");
    let patient = Patient::well().await;
    let bluez = patient.bluez.as_ref().unwrap();
    bluez.set_powered(false).await;
    patient
        .doctor()
        .await
        .assert_says("adapter", "bad", "switched off", "bluetoothctl power on");
    bluez.unplug().await;
    patient
        .doctor()
        .await
        .assert_says("adapter", "bad", "no Bluetooth adapter", "plug one in");
}

#[tokio::test]
async fn a_daemon_that_has_lost_its_adapter_agrees() {
    let patient = Patient::well().await;
    let daemon = patient.run().await;
    let bluez = patient.bluez.as_ref().unwrap();
    bluez.set_powered(false).await;
    daemon
        .until("the loss", |state| state["radio"]["state"] == "adapter_off")
        .await;
    let told = patient.doctor().await;
    told.assert_says("adapter", "bad", "switched off", "bluetoothctl power on");
    assert_eq!(told.bad(), ["adapter"], "told once: {:#}", told.report);
}

#[tokio::test]
async fn a_bus_that_does_not_let_us_ask_is_told_from_one_without_bluetoothd() {
    let patient = Patient::with(None).await;
    let bus = StrictBus::start().await;
    let told = examined(&patient.gateway, &bus.address()).await;
    told.assert_says("permissions", "bad", "do not let", "usermod -aG bluetooth cuffd");
}

#[tokio::test]
async fn bonds_are_looked_at() {
    let script = |bonded, connected| Script {
        bonded,
        connected,
        advertises: false,
        ..Script::new(ADDRESS)
    };
    for (devices, about, message, step) in [
        (vec![], "bond", "has no bond", "`sudo cuffd pair`: choose own"),
        (
            vec![script(false, false)],
            "bond",
            "knows it, and has no bond",
            "cuffd pair",
        ),
        (
            vec![script(true, true)],
            "cuff",
            "another program",
            "bluetoothctl disconnect",
        ),
    ] {
        let patient = Patient::with(Some(devices)).await;
        let told = patient.doctor().await;
        told.assert_says(about, "bad", message, step);
        assert_eq!(told.wrong(about)[0]["subject"], "own");
        assert_eq!(told.bad(), ["daemon", about], "{:#}", told.report);
    }
}
