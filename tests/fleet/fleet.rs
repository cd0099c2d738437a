//! A running fleet: what it says while it runs, and the accounts that it leaves.

use std::collections::{BTreeMap, HashMap};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::folder::Folder;

/// Another program than the one that was built with the tests: figures are those of a release.
const PROGRAM: &str = "CUFFD_FLEET_PROGRAM";

/// If this is set, what the fleet says of itself is passed on.
const TALKS: &str = "CUFFD_FLEET_TALKS";

/// What one gateway leaves.
#[derive(Debug, Deserialize)]
pub(crate) struct Account {
    pub(crate) gateway: String,
    pub(crate) run: Uuid,
    pub(crate) tries: u64,
    pub(crate) made: BTreeMap<String, u64>,
    pub(crate) queued: u64,
    pub(crate) unconfirmed: u64,
    pub(crate) set_aside: u64,
}

/// How a fleet stands: the numbers of the newest line by their names.
pub(crate) type Standing = HashMap<String, u64>;

/// It is killed when it is dropped.
pub(crate) struct Fleet {
    process: Child,
    standing: watch::Receiver<Standing>,
    stdout: ChildStdout,
    _reader: JoinSet<()>,
    _folder: Folder,
}

impl Fleet {
    /// Starts one with these lines of config and these options; `@` in the lines is its folder.
    pub(crate) fn start(config: &str, options: &str) -> Self {
        let folder = Folder::with(config);
        let program = std::env::var(PROGRAM).unwrap_or_else(|_| env!("CARGO_BIN_EXE_cuffd").to_owned());
        let mut process = Command::new(program)
            .arg("simulate")
            .arg("--config")
            .arg(folder.path("cuffd.toml"))
            .args(options.split_whitespace())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let (told, standing) = watch::channel(Standing::new());
        let mut reader = JoinSet::new();
        reader.spawn(read(process.stderr.take().expect("a pipe"), told));
        Self {
            stdout: process.stdout.take().expect("a pipe"),
            process,
            standing,
            _reader: reader,
            _folder: folder,
        }
    }

    pub(crate) fn pid(&self) -> Pid {
        let id = self.process.id().expect("it was not waited for");
        Pid::from_raw(id.cast_signed()).expect("no process has the number 0")
    }

    /// Waits, for as long as it takes, until it stands as wanted.
    pub(crate) async fn until(&mut self, wanted: impl FnMut(&Standing) -> bool) -> Standing {
        let standing = self.standing.wait_for(wanted).await;
        standing.expect("it runs").clone()
    }

    /// Waits until all its gateways are connected.
    pub(crate) async fn is_connected(&mut self) {
        self.until(|now| now.get("gateways").is_some_and(|all| now["connected"] == *all))
            .await;
    }

    pub(crate) fn now(&self, name: &str) -> u64 {
        self.standing.borrow().get(name).copied().unwrap_or(0)
    }

    /// Asks it to end, and takes the accounts.
    pub(crate) async fn stop(self) -> Vec<Account> {
        kill_process(self.pid(), Signal::TERM).expect("it runs");
        self.ended().await
    }

    /// Waits for its end, and takes the accounts.
    pub(crate) async fn ended(mut self) -> Vec<Account> {
        let mut said = String::new();
        self.stdout.read_to_string(&mut said).await.unwrap();
        let status = self.process.wait().await.unwrap();
        assert!(status.success(), "{status}: {said}");
        let (all, each) = said.trim_end().rsplit_once('\n').expect("accounts, and one of all");
        let accounts: Vec<Account> = all.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let total: serde_json::Value = serde_json::from_str(each).unwrap();
        assert_eq!(total["gateways"], accounts.len());
        let made: u64 = accounts.iter().flat_map(|account| account.made.values()).sum();
        assert_eq!(total["made"], made);
        accounts
    }
}

async fn read(stderr: ChildStderr, told: watch::Sender<Standing>) {
    let mut lines = BufReader::new(stderr).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        let Some((_, numbers)) = line.split_once(" fleet ") else {
            println!("{line}");
            continue;
        };
        let pairs = numbers.split_whitespace().filter_map(|pair| pair.split_once('='));
        if std::env::var_os(TALKS).is_some() {
            println!("{line}");
        }
        let standing = pairs.map(|(name, number)| (name.to_owned(), number.parse().unwrap()));
        told.send_replace(standing.collect());
    }
}
