//! Everything that runs in a run, and what can be done to it.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use jiff::SignedDuration;
use rusqlite::Connection;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin};

use crate::books::Books;
use crate::clinic::Clinic;
use crate::disk::Disk;
use crate::judge::{Heads, WallClock};
use crate::mosquitto::Mosquitto;
use crate::plan::{Act, Measured, PATIENTS, Plan, Who};
use crate::platform::Platform;
use crate::proxy::Proxy;
use crate::rig::{Gateway, mqtt};

/// What the clinic's policy is, but for how long things hold.
const POLICY: &str = concat!(
    include_str!("../rig/contacts.toml"),
    "[readiness]\npolicy = \"chaos\"\nsystolic = { min = 90, max = 140 }\ndiastolic = { min = 50, max = 90 }\n",
    "crisis = { systolic = 180, diastolic = 120 }\nreadings = 2\nrest = \"0s\"\nspacing = \"0s\"\n",
    "retry_after = \"2s\"\nattempts = 9\nattestations = [\"companion_present\"]\n",
);

const MQTT: &str = "receipts = true\nreceipt_timeout = \"3s\"\nkeep_alive = \"5s\"\n\
    unsigned_commands = [\"open_session\", \"attest\", \"close_session\", \"report\", \"receipt\"]\n";

/// Keeps nearly nothing over a kill.
const FORGETFUL: &str = "allow_anonymous true\nautosave_on_changes false\nautosave_interval 1800\n";

/// Lets the gateway's wall clock be set, and nobody else's.
const FAKE_CLOCK: &str = "faketime/libfaketimeMT.so.1";

/// A gateway that runs.
struct Running {
    process: Child,
    orders: ChildStdin,
    log: PathBuf,
}

pub(crate) struct World {
    pub(crate) plan: Plan,
    /// What is left of the run if it fails.
    pub(crate) left: PathBuf,
    pub(crate) gateway: Gateway,
    pub(crate) books: Books,
    pub(crate) platform: Platform,
    pub(crate) clinic: Clinic,
    /// What the gateway has said, all its runs together.
    pub(crate) said: String,
    disk: Disk,
    broker: Mosquitto,
    broker_runs: bool,
    proxy: Proxy,
    running: Option<Running>,
    runs: usize,
    sessions: [Option<String>; PATIENTS],
    opened: usize,
    /// When the gateway's clock was set, and by how much.
    pub(crate) clock: WallClock,
    /// The highest numbers given out when files were damaged last.
    pub(crate) damaged: Heads,
    journal: File,
}

fn cuff(patient: usize) -> String {
    format!("cuff-{patient}")
}

fn config(plan: &Plan, port: u16) -> String {
    let cuffs: String = (0..PATIENTS)
        .map(|patient| {
            format!("[[cuffs]]\nid = \"cuff-{patient}\"\naddress = \"C0:FF:EE:00:00:0{patient}\"\npatient = \"p{patient}\"\n")
        })
        .collect();
    let link = mqtt(port, &format!("{MQTT}window = {}\n", plan.window));
    let (valid_for, attest_for) = (plan.valid_for, plan.attest_for);
    format!("{link}{cuffs}{POLICY}valid_for = \"{valid_for}s\"\nattest_for = \"{attest_for}s\"\n")
}

impl World {
    /// All of it, running, in order.
    pub(crate) async fn begin(plan: Plan, left: PathBuf) -> Self {
        let _none = fs::remove_dir_all(&left);
        fs::create_dir_all(&left).unwrap();
        let journal = OpenOptions::new()
            .create(true)
            .append(true)
            .open(left.join("journal"))
            .unwrap();
        let broker = Mosquitto::with(if plan.forgetful {
            FORGETFUL
        } else {
            "allow_anonymous true\n"
        })
        .await;
        let proxy = Proxy::start(broker.port).await;
        let gateway = Gateway::with(&config(&plan, proxy.port));
        let cuffs: Vec<String> = (0..PATIENTS).map(cuff).collect();
        gateway.know_cuffs(cuffs.iter().map(String::as_str)).await;
        let disk = Disk::under(&gateway).await;
        fs::write(gateway.path("clock"), "+0\n").unwrap();
        let mut world = Self {
            platform: Platform::start(broker.port, left.join("ledger.jsonl")),
            clinic: Clinic::start(broker.port).await,
            plan,
            left,
            gateway,
            books: Books::default(),
            said: String::new(),
            disk,
            broker,
            broker_runs: true,
            proxy,
            running: None,
            runs: 0,
            sessions: [const { None }; PATIENTS],
            opened: 0,
            clock: WallClock::default(),
            damaged: Heads::new(),
            journal,
        };
        world.start_gateway();
        world
    }

