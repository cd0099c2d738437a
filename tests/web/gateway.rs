//! The real program with virtual cuffs, its page on an address of its own.

use std::fs::{self, Permissions};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;

use cuffd::control::client::{self, ClientError};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, ChildStdin, Command};
use tokio::task::JoinHandle;

use crate::client::{Answer, Request};
use crate::folder::{Folder, own_address};
use crate::wait::{until, within};

/// The access code, where one is set.
pub(crate) const CODE: &str = "246810";

/// The companion's code, where one is set.
pub(crate) const COMPANIONS: &str = "135790";

/// A gateway's folder, and where its page is.
pub(crate) struct Gateway {
    folder: Folder,
    pub(crate) address: SocketAddr,
}

/// A running daemon. It is killed when it is dropped.
pub(crate) struct Daemon {
    process: Child,
    orders: ChildStdin,
    log: JoinHandle<String>,
    socket: PathBuf,
    address: SocketAddr,
}

impl Gateway {
    /// One whose page only this machine reaches, with these lines in `[web]`; `@` is its folder.
    pub(crate) fn with(lines: &str) -> Self {
        Self::at(own_address(), lines)
    }

    /// One that all of the network reaches.
    pub(crate) fn open_to_all(lines: &str) -> Self {
        Self::at(Ipv4Addr::UNSPECIFIED, lines)
    }

    fn at(address: Ipv4Addr, lines: &str) -> Self {
        let (folder, address) = Folder::with_page(address, lines);
        for (name, code) in [("access", CODE), ("companion", COMPANIONS)] {
            let file = folder.path(name);
            fs::write(&file, code).unwrap();
            fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        }
        Self { folder, address }
    }

    /// Starts the program, and waits until its page and its control socket answer.
    pub(crate) async fn start(&self) -> Daemon {
        let socket = self.folder.path("cuffd.sock");
        let mut process = Command::new(env!("CARGO_BIN_EXE_cuffd"))
            .args(["simulate", "--orders", "-", "--config"])
            .arg(self.folder.path("cuffd.toml"))
            .env_clear()
            .env("CUFFD_SOCKET", &socket)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let log = process.stderr.take().expect("a pipe");
        let daemon = Daemon {
            orders: process.stdin.take().expect("a pipe"),
            log: log_of(log),
            process,
            socket,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, self.address.port())),
        };
        let daemon = if self.address.ip().is_unspecified() {
            daemon
        } else {
            Daemon {
                address: self.address,
                ..daemon
            }
        };
        until("the page", async || TcpStream::connect(daemon.address).await.ok()).await;
        until("the socket", async || daemon.state().await).await;
        daemon
    }
}

/// Reads on, so that the daemon never waits for a reader.
#[expect(
    clippy::disallowed_methods,
    reason = "it ends with the daemon, and its end is waited for"
)]
fn log_of(mut stderr: ChildStderr) -> JoinHandle<String> {
    tokio::spawn(async move {
        let mut log = String::new();
        stderr.read_to_string(&mut log).await.expect("text");
        log
    })
}

impl Daemon {
    /// Where it is asked.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) async fn get(&self, target: &str) -> Answer {
        Request::get(target).send(self.address).await
    }

    /// Presses something on the page.
    pub(crate) async fn press(&self, path: &str, body: &Value) -> Answer {
        Request::post(path, body).send(self.address).await
    }

    /// Presses something, which must be done.
    pub(crate) async fn pressed(&self, path: &str, body: &Value) -> Value {
        let answer = self.press(path, body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }

    /// Asks on the control socket.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        let answer = client::post(&self.socket, path, body.to_string().into_bytes()).await?;
        Ok(serde_json::from_slice(&answer.whole().await?).expect("json"))
    }

    /// Reads on the control socket.
    pub(crate) async fn read(&self, path: &str) -> Result<Vec<u8>, ClientError> {
        client::get(&self.socket, path).await?.whole().await
    }

    /// What it knows, by its control socket.
    pub(crate) async fn state(&self) -> Option<Value> {
        serde_json::from_slice(&self.read("/api/v1/status").await.ok()?).ok()
    }

    /// Waits until what it knows is as wanted.
    pub(crate) async fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        until(what, async || self.state().await.filter(|state| wanted(state))).await
    }

    /// Lets the cuff bring these readings in one connection, and waits until that is over.
    pub(crate) async fn measure(&mut self, readings: &[(u16, u16)]) {
        let before = self.state().await.expect("it runs")["cuffs"][0]["measured_at"].clone();
        let readings: Vec<Value> = readings
            .iter()
            .map(|(systolic, diastolic)| json!({"systolic": systolic, "diastolic": diastolic, "pulse_rate": 70}))
            .collect();
        let order = json!({"cuff": "own", "readings": readings});
        self.orders
            .write_all(format!("{order}\n").as_bytes())
            .await
            .expect("it takes orders");
        self.until("the readings", |state| {
            let cuff = &state["cuffs"][0];
            cuff["measured_at"].is_string() && cuff["measured_at"] != before && cuff["connected"] == false
        })
        .await;
    }

    /// Asks it to stop, and waits for its end: its exit code, and what it logged.
    pub(crate) async fn stop(mut self) -> (Option<i32>, String) {
        let id = self.process.id().expect("it was not waited for");
        let pid = Pid::from_raw(id.cast_signed()).expect("no process has the number 0");
        kill_process(pid, Signal::TERM).expect("it runs");
        let status = within("the end of the daemon", self.process.wait()).await.unwrap();
        let log = within("the end of its log", self.log).await.unwrap();
        (status.code(), log)
    }
}
