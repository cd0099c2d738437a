//! Those who follow: the state at once and when it changes, signs of life, and the end (contract 5).

use std::sync::Arc;
use std::time::Duration;

use cuffd::clock;
use cuffd::core::state::State;
use cuffd::web::STREAMS;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::client::Follower;
use crate::rig::{Room, ends};
use crate::samples::{self, minutes, session, state};
use crate::wait::{until, within};

/// A sign of life comes at least so often.
const HEARTBEAT: Duration = Duration::from_secs(6);

#[tokio::test]
async fn the_state_comes_at_once_and_again_when_it_changes() {
    let room = Room::showing(state(&[samples::wanted()])).await;
    let mut follower = Follower::open(room.address).await;
    let mut other = Follower::open(room.address).await;
    let first = follower.state().await;
    assert_eq!(
        (&first["schema"], &first["sessions"][0]["state"]),
        (&json!("cuffd.state/1"), &json!("waiting"))
    );
    assert_eq!(
        first,
        room.get("/api/v1/status").await.json(),
        "the same object as the status"
    );
    room.show(state(&[samples::referred("sent")]));
    assert_eq!(follower.state().await["sessions"][0]["message"], "sent");
    room.show(state(&[]));
    assert_eq!(follower.state().await["sessions"], json!([]));
    within("the same", async {
        while other.state().await["sessions"] != json!([]) {}
    })
    .await;
}

#[tokio::test]
async fn what_changes_with_time_alone_is_told_too() {
    let until = clock::wall() + SignedDuration::from_secs(2);
    let room = Room::showing(state(&[samples::ready(until)])).await;
    let mut follower = Follower::open(room.address).await;
    let first = follower.state().await;
    let left = first["sessions"][0]["valid_for_s"].as_u64().expect("seconds");
    assert!(left <= 2, "{first}");
    let second = follower.state().await;
    assert_eq!(second["sessions"][0]["valid_for_s"], 0, "{second}");
    assert!(clock::wall() >= until, "not before");
    let page = room.get("/answer").await.body;
    assert!(
        page.contains("Not ready yet") && !page.contains("data-view=\"ready\""),
        "{page}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_sign_of_life_comes_every_few_seconds() {
    let ends = ends();
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let service = TowerToHyperService::new(cuffd::web::page(Arc::new(ends.site)));
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        // The test is over before the connection is.
        let _ended = http1::Builder::new()
            .serve_connection(TokioIo::new(theirs), service)
            .await;
    });
    let mut follower = Follower::on(ours).await.expect("it is let in");
    follower.state().await;
    for change in [false, false, true, true] {
        let before = Instant::now();
        if change {
            // A change in between puts no sign of life off.
            tokio::time::sleep(Duration::from_secs(3)).await;
            ends.state.send_replace(Arc::new(state(&[samples::wanted()])));
            follower.state().await;
        }
        let event = follower.next().await.expect("it goes on");
        assert_eq!(event.kind, "heartbeat");
        assert!(before.elapsed() <= HEARTBEAT, "{:?}", before.elapsed());
        assert!(before.elapsed() >= Duration::from_secs(4), "not without need");
        let at: Timestamp = event.data["at"].as_str().expect("a time").parse().expect("a time");
        assert_eq!(event.data["time"], samples::shown(at));
    }
    drop(ends.stop);
}

/// Everything that could be shown of numbers, in each state.
fn measured() -> Vec<State> {
    let reasons = json!([
        {"code": "systolic_above_limit", "measured": 187, "limit": 141},
        {"code": "pulse_rate_below_limit", "measured": 31, "limit": 43},
    ]);
    let means = json!({"systolic": 187, "diastolic": 99.5, "pulse_rate": 31});
    let states = ["waiting", "blocked", "referred", "crisis", "started", "ended"];
    let states = states.map(|name| {
        let mut of = means.clone();
        of["state"] = json!(name);
        of["reasons"] = reasons.clone();
        of["readings_done"] = json!(0);
        of["readings_needed"] = json!(2);
        of["next_at"] = json!(minutes(20));
        let mut state = state(&[session(&of)]);
        state.cuffs[0].cuff_pressure = Some("133".to_owned());
        state
    });
    states.to_vec()
}

/// Which of the numbers of [`measured`] stand in a text, times left aside.
fn numbers(text: &str) -> Vec<&str> {
    const NUMBERS: [&str; 7] = ["187", "141", "31", "43", "99.5", "133", "99"];
    let words = text.split(|character: char| !character.is_ascii_alphanumeric() && !".:-".contains(character));
    words
        .map(|word| word.trim_matches(['.', ':', '-']))
        .filter(|word| NUMBERS.contains(word))
        .collect()
}

#[tokio::test]
async fn where_no_numbers_are_to_be_shown_there_are_none_anywhere() {
    let (shown, hidden) = (Room::open().await, Room::with(|site| site.show_values = false).await);
    for state in measured() {
        let name = state.sessions[0].told.state;
        shown.show(state.clone());
        hidden.show(state);
        assert!(
            !numbers(&shown.get("/api/v1/status").await.body).is_empty(),
            "they are there to be hidden"
        );
        for target in ["/", "/answer", "/answer?part=1", "/api/v1/status", "/metrics"] {
            let body = hidden.get(target).await.body;
            assert_eq!(numbers(&body), Vec::<&str>::new(), "{name:?} {target}: {body}");
        }
        let event = Follower::open(hidden.address).await.state().await;
        assert_eq!(numbers(&event.to_string()), Vec::<&str>::new(), "{event}");
        let codes: Vec<&Value> = event["sessions"][0]["reasons"].as_array().unwrap().iter().collect();
        assert_eq!(codes[0], &json!({"code": "systolic_above_limit"}), "why is still told");
    }
    let blocked = state(&[samples::blocked(minutes(20))]);
    hidden.show(blocked);
    let page = hidden.get("/answer").await.body;
    assert!(
        page.contains("The reading was above your clinic&#39;s limit."),
        "{page}"
    );
}

#[tokio::test]
async fn no_more_than_so_many_follow_at_once() {
    let room = Room::open().await;
    let mut followers = Vec::new();
    for _ in 0..STREAMS {
        followers.push(Follower::open(room.address).await);
    }
    let refused = Follower::try_open(room.address)
        .await
        .expect_err("there is no more room");
    assert_eq!(refused.status, 503);
    assert_eq!(room.get("/api/v1/status").await.status, 200, "the rest goes on");
    followers.pop();
    let mut next = until("room for the next", async || {
        Follower::try_open(room.address).await.ok()
    })
    .await;
    next.state().await;
}

#[tokio::test]
async fn the_end_of_the_daemon_ends_the_streams() {
    let room = Room::open().await;
    let mut follower = Follower::open(room.address).await;
    follower.state().await;
    room.stop.cancel();
    let mut kinds = Vec::new();
    while let Some(event) = follower.next().await {
        kinds.push(event.kind);
    }
    assert_eq!(kinds.last().map(String::as_str), Some("stopping"), "{kinds:?}");
    // Without anybody who knows the state there is nothing to follow either.
    let mut room = Room::open().await;
    let mut follower = Follower::open(room.address).await;
    follower.state().await;
    room.state = tokio::sync::watch::channel(Arc::new(state(&[]))).0;
    assert_eq!(follower.next().await.expect("a last word").kind, "stopping");
    assert!(follower.next().await.is_none());
}
