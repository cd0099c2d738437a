//! Config, permissions, clock and disk: each fault made to happen.

use std::fs;
use std::path::Path;

use crate::box_of_a_patient::{POLICY, Patient, Told, examined, no_bus, told};
use crate::bus::Bus;
use crate::rig::Gateway;

async fn without_a_bus(gateway: &Gateway) -> Told {
    examined(gateway, &no_bus(gateway)).await
}

/// The config with something else in one place.
fn change(gateway: &Gateway, from: &str, to: &str) {
    let path = gateway.path("cuffd.toml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

#[tokio::test]
async fn a_config_with_mistakes_is_left_to_check() {
    let gateway = Gateway::with("colour = \"red\"\nshape = \"round\"\n");
    let told = without_a_bus(&gateway).await;
    told.assert_says("config", "bad", "2 mistakes", "sudo cuffd check");
    fs::remove_file(gateway.path("cuffd.toml")).unwrap();
    without_a_bus(&gateway)
        .await
        .assert_says("config", "bad", "1 mistake", "check");
}

#[tokio::test]
async fn without_a_policy_or_a_cuff_no_session_can_be_cleared() {
    let gateway = Gateway::with("");
    let told = without_a_bus(&gateway).await;
    told.assert_says("sessions", "bad", "no `[readiness]`", "cuffd check");
    told.assert_says("cuff", "bad", "none is registered", "cuffd pair");
    told.assert_says("broker", "warn", "nothing is published", "[[mqtt.brokers]]");
    // The page is off here, and there are no commands.
    let gateway = Gateway::with(POLICY);
    without_a_bus(&gateway)
        .await
        .assert_says("sessions", "bad", "nobody may open one", "open_session");
}

#[tokio::test]
async fn who_may_not_ask_the_daemon_or_read_the_config_is_told_so() {
    let patient = Patient::well().await;
    let daemon = patient.run().await;
    // Readable to all but for the key, as it is installed.
    let mut command = patient.gateway.command_of_a_stranger(&["doctor", "--json"]);
    command.env("DBUS_SYSTEM_BUS_ADDRESS", patient.bus.address());
    let stranger = told(&command.output().await.unwrap());
    stranger.assert_says("permissions", "bad", "may not ask the daemon", "usermod -aG cuffd");
    stranger.assert_says("permissions", "bad", "may not read", "sudo cuffd doctor");
    assert!(stranger.wrong("config").is_empty(), "{:#}", stranger.report);
    assert_eq!(daemon.stop().await.code, Some(0));
}

#[tokio::test]
async fn a_clock_that_nobody_believes_is_told_with_who_could_set_it() {
    let gateway = Gateway::with("");
    change(&gateway, "source = \"trust\"", "source = \"none\"");
    without_a_bus(&gateway)
        .await
        .assert_says("clock", "bad", "`none`", "timedated");
    change(&gateway, "source = \"none\"", "source = \"timedated\"");
    let bus = Bus::start().await;
    let told = examined(&gateway, &bus.address()).await;
    told.assert_says("clock", "bad", "does not answer", "systemd-timesyncd");
    change(&gateway, "source = \"timedated\"", "source = \"trust\"");
    change(&gateway, "test = true\n", "");
    without_a_bus(&gateway)
        .await
        .assert_says("clock", "warn", "for tests", "timedated");
}

#[tokio::test]
async fn a_disk_without_room_or_a_folder_that_is_not_there_is_told() {
    let gateway = Gateway::with("");
    change(&gateway, "reserve = \"0MiB\"", "reserve = \"900000GiB\"");
    without_a_bus(&gateway)
        .await
        .assert_says("disk", "bad", "store.reserve", "journalctl --vacuum-size");
    fs::remove_dir_all(gateway.path("store")).unwrap();
    without_a_bus(&gateway)
        .await
        .assert_says("disk", "bad", "is not there", "install -d");
}

#[tokio::test]
async fn a_disk_that_takes_no_writes_is_told() {
    let gateway = Gateway::with("");
    let folder = gateway.path("store");
    let script = r#"mount -t tmpfs -o ro tmpfs "$0" && exec "$@""#;
    let wrapper = ["unshare", "-rm", "sh", "-c", script, folder.to_str().unwrap()];
    let mut command = gateway.command_in(&wrapper, &["doctor", "--json"]);
    command.env("DBUS_SYSTEM_BUS_ADDRESS", no_bus(&gateway));
    let told = told(&command.output().await.unwrap());
    told.assert_says("disk", "bad", "takes no writes", "replace it");
}

#[tokio::test]
async fn a_damaged_store_is_told_before_and_after_it_is_moved_aside() {
    let gateway = Gateway::with("");
    gateway.queue(3).await;
    fs::write(gateway.path("store/cuffd.db.suspect"), "").unwrap();
    let held = fs::read(gateway.store()).unwrap();
    let daemon = gateway.idle();
    daemon.until("an answer", |state| state["site"] == "north").await;
    fs::write(gateway.path("store/cuffd.db.suspect"), "").unwrap();
    without_a_bus(&gateway)
        .await
        .assert_says("disk", "bad", "damage was seen", "restart cuffd");
    assert_eq!(daemon.stop().await.code, Some(0));
    fs::write(gateway.store(), &held[..held.len() / 2]).unwrap();
    let told = without_a_bus(&gateway).await;
    told.assert_says("disk", "warn", "moved aside: cuffd.db.damaged-", "replace it");
}

#[tokio::test]
async fn a_store_that_cannot_be_opened_is_told() {
    let gateway = Gateway::with("");
    gateway.queue(1).await;
    let store = rusqlite::Connection::open(gateway.store()).unwrap();
    store.pragma_update(None, "user_version", 99).unwrap();
    store.close().unwrap();
    without_a_bus(&gateway)
        .await
        .assert_says("disk", "bad", "newer cuffd", "mend what it says");
}

/// Only root can give a file away.
#[tokio::test]
async fn a_file_that_the_daemon_cannot_open_is_named() {
    let gateway = Gateway::with("");
    gateway.queue(1).await;
    if !rustix::process::geteuid().is_root() {
        return;
    }
    std::os::unix::fs::chown(Path::new(&gateway.store()), Some(65_534), None).unwrap();
    let told = without_a_bus(&gateway).await;
    told.assert_says(
        "permissions",
        "bad",
        "cuffd.db in it to another",
        "chown -R --reference=",
    );
}

#[tokio::test]
async fn what_holds_the_store_without_answering_is_told() {
    let gateway = Gateway::with("");
    let mut daemon = gateway.idle();
    daemon.is_ready().await;
    fs::remove_file(gateway.socket()).unwrap();
    without_a_bus(&gateway)
        .await
        .assert_says("daemon", "bad", "another cuffd", "pgrep");
    assert_eq!(daemon.stop().await.code, Some(0));
}

#[tokio::test]
async fn messages_that_were_refused_for_good_are_told_with_how_to_send_them_again() {
    let gateway = Gateway::with("");
    gateway.queue(2).await;
    let store = rusqlite::Connection::open(gateway.store()).unwrap();
    let sql = "UPDATE message SET state = 'set_aside', not_before = NULL, why = 'a test' WHERE seq = 1";
    store.execute(sql, []).unwrap();
    store.close().unwrap();
    without_a_bus(&gateway)
        .await
        .assert_says("delivery", "warn", "1 message was refused for good", "cuffd resend");
}