    pub(crate) fn tell(&mut self, what: &str) {
        writeln!(self.journal, "{} {what}", cuffd::clock::wall()).unwrap();
    }

    pub(crate) async fn perform(&mut self, act: &Act) {
        self.tell(&format!("{act:?}"));
        match act {
            Act::Measure(patient, measured) => {
                self.measure(&cuff(*patient), measured).await;
            }
            Act::Open(patient) => self.open(*patient),
            Act::Attest(patient) => {
                if let Some(session) = &self.sessions[*patient] {
                    let fields = json!({"session": session, "item": "companion_present", "by": "companion"});
                    self.clinic.send("attest", &fields);
                }
            }
            Act::Report => self.clinic.send("report", &json!({})),
            Act::Kill(who) => self.kill(*who).await,
            Act::Stop => {
                // A stopped process hears nothing.
                self.signal(Who::Gateway, Signal::CONT);
                if let Some(code) = self.stop().await {
                    assert!(
                        code == Some(0) || self.plan.ends(code),
                        "told to end, it ends with {code:?}"
                    );
                }
            }
            Act::Start(who) => self.start(*who).await,
            Act::Pause(who) => self.signal(*who, Signal::STOP),
            Act::Continue(who) => self.signal(*who, Signal::CONT),
            Act::Trouble(trouble) => self.proxy.fail(*trouble),
            Act::Heal => self.proxy.heal(),
            Act::Fill => self.disk.fill(),
            Act::Empty => self.disk.empty(),
            Act::ReadOnly => self.start_without_writing().await,
            Act::Damage(damage) => {
                self.kill(Who::Gateway).await;
                self.books.damaged();
                self.note_heads();
                let done = self.disk.damage(*damage);
                self.tell(&done);
            }
            Act::Step(seconds) => {
                self.clock
                    .steps
                    .push((cuffd::clock::wall(), SignedDuration::from_secs(*seconds)));
                let by: SignedDuration = self.clock.steps.iter().map(|(_, by)| *by).sum();
                fs::write(self.gateway.path("clock"), format!("{:+}\n", by.as_secs())).unwrap();
            }
        }
    }

    /// Notes how far the numbers have come before files are damaged; where they were damaged before, nothing tells any more.
    fn note_heads(&mut self) {
        let unknown = || ["alert", "readiness", "reading", "fhir"].map(|kind| (kind.to_owned(), u64::MAX));
        for (kind, head) in self.heads().unwrap_or_else(|_| unknown().into()) {
            let noted = self.damaged.entry(kind).or_default();
            *noted = head.max(*noted);
        }
    }

    fn open(&mut self, patient: usize) {
        self.close(patient);
        self.opened += 1;
        let session = format!("s{patient}-{}", self.opened);
        let fields = json!({"session": session, "patient": format!("p{patient}")});
        self.clinic.send("open_session", &fields);
        self.sessions[patient] = Some(session);
    }

    pub(crate) fn close(&mut self, patient: usize) {
        if let Some(session) = self.sessions[patient].take() {
            self.clinic.send("close_session", &json!({"session": session}));
        }
    }

    async fn measure(&mut self, cuff: &str, measured: &[Measured]) {
        // A cuff that nobody listens to tells nobody.
        let Some(running) = &mut self.running else { return };
        let order = self.books.order(cuff, measured);
        // One that is dying does not take it, and then nobody was told that it did.
        let _may_be_dead = running.orders.write_all(format!("{order}\n").as_bytes()).await;
    }

    async fn kill(&mut self, who: Who) {
        match who {
            Who::Gateway => {
                if let Some(running) = &mut self.running {
                    running.process.kill().await.unwrap();
                    self.close_log();
                }
            }
            Who::Broker => {
                self.broker.kill();
                self.broker_runs = false;
            }
            Who::Platform => self.platform.kill().await,
        }
    }

    async fn start(&mut self, who: Who) {
        match who {
            Who::Gateway if self.running.is_none() => self.start_gateway(),
            Who::Broker if !self.broker_runs => {
                self.broker.start().await;
                self.broker_runs = true;
            }
            Who::Platform if self.platform.process.is_none() => self.platform.start_again(),
            Who::Gateway | Who::Broker | Who::Platform => {}
        }
    }

    fn signal(&self, who: Who, signal: Signal) {
        let of = |child: &Child| child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let process = match who {
            Who::Gateway => self.running.as_ref().and_then(|running| of(&running.process)),
            Who::Broker => self.broker_runs.then(|| self.broker.pid()),
            Who::Platform => self.platform.process.as_ref().and_then(of),
        };
        if let Some(process) = process {
            // It may have ended by itself, and is not waited for yet.
            let _may_be_dead = kill_process(process, signal);
        }
    }

