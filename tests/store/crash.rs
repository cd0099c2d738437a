//! What was acknowledged is there after a kill -9.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use cuffd::core::delivery::Kind;
use cuffd::store::{NewMeasurement, Store};

use crate::rig::{Rig, at, close, cuff, message, settings, time};

/// Tells the child where its store is.
const STORE: &str = "CUFFD_TEST_STORE";

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let rig = Rig::new();
    for acknowledged in [1, 2, 57, 200] {
        let last = kill_after(&rig, acknowledged);
        let opened = rig.open();
        opened.0.end_all_connections(time(0)).await.unwrap();
        let unjudged = opened.0.unjudged().await.unwrap();
        let stored: Vec<&[u8]> = unjudged
            .iter()
            .flat_map(|of| &of.measurements)
            .map(|of| &of.octets[..])
            .collect();
        for number in 1..=last {
            let octets = number.to_be_bytes();
            assert!(
                stored.contains(&octets.as_slice()),
                "measurement {number} of {last} was acknowledged"
            );
        }
        assert!(opened.0.heads().await.unwrap()[&Kind::Alert] >= last);
        close(opened).await;
    }
}

/// Lets a child store measurements, kills it after it has acknowledged so many, and returns the last of those.
fn kill_after(rig: &Rig, acknowledged: usize) -> u64 {
    let mut child = Command::new(env::current_exe().unwrap())
        .args([
            "--ignored",
            "--exact",
            "crash::stores_until_it_is_killed",
            "--nocapture",
        ])
        .env(STORE, rig.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let numbers = lines.filter_map(|line| line.unwrap().strip_prefix("stored ")?.parse().ok());
    let last = numbers.take(acknowledged).last().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    last
}

#[tokio::test]
#[ignore = "the child of the test above"]
async fn stores_until_it_is_killed() {
    let Some(path) = env::var_os(STORE) else { return };
    let opened = Store::open(settings(path.as_ref()), at(0)).unwrap();
    let store = opened.store;
    let connection = store.begin_connection(cuff(), true, at(0)).await.unwrap().connection;
    for number in store.heads().await.unwrap()[&Kind::Alert] + 1.. {
        let octets = number.to_be_bytes().to_vec();
        store
            .append(vec![NewMeasurement {
                connection,
                octets,
                at: at(1),
                synchronized: true,
            }])
            .await
            .unwrap();
        store.queue(vec![message(Kind::Alert, number)]).await.unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "stored {number}").unwrap();
        out.flush().unwrap();
    }
}
