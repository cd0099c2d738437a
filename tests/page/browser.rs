//! The page in a real browser: every state in every language, at the size of a television and of a telephone.
//!
//! Node drives Chromium (`browser/*.mjs`); a stage beside the page shows the state that a check asks for.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path as Part, State as Shared};
use axum::http::StatusCode;
use axum::routing::{get, post};
use cuffd::core::state::State;
use tokio::process::Command;
use tokio::sync::watch;

use crate::folder::{Folder, own_address};
use crate::rig::{CODE, Made, Served};
use crate::states::{NAMES, state};

/// Some hundred pages are looked at, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(600);

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// The folder of other people's programs, filled.
fn tools() -> PathBuf {
    let setup = std::process::Command::new(here().join("tools/setup"))
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&setup.stderr);
    assert!(setup.status.success(), "{said}");
    PathBuf::from(String::from_utf8(setup.stdout).expect("a path").trim())
}

/// Serves where a check says what is to be shown.
async fn stage(shown: watch::Sender<Arc<State>>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let router = Router::new()
        .route("/names", get(async || axum::Json(NAMES)))
        .route("/show/{name}", post(show))
        .route("/pressure/{value}", post(pressure))
        .route("/valid-for/{seconds}", post(valid_for))
        .with_state(shown);
    #[expect(clippy::disallowed_methods, reason = "a test, which ends with its runtime")]
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

async fn show(Shared(shown): Shared<watch::Sender<Arc<State>>>, Part(name): Part<String>) -> StatusCode {
    shown.send_replace(Arc::new(state(&name)));
    StatusCode::OK
}

/// The cuff inflates.
async fn pressure(Shared(shown): Shared<watch::Sender<Arc<State>>>, Part(value): Part<String>) -> StatusCode {
    let mut state = State::clone(&shown.borrow());
    if let Some(cuff) = state.cuffs.first_mut() {
        cuff.cuff_pressure = Some(format!("{value} mmHg"));
    }
    shown.send_replace(Arc::new(state));
    StatusCode::OK
}

/// Ready, for so long only.
async fn valid_for(Shared(shown): Shared<watch::Sender<Arc<State>>>, Part(seconds): Part<i64>) -> StatusCode {
    let mut state = state("ready");
    for session in &mut state.sessions {
        session.told.valid_until = Some(cuffd::clock::wall() + jiff::SignedDuration::from_secs(seconds));
    }
    shown.send_replace(Arc::new(state));
    StatusCode::OK
}

/// Runs one file of checks on a page, with more in its environment, or something else.
async fn check(file: &str, served: &Served, more: &[(&str, &str)]) {
    let modules = tools().join("node_modules");
    let stage = stage(served.state.clone()).await;
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page");
    std::fs::create_dir_all(&pictures).expect("a folder");
    let mut node = Command::new(crate::node::node(&modules));
    node.arg(here().join("page/browser").join(file))
        .env("PAGE", format!("http://{}", served.address))
        .env("STAGE", stage)
        .env("MODULES", modules)
        .env("PICTURES", pictures)
        .envs(more.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let ran = tokio::time::timeout(PATIENCE, node.output())
        .await
        .expect("it ends in time");
    let ran = ran.expect("node runs: tests/tools/setup installs it");
    let said = String::from_utf8_lossy(&ran.stdout);
    let wrong = String::from_utf8_lossy(&ran.stderr);
    assert!(
        ran.status.success(),
        "{file} (tests/tools/setup installs what it needs):\n{said}\n{wrong}"
    );
    println!("{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_state_in_every_language_and_size_is_readable_and_axe_finds_nothing() {
    let mut made = Made::new();
    made.site
        .labels
        .insert(crate::rig::name("p2"), cuffd::private::Private::new("Ben".to_owned()));
    let served = made.serve().await;
    check("states.mjs", &served, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ready_vanishes_when_it_does_not_hold_any_more() {
    let served = Made::new().serve().await;
    check("vanishing.mjs", &served, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_is_used_by_keys_alone_and_follows_what_changes() {
    let mut made = Made::new();
    made.site.opens_sessions = true;
    let mut served = made.serve().await;
    let (_none, empty) = tokio::sync::mpsc::channel(1);
    let mut asked = std::mem::replace(&mut served.asked, empty);
    let (_nothing, empty) = tokio::sync::mpsc::channel(1);
    let mut entered = std::mem::replace(&mut served.entered, empty);
    let gate = async {
        while let Some(one) = asked.recv().await {
            let _gone = one.answer.send(Ok(()));
        }
    };
    let cuff = async {
        while let Some(one) = entered.recv().await {
            assert_eq!(one.passkey.expose(), 42);
            // It goes on, and waits for nothing any more.
            served.state.send_replace(Arc::new(state("pairing")));
            let _gone = one.answer.send(Ok(()));
        }
    };
    tokio::select! {
        () = check("using.mjs", &served, &[]) => {}
        () = gate => {}
        () = cuff => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_code_is_asked_for_and_taken() {
    let served = Made::behind_a_code().serve().await;
    served.show("ready");
    check("entrance.mjs", &served, &[("CODE", CODE)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_session_is_pressed_through_and_a_killed_daemon_is_seen() {
    let unused = Made::new().serve().await;
    let (folder, address) = Folder::with_page(own_address(), "[patients]\np1 = \"Anna\"\n");
    let (page, here) = (format!("http://{address}"), folder.path("").display().to_string());
    let more = [
        ("PAGE", &*page),
        ("FOLDER", &here),
        ("CUFFD", env!("CARGO_BIN_EXE_cuffd")),
    ];
    check("daemon.mjs", &unused, &more).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_a_browser_loads_is_sixty_kilobytes_at_most() {
    let served = Made::new().serve().await;
    check("size.mjs", &served, &[]).await;
}
