//! Who may: names of the box, the page's own requests, the access code (contract 5).

use serde_json::json;

use crate::client::{Answer, Request};
use crate::rig::{CODE, Room, door};
use crate::samples::{self, state};

#[tokio::test]
async fn only_the_boxs_own_names_are_answered() {
    let room = Room::open().await;
    let port = room.address.port();
    let with_port = format!("localhost:{port}");
    for host in [
        "localhost",
        "LocalHost",
        &with_port,
        "127.0.0.1",
        "127.0.0.1:8377",
        "[::1]",
        "[::1]:8377",
        "box",
        "BOX.local:80",
        "cuff.example",
    ] {
        for target in ["/", "/api/v1/status", "/healthz"] {
            let answer = room.ask(&Request::get(target).header("host", host)).await;
            assert_eq!(answer.status, 200, "{host} {target}");
        }
    }
    for host in [
        "evil.example",
        "localhost.evil.example",
        "evil.example:127",
        "box.evil",
        "192.0.2.1",
        "0.0.0.0",
        "[2001:db8::1]",
        "localhost@evil.example",
        "localhost:80:80",
        "",
    ] {
        for target in [
            "/",
            "/answer",
            "/api/v1/status",
            "/api/v1/events",
            "/healthz",
            "/assets/page.js",
            "/metrics",
        ] {
            let answer = room.ask(&Request::get(target).header("host", host)).await;
            assert_eq!(answer.status, 421, "{host} {target}");
        }
    }
}

#[tokio::test]
async fn of_no_host_or_two_none_is_believed() {
    let room = Room::open().await;
    let request = Request::get("/api/v1/status");
    for request in [
        request.clone().without("host"),
        request.clone().also("host", "evil.example"),
        request.clone().also("host", "localhost"),
        Request::get("http://evil.example/api/v1/status"),
    ] {
        let status = room.ask(&request).await.status;
        assert!(matches!(status, 400 | 421), "{status}: {request:?}");
    }
}

#[tokio::test]
async fn what_another_sites_page_could_send_reaches_no_gate() {
    let mut room = Room::open().await;
    for target in [
        "/api/v1/sessions",
        "/api/v1/sessions/s1/attestations",
        "/api/v1/sessions/s1/start",
        "/api/v1/sessions/s1/close",
        "/api/v1/code",
    ] {
        let own = Request::post(target, &json!({"patient": "p1", "item": "safe_setting", "code": CODE}));
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "application/jsonp",
            "",
        ] {
            let answer = room.ask(&own.clone().header("content-type", kind)).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (415, "malformed"),
                "{target} {kind}"
            );
        }
        assert_eq!(room.ask(&own.clone().without("content-type")).await.status, 415);
        for origin in [
            "http://evil.example",
            "https://localhost",
            "http://localhost:1",
            "http://127.0.0.1",
            "http://localhost.evil.example",
            "null",
            "",
        ] {
            let answer = room.ask(&own.clone().header("origin", origin)).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (403, "not_authorized"),
                "{target} {origin}"
            );
        }
        assert_eq!(room.ask(&own.clone().without("origin")).await.status, 403, "{target}");
        assert_eq!(room.ask(&own.clone().header("host", "evil.example")).await.status, 421);
        assert_eq!(room.heard(), [], "{target}");
        // The same, but the page's own, is taken.
        let charset = own.header("content-type", "Application/JSON; charset=utf-8");
        assert_eq!(room.ask(&charset).await.status, 200, "{target}");
        assert_eq!(room.heard().len(), usize::from(target != "/api/v1/code"), "{target}");
    }
}

#[tokio::test]
async fn no_other_sites_page_is_told_that_it_may() {
    let mut room = Room::open().await;
    let asks_first = Request::of("OPTIONS", "/api/v1/sessions")
        .header("origin", "http://evil.example")
        .header("access-control-request-method", "POST");
    for request in [
        asks_first,
        Request::get("/api/v1/status").header("origin", "http://evil.example"),
    ] {
        let answer = room.ask(&request).await;
        assert!(
            !answer.head.to_lowercase().contains("access-control"),
            "{}",
            answer.head
        );
    }
    assert_eq!(room.heard(), []);
}

/// Everything that needs the code.
fn inside() -> Vec<Request> {
    let gets = [
        "/",
        "/answer",
        "/answer?part=1",
        "/api/v1/status",
        "/api/v1/events",
        "/metrics",
        "/healthz/x",
        "/x",
    ];
    let posts = [
        "/api/v1/sessions",
        "/api/v1/sessions/s1/close",
        "/api/v1/sessions/s1/start",
    ];
    let gets = gets.iter().map(|target| Request::get(target));
    gets.chain(
        posts
            .iter()
            .map(|target| Request::post(target, &json!({"patient": "p1"}))),
    )
    .collect()
}

async fn behind_the_door() -> Room {
    let room = Room::with(|site| site.door = Some(door())).await;
    room.show(state(&[samples::blocked(samples::minutes(20))]));
    room
}

async fn enter(room: &Room, code: &str) -> Answer {
    room.ask(&Request::post("/api/v1/code", &json!({"code": code}))).await
}

#[tokio::test]
async fn behind_the_door_nothing_is_shown_or_done_without_the_code() {
    let mut room = behind_the_door().await;
    for request in inside() {
        let answer = room.ask(&request).await;
        assert_eq!(answer.status, 401, "{request:?}");
        for secret in ["Anna", "146", "s1", "Not now", CODE] {
            assert!(!answer.body.contains(secret), "{request:?} {secret}");
        }
    }
    assert_eq!(room.heard(), []);
    let page = room.get("/").await.body;
    assert!(
        crate::words::of(&page).starts_with("Emergency? Call 112 now."),
        "whom to call stands there too: {page}"
    );
    let health = room.get("/healthz").await;
    assert_eq!((health.status, health.body.as_str()), (200, ""));
}

