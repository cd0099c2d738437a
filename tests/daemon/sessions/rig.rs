//! A clinic with its gateway: orders cuffs, sends commands, and remembers everything that is published.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use cuffd::clock;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::mosquitto::Mosquitto;
use crate::rig::{Daemon, EVERYTHING, Gateway, command, mqtt, next_second, send};
use crate::subscriber::{Message, Subscriber};

/// What any of these may do without a proof.
const UNSIGNED: &str =
    "unsigned_commands = [\"open_session\", \"attest\", \"start\", \"close_session\", \"report\", \"receipt\"]\n";

/// What a policy needs beside it.
const PAGE: &str = include_str!("../../rig/contacts.toml");

/// Times as short as can be; a round is two readings.
pub(super) const POLICY: &str = concat!(
    include_str!("../../rig/policy.toml"),
    "readings = 2\nretry_after = \"5m\"\nattempts = 2\nattestations = [\"companion_present\"]\n",
);

/// The config of cuffs, each of one patient: `cuff-p1` is worn by `p1`.
pub(super) fn cuffs_of(patients: &[&str]) -> String {
    let cuff = |(number, patient): (usize, &&str)| {
        format!(
            "[[cuffs]]\nid = \"cuff-{patient}\"\naddress = \"C0:FF:EE:00:00:{number:02}\"\npatient = \"{patient}\"\n"
        )
    };
    patients.iter().enumerate().map(cuff).collect()
}

/// A clinic.
pub(super) struct Clinic {
    pub(super) broker: Mosquitto,
    pub(super) gateway: Gateway,
    pub(super) platform: Subscriber,
    daemon: Option<Daemon>,
    /// What came and was not asked for yet.
    waiting: VecDeque<Value>,
    /// Everything that came, in order, no double.
    pub(super) heard: Vec<Value>,
    /// The octets of what is delivered at least once, by its id.
    octets: HashMap<String, Vec<u8>>,
}

impl Clinic {
    /// Opens with this policy and these cuffs, all of which have brought measurements before.
    pub(super) async fn open(policy: &str, cuffs: &str) -> Self {
        Self::open_in(&[], policy, cuffs).await
    }

    /// The same; the gateway is started by another program.
    pub(super) async fn open_in(wrapper: &[&str], policy: &str, cuffs: &str) -> Self {
        let broker = Mosquitto::open().await;
        let platform = Subscriber::start(broker.port, EVERYTHING).await;
        let gateway = Gateway::with(&config(broker.port, policy, cuffs));
        let ids = cuffs.lines().filter_map(|line| line.strip_prefix("id = \""));
        gateway.know_cuffs(ids.map(|id| id.trim_end_matches('"'))).await;
        let mut clinic = Self {
            broker,
            gateway,
            platform,
            daemon: None,
            waiting: VecDeque::new(),
            heard: Vec::new(),
            octets: HashMap::new(),
        };
        clinic.start_in(wrapper).await;
        clinic
    }

    /// Changes the config of the next run.
    pub(super) fn configure(&self, policy: &str, cuffs: &str) {
        self.gateway.configure(&config(self.broker.port, policy, cuffs));
    }

    /// Ends this run as a power cut would.
    pub(super) async fn power_cut(&mut self) {
        self.daemon.take().expect("it runs").kill().await;
    }

    /// Begins the next run, and waits until it takes commands.
    pub(super) async fn start(&mut self) {
        self.start_in(&[]).await;
    }

    /// The same; it is started by another program.
    pub(super) async fn start_in(&mut self, wrapper: &[&str]) {
        self.start_offline(wrapper);
        self.next(|message| is(message, "status") && message["state"] == "online")
            .await;
    }

    /// Begins the next run, and waits for nothing.
    pub(super) fn start_offline(&mut self, wrapper: &[&str]) {
        self.waiting.clear();
        self.daemon = Some(self.gateway.ordered_in(wrapper));
    }

    pub(super) fn daemon(&mut self) -> &mut Daemon {
        self.daemon.as_mut().expect("it runs")
    }

    /// Sends a command and waits for its reply.
    pub(super) async fn command(&mut self, command: &Value) -> Value {
        self.send(command).await;
        self.next(|message| is(message, "reply") && message["id"] == command["id"])
            .await
    }

    pub(super) async fn send(&self, command: &Value) {
        send(&self.platform, &command.to_string()).await;
    }

    /// Does what must be done.
    pub(super) async fn done(&mut self, name: &str, fields: Value) {
        let reply = self.command(&command(name, &fields)).await;
        assert_eq!(reply["ok"], true, "{reply}");
    }

    /// Tries what is refused, and says with which code.
    pub(super) async fn refused(&mut self, name: &str, fields: Value) -> Value {
        let reply = self.command(&command(name, &fields)).await;
        assert_eq!(reply["ok"], false, "{reply}");
        reply["error"]["code"].clone()
    }

