//! What is pressed reaches the gate as it was meant; what is not understood reaches nobody (contract 5, 3.5).

use cuffd::core::name::Name;
use cuffd::private::Private;
use cuffd::web::asked::Action;
use cuffd::web::entry::Code;
use serde_json::{Value, json};

use crate::client::Request;
use crate::rig::{Room, name};

const SESSIONS: &str = "/api/v1/sessions";

/// A reply that says that it was done.
pub(crate) fn done() -> Value {
    json!({"schema": "cuffd.reply/1", "id": null, "ok": true})
}

#[tokio::test]
async fn each_action_reaches_the_gate_with_its_fields() {
    let mut room = Room::open().await;
    let attested = |item: &str, by: &str, value| Action::Attest {
        session: name("s1"),
        item: name(item),
        by: name(by),
        value,
    };
    for (path, body, action) in [
        (
            "s1/attestations",
            json!({"item": "safe_setting"}),
            attested("safe_setting", "page", true),
        ),
        (
            "s1/attestations",
            json!({"item": "companion_present", "value": false}),
            attested("companion_present", "companion", false),
        ),
        (
            "s1/attestations",
            json!({"item": "safe_setting", "by": "nurse", "value": true}),
            attested("safe_setting", "nurse", true),
        ),
        ("s1/start", json!({}), Action::Start { session: name("s1") }),
        ("s1/close", json!({}), Action::Close { session: name("s1") }),
    ] {
        let answer = room.ask(&Request::post(&format!("{SESSIONS}/{path}"), &body)).await;
        assert_eq!((answer.status, answer.json()), (200, done()), "{path}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(room.heard(), [action]);
    }
    let empty = room.ask(&Request::post_text(&format!("{SESSIONS}/s1/close"), "")).await;
    assert_eq!(
        (empty.status, room.heard().len()),
        (200, 1),
        "an empty body is an empty object"
    );
}

#[tokio::test]
async fn a_session_is_opened_with_its_id_or_with_a_new_one() {
    let mut room = Room::open().await;
    let whole = json!({"session": "s7", "patient": "p1", "cuff": "own", "policy_sha256": "ab"});
    let answer = room.ask(&Request::post(SESSIONS, &whole)).await;
    assert_eq!((answer.status, &answer.json()["session"]), (200, &json!("s7")));
    let opened = Action::Open {
        session: name("s7"),
        patient: name("p1"),
        cuff: Some(name("own")),
        policy_sha256: Some("ab".to_owned()),
    };
    assert_eq!(room.heard(), [opened]);
    let mut ids: Vec<Name> = Vec::new();
    for _ in 0..2 {
        let answer = room
            .ask(&Request::post(SESSIONS, &json!({"patient": "p1"})))
            .await
            .json();
        let heard = room.heard();
        let [
            Action::Open {
                session,
                patient,
                cuff: None,
                policy_sha256: None,
            },
        ] = &heard[..]
        else {
            panic!("{heard:?}");
        };
        assert_eq!(
            (answer["ok"].as_bool(), answer["session"].as_str()),
            (Some(true), Some(session.as_str()))
        );
        assert_eq!(*patient, name("p1"));
        ids.push(session.clone());
    }
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn what_the_gate_refuses_is_told_by_its_code() {
    let mut room = Room::open().await;
    for (code, status) in [
        ("not_now", 409),
        ("session_exists", 409),
        ("policy_mismatch", 409),
        ("no_policy", 409),
        ("clock_unsynchronized", 409),
        ("unknown_session", 404),
        ("unknown_patient", 400),
        ("unknown_item", 400),
        ("busy", 503),
    ] {
        let session = format!("no-{code}");
        let requests = [
            Request::post(SESSIONS, &json!({"session": session, "patient": "p1"})),
            Request::post(
                &format!("{SESSIONS}/{session}/attestations"),
                &json!({"item": "safe_setting"}),
            ),
            Request::post(&format!("{SESSIONS}/{session}/start"), &json!({})),
            Request::post(&format!("{SESSIONS}/{session}/close"), &json!({})),
        ];
        for request in requests {
            let answer = room.ask(&request).await;
            assert_eq!((answer.status, answer.code().as_str()), (status, code), "{request:?}");
        }
        assert_eq!(room.heard().len(), 4);
    }
}

#[tokio::test]
async fn a_page_that_may_not_open_a_session_opens_none() {
    let mut room = Room::with(|site| site.opens_sessions = false).await;
    let answer = room
        .ask(&Request::post(SESSIONS, &json!({"session": "s1", "patient": "p1"})))
        .await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "not_authorized"));
    assert_eq!(room.heard(), []);
    let close = room
        .ask(&Request::post(&format!("{SESSIONS}/s1/close"), &json!({})))
        .await;
    assert_eq!(
        (close.status, room.heard().len()),
        (200, 1),
        "but it may do everything else"
    );
}

