//! What holds of the page in every state.

use cuffd::text::SHIPPED;
use serde_json::json;

use crate::rig::{LABEL, Room};
use crate::samples::{self, minutes, session, state};
use crate::table::{answers, in_order};
use crate::words;

#[tokio::test]
async fn whom_to_call_comes_first_in_every_state_and_language() {
    let first = [
        "Emergency? Call 112 now. Do not wait for this page. Questions: 555-0100",
        "¿Emergencia? Llame ahora al 112. No espere a esta página. Preguntas: 555-0100",
        "Notfall? Jetzt 112 anrufen. Nicht auf diese Seite warten. Fragen: 555-0100",
    ];
    let room = Room::open().await;
    for (name, state) in samples::every() {
        room.show(state);
        for (language, first) in SHIPPED.iter().zip(first) {
            let page = room.get(&format!("/?lang={language}")).await.body;
            assert!(words::of(&page).starts_with(first), "{name}: {page}");
            assert!(page.contains(&format!("<html lang=\"{language}\">")), "{name}");
            let contacts = page
                .find("<header class=\"contacts\"><p class=\"emergency\">")
                .expect("contacts");
            assert!(
                contacts < page.find("<main").unwrap(),
                "outside of what the script changes"
            );
            for hidden in ["<noscript", "<template", " hidden"] {
                assert!(!page[..contacts].contains(hidden), "{name}: seen by everybody");
            }
        }
    }
}

#[tokio::test]
async fn each_state_has_its_name_and_only_ready_has_a_start() {
    let room = Room::open().await;
    for (name, state) in samples::every() {
        let is_open = state.has_open_session();
        room.show(state);
        for page in answers(&room, "en").await {
            assert!(page.contains(&format!("data-view=\"{name}\"")), "{name}: {page}");
            assert_eq!(page.contains("/api/v1/sessions/s1/start"), name == "ready", "{name}");
            assert_eq!(page.contains("We have started"), name == "ready", "{name}");
            assert_eq!(
                words::of(&page).contains("Within your clinic's limits"),
                name == "ready",
                "{name}"
            );
            assert_eq!(words::of(&page).contains("Not today"), is_open, "{name}");
            assert_eq!(page.contains("/api/v1/sessions/s1/close"), is_open, "{name}");
            assert_eq!(words::of(&page).contains(LABEL), name != "none", "{name}: {page}");
            assert!(!page.contains("<Bo>"), "what a clinic writes is escaped");
        }
    }
}

#[tokio::test]
async fn what_is_ready_no_longer_is_not_shown_as_ready() {
    let soon = session(&json!({"state": "ready", "ready": true, "valid_until": minutes(-1)}));
    let denied = session(&json!({"state": "ready", "ready": false, "valid_until": minutes(10)}));
    let endless = session(&json!({"state": "ready", "ready": true}));
    let room = Room::open().await;
    for of in [soon, denied, endless] {
        room.show(state(&[of]));
        for page in answers(&room, "en").await {
            in_order(&words::of(&page), &["Not ready yet".into()]);
            assert!(
                !page.contains("data-view=\"ready\"") && !page.contains("/start"),
                "{page}"
            );
        }
    }
}

#[tokio::test]
async fn a_session_that_ended_makes_room_for_the_next() {
    let room = Room::showing(state(&[samples::ended()])).await;
    assert!(room.get("/").await.body.contains("data-post=\"/api/v1/sessions\""));
    let mut other = samples::wanted();
    other["session"] = json!("s2");
    room.show(state(&[samples::ended(), other]));
    let page = room.get("/").await.body;
    assert!(
        page.contains("data-session=\"s2\"") && !page.contains("data-session=\"s1\""),
        "{page}"
    );
}

#[tokio::test]
async fn words_not_to_be_used_are_used_nowhere() {
    let room = Room::open().await;
    let mut seen = 0;
    for (name, state) in samples::every() {
        room.show(state);
        for language in SHIPPED {
            for page in answers(&room, language).await {
                let text = format!("{} {}", words::of(&page), words::said(&page));
                assert_eq!(words::not_to_be_used(&text), Vec::<String>::new(), "{name}: {text}");
                seen += text.len();
            }
        }
    }
    assert!(seen > 10_000, "there was something to look at");
    for language in SHIPPED {
        let file = format!("{}/src/text/{language}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(file).expect("it is shipped");
        assert_eq!(words::not_to_be_used(&text), Vec::<String>::new(), "{language}");
    }
    assert_eq!(words::not_to_be_used("A Safe one, unsafe."), ["safe"]);
}

#[tokio::test]
async fn the_language_is_the_one_asked_for_then_the_browsers_then_the_clinics() {
    let room = Room::open().await;
    for (target, wished, language) in [
        ("/", "", "en"),
        ("/", "de-AT,de;q=0.9,en;q=0.1", "de"),
        ("/", "fr,es;q=0.5", "es"),
        ("/", "fr", "en"),
        ("/?lang=es", "de", "es"),
        ("/?lang=xx", "de", "de"),
        ("/?lang=%22%3E%3Cb%3E", "", "en"),
    ] {
        let request = crate::client::Request::get(target).header("accept-language", wished);
        let page = room.ask(&request).await.body;
        assert!(
            page.contains(&format!("<html lang=\"{language}\">")),
            "{target} {wished}"
        );
    }
}
