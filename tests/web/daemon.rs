//! The real program: a whole session by the page alone, the same on the control socket, and the access code over a restart.

use cuffd::control::client::ClientError;
use serde_json::{Value, json};

use crate::client::{Follower, Request};
use crate::gateway::{CODE, COMPANIONS, Daemon, Gateway};
use crate::wait::{next_second, until, within};
use crate::words;

const SESSIONS: &str = "/api/v1/sessions";

/// What a session's page says, once it says so.
async fn says(daemon: &Daemon, line: &str) -> String {
    let look = async || {
        let text = words::of(&daemon.get("/answer").await.body);
        text.contains(line).then_some(text)
    };
    until(line, look).await
}

async fn refused(daemon: &Daemon, path: &str, body: Value) -> (u16, String) {
    let answer = daemon.press(path, &body).await;
    (answer.status, answer.code())
}

#[tokio::test]
async fn a_whole_session_is_pressed_through_by_the_page() {
    let gateway = Gateway::with("companion_code_file = \"@/companion\"\n");
    let mut daemon = gateway.start().await;
    // All that a cuff brings the first time is its history.
    daemon.measure(&[(118, 76)]).await;
    let page = daemon.get("/").await.body;
    assert!(words::of(&page).contains("No session is open Press Start."), "{page}");
    assert!(
        page.contains("data-post=\"/api/v1/sessions\" data-body=\"{&quot;patient&quot;:&quot;p1&quot;}\""),
        "{page}"
    );
    let opened = daemon.pressed(SESSIONS, &json!({"patient": "p1"})).await;
    let session = format!("{SESSIONS}/{}", opened["session"].as_str().expect("its id"));
    says(&daemon, "Reading 1 of 2.").await;
    next_second().await;
    not_yet(&daemon, &session).await;
    measure_twice(&mut daemon).await;
    attest(&daemon, &session).await;
    let ready = says(&daemon, "Within your clinic's limits until").await;
    assert!(
        ready.contains("121 over 80") && ready.contains("123 over 82"),
        "{ready}"
    );
    let state = daemon.get("/api/v1/status").await.json();
    let of = &state["sessions"][0];
    assert_eq!(
        (&of["ready"], &of["systolic"], &of["diastolic"]),
        (&json!(true), &json!(122), &json!(81))
    );
    assert!(
        of["valid_for_s"].as_u64().is_some_and(|left| left > 0 && left <= 600),
        "{of}"
    );
    daemon.pressed(&format!("{session}/start"), &json!({})).await;
    says(&daemon, "Session under way since").await;
    daemon.pressed(&format!("{session}/close"), &json!({})).await;
    says(&daemon, "This session is over").await;
    assert_eq!(
        refused(&daemon, &format!("{session}/start"), json!({})).await.1,
        "unknown_session"
    );
    let (code, log) = daemon.stop().await;
    assert_eq!(code, Some(0), "{log}");
    // As words: the fingerprint of a key may have any letters in it.
    let words: Vec<&str> = log.split(|character: char| !character.is_alphanumeric()).collect();
    for private in [COMPANIONS, "p1"] {
        assert!(!words.contains(&private), "{log}");
    }
}

/// The gate's refusals, by the page.
async fn not_yet(daemon: &Daemon, session: &str) {
    let attest = format!("{session}/attestations");
    for (path, body, expected) in [
        (SESSIONS, json!({"patient": "p1"}), (409, "session_exists")),
        (SESSIONS, json!({"patient": "nobody"}), (400, "unknown_patient")),
        (
            SESSIONS,
            json!({"session": "s9", "patient": "p1", "policy_sha256": "00"}),
            (409, "policy_mismatch"),
        ),
        (&format!("{session}/start"), json!({}), (409, "not_now")),
        (&attest, json!({"item": "sober"}), (400, "unknown_item")),
        (&attest, json!({"item": "companion_present"}), (403, "not_authorized")),
        ("/api/v1/sessions/s9/close", json!({}), (404, "unknown_session")),
    ] {
        let (status, code) = refused(daemon, path, body.clone()).await;
        assert_eq!((status, code.as_str()), expected, "{path} {body}");
    }
}

async fn measure_twice(daemon: &mut Daemon) {
    let mut follower = Follower::open(daemon.address()).await;
    daemon.measure(&[(121, 80)]).await;
    says(daemon, "Reading 2 of 2.").await;
    next_second().await;
    daemon.measure(&[(123, 82)]).await;
    says(daemon, "Still to confirm").await;
    // Whoever follows sees the same without asking.
    let wants_more = |state: &Value| {
        state["sessions"][0]["readings_needed"]
            .as_u64()
            .is_some_and(|needed| needed > 0)
    };
    within("the same in the events", async {
        while wants_more(&follower.state().await) {}
    })
    .await;
}

async fn attest(daemon: &Daemon, session: &str) {
    let path = format!("{session}/attestations");
    let companion = json!({"item": "companion_present", "companion_code": COMPANIONS});
    daemon.pressed(&path, &companion).await;
    daemon.pressed(&path, &json!({"item": "medications_held"})).await;
    daemon.pressed(&path, &json!({"item": "safe_setting"})).await;
    let state = daemon.get("/api/v1/status").await.json();
    let attested = state["sessions"][0]["attested"].as_array().expect("a list").clone();
    let attested: Vec<_> = attested
        .iter()
        .map(|one| (one["item"].as_str(), one["by"].as_str()))
        .collect();
    for one in [
        ("companion_present", "companion"),
        ("medications_held", "page"),
        ("safe_setting", "page"),
    ] {
        assert!(attested.contains(&(Some(one.0), Some(one.1))), "{attested:?}");
    }
    daemon
        .pressed(&path, &json!({"item": "safe_setting", "value": false}))
        .await;
    says(daemon, "Still to confirm").await;
    daemon.pressed(&path, &json!({"item": "safe_setting"})).await;
}