#[tokio::test]
async fn the_code_is_given_once_and_a_cookie_lets_one_in() {
    let mut room = behind_the_door().await;
    let entered = enter(&room, &format!(" {CODE} ")).await;
    assert_eq!(entered.status, 200, "{}", entered.body);
    let cookie = entered.header("set-cookie").expect("a cookie");
    let (pair, attributes) = cookie.split_once("; ").expect("attributes");
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=2592000"] {
        assert!(attributes.split("; ").any(|known| known == attribute), "{cookie}");
    }
    assert!(!cookie.contains(CODE) && !entered.body.contains(CODE));
    for target in ["/", "/answer", "/api/v1/status", "/metrics"] {
        let answer = room
            .ask(&Request::get(target).header("cookie", &format!("a=b; {pair}")))
            .await;
        assert_eq!(answer.status, 200, "{target}");
    }
    let close = Request::post("/api/v1/sessions/s1/close", &json!({})).header("cookie", pair);
    assert_eq!(room.ask(&close).await.status, 200);
    assert_eq!(room.heard().len(), 1);
    let elsewhere = close.header("origin", "http://evil.example");
    assert_eq!(
        room.ask(&elsewhere).await.status,
        403,
        "a cookie makes no other site the page's own"
    );
}

#[tokio::test]
async fn a_forged_cookie_lets_nobody_in() {
    let room = behind_the_door().await;
    let entered = enter(&room, CODE).await;
    let cookie = entered.cookie();
    let (until, tag) = cookie
        .strip_prefix("cuffd=")
        .and_then(|value| value.split_once('.'))
        .expect("two parts");
    let later = until.parse::<i64>().expect("a time") + 1;
    let last = if tag.ends_with('0') { '1' } else { '0' };
    let elsewhere = cuffd_cookie_of_another_gateway().await;
    for forged in [
        format!("cuffd={later}.{tag}"),
        format!("cuffd={until}.{}{last}", &tag[..tag.len() - 1]),
        format!("cuffd={until}."),
        format!("cuffd={until}.{}", &tag[..tag.len() - 2]),
        format!("cuffd={until}"),
        "cuffd=".to_owned(),
        format!("cuffd={CODE}"),
        format!("other={until}.{tag}"),
        elsewhere,
    ] {
        for target in ["/", "/api/v1/status"] {
            let answer = room.ask(&Request::get(target).header("cookie", &forged)).await;
            assert_eq!(answer.status, 401, "{forged}");
        }
    }
    let known = room
        .ask(&Request::get("/api/v1/status").header("cookie", &cookie))
        .await;
    assert_eq!(known.status, 200, "the true one still holds");
}

async fn cuffd_cookie_of_another_gateway() -> String {
    let room = Room::with(|site| {
        let door = door();
        let cookies = cuffd::web::entry::Cookies::new(b"of another", cuffd::private::Private::new(CODE.to_owned()));
        site.door = Some(cuffd::web::Door { cookies, ..door });
    })
    .await;
    let entered = enter(&room, CODE).await;
    entered.cookie()
}

#[tokio::test]
async fn five_wrong_codes_shut_the_entry_to_everybody() {
    let room = behind_the_door().await;
    let entered = enter(&room, CODE).await;
    let cookie = entered.cookie();
    for wrong in ["000000", "24681", "2468100", "", "２４６８１０"] {
        let answer = enter(&room, wrong).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (403, "not_authorized"),
            "{wrong}"
        );
        assert_eq!(answer.header("set-cookie"), None);
    }
    let shut = enter(&room, CODE).await;
    assert_eq!(
        (shut.status, shut.header("retry-after")),
        (429, Some("60")),
        "the right one does not help"
    );
    assert_eq!((shut.code().as_str(), shut.header("set-cookie")), ("busy", None));
    let known = room
        .ask(&Request::get("/api/v1/status").header("cookie", &cookie))
        .await;
    assert_eq!(known.status, 200, "whoever is in stays in");
}

#[tokio::test]
async fn metrics_beyond_loopback_take_the_code_as_a_bearer() {
    let room = behind_the_door().await;
    let with = |value: &str| Request::get("/metrics").header("authorization", value);
    let told = room.ask(&with(&format!("Bearer {CODE}"))).await;
    assert_eq!(told.status, 200);
    let small = room.ask(&with(&format!("bearer {CODE}"))).await;
    assert_eq!(small.status, 200, "a scheme's letters may be of any size");
    // As words: the time of the start may have any digits in it.
    let words: Vec<&str> = told
        .body
        .split(|character: char| !character.is_alphanumeric())
        .collect();
    for secret in ["p1", "s1", "own", "146", "Anna"] {
        assert!(!words.contains(&secret), "{secret}: {}", told.body);
    }
    let elsewhere = Request::get("/api/v1/status").header("authorization", &format!("Bearer {CODE}"));
    assert_eq!(room.ask(&elsewhere).await.status, 401, "for metrics alone");
    for wrong in ["Bearer 000000", "Bearer 0", "Bearer x", "Bearer 1", "Bearer 2"] {
        assert_eq!(room.ask(&with(wrong)).await.status, 401, "{wrong}");
    }
    assert_eq!(
        room.ask(&with(&format!("Bearer {CODE}"))).await.status,
        429,
        "guessing here is guessing too"
    );
    assert_eq!(enter(&room, CODE).await.status, 429);
}
