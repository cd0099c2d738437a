//! Who may command: keys that the clinic listed, each for what it may do; and what is tried without one.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::rig::PlatformKey;
use crate::mosquitto::Mosquitto;
use crate::rig::{Daemon, EVERYTHING, Gateway, command, in_minutes, mqtt, next_second, send, send_retained, status};
use crate::subscriber::{Message, Subscriber};

/// A round is one reading, and one that fails is the clinician's.
const POLICY: &str = concat!(
    include_str!("../../rig/policy.toml"),
    "readings = 1\nattempts = 1\nclinician_may_override = true\n",
    include_str!("../../rig/contacts.toml"),
    "[[cuffs]]\nid = \"cuff-p1\"\naddress = \"C0:FF:EE:00:00:01\"\npatient = \"p1\"\n",
);

pub(super) fn config(port: u16, keys: &str) -> String {
    format!("{}{POLICY}", mqtt(port, keys))
}

/// A clinic whose clinicians and store have keys of their own.
struct Clinic {
    clinicians: PlatformKey,
    store: PlatformKey,
    platform: Subscriber,
    /// What came and was not asked for yet.
    waiting: VecDeque<Message>,
    daemon: Daemon,
    gateway: Gateway,
    _broker: Mosquitto,
}

impl Clinic {
    async fn open() -> Self {
        let broker = Mosquitto::open().await;
        let mut platform = Subscriber::start(broker.port, EVERYTHING).await;
        let (clinicians, store) = (PlatformKey::new("clinicians"), PlatformKey::new("store"));
        let gateway = Gateway::with("");
        let may = ["open_session", "attest", "start", "close_session", "decide"];
        let keys = clinicians.may(&gateway, &may) + &store.may(&gateway, &["receipt", "resend", "report"]);
        gateway.configure(&config(broker.port, &keys));
        gateway.know_cuffs(["cuff-p1"]).await;
        let daemon = gateway.ordered();
        status(&mut platform, "online").await;
        Self {
            clinicians,
            store,
            platform,
            waiting: VecDeque::new(),
            daemon,
            gateway,
            _broker: broker,
        }
    }

    async fn send(&self, payload: &str) {
        send(&self.platform, payload).await;
    }

    async fn reply(&mut self, payload: &str) -> Value {
        self.send(payload).await;
        self.next_on("north/gw/reply").await.json()
    }

    /// The next message on a topic that ends so, whatever came between.
    async fn next_on(&mut self, topic: &str) -> Message {
        let known = self.waiting.iter().position(|message| message.topic.ends_with(topic));
        if let Some(known) = known.and_then(|known| self.waiting.remove(known)) {
            return known;
        }
        loop {
            let message = self.platform.next().await;
            if message.topic.ends_with(topic) {
                return message;
            }
            self.waiting.push_back(message);
        }
    }

    async fn code(&mut self, payload: &str) -> String {
        let reply = self.reply(payload).await;
        assert_eq!(reply["ok"], false, "{reply}");
        reply["error"]["code"].as_str().unwrap().to_owned()
    }

    /// What a clinician does, and must succeed.
    async fn done(&mut self, name: &str, fields: Value) {
        let signed = self.clinicians.sign(&command(name, &fields));
        let reply = self.reply(&signed.to_string()).await;
        assert_eq!(reply["ok"], true, "{reply}");
    }

    async fn state(&mut self, session: &str, state: &str) -> Value {
        loop {
            let answer = self.next_on(&format!("session/{session}/readiness")).await.json();
            if answer["state"] == state {
                return answer;
            }
        }
    }

    async fn sessions(&self) -> Vec<Value> {
        let state = self.daemon.state().await.expect("it listens");
        state["sessions"].as_array().unwrap().clone()
    }

    /// What is shown follows what was done.
    async fn has_a_session(&self) {
        let one = |state: &Value| state["sessions"].as_array().is_some_and(|sessions| sessions.len() == 1);
        self.daemon.until("a session", one).await;
    }

    async fn measure(&mut self, systolic: u16) {
        next_second().await;
        let readings = json!([{"systolic": systolic, "diastolic": 80, "pulse_rate": 70}]);
        self.daemon
            .order(&json!({"cuff": "cuff-p1", "readings": readings}))
            .await;
    }
}

/// What is tried, how it arrives, and why it is refused.
type Attempt = (&'static str, String, &'static str);

