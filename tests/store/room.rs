//! A disk without room: the work that fails is not half done, and the store works again as soon as there is room.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use cuffd::store::{NewMeasurement, Store, StoreError};
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::rig::{at, close, cuff, settings};

/// Tells the child where its store is.
const STORE: &str = "CUFFD_TEST_STORE";

/// A mebibyte of memory mounted for the child alone.
const SMALL_DISK: &str = r#"mount -t tmpfs -o size=1m none "$CUFFD_TEST_STORE" && exec "$0" "$@""#;

/// Writing beyond the limit is an error instead of the end of the process.
const SIZE_LIMIT: &str = r#"trap "" XFSZ; exec "$0" "$@""#;

#[test]
fn a_full_disk_is_told_and_overcome() {
    let directory = tempfile::tempdir().unwrap();
    let mut unshare = Command::new("unshare");
    unshare.args(["--map-root-user", "--mount", "sh", "-c", SMALL_DISK]);
    run(&mut unshare, "room::fills_a_small_disk", directory.path());
}

#[test]
fn a_failing_write_is_told_and_overcome() {
    let directory = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", SIZE_LIMIT]);
    run(&mut shell, "room::writes_up_to_a_limit", directory.path());
}

fn run(command: &mut Command, test: &str, directory: &Path) {
    let this = env::current_exe().unwrap();
    let child = command
        .arg(this)
        .args(["--ignored", "--exact", test])
        .env(STORE, directory);
    let done = child.output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    let complained = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && said.contains("1 passed"), "{said}{complained}");
}

#[tokio::test]
#[ignore = "a child of the tests above"]
async fn fills_a_small_disk() {
    let Some(directory) = env::var_os(STORE) else { return };
    let ballast = Path::new(&directory).join("ballast");
    fs::write(&ballast, vec![0; 200 << 10]).unwrap();
    fill(Path::new(&directory), |error| {
        assert!(matches!(error, StoreError::Full(_)), "{error:?}");
        fs::remove_file(&ballast).unwrap();
    })
    .await;
}

#[tokio::test]
#[ignore = "a child of the tests above"]
async fn writes_up_to_a_limit() {
    let Some(directory) = env::var_os(STORE) else { return };
    let limit = |current| setrlimit(Resource::Fsize, Rlimit { current, maximum: None }).unwrap();
    limit(Some(400 << 10));
    fill(Path::new(&directory), |error| {
        assert!(matches!(error, StoreError::Disk(_)), "{error:?}");
        limit(None);
    })
    .await;
}

/// Stores measurements until that fails, makes room, and stores one more: exactly what was acknowledged must be there.
async fn fill(directory: &Path, make_room: impl FnOnce(StoreError)) {
    let settings = settings(&directory.join("cuffd.db"));
    let opened = Store::open(settings.clone(), at(0)).unwrap();
    let store = &opened.store;
    let connection = store.begin_connection(cuff(), true, at(0)).await.unwrap().connection;
    let batch = || {
        vec![
            NewMeasurement {
                connection,
                octets: vec![7; 5_000],
                at: at(1),
                synchronized: true,
            };
            4
        ]
    };
    let mut stored = 0;
    let error = loop {
        match store.append(batch()).await {
            Ok(acknowledged) => stored += acknowledged.len(),
            Err(error) => break error,
        }
    };
    assert_eq!(
        store.unjudged().await.unwrap()[0].measurements.len(),
        stored,
        "nothing half-written"
    );
    make_room(error);
    store.append(batch()).await.unwrap();
    close((opened.store, opened.thread)).await;

    let opened = Store::open(settings, at(0)).unwrap();
    assert_eq!(opened.aside, None);
    let unjudged = opened.store.unjudged().await.unwrap();
    assert_eq!(unjudged[0].measurements.len(), stored + 4);
    close((opened.store, opened.thread)).await;
}
