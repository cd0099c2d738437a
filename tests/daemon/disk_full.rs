//! A disk without room: said so, waited for, and nothing measured is lost.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use rustix::process::Pid;
use serde_json::Value;

use crate::mosquitto::Mosquitto;
use crate::rig::{Daemon, EVERYTHING, Gateway, lines, measured, readings_until_offline, values};
use crate::subscriber::Subscriber;

/// Makes a small disk at `$0` that nobody else sees, with what is there already, and goes on there.
const ON_A_SMALL_DISK: &str =
    r#"cp -a "$0" "$0.before" && mount -t tmpfs -o size=4m tmpfs "$0" && cp -a "$0.before/." "$0" && exec "$@""#;

/// Four cuffs that measure all the time.
const CUFFS: u64 = 4;
const BUSY: &[&str] = &[
    "simulate",
    "--cuffs",
    "4",
    "--model",
    "standard",
    "--rate",
    "120",
    "--readings",
    "2",
    "--seed",
    "3",
];

/// The store's disk of 4 MiB.
pub(crate) struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// The words before those that start a daemon whose store stands on one.
    pub(crate) fn wrapper(gateway: &Gateway) -> [String; 6] {
        let folder = gateway.path("store").to_str().unwrap().to_owned();
        let words = ["unshare", "-rm", "sh", "-c", ON_A_SMALL_DISK, &folder];
        words.map(str::to_owned)
    }

    /// That of a daemon that was started so. It is seen through the process that has it.
    pub(crate) fn of(gateway: &Gateway, daemon: Pid) -> Self {
        let root = format!("/proc/{}/root", daemon.as_raw_nonzero());
        let folder = gateway.path("store");
        Self {
            folder: PathBuf::from(root).join(folder.strip_prefix("/").unwrap()),
        }
    }

    fn start(gateway: &Gateway) -> (Daemon, Self) {
        let wrapper = Self::wrapper(gateway);
        let wrapper = wrapper.each_ref().map(String::as_str);
        let daemon = Daemon::start(gateway.command_in(&wrapper, BUSY), gateway.socket());
        let disk = Self::of(gateway, daemon.pid());
        (daemon, disk)
    }

    pub(crate) fn fill(&self) {
        let mut filler = File::create(self.folder.join("filler")).unwrap();
        while filler.write_all(&[0; 1024]).is_ok() {}
    }

    pub(crate) fn empty(&self) {
        std::fs::remove_file(self.folder.join("filler")).unwrap();
    }
}

fn has_problem(state: &Value, problem: &str) -> bool {
    state["problems"].as_array().unwrap().contains(&problem.into())
}

/// The highest number given out.
fn stored(state: &Value) -> u64 {
    state["delivery"]["seq"]["reading"].as_u64().unwrap()
}

#[tokio::test]
async fn what_is_measured_while_the_disk_is_full_is_stored_when_there_is_room() {
    for reserve in ["1MiB", "0MiB"] {
        let gateway = Gateway::with("");
        let config = std::fs::read_to_string(gateway.path("cuffd.toml")).unwrap();
        std::fs::write(gateway.path("cuffd.toml"), config.replace("0MiB", reserve)).unwrap();
        let (mut daemon, disk) = SmallDisk::start(&gateway);
        daemon.says(" stored ").await;
        disk.fill();
        daemon.says("the store does not answer").await;
        let full = daemon
            .until("the problem", |state| has_problem(state, "store_unavailable"))
            .await;
        disk.empty();
        daemon.says("the store answers again").await;
        daemon
            .until("room, and new readings", |state| {
                !has_problem(state, "store_unavailable") && stored(state) > stored(&full) + 10
            })
            .await;
        let listed = gateway.ask(&["readings", "--format", "jsonl"]).await.good();
        let listed = lines(&listed);
        for cuff in 1..=CUFFS {
            let name = format!("cuff-{cuff}");
            let of_cuff = listed.iter().filter(|reading| reading["cuff"]["id"] == name);
            let arrived: Vec<Value> = of_cuff.map(values).collect();
            let expected: Vec<Value> = measured(3, cuff, 2).take(arrived.len()).collect();
            assert_eq!(arrived, expected, "{name}, {reserve} kept free");
        }
        assert_eq!(daemon.stop().await.code, Some(0));
    }
}

#[tokio::test]
async fn a_full_disk_keeps_neither_the_end_nor_the_goodbye() {
    let broker = Mosquitto::open().await;
    let mut platform = Subscriber::start(broker.port, EVERYTHING).await;
    let gateway = Gateway::sending_to(broker.port);
    let (mut daemon, disk) = SmallDisk::start(&gateway);
    daemon.says(" stored ").await;
    disk.fill();
    daemon.says("the store does not answer").await;
    let (ended, sent) = tokio::join!(daemon.stop(), readings_until_offline(&mut platform));
    assert!(!sent.is_empty());
    assert_eq!(ended.code, Some(74), "{}", ended.log);
    for repeated in ["the outbox does not answer", "the store could not say what waits"] {
        let times = ended.log.matches(repeated).count();
        assert!(times <= 1, "{repeated} {times} times in\n{}", ended.log);
    }
    assert!(
        ended.log.contains("did not take the last measurements"),
        "{}",
        ended.log
    );
}
