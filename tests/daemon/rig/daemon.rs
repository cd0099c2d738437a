//! A running daemon: what it says, what it knows, and how it ends.

use std::path::PathBuf;
use std::process::ExitStatus;

use cuffd::control::client;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdin, Command};

use super::{until, within};

/// What the log says once everything runs.
const READY: &str = " ready site=";

/// A running daemon. It is killed when it is dropped.
pub(crate) struct Daemon {
    process: Child,
    log: Lines<BufReader<ChildStderr>>,
    orders: Option<ChildStdin>,
    said: String,
    socket: PathBuf,
}

/// A daemon that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    /// Everything that it logged.
    pub(crate) log: String,
}

impl Ended {
    fn new(status: ExitStatus, log: String) -> Self {
        Self {
            code: status.code(),
            log,
        }
    }
}

impl Daemon {
    /// Starts `command`, whose control socket will be `socket`.
    pub(crate) fn start(mut command: Command, socket: PathBuf) -> Self {
        let mut process = command.spawn().expect("the program starts");
        let stderr = process.stderr.take().expect("a pipe");
        let orders = process.stdin.take();
        Self {
            process,
            orders,
            log: BufReader::new(stderr).lines(),
            said: String::new(),
            socket,
        }
    }

    pub(crate) fn pid(&self) -> Pid {
        let id = self.process.id().expect("it was not waited for");
        Pid::from_raw(id.cast_signed()).expect("no process has the number 0")
    }

    /// Orders what a cuff does, where it was started to take orders.
    pub(crate) async fn order(&mut self, order: &Value) {
        let orders = self.orders.as_mut().expect("it takes orders");
        orders.write_all(format!("{order}\n").as_bytes()).await.unwrap();
    }

    /// Ends the orders.
    pub(crate) fn order_nothing_more(&mut self) {
        self.orders = None;
    }

    /// The next line of the log that contains `text`.
    pub(crate) async fn says(&mut self, text: &str) -> String {
        within(text, async {
            while let Some(line) = self.log.next_line().await.unwrap() {
                self.said.push_str(&line);
                self.said.push('\n');
                if line.contains(text) {
                    return line;
                }
            }
            panic!("it never said {text:?} but\n{}", self.said)
        })
        .await
    }

    pub(crate) async fn is_ready(&mut self) {
        self.says(READY).await;
    }

    /// What it knows now; `None` while it does not listen.
    pub(crate) async fn state(&self) -> Option<Value> {
        let answer = client::get(&self.socket, "/api/v1/status").await.ok()?;
        serde_json::from_slice(&answer.whole().await.ok()?).ok()
    }

    /// Waits until what it knows is as wanted.
    pub(crate) async fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        until(what, async || self.state().await.filter(|state| wanted(state))).await
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("it runs");
    }

    /// Kills it as a power cut would, and gives what it had logged.
    pub(crate) async fn kill(mut self) -> String {
        self.process.start_kill().expect("it runs");
        self.ended().await.log
    }

    /// Asks it to stop, and waits for its end.
    pub(crate) async fn stop(self) -> Ended {
        self.signal(Signal::TERM);
        self.ended().await
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self) -> Ended {
        let status = within("the end of the daemon", async {
            while let Some(line) = self.log.next_line().await.unwrap() {
                self.said.push_str(&line);
                self.said.push('\n');
            }
            self.process.wait().await.unwrap()
        })
        .await;
        Ended::new(status, self.said)
    }
}
