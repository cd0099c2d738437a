//! The code under test in a process of its own: only a new process can be given another system bus.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use cuffd::bluetooth::{self, Settings};
use cuffd::core::collection::{Choice, Limits};
use cuffd::core::cuff::{Cuff, Wearer};
use cuffd::core::models::Model;
use cuffd::core::source::{ClockNote, CuffHealth, Event, RadioHealth};
use jiff::tz::TimeZone;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// Tells the process that it is the gateway: `id=address=model` for each registered cuff, with commas between.
const CUFFS: &str = "CUFFD_TEST_CUFFS";
/// Tells the process to take nothing after this line until some time after it was told to stop.
const STALLS: &str = "CUFFD_TEST_STALLS";
/// Long enough for a link to be taken down meanwhile.
const STALL_FOR: Duration = Duration::from_secs(4);
/// What the gateway's lines begin with, among those of the test harness.
const MARK: &str = "gateway: ";
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A gateway in a process of its own.
pub(crate) struct Gateway {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// Everything it said so far.
    pub(crate) said: Vec<String>,
}

impl Gateway {
    /// Starts a gateway on this bus, with these cuffs registered.
    pub(crate) fn start(bus: &str, cuffs: &str) -> Self {
        Self::start_with(bus, cuffs, None)
    }

    /// Starts one that takes nothing after this line until some time after it was told to stop: the store is full.
    pub(crate) fn start_stalling(bus: &str, cuffs: &str, after: &str) -> Self {
        Self::start_with(bus, cuffs, Some((STALLS, after)))
    }

    fn start_with(bus: &str, cuffs: &str, more: Option<(&str, &str)>) -> Self {
        let mut process = Command::new(std::env::current_exe().expect("this program"))
            .args([
                "--ignored",
                "--exact",
                "gateway::is_run_by_the_other_tests",
                "--nocapture",
            ])
            .env("DBUS_SYSTEM_BUS_ADDRESS", bus)
            .env(CUFFS, cuffs)
            .envs(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("this program starts");
        let lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        Self {
            process,
            lines,
            said: Vec::new(),
        }
    }

    /// Waits until it says a line that begins so, and returns the line.
    pub(crate) async fn says(&mut self, beginning: &str) -> String {
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                let line = self.next().await?;
                if line.starts_with(beginning) {
                    return Some(line);
                }
            }
        });
        match waited.await {
            Ok(Some(line)) => line,
            Ok(None) | Err(_) => panic!("never said {beginning:?}; it said {:#?}", self.said),
        }
    }

    /// Everything it says in this time.
    pub(crate) async fn says_within(&mut self, time: Duration) -> Vec<String> {
        let from = self.said.len();
        let _ = tokio::time::timeout(time, async { while self.next().await.is_some() {} }).await;
        self.said[from..].to_vec()
    }

    /// Tells it that these cuffs are registered now.
    pub(crate) async fn register(&mut self, cuffs: &str) {
        let stdin = self.process.stdin.as_mut().expect("it was not told to stop");
        let line = format!("{cuffs}\n");
        stdin.write_all(line.as_bytes()).await.expect("it runs");
    }

    /// Tells it to stop.
    pub(crate) fn stop_later(&mut self) {
        drop(self.process.stdin.take());
    }

    /// Tells it to stop, and waits until it has. What it said last.
    pub(crate) async fn stop(&mut self) -> String {
        self.stop_later();
        self.says("ended").await
    }

    /// The measurements that it said, as counters.
    pub(crate) fn measurements(&self) -> Vec<u32> {
        let of = |line: &String| {
            line.strip_prefix("measurement ")
                .map(|rest| rest.parse().expect("a number"))
        };
        self.said.iter().filter_map(of).collect()
    }

    async fn next(&mut self) -> Option<String> {
        loop {
            let line = self.lines.next_line().await.expect("its output is text")?;
            // The harness writes its own words in front of the first line.
            if let Some((_, line)) = line.split_once(MARK) {
                self.said.push(line.to_owned());
                return Some(line.to_owned());
            }
        }
    }
}