fn opening(changes: &Value) -> Value {
    let mut fields = json!({"session": "s1", "patient": "p1"});
    for (name, value) in changes.as_object().unwrap() {
        fields[name] = value.clone();
    }
    command("open_session", &fields)
}

/// Commands to which no listed key has lent its power.
fn unproved(clinic: &Clinic, good: &Value) -> Vec<Attempt> {
    let stranger = PlatformKey::new("stranger");
    let mut changed = good.clone();
    changed["session"] = json!("s2");
    let mut stripped = good.clone();
    stripped.as_object_mut().unwrap().remove("proof");
    let mut borrowed = clinic
        .clinicians
        .sign(&command("close_session", &json!({"session": "s1"})));
    borrowed["command"] = json!("open_session");
    borrowed["patient"] = json!("p1");
    let of_the_store = clinic.store.sign(&opening(&json!({})));
    let decision = json!({"session": "s1", "answer": Uuid::new_v4(), "decision": "approve", "by": "dr"});
    let deciding = clinic.store.sign(&command("decide", &decision));
    let attempts = [
        ("unsigned", stripped.clone()),
        ("changed after signing", changed),
        ("signed anew by a stranger", stranger.sign(&stripped)),
        ("with the proof of another command", borrowed),
        ("by a key for something else", of_the_store),
        ("a decision by the store", deciding),
    ];
    attempts
        .map(|(what, sent)| (what, sent.to_string(), "not_authorized"))
        .into()
}

/// Commands that a clinician did sign, and that are refused all the same.
fn signed_in_vain(clinic: &Clinic, good: &Value) -> Vec<Attempt> {
    let signed = |changes: Value| clinic.clinicians.sign(&opening(&changes)).to_string();
    let deep = format!("{}{}", "[".repeat(4000), "]".repeat(4000));
    let doubled = good.to_string().replacen('{', "{\"session\":\"s3\",", 1);
    let too_long = json!({"expires_at": in_minutes(24 * 60 + 5)});
    vec![
        (
            "to another gateway",
            signed(json!({"gateway": "gw-2"})),
            "wrong_gateway",
        ),
        ("to another site", signed(json!({"site": "south"})), "wrong_gateway"),
        ("expired", signed(json!({"expires_at": in_minutes(-1)})), "expired"),
        ("valid for too long", signed(too_long), "expired"),
        ("too large", signed(json!({"padding": "x".repeat(8192)})), "malformed"),
        ("of a wrong type", signed(json!({"session": 7})), "malformed"),
        ("nested deep", deep, "malformed"),
        ("with a name twice", doubled, "malformed"),
    ]
}

#[tokio::test]
async fn whatever_is_tried_without_the_right_key_says_why_and_changes_nothing() {
    let mut clinic = Clinic::open().await;
    let good = clinic.clinicians.sign(&opening(&json!({})));
    let attempts = [unproved(&clinic, &good), signed_in_vain(&clinic, &good)].concat();
    for (what, payload, code) in attempts {
        assert_eq!(clinic.code(&payload).await, code, "{what}");
        assert_eq!(clinic.sessions().await, [] as [Value; 0], "{what}");
    }
    let kept = good.to_string();
    send_retained(&clinic.platform, &kept).await;
    let reply = clinic.next_on("north/gw/reply").await.json();
    assert_eq!(reply["error"]["code"], "retained", "{reply}");
    assert_eq!(clinic.sessions().await, [] as [Value; 0]);
    // None of all that has used its id up.
    assert_eq!(clinic.reply(&kept).await["ok"], true);
    clinic.has_a_session().await;
}