#[tokio::test]
async fn without_a_policy_it_is_the_gate_that_says_why() {
    let mut room = Room::with(|site| {
        site.contacts = None;
        site.opens_sessions = false;
    })
    .await;
    let opening = json!({"session": "no-no_policy", "patient": "p1"});
    let answer = room.ask(&Request::post(SESSIONS, &opening)).await;
    assert_eq!((answer.status, answer.code().as_str()), (409, "no_policy"));
    assert_eq!(room.heard().len(), 1);
}

#[tokio::test]
async fn a_body_that_is_no_object_is_malformed_and_so_is_an_id_that_is_no_name() {
    let mut room = Room::open().await;
    for (path, body) in [
        (SESSIONS.to_owned(), json!(["s1", "p1", null, null])),
        (
            format!("{SESSIONS}/s1/attestations"),
            json!(["companion_present", null, true, null]),
        ),
        (format!("{SESSIONS}/s1/close"), json!([])),
        (format!("{SESSIONS}/%ff/close"), json!({})),
        (format!("{SESSIONS}/a%20b/start"), json!({})),
    ] {
        let answer = room.ask(&Request::post(&path, &body)).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "malformed"), "{path}");
    }
    assert_eq!(room.heard(), []);
}

/// A page where a companion has a code of their own.
async fn with_a_companion() -> Room {
    Room::with(|site| site.companion_code = Some(Code::new(Private::new("135790".to_owned())))).await
}

fn attest(body: &Value) -> Request {
    Request::post(&format!("{SESSIONS}/s1/attestations"), body)
}

#[tokio::test]
async fn what_is_the_companions_needs_the_companions_code() {
    let mut room = with_a_companion().await;
    for body in [
        json!({"item": "companion_present"}),
        json!({"item": "companion_present", "value": true, "by": "companion"}),
        json!({"item": "companion_present", "companion_code": "135791"}),
        json!({"item": "companion_else", "companion_code": ""}),
    ] {
        let answer = room.ask(&attest(&body)).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (403, "not_authorized"),
            "{body}"
        );
        assert_eq!(room.heard(), []);
    }
    for body in [
        json!({"item": "companion_present", "companion_code": "135790"}),
        json!({"item": "safe_setting"}),
        // What makes a session less ready is never held up.
        json!({"item": "companion_present", "value": false}),
    ] {
        let answer = room.ask(&attest(&body)).await;
        assert_eq!((answer.status, room.heard().len()), (200, 1), "{body}: {}", answer.body);
    }
}

#[tokio::test]
async fn the_companions_code_cannot_be_guessed_at_for_long() {
    let mut room = with_a_companion().await;
    let body = |code: &str| json!({"item": "companion_present", "companion_code": code});
    for wrong in ["1", "2", "3", "4", "5"] {
        assert_eq!(room.ask(&attest(&body(wrong))).await.status, 403);
    }
    let answer = room.ask(&attest(&body("135790"))).await;
    assert_eq!((answer.status, answer.code().as_str()), (429, "busy"));
    assert_eq!(room.heard(), []);
    let taken_back = room
        .ask(&attest(&json!({"item": "companion_present", "value": false})))
        .await;
    assert_eq!(
        (taken_back.status, room.heard().len()),
        (200, 1),
        "what was confirmed can still be taken back"
    );
}

#[tokio::test]
async fn what_is_not_understood_reaches_no_gate() {
    let mut room = Room::open().await;
    let deep = format!("{}{}", "[".repeat(4000), "]".repeat(4000));
    let deep_field = format!("{{\"patient\":{}1{}}}", "{\"a\":".repeat(1300), "}".repeat(1300));
    let bodies = [
        "null",
        "[]",
        "7",
        "\"p1\"",
        "{",
        "{\"patient\":\"p1\"} {}",
        "{\"patient\":\"p1\",\"patient\":\"p2\"}",
        "{\"patient\":null,\"item\":null}",
        "{\"patient\":7,\"item\":7}",
        "{\"patient\":\"\",\"item\":\"\"}",
        "{\"patient\":\"p 1\",\"item\":\"../x\"}",
        "{\"patient\":\"p1\\u0000\",\"item\":\"a\\u0000\"}",
        "{\"patient\":\"pé\",\"item\":\"é\"}",
        "patient=p1",
        "<p>",
        "\u{feff}{}",
        &deep,
        &deep_field,
    ];
    for body in bodies {
        for path in ["", "/s1/attestations"] {
            let answer = room.ask(&Request::post_text(&format!("{SESSIONS}{path}"), body)).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (400, "malformed"),
                "{path} {body:.60}"
            );
            assert!(
                !answer.body.contains("p1"),
                "what was sent is not sent back: {}",
                answer.body
            );
        }
    }
    for path in ["/s1/start", "/s1/close"] {
        for body in ["null", "7", "{", &deep] {
            let answer = room.ask(&Request::post_text(&format!("{SESSIONS}{path}"), body)).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (400, "malformed"),
                "{path} {body:.60}"
            );
        }
    }
    assert_eq!(room.heard(), []);
    still_answers(&room).await;
}