#[tokio::test]
async fn the_control_socket_has_the_same_api_and_asks_for_no_code() {
    let lines = "companion_code_file = \"@/companion\"\nopen_sessions = \"never\"\nshow_values = false\n";
    let gateway = Gateway::with(lines);
    let mut daemon = gateway.start().await;
    daemon.measure(&[(118, 76)]).await;
    assert_eq!(
        refused(&daemon, SESSIONS, json!({"patient": "p1"})).await,
        (403, "not_authorized".to_owned())
    );
    let opened = daemon
        .post(SESSIONS, &json!({"session": "s1", "patient": "p1"}))
        .await
        .unwrap();
    assert_eq!(
        opened,
        json!({"schema": "cuffd.reply/1", "id": null, "ok": true, "session": "s1"})
    );
    next_second().await;
    daemon.measure(&[(121, 80), (123, 82)]).await;
    for item in ["companion_present", "medications_held", "safe_setting"] {
        let body = json!({"item": item, "by": "nurse"});
        daemon.post("/api/v1/sessions/s1/attestations", &body).await.unwrap();
    }
    let ready = daemon
        .until("ready", |state| state["sessions"][0]["ready"] == true)
        .await;
    assert_eq!(ready["sessions"][0]["systolic"], 122, "the socket is told everything");
    let shown = daemon.get("/api/v1/status").await.json();
    let of = &shown["sessions"][0];
    assert_eq!(
        (&of["ready"], &of["systolic"], &of["diastolic"]),
        (&json!(true), &Value::Null, &Value::Null)
    );
    let page = words::of(&daemon.get("/answer").await.body);
    assert!(
        page.contains("Within your clinic's limits") && !page.contains("121 over"),
        "{page}"
    );
    match daemon.post("/api/v1/sessions/s2/start", &json!({})).await {
        Err(ClientError::Refused { status, text }) => {
            assert!(status == 404 && text.contains("unknown_session"), "{status} {text}");
        }
        other => panic!("{other:?}"),
    }
    daemon.post("/api/v1/sessions/s1/start", &json!({})).await.unwrap();
    daemon.post("/api/v1/sessions/s1/close", &json!({})).await.unwrap();
    says(&daemon, "This session is over").await;
    for page in ["/", "/answer", "/assets/page.js", "/metrics"] {
        let refused = daemon.read(page).await.expect_err("it is no page");
        assert!(
            matches!(&refused, ClientError::Refused { status, .. } if *status == 404),
            "{page}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn the_machines_own_names_and_those_of_the_config_are_answered() {
    let gateway = Gateway::with("hosts = [\"Kitchen.Example\"]\n");
    let daemon = gateway.start().await;
    let own = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let address = daemon.address().to_string();
    for host in [
        own.as_str(),
        &format!("{own}.local"),
        "kitchen.example",
        &address,
        "localhost",
    ] {
        let request = Request::get("/api/v1/status").header("host", host);
        assert_eq!(request.send(daemon.address()).await.status, 200, "{host}");
        let request = Request::post("/api/v1/sessions/s1/close", &json!({}));
        let request = request.header("host", host).header("origin", &format!("http://{host}"));
        let answer = request.send(daemon.address()).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (404, "unknown_session"),
            "{host}"
        );
    }
    for host in ["example", "evil.kitchen.example", "192.0.2.1"] {
        let request = Request::get("/api/v1/status").header("host", host);
        assert_eq!(request.send(daemon.address()).await.status, 421, "{host}");
    }
}

#[tokio::test]
async fn the_end_of_the_daemon_ends_the_streams_and_they_hold_up_nothing() {
    let gateway = Gateway::with("");
    let daemon = gateway.start().await;
    let mut followers = Vec::new();
    for _ in 0..3 {
        let mut follower = Follower::open(daemon.address()).await;
        follower.state().await;
        followers.push(follower);
    }
    let address = daemon.address();
    let (code, log) = daemon.stop().await;
    assert_eq!(code, Some(0), "{log}");
    for mut follower in followers {
        while follower.next().await.is_some() {}
    }
    assert!(
        tokio::net::TcpStream::connect(address).await.is_err(),
        "nobody listens any more"
    );
}

#[tokio::test]
async fn beyond_loopback_the_code_is_asked_for_and_a_restart_asks_for_it_no_more() {
    let gateway = Gateway::open_to_all("access_code_file = \"@/access\"\n");
    let daemon = gateway.start().await;
    for target in ["/", "/answer", "/api/v1/status", "/api/v1/events"] {
        assert_eq!(daemon.get(target).await.status, 401, "{target}");
    }
    assert_eq!(daemon.get("/healthz").await.status, 200);
    let wrong = daemon.press("/api/v1/code", &json!({"code": "000000"})).await;
    assert_eq!((wrong.status, wrong.code().as_str()), (403, "not_authorized"));
    let entered = daemon.press("/api/v1/code", &json!({"code": CODE})).await;
    let cookie = entered.cookie();
    let inside = Request::get("/").header("cookie", &cookie);
    assert!(inside.send(daemon.address()).await.body.contains("No session is open"));
    let (code, log) = daemon.stop().await;
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains(CODE), "{log}");
    let daemon = gateway.start().await;
    assert_eq!(inside.send(daemon.address()).await.status, 200);
    assert_eq!(daemon.get("/").await.status, 401);
}