/// A broker's operator who repeats, holds back and reorders what was signed.
#[tokio::test]
async fn what_is_repeated_held_back_or_sent_in_another_order_changes_nothing_twice() {
    let mut clinic = Clinic::open().await;
    let open = clinic
        .clinicians
        .sign(&command("open_session", &json!({"session": "s1", "patient": "p1"})))
        .to_string();
    let first = clinic.reply(&open).await;
    assert_eq!(
        (&first["ok"], clinic.reply(&open).await),
        (&json!(true), first.clone()),
        "repeated"
    );
    clinic.measure(150).await;
    let referred = clinic.state("s1", "referred").await;
    assert_eq!(referred["reasons"][0]["code"], "systolic_above_limit", "{referred}");
    let decide = |answer: &Value, decision: &str| {
        let fields = json!({"session": "s1", "answer": answer["id"], "decision": decision, "by": "dr-1"});
        command("decide", &fields)
    };
    let approve = clinic.clinicians.sign(&decide(&referred, "approve")).to_string();
    let deny = clinic.clinicians.sign(&decide(&referred, "deny")).to_string();
    assert_eq!(clinic.reply(&approve).await["ok"], true);
    let ready = clinic.state("s1", "ready").await;
    assert_eq!(
        (&ready["by"], &ready["counted"]),
        (&json!("dr-1"), &referred["counted"])
    );
    // It decides on an answer that is not the last any more.
    assert_eq!(clinic.code(&deny).await, "superseded", "reordered");
    clinic.done("close_session", json!({"session": "s1"})).await;
    clinic.state("s1", "ended").await;
    assert_eq!(clinic.reply(&approve).await["ok"], true, "the first reply again");
    assert_eq!(clinic.reply(&open).await["ok"], true, "the first reply again");
    // And nothing is done twice.
    let all_ended = |state: &Value| {
        let sessions = state["sessions"].as_array().unwrap();
        sessions.iter().all(|session| session["state"] == "ended")
    };
    clinic.daemon.until("no session to be open", all_ended).await;
}

/// A platform that asks before it acts gets a signed answer that names its question.
#[tokio::test]
async fn a_report_is_answered_by_a_signed_answer_that_names_it() {
    let mut clinic = Clinic::open().await;
    clinic
        .done("open_session", json!({"session": "s1", "patient": "p1"}))
        .await;
    clinic.measure(120).await;
    clinic.state("s1", "ready").await;
    let report = clinic.store.sign(&command("report", &json!({"session": "s1"})));
    clinic.send(&report.to_string()).await;
    let answer = loop {
        let answer = clinic.next_on("session/s1/readiness").await;
        if !answer.json()["in_answer_to"].is_null() {
            break answer;
        }
    };
    let told = answer.json();
    assert_eq!((&told["in_answer_to"], &told["ready"]), (&report["id"], &json!(true)));
    let list = super::rig::enrol(&clinic.gateway).await;
    let text = String::from_utf8(answer.payload).unwrap();
    let arguments = ["verify", "--keys", list.to_str().unwrap()];
    let checked = clinic.gateway.ask_with_input(&arguments, &text).await;
    assert_eq!(checked.good(), format!("ok {}\n", told["id"].as_str().unwrap()));
}

/// The store that has lost messages asks for them until they come: what is not marked as sent yet is on its way, and does not go
/// twice.
#[tokio::test]
async fn what_the_store_asks_for_again_comes_octet_for_octet_and_what_is_not_kept_is_named() {
    let mut clinic = Clinic::open().await;
    clinic.measure(120).await;
    let first = clinic.next_on("north/gw/reading").await;
    let unknown = Uuid::new_v4();
    let ids = json!({"ids": [first.id(), unknown]});
    let again = loop {
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        let resend = clinic.store.sign(&command("resend", &ids));
        let reply = clinic.reply(&resend.to_string()).await;
        let told = (&reply["ok"], &reply["not_kept"]);
        assert_eq!(told, (&json!(true), &json!([unknown])), "{reply}");
        let soon = tokio::time::timeout(Duration::from_secs(5), clinic.next_on("north/gw/reading"));
        if let Ok(again) = soon.await {
            break again;
        }
    };
    assert_eq!(again.payload, first.payload);
}

#[tokio::test]
async fn a_flood_of_commands_is_answered_and_the_daemon_goes_on() {
    let mut clinic = Clinic::open().await;
    for number in 0..2_000 {
        let report = command("dance", &json!({ "id": format!("flood {number}") }));
        clinic.send(&report.to_string()).await;
    }
    let resends: Vec<String> = (0..3)
        .map(|_| clinic.store.sign(&command("resend", &json!({"ids": []}))).to_string())
        .collect();
    for resend in &resends {
        clinic.send(resend).await;
    }
    let (mut unknown, mut resent) = (0, 0);
    while unknown < 2_000 || resent < resends.len() {
        let reply = clinic.next_on("north/gw/reply").await.json();
        match reply["error"]["code"].as_str() {
            Some("unknown_command") => unknown += 1,
            // One a second is carried out.
            None | Some("busy") => resent += 1,
            Some(_) => panic!("{reply}"),
        }
    }
    clinic
        .done("open_session", json!({"session": "s1", "patient": "p1"}))
        .await;
    clinic.has_a_session().await;
}
