//! The digits that a cuff shows, entered on the page.

use cuffd::core::pairing::UnderWay;
use cuffd::core::state::State;
use serde_json::{Value, json};

use crate::acts::done;
use crate::client::Request;
use crate::rig::Room;
use crate::samples;

#[tokio::test]
async fn what_a_cuff_shows_is_entered_here_while_it_waits_for_it() {
    let room = Room::open().await;
    let enter = |passkey: Value| Request::post("/api/v1/passkey", &json!({ "passkey": passkey }));
    let answer = room.ask(&enter(json!("000 042"))).await;
    assert_eq!((answer.status, answer.json()), (200, done()));
    let answer = room.ask(&enter(json!("123456"))).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]["code"]),
        (409, &json!("not_now"))
    );
    for malformed in [json!("42"), json!(42), json!("abcdef"), json!(null), json!("1234567")] {
        let answer = room.ask(&enter(malformed.clone())).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]["code"]),
            (400, &json!("malformed")),
            "{malformed}"
        );
    }
}

#[tokio::test]
async fn the_page_asks_for_what_a_cuff_shows_only_while_it_waits_for_it() {
    let room = Room::open().await;
    for (pairing, headline, asks) in [
        (None, "No session is open", false),
        (Some(false), "A cuff is being connected", false),
        (Some(true), "The cuff shows six digits", true),
    ] {
        let pairing = pairing.map(|passkey_wanted| UnderWay { passkey_wanted });
        room.show(State {
            pairing,
            ..samples::state(&[])
        });
        let page = room.get("/").await.body;
        assert!(page.contains(headline), "{headline}");
        assert_eq!(page.contains("id=\"passkey\""), asks, "{headline}");
    }
}