async fn still_answers(room: &Room) {
    assert_eq!(room.get("/api/v1/status").await.status, 200);
}

#[tokio::test]
async fn a_body_is_no_larger_than_a_command_may_be() {
    let mut room = Room::open().await;
    let padded = |length: usize| {
        let body = json!({"patient": "p1", "policy_sha256": ""}).to_string();
        let padding = "a".repeat(length - body.len());
        body.replace("\"policy_sha256\":\"\"", &format!("\"policy_sha256\":\"{padding}\""))
    };
    for (length, status) in [(8192, 200), (8193, 413), (100_000, 413)] {
        for target in [SESSIONS, "/api/v1/sessions/s1/attestations"] {
            let body = padded(length);
            assert_eq!(body.len(), length);
            let answer = room.ask(&Request::post_text(target, &body)).await;
            if target == SESSIONS || status != 200 {
                assert_eq!(answer.status, status, "{length}: {}", answer.body);
            }
        }
    }
    assert_eq!(room.heard().len(), 1);
    still_answers(&room).await;
}

#[tokio::test]
async fn a_session_that_has_no_name_is_refused() {
    let mut room = Room::open().await;
    let long = "s".repeat(41);
    for session in [
        "", "%2e%2e", "..", "-s1", "s%201", "%00", "s1%00", "%C3%A9", "s1%2Fx", "%22%3E", "%ff", &long,
    ] {
        for act in ["attestations", "start", "close"] {
            let target = format!("{SESSIONS}/{session}/{act}");
            let answer = room
                .ask(&Request::post(&target, &json!({"item": "safe_setting"})))
                .await;
            assert!(matches!(answer.status, 400 | 404), "{target}: {}", answer.head);
        }
    }
    for target in [
        "/api/v1/sessions/",
        "/api/v1/sessions/s1",
        "/api/v1/sessions/s1/decide",
        "/api/v1/sessions/s1/close/",
        "/API/v1/sessions",
    ] {
        let answer = room.ask(&Request::post(target, &json!({"patient": "p1"}))).await;
        assert_eq!(answer.status, 404, "{target}");
    }
    assert_eq!(room.heard(), []);
}

#[tokio::test]
async fn an_action_is_a_post() {
    let mut room = Room::open().await;
    for path in ["", "/s1/attestations", "/s1/start", "/s1/close"] {
        for method in ["GET", "PUT", "DELETE", "PATCH", "HEAD"] {
            let answer = room.ask(&Request::of(method, &format!("{SESSIONS}{path}"))).await;
            assert_eq!(answer.status, 405, "{method} {path}");
        }
    }
    assert_eq!(room.heard(), []);
}

#[tokio::test]
async fn tricks_with_paths_find_nothing() {
    let room = Room::open().await;
    for target in [
        "/assets/",
        "/assets/../",
        "/assets/..",
        "/assets/../page.css",
        "/assets/%2e%2e",
        "/assets/%2e%2e/",
        "/assets/%2e%2e%2fCargo.toml",
        "/assets/..%2f..%2fetc%2fpasswd",
        "/assets/%2Fetc%2Fpasswd",
        "/assets/..%5cpage.css",
        "/assets/%00",
        "/assets/page.css%00",
        "/assets/page.css/",
        "/assets/PAGE.CSS",
        "/assets/./page.css",
        "/assets/sitting.svg%3f",
        "//assets/page.css",
        "//",
        "/answer/",
        "/index.html",
        "/control/v1/readings",
        "/control/v1/key",
    ] {
        let answer = room.get(target).await;
        assert_eq!(answer.status, 404, "{target}: {}", answer.body);
    }
    // Octets that stand in no address do not even get so far.
    for target in ["/assets/\0", "/assets/%ff", "/assets/%", "/\u{7f}"] {
        let answer = room.get(target).await;
        assert!(matches!(answer.status, 400 | 404), "{target:?}: {}", answer.head);
    }
    still_answers(&room).await;
}