    fn start_gateway(&mut self) {
        self.runs += 1;
        let log = self.left.join(format!("gateway-{}.log", self.runs));
        let inside = self.disk.inside();
        let wrapper: Vec<&str> = inside.iter().map(String::as_str).collect();
        let mut command = self.gateway.command_in(&wrapper, &["simulate", "--orders", "-"]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap());
        if self.plan.acts.iter().any(|(_, act)| matches!(act, Act::Step(_))) {
            command
                .env("LD_PRELOAD", fake_clock())
                .env("FAKETIME_TIMESTAMP_FILE", self.gateway.path("clock"))
                .env("FAKETIME_NO_CACHE", "1")
                .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
        let mut process = command.spawn().unwrap();
        let orders = process.stdin.take().unwrap();
        self.running = Some(Running { process, orders, log });
    }

    /// What it has said is all that it will say.
    fn close_log(&mut self) {
        if let Some(running) = self.running.take() {
            self.books.close(&running.log);
            self.said += &fs::read_to_string(&running.log).unwrap_or_default();
        }
    }

    async fn start_without_writing(&mut self) {
        self.kill(Who::Gateway).await;
        self.disk.empty();
        self.disk.remount("ro").await;
        self.start_gateway();
        let running = self.running.as_mut().expect("just started");
        let code = crate::rig::within("a gateway that cannot write", running.process.wait())
            .await
            .unwrap()
            .code();
        self.close_log();
        assert!(
            [Some(74), Some(77)].contains(&code),
            "it ends with {code:?} where it cannot write"
        );
        self.disk.remount("rw").await;
        self.start_gateway();
    }

    /// A gateway that has ended by itself is started again, as systemd does.
    pub(crate) fn tend(&mut self) {
        let Some(running) = &mut self.running else { return };
        if let Some(status) = running.process.try_wait().unwrap() {
            self.tell(&format!("the gateway has ended by itself: {status}"));
            self.close_log();
            assert!(
                self.plan.ends(status.code()),
                "it ends by itself only where the store cannot be used"
            );
            self.start_gateway();
        }
        if let Some(running) = &self.running {
            self.books.read(&running.log);
        }
        let platform = self
            .platform
            .process
            .as_mut()
            .map(|process| process.try_wait().unwrap());
        assert_eq!(platform.flatten(), None, "the platform has ended by itself");
    }

    /// Ends every fault; everything runs.
    pub(crate) async fn mend(&mut self) {
        self.proxy.heal();
        self.disk.empty();
        for who in [Who::Gateway, Who::Broker, Who::Platform] {
            self.signal(who, Signal::CONT);
            self.start(who).await;
        }
        if self.plan.restarts_at_end {
            self.kill(Who::Gateway).await;
            self.start_gateway();
        }
    }

    /// What the gateway knows now; `None` while it does not say.
    pub(crate) async fn state(&self) -> Option<Value> {
        let socket = self.gateway.socket();
        let asked = cuffd::control::client::get(&socket, "/api/v1/status");
        let answer = tokio::time::timeout(std::time::Duration::from_secs(5), asked)
            .await
            .ok()?
            .ok()?;
        serde_json::from_slice(&answer.whole().await.ok()?).ok()
    }

    /// The highest numbers that were given out, by kind, as the store of a gateway that was ended has them.
    ///
    /// # Errors
    /// It was damaged before.
    pub(crate) fn heads(&self) -> rusqlite::Result<Heads> {
        for earlier in ["cuffd.db", "cuffd.db-wal", "cuffd.db-shm"] {
            let _none = fs::remove_file(self.left.join(earlier));
        }
        // Opened where it lies, what stands below the small disk would be opened.
        self.disk.copy_to(&self.left);
        let store = Connection::open(self.left.join("cuffd.db")).unwrap();
        let read = || -> rusqlite::Result<Heads> {
            let mut counters = store.prepare("SELECT kind, highest FROM counter")?;
            let heads = counters.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned())))?;
            heads.collect()
        };
        read()
    }

    /// Ends the gateway in order, and says how it ended, if it ran.
    pub(crate) async fn stop(&mut self) -> Option<Option<i32>> {
        self.signal(Who::Gateway, Signal::TERM);
        let running = self.running.as_mut()?;
        let status = crate::rig::within("the end of the gateway", running.process.wait())
            .await
            .unwrap();
        self.close_log();
        Some(status.code())
    }

    /// Keeps the broker's log, too.
    pub(crate) fn keep(&self) {
        let _none = fs::write(self.left.join("broker.log"), self.broker.log());
    }
}

fn fake_clock() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").unwrap().filter_map(Result::ok);
    let mut found = folders
        .map(|folder| folder.path().join(FAKE_CLOCK))
        .filter(|path: &PathBuf| Path::exists(path));
    found.next().expect("the package libfaketime is installed")
}
