//! What stands on every answer, and that nothing comes from anywhere else (contract 5).

use serde_json::json;

use crate::client::Request;
use crate::rig::{Room, door};
use crate::samples;

const ASSETS: [&str; 4] = [
    "/assets/page.css",
    "/assets/page.js",
    "/assets/code.js",
    "/assets/icon.svg",
];

#[tokio::test]
async fn whatever_is_asked_of_the_page_it_says_whom_to_call() {
    let room = Room::open().await;
    for target in ["/?lang=de&lang=es", "/?lang=%ff", "/?%", "/answer?part=1&part=2"] {
        let answer = room.get(target).await;
        assert_eq!(answer.status, 200, "{target}");
        assert!(target.starts_with("/answer") || answer.body.contains("112"), "{target}");
    }
}

#[tokio::test]
async fn every_answer_keeps_others_out() {
    let room = Room::open().await;
    let shut = Room::with(|site| site.door = Some(door())).await;
    let mut answers = vec![shut.get("/").await, shut.get("/api/v1/status").await];
    let mut targets = vec![
        "/",
        "/answer",
        "/healthz",
        "/api/v1/status",
        "/metrics",
        "/x",
        "/assets/x",
        "/answer?lang=%",
    ];
    targets.extend(ASSETS);
    for target in targets {
        answers.push(room.get(target).await);
    }
    let post = Request::post("/api/v1/sessions/s1/close", &json!({}));
    for request in [
        post.clone(),
        post.clone().without("origin"),
        post.without("content-type"),
        Request::get("/").header("host", "evil.example"),
        Request::of("DELETE", "/api/v1/status"),
        Request::post("/api/v1/sessions/no-not_now/close", &json!({})),
    ] {
        answers.push(room.ask(&request).await);
    }
    for answer in answers {
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(
            policy.starts_with("default-src 'self';") && !policy.contains("unsafe"),
            "{policy}"
        );
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "SAMEORIGIN"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{}", answer.head);
        }
        let kept = answer.header("cache-control").expect("how long it is kept");
        assert!(
            kept == "no-store" || kept.starts_with("private, max-age="),
            "{}",
            answer.head
        );
        assert!(
            kept == "no-store" || !answer.body.contains("555-0100"),
            "nobody's numbers are kept"
        );
    }
}

#[tokio::test]
async fn nothing_comes_from_anybody_else() {
    let room = Room::open().await;
    let mut texts = Vec::new();
    for (_, state) in samples::every() {
        room.show(state);
        texts.push(room.get("/").await.body);
        texts.push(room.get("/answer").await.body);
    }
    for asset in ASSETS {
        let asset = room.get(asset).await;
        assert_eq!(asset.status, 200);
        texts.push(asset.body);
    }
    let shut = Room::with(|site| site.door = Some(door())).await;
    texts.push(shut.get("/").await.body);
    for text in texts {
        // A name space is no address: nothing is fetched from there.
        let text = text.replace("http://www.w3.org/2000/svg", "");
        for word in [
            "http:",
            "https:",
            "url(",
            "@import",
            "src=\"//",
            "href=\"//",
            "style=\"",
            "onclick",
            "eval(",
        ] {
            assert!(!text.contains(word), "{word}: {text}");
        }
        for start in ["src=\"", "href=\""] {
            for target in text.split(start).skip(1) {
                assert!(target.starts_with('/') || target.starts_with("tel:"), "{target}");
            }
        }
        for script in text.split("<script").skip(1) {
            assert!(script.starts_with(" src=\""), "no script stands in the page: {script}");
        }
    }
}

#[tokio::test]
async fn the_page_with_all_that_it_needs_is_small() {
    let room = Room::open().await;
    let mut assets = 0;
    for asset in ASSETS {
        assets += room.get(asset).await.size;
    }
    for (name, state) in samples::every() {
        room.show(state);
        let mut size = assets;
        for page in ["/?lang=de", "/answer?part=1&lang=de", "/api/v1/status"] {
            size += room.get(page).await.size;
        }
        assert!(size <= 60_000, "{name}: {size} octets");
    }
}
