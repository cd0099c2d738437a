//! Why a reading was not counted, and what is amiss with the box (contract 5).

use cuffd::core::state::Problem;
use serde_json::json;

use crate::rig::Room;
use crate::samples::{self, minutes, session, state, troubled};
use crate::words;

#[tokio::test]
async fn a_reading_that_did_not_count_says_why_and_blames_nobody() {
    let room = Room::open().await;
    for (code, line) in [
        ("body_movement", "You moved: that is fine. Rest a minute, then again."),
        ("cuff_too_loose", "The cuff was loose. Put it on again."),
        ("too_soon", "That reading came too soon: not used."),
        ("rest_incomplete", "That reading came too soon: not used."),
        ("stale", "That reading was an older one: not used."),
        ("first_session_history", "That reading was an older one: not used."),
        ("measurement_error", "The cuff could not measure. Once more, please."),
        ("something_new", "That reading was not used."),
    ] {
        let not_counted = json!({"reading": "r2", "received_at": minutes(-1), "reasons": [{"code": code}]});
        let of = session(&json!({"readings_done": 0, "readings_needed": 2, "not_counted": not_counted}));
        room.show(state(&[of]));
        let text = words::of(&room.get("/answer").await.body);
        assert!(text.contains(line), "{code}: {text}");
    }
}

#[tokio::test]
async fn a_measurement_from_another_button_names_both() {
    let unassigned = |user, own: &[u8]| json!({"cuff": "own", "received_at": minutes(-1), "crisis": false, "user_id": user, "own_user_ids": own});
    let room = Room::open().await;
    for (unassigned, line) in [
        (unassigned(Some(2), &[1]), "That came from button 2. Yours is button 1."),
        (unassigned(None, &[]), "A reading came that is not yours: not used."),
    ] {
        let of = session(&json!({"readings_done": 0, "readings_needed": 2, "unassigned": unassigned}));
        room.show(state(&[of]));
        let text = words::of(&room.get("/answer").await.body);
        assert!(text.contains(line), "{text}");
    }
}

#[tokio::test]
async fn what_is_amiss_with_the_box_is_said_with_and_without_a_session() {
    const UNHEARD: &str =
        "The box cannot hear the cuff. Unplug the box, wait ten seconds, plug it in. Then call 555-0100.";
    const CLINIC: &str = "The clinic cannot be reached. Measuring works; nobody there sees it.";
    let room = Room::open().await;
    for (problem, line) in [
        (Problem::BrokerUnreachable, CLINIC),
        (Problem::NoSubscriber, CLINIC),
        (
            Problem::ClockUnsynchronized,
            "The box does not know the time yet. A few minutes.",
        ),
        (Problem::AdapterLost, UNHEARD),
        (Problem::CuffUnreachable, UNHEARD),
        (Problem::BondLost, UNHEARD),
        (
            Problem::StoreUnavailable,
            "The box cannot keep readings now. Call 555-0100.",
        ),
    ] {
        for sessions in [Vec::new(), vec![samples::wanted()], vec![samples::started(minutes(-1))]] {
            room.show(state(&sessions));
            assert!(!words::of(&room.get("/answer").await.body).contains(line));
            room.show(troubled(&sessions, &[problem]));
            let text = words::of(&room.get("/answer").await.body);
            assert!(text.contains(line), "{problem:?}: {text}");
        }
    }
}

#[tokio::test]
async fn the_pressure_in_the_cuff_is_shown_while_it_measures() {
    let room = Room::open().await;
    let mut measuring = state(&[samples::wanted()]);
    measuring.cuffs[0].cuff_pressure = Some("133".to_owned());
    room.show(measuring);
    let text = words::of(&room.get("/answer").await.body);
    assert!(text.contains("Pressure in the cuff: 133"), "{text}");
}