/// The gateway's process. As an ordinary test it does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it is run by the other tests, in a process of its own"]
async fn is_run_by_the_other_tests() {
    let Ok(cuffs) = std::env::var(CUFFS) else {
        return;
    };
    let (events, receiver) = mpsc::channel(16);
    let cancel = CancellationToken::new();
    let (register, cuffs) = watch::channel(registered(&cuffs));
    // Lives as long as the gateway does.
    let (_synchronized, synchronized) = watch::channel(true);
    let settings = Settings {
        adapter: Choice::Auto,
        limits: Limits {
            connect_for: Duration::from_secs(2),
            idle_end: Duration::from_secs(1),
            connection_cap: Duration::from_secs(20),
        },
        set_clock: true,
        recover: true,
        time_zone: TimeZone::UTC,
        cuffs,
        synchronized,
    };
    obey_stdin(register, cancel.clone());
    // Nobody pairs anything.
    let (_chores, asked) = mpsc::channel(1);
    let collected = bluetooth::run(settings, asked, events, Arc::new(AtomicU64::new(0)), cancel.clone());
    let (result, ()) = tokio::join!(collected, print(receiver, cancel));
    say(&format!("ended {result:?}"));
}

fn registered(cuffs: &str) -> Arc<[Cuff]> {
    let cuff = |text: &str| {
        let mut parts = text.split('=');
        let mut part = || parts.next().expect("id=address=model");
        Cuff {
            id: part().parse().expect("a name"),
            address: part().parse().expect("an address"),
            model: Model::find(part()).expect("a model"),
            trust_clock: false,
            wearer: Wearer::Users(BTreeMap::new()),
            since: None,
        }
    };
    cuffs.split(',').map(cuff).collect()
}

/// Each line is a new register. The test's end of the pipe closes when it wants the gateway to stop, and when it is gone
/// itself.
fn obey_stdin(register: watch::Sender<Arc<[Cuff]>>, cancel: CancellationToken) {
    std::thread::spawn(move || {
        for cuffs in std::io::stdin().lines().map_while(Result::ok) {
            register.send_replace(registered(&cuffs));
        }
        cancel.cancel();
    });
}

async fn print(mut events: mpsc::Receiver<Event>, stop: CancellationToken) {
    let last = std::env::var(STALLS).ok();
    while let Some(event) = events.recv().await {
        let Some(line) = line_of(event) else {
            continue;
        };
        say(&line);
        if last.as_ref() == Some(&line) {
            stop.cancelled().await;
            tokio::time::sleep(STALL_FOR).await;
        }
    }
}

#[expect(clippy::print_stdout, reason = "it is how the gateway's process talks to the test")]
fn say(line: &str) {
    println!("{MARK}{line}");
}

fn line_of(event: Event) -> Option<String> {
    Some(match event {
        Event::Connected { cuff, bonded, .. } => format!("connected {cuff} bonded={bonded}"),
        Event::Clock {
            note: ClockNote::Read { offset_s, .. },
            ..
        } => format!("clock read {offset_s}"),
        Event::Clock {
            note: ClockNote::Set { .. },
            ..
        } => "clock set".to_owned(),
        Event::Clock {
            note: ClockNote::MaybeSet { .. },
            ..
        } => "clock maybe set".to_owned(),
        Event::ClockSettled { .. } => "clock settled".to_owned(),
        Event::Measurement { octets, .. } => format!("measurement {}", counter_of(&octets)),
        Event::CuffPressure { .. } => "cuff pressure".to_owned(),
        Event::Described { description, .. } => format!("described {description:?}"),
        Event::Over { cuff, ending, .. } => format!("over {cuff} {ending:?}"),
        Event::Cuff {
            health: CuffHealth::Heard { .. },
            ..
        } => return None,
        Event::Cuff { cuff, health } => format!("cuff {cuff} {health:?}"),
        Event::Radio(RadioHealth::Deaf { .. }) => "radio deaf".to_owned(),
        Event::Radio(health) => format!("radio {health:?}"),
    })
}

fn counter_of(octets: &[u8]) -> u32 {
    octets.first_chunk().copied().map_or(u32::MAX, u32::from_le_bytes)
}
