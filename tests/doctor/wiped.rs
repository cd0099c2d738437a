//! The end of a gateway: told to the broker, nothing lost without a word, and all of it gone also after a power cut.

use std::fs;
use std::time::Duration;

use rumqttc::mqttbytes::v5::PublishProperties;

use crate::box_of_a_patient::{ADDRESS, Patient, no_bus};
use crate::mosquitto::free_port;
use crate::rig::{EVERYTHING, Gateway, status, until, within};
use crate::script::Script;
use crate::subscriber::Subscriber;

/// How it ended, and what it said.
struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

async fn wipe(gateway: &Gateway, bus: &str, options: &[&str]) -> Said {
    let mut command = gateway.command(&[&["wipe"], options].concat());
    command.env("DBUS_SYSTEM_BUS_ADDRESS", bus);
    let output = within("the end of wipe", command.output()).await.unwrap();
    Said {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// What is left of it but its config.
fn left(gateway: &Gateway) -> Vec<String> {
    let folder = gateway.path("cuffd.toml").parent().unwrap().to_path_buf();
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| name != "cuffd.toml" && name != "store");
    names.extend(gateway.store_files());
    names
}

/// A gateway on this port that has run, and been stopped; all was sent.
async fn used(patient: &Patient) {
    let daemon = patient.run().await;
    assert_eq!(daemon.stop().await.code, Some(0));
    let beside = |name: &str| patient.gateway.path("store").join(name);
    fs::write(beside("page.key"), "0").unwrap();
    fs::write(beside("cuffd.db.damaged-20261121T180000Z"), "0").unwrap();
    fs::write(beside("cuffd.db.machine"), "0").unwrap();
    fs::write(patient.gateway.path("key.jwk.next"), "0").unwrap();
    // Of kills while a key and the cuffs were being written.
    fs::write(patient.gateway.path(".new-aB3xY9"), "0").unwrap();
    fs::write(beside(".new-0Qz7rT"), "0").unwrap();
}

#[tokio::test]
async fn the_broker_is_told_and_nothing_is_left() {
    let mut patient = Patient::well().await;
    used(&patient).await;
    // As the daemon says it within the first minute.
    let topic = "cuffd-test/v1/north/gw/info";
    patient
        .platform
        .publish(topic, "{}", true, PublishProperties::default())
        .await;
    assert_eq!(patient.platform.next_on("/info").await.payload, b"{}");
    // What was moved aside may hold what reached nobody.
    let said = wipe(&patient.gateway, &patient.bus.address(), &["--yes"]).await;
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    assert!(said.stderr.contains(".damaged-"), "{}", said.stderr);
    let said = wipe(&patient.gateway, &patient.bus.address(), &["--yes", "--even-unsent"]).await;
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    assert_eq!(left(&patient.gateway), [""; 0]);
    let retired = status(&mut patient.platform, "retired").await.json();
    assert!(retired["connection"].as_u64().unwrap() > 1, "{retired}");
    // Who comes later learns only that.
    let mut late = Subscriber::start(patient.broker.port, EVERYTHING).await;
    assert_eq!(late.next().await.json()["state"], "retired");
    let more = tokio::time::timeout(Duration::from_millis(500), late.next()).await;
    assert!(more.is_err(), "{more:?}");
    let calls = patient.bluez.as_ref().unwrap().stage.lock().calls.clone();
    let path = Script::new(ADDRESS).path();
    assert!(calls.contains(&format!("RemoveDevice {path}")), "{calls:?}");
    for words in [
        "is retired",
        "1 bond is gone",
        "cuffd.toml",
        "public key",
        "card",
        "backups",
    ] {
        assert!(said.stdout.contains(words), "{words} in {}", said.stdout);
    }
    assert!(
        !said.stdout.contains(ADDRESS) && !said.stdout.contains("LEFT"),
        "{}",
        said.stdout
    );
    // Once more is no fault: there is nothing any more.
    let again = wipe(&patient.gateway, &patient.bus.address(), &["--yes", "--even-unsent"]).await;
    assert_eq!(
        (again.code, left(&patient.gateway).len()),
        (Some(0), 0),
        "{}",
        again.stderr
    );
}

#[tokio::test]
async fn while_the_daemon_runs_nothing_is_removed() {
    let patient = Patient::well().await;
    let daemon = patient.run().await;
    let before = left(&patient.gateway);
    let said = wipe(&patient.gateway, &patient.bus.address(), &["--yes"]).await;
    assert_eq!(said.code, Some(75), "{}", said.stderr);
    assert!(said.stderr.contains("systemctl disable --now cuffd"), "{}", said.stderr);
    // Nor where it does not answer.
    let socket = patient.gateway.socket();
    let aside = patient.gateway.path("aside.sock");
    fs::rename(&socket, &aside).unwrap();
    let said = wipe(&patient.gateway, &patient.bus.address(), &["--yes"]).await;
    assert_eq!(said.code, Some(75), "{}", said.stderr);
    fs::rename(&aside, &socket).unwrap();
    assert_eq!(left(&patient.gateway), before);
    assert_eq!(daemon.stop().await.code, Some(0));
}

#[tokio::test]
async fn what_is_unsent_is_counted_and_kept_unless_that_is_meant() {
    let gateway = Gateway::with("");
    gateway.queue(3).await;
    let said = wipe(&gateway, &no_bus(&gateway), &["--yes"]).await;
    assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""));
    assert!(
        said.stderr.contains("3 messages have not reached the clinic"),
        "{}",
        said.stderr
    );
    assert!(gateway.store().exists());
    let said = wipe(&gateway, &no_bus(&gateway), &["--yes", "--even-unsent"]).await;
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert_eq!(left(&gateway), [""; 0]);
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_not_taken_for_an_empty_one() {
    let gateway = Gateway::with("");
    gateway.queue(1).await;
    let store = rusqlite::Connection::open(gateway.store()).unwrap();
    store.pragma_update(None, "user_version", 99).unwrap();
    store.close().unwrap();
    let said = wipe(&gateway, &no_bus(&gateway), &["--yes"]).await;
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    assert!(said.stderr.contains("nobody can tell"), "{}", said.stderr);
    assert!(gateway.store().exists());
}