    /// Opens a session. What a cuff measures from now on was taken after: cuffs stamp whole seconds.
    pub(super) async fn open_session(&mut self, session: &str, patient: &str) -> Value {
        self.done("open_session", json!({"session": session, "patient": patient}))
            .await;
        let opened = self.readiness(session).await;
        next_second().await;
        opened
    }

    pub(super) async fn attest(&mut self, session: &str, item: &str) {
        let fields = json!({"session": session, "item": item, "by": "companion"});
        self.done("attest", fields).await;
    }

    /// The next readiness of this session.
    pub(super) async fn readiness(&mut self, session: &str) -> Value {
        self.next(|message| is(message, "readiness") && message["session"] == session)
            .await
    }

    /// The next readiness of this session that is in this state; those before are passed over.
    pub(super) async fn state(&mut self, session: &str, state: &str) -> Value {
        self.answer(session, |answer| answer["state"] == state).await
    }

    /// The next readiness of this session that is wanted; those before are passed over.
    pub(super) async fn answer(&mut self, session: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let answer = self.readiness(session).await;
            if wanted(&answer) {
                return answer;
            }
        }
    }

    /// The next reading of this cuff.
    pub(super) async fn reading(&mut self, cuff: &str) -> Value {
        self.next(|message| is(message, "reading") && message["cuff"]["id"] == cuff)
            .await
    }

    pub(super) async fn alert(&mut self) -> Value {
        self.next(|message| is(message, "alert")).await
    }

    /// Lets a cuff bring these readings in one connection.
    pub(super) async fn measure(&mut self, cuff: &str, readings: &[Value]) {
        let order = json!({"cuff": cuff, "readings": readings});
        self.daemon().order(&order).await;
    }

    /// The next message that is wanted, whatever came between.
    pub(super) async fn next(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let known = self.waiting.iter().position(&wanted);
        if let Some(known) = known.and_then(|known| self.waiting.remove(known)) {
            return known;
        }
        loop {
            let message = self.hear().await;
            if wanted(&message) {
                return message;
            }
            self.waiting.push_back(message);
        }
    }

    /// The next message that comes and is no double.
    async fn hear(&mut self) -> Value {
        loop {
            let Message { topic, payload, .. } = self.platform.next().await;
            if topic.ends_with("/command") {
                continue;
            }
            let message: Value = serde_json::from_slice(&payload).unwrap();
            if ["reading", "readiness", "alert"]
                .into_iter()
                .any(|kind| is(&message, kind))
            {
                let id = message["id"].as_str().unwrap().to_owned();
                if let Some(before) = self.octets.insert(id, payload.clone()) {
                    assert_eq!(before, payload, "a double is the same octets");
                    continue;
                }
            }
            self.heard.push(message.clone());
            return message;
        }
    }

    /// Everything of this kind that came so far.
    pub(super) fn all(&self, kind: &str) -> Vec<Value> {
        self.heard.iter().filter(|message| is(message, kind)).cloned().collect()
    }
}

fn config(port: u16, policy: &str, cuffs: &str) -> String {
    let page = if policy.is_empty() { "" } else { PAGE };
    format!("{}{cuffs}{policy}{page}", mqtt(port, UNSIGNED))
}

/// Whether a message is of this kind.
pub(super) fn is(message: &Value, kind: &str) -> bool {
    message["schema"] == format!("cuffd.{kind}/1")
}

/// A reading of these pressures.
pub(super) fn pressures(systolic: u16, diastolic: u16) -> Value {
    json!({"systolic": systolic, "diastolic": diastolic, "pulse_rate": 70})
}

/// The same, taken so many seconds before its cuff is heard.
pub(super) fn before(seconds: u16, systolic: u16, diastolic: u16) -> Value {
    let mut reading = pressures(systolic, diastolic);
    reading["before"] = json!(format!("{seconds}s"));
    reading
}

/// The codes of a message's reasons.
pub(super) fn codes(message: &Value) -> Vec<String> {
    let reasons = message["reasons"].as_array().unwrap().iter();
    reasons
        .map(|reason| reason["code"].as_str().unwrap().to_owned())
        .collect()
}

/// What a message says of a session: the same until something changes.
pub(super) fn said(message: &Value) -> Value {
    let mut answer = message.clone();
    for envelope in ["id", "seq", "run", "created_at", "in_answer_to", "proof"] {
        answer.as_object_mut().unwrap().remove(envelope);
    }
    answer
}

pub(super) fn seqs(messages: &[Value]) -> Vec<u64> {
    messages
        .iter()
        .map(|message| message["seq"].as_u64().unwrap())
        .collect()
}

pub(super) fn time(of: &Value) -> Timestamp {
    of.as_str().expect("a time").parse().unwrap()
}

/// Waits until this time has come.
pub(super) async fn until_wall(time: Timestamp) {
    let left = time.duration_since(clock::wall());
    tokio::time::sleep(Duration::try_from(left).unwrap_or_default()).await;
}
