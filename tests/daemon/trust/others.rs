//! Other people's libraries check what the gateway signs, and sign what it takes; as the README shows it.

use std::path::Path;
use std::process::Stdio;

use cuffd::proof::{SigningKey, prove};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::rig::{PlatformKey, TOOLS, enrol, in_project};
use crate::mosquitto::Mosquitto;
use crate::rig::{Answer, EVERYTHING, Gateway, next_second, status, within};
use crate::subscriber::Subscriber;

/// What a program makes of this input.
async fn output(program: &Path, arguments: &[&Path], input: &str) -> Answer {
    let mut process = Command::new(program)
        .args(arguments)
        .env("PYTHONWARNINGS", "ignore")
        // Node 18 has what the library needs, but hides it.
        .env("NODE_OPTIONS", "--experimental-global-webcrypto")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = process.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).await.unwrap();
    drop(stdin);
    let output = within("the end of a program", process.wait_with_output())
        .await
        .unwrap();
    Answer {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

pub(super) async fn python(script: &Path, arguments: &[&Path], input: &str) -> Answer {
    let program = TOOLS.join("python/bin/python");
    output(&program, &[&[script], arguments].concat(), input).await
}

/// The script finds its libraries beside it.
pub(super) async fn node(script: &Path, arguments: &[&Path], input: &str) -> Answer {
    let here = tempfile::Builder::new().suffix(".mjs").tempfile_in(&*TOOLS).unwrap();
    std::fs::copy(script, here.path()).unwrap();
    output(Path::new("node"), &[&[here.path()], arguments].concat(), input).await
}

/// The first two words of each line: why a message is bad each says in its own words.
pub(super) fn verdicts(printed: &str) -> Vec<String> {
    let verdict = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    printed.lines().map(verdict).collect()
}

#[tokio::test]
async fn the_verifiers_of_the_readme_say_what_cuffd_verify_says() {
    let broker = Mosquitto::open().await;
    let mut platform = Subscriber::start(broker.port, EVERYTHING).await;
    let gateway = Gateway::sending_to(broker.port);
    let daemon = gateway.simulate(&["--rate", "120", "--cuffs", "3", "--fault", "kpa=0.5", "error-frame=0.3"]);
    let mut lines = Vec::new();
    for _reading in 0..6 {
        let reading = platform.next_on("north/gw/reading").await;
        lines.push(String::from_utf8(reading.payload).unwrap());
    }
    let list = enrol(&gateway).await;
    daemon.stop().await;
    let key = SigningKey::read(&std::fs::read(gateway.path("key.jwk")).unwrap()).unwrap();
    let signed = |message: Value| String::from_utf8(prove(&key, message.to_string().as_bytes()).unwrap()).unwrap();
    lines.push(signed(json!({
        "id": "odd", "site": "north", "gateway": "gw", "text": "Zürich \u{1F600} \u{7f}\n\"", "none": null,
        "numbers": [120.3, 0.1, 1e21, 1e-7, -0.0, 9_007_199_254_740_991_u64, 12345.678],
        "\u{fb33}": 1, "\u{1F600}": 2, "nested": {"b": [], "a": {}},
    })));
    lines.push(signed(json!({"id": "other", "site": "north", "gateway": "gw-2"})));
    lines.push(lines[0].replace("\"mmHg\"", "\"kPa\""));
    lines.push(json!({"id": "unsigned", "site": "north", "gateway": "gw"}).to_string());
    lines.push(json!({"id": "forged\nok 1", "site": "north", "gateway": "gw"}).to_string());
    lines.push(signed(json!({"site": "north", "gateway": "gw"})));
    lines.push("{".to_owned());
    let input = lines.join("\n") + "\n";
    let ours = gateway
        .ask_with_input(&["verify", "--keys", list.to_str().unwrap()], &input)
        .await;
    assert_eq!(ours.code, Some(1), "{}", ours.stderr);
    let ours = verdicts(&ours.stdout);
    assert_eq!(ours.len(), lines.len());
    assert_eq!(ours[6], "ok odd");
    assert!(ours[..6].iter().all(|verdict| verdict.starts_with("ok ")), "{ours:?}");
    let first = ours[0].replace("ok ", "bad ");
    assert_eq!(
        ours[7..],
        ["bad other", &first, "bad unsigned", "bad -", "bad -", "bad -"]
    );
    let theirs = python(&in_project("docs/proofs/verify.py"), &[&list], &input).await;
    assert_eq!(
        (theirs.code, verdicts(&theirs.stdout)),
        (Some(1), ours.clone()),
        "{}",
        theirs.stderr
    );
    let theirs = node(&in_project("docs/proofs/verify.mjs"), &[&list], &input).await;
    assert_eq!(
        (theirs.code, verdicts(&theirs.stdout)),
        (Some(1), ours),
        "{}",
        theirs.stderr
    );
}

#[tokio::test]
async fn what_other_libraries_sign_is_good() {
    let gateway = Gateway::with("");
    let list = enrol(&gateway).await;
    let key = gateway.path("key.jwk");
    let by_python = python(&in_project("tests/daemon/trust/sign.py"), &[&key], "")
        .await
        .good();
    let by_node = node(&in_project("tests/daemon/trust/sign.mjs"), &[&key], "")
        .await
        .good();
    let input = by_python + &by_node;
    let checked = gateway
        .ask_with_input(&["verify", "--keys", list.to_str().unwrap()], &input)
        .await;
    let expected = [
        "ok joserfc-Ed25519",
        "ok joserfc-EdDSA",
        "ok jwcrypto-EdDSA",
        "ok jose-Ed25519",
        "ok jose-EdDSA",
    ];
    let told: Vec<&str> = checked.stdout.lines().collect();
    assert_eq!(told, expected, "{input}");
}

#[tokio::test]
async fn the_sender_of_the_readme_opens_a_session_and_approves_a_referral() {
    let broker = Mosquitto::open().await;
    let mut platform = Subscriber::start(broker.port, EVERYTHING).await;
    let clinicians = PlatformKey::new("clinicians");
    let gateway = Gateway::with("");
    let keys = clinicians.may(
        &gateway,
        &["open_session", "attest", "start", "close_session", "decide"],
    );
    gateway.configure(&super::authority::config(broker.port, &keys));
    gateway.know_cuffs(["cuff-p1"]).await;
    let mut daemon = gateway.ordered();
    status(&mut platform, "online").await;
    let key = clinicians.private_in(&gateway);
    let send = async |name: &str, fields: &[String]| -> Value {
        let address = format!("127.0.0.1:{}", broker.port);
        let topic = "cuffd-test/v1/north/gw";
        let mut words: Vec<&Path> = vec![&key, address.as_ref(), topic.as_ref(), name.as_ref()];
        words.extend(fields.iter().map(Path::new));
        let printed = python(&in_project("docs/proofs/command.py"), &words, "").await.good();
        serde_json::from_str(&printed).unwrap()
    };
    let opened = send("open_session", &["session=s1".to_owned(), "patient=p1".to_owned()]).await;
    assert_eq!(opened["ok"], true, "{opened}");
    let again = send("open_session", &["session=s1".to_owned(), "patient=p1".to_owned()]).await;
    assert_eq!(again["error"]["code"], "session_exists", "{again}");
    next_second().await;
    daemon
        .order(&json!({"cuff": "cuff-p1", "readings": [{"systolic": 150, "diastolic": 80, "pulse_rate": 70}]}))
        .await;
    let referred = loop {
        let answer = platform.next_on("session/s1/readiness").await.json();
        if answer["state"] == "referred" {
            break answer;
        }
    };
    let answer = format!("answer={}", referred["id"].as_str().unwrap());
    let decision = [
        "session=s1".to_owned(),
        answer,
        "decision=approve".to_owned(),
        "by=dr-1".to_owned(),
    ];
    let decided = send("decide", &decision).await;
    assert_eq!(decided["ok"], true, "{decided}");
    let ready = loop {
        let answer = platform.next_on("session/s1/readiness").await.json();
        if answer["state"] == "ready" {
            break answer;
        }
    };
    assert_eq!(ready["by"], "dr-1", "{ready}");
    let superseded = send("decide", &decision).await;
    assert_eq!(superseded["error"]["code"], "superseded", "{superseded}");
}