#[tokio::test]
async fn without_a_broker_it_goes_on_only_if_that_is_meant() {
    let gateway = Gateway::sending_to(free_port());
    gateway.queue(0).await;
    let said = wipe(&gateway, &no_bus(&gateway), &["--yes"]).await;
    assert_eq!((said.code, said.stdout.as_str()), (Some(69), ""), "{}", said.stderr);
    for words in ["nothing listens", "nothing was removed", "--without-broker"] {
        assert!(said.stderr.contains(words), "{words} in {}", said.stderr);
    }
    assert!(gateway.store().exists());
    let said = wipe(&gateway, &no_bus(&gateway), &["--yes", "--without-broker"]).await;
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(
        said.stdout.contains("LEFT  retained messages on 127.0.0.1"),
        "{}",
        said.stdout
    );
    assert_eq!(left(&gateway), [""; 0]);
}

#[tokio::test]
async fn bonds_that_cannot_be_removed_are_named_and_the_next_time_they_go() {
    let patient = Patient::well().await;
    used(&patient).await;
    let paired = patient.gateway.path("store/cuffs.toml");
    let cuff = "[[cuffs]]\nid = \"second\"\naddress = \"C0:FF:EE:00:00:02\"\npatient = \"p-2\"\n";
    fs::write(&paired, cuff).unwrap();
    let said = wipe(&patient.gateway, &no_bus(&patient.gateway), &["--yes", "--even-unsent"]).await;
    assert_eq!(said.code, Some(69), "{}{}", said.stdout, said.stderr);
    assert!(
        said.stdout.contains("LEFT  the bonds of 2 cuffs: there is no D-Bus"),
        "{}",
        said.stdout
    );
    assert_eq!(left(&patient.gateway), ["cuffs.toml"]);
    let said = wipe(&patient.gateway, &patient.bus.address(), &["--yes", "--even-unsent"]).await;
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    assert_eq!(left(&patient.gateway), [""; 0]);
}

#[tokio::test]
async fn without_a_terminal_it_must_be_meant() {
    let gateway = Gateway::with("");
    gateway.queue(0).await;
    let said = wipe(&gateway, &no_bus(&gateway), &[]).await;
    assert_eq!(said.code, Some(64), "{}", said.stderr);
    assert!(said.stderr.contains("--yes"), "{}", said.stderr);
    assert!(gateway.store().exists());
}

/// `script` gives it a terminal.
#[tokio::test]
async fn on_a_terminal_only_the_gateways_id_goes_on() {
    let gateway = Gateway::with("");
    gateway.queue(0).await;
    for (answer, code, remains) in [("yes", 1, true), ("GW", 1, true), ("", 1, true), ("gw", 0, false)] {
        // The program and its arguments come behind: the shell that `script` starts is given them as its own.
        let wrapper = ["sh", "-c", r#"exec script -qec "$0 $*" /dev/null"#];
        let mut command = gateway.command_in(&wrapper, &["wipe"]);
        command
            .env("DBUS_SYSTEM_BUS_ADDRESS", no_bus(&gateway))
            .stdin(std::process::Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut stdin = process.stdin.take().unwrap();
        let typed = format!("{answer}\n");
        tokio::io::AsyncWriteExt::write_all(&mut stdin, typed.as_bytes())
            .await
            .unwrap();
        let output = within("the end of wipe", process.wait_with_output()).await.unwrap();
        drop(stdin);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(code), "{answer:?}: {said}");
        assert!(said.contains("Type its id (gw)"), "{said}");
        assert_eq!(gateway.store().exists(), remains, "{answer:?}: {said}");
    }
}

/// Many files, so that there is a middle.
#[tokio::test]
async fn cut_short_it_is_done_to_its_end_by_running_it_again() {
    let mut patient = Patient::well().await;
    used(&patient).await;
    let folder = patient.gateway.path("store");
    for number in 0..20_000 {
        fs::write(folder.join(format!("cuffd.db.damaged-{number:05}")), "").unwrap();
    }
    let mut command = patient.gateway.command(&["wipe", "--yes", "--even-unsent"]);
    command.env("DBUS_SYSTEM_BUS_ADDRESS", patient.bus.address());
    let mut process = command.spawn().unwrap();
    let first = folder.join("cuffd.db");
    until("the first file to go", async || (!first.exists()).then_some(())).await;
    process.kill().await.unwrap();
    let middle = left(&patient.gateway);
    assert!(
        middle.contains(&"key.jwk".to_owned()),
        "the key goes last: {} files",
        middle.len()
    );
    let said = wipe(&patient.gateway, &patient.bus.address(), &["--yes", "--even-unsent"]).await;
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    assert_eq!(left(&patient.gateway), [""; 0]);
    status(&mut patient.platform, "retired").await;
}
