//! Opening the store: what it refuses, and who may read its files.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;

use cuffd::core::delivery::Kind;
use cuffd::store::{SessionChanges, Step, Store, StoreError};
use rusqlite::Connection;

use crate::rig::{Rig, at, close, message, settings, time};

/// The schema as it was released: opening a file made from it must work for ever.
const VERSION_1: &str = include_str!("../schema/v1.sql");

/// What is missing could stand against it: the gate is told something that it cannot read, and lets the session go no further.
#[tokio::test]
async fn a_session_that_was_open_when_the_database_was_set_back_is_told_of_it_once() {
    let rig = Rig::new();
    let opened = rig.open();
    let sessions = SessionChanges {
        opened: Some(("s1".parse().unwrap(), time(0))),
        ..SessionChanges::default()
    };
    let step = Step {
        sessions,
        ..Step::default()
    };
    opened.0.commit(step).await.unwrap();
    close(opened).await;
    let earlier = fs::read(rig.path()).unwrap();
    let opened = rig.open();
    opened.0.queue(vec![message(Kind::Reading, 1)]).await.unwrap();
    close(opened).await;
    fs::write(rig.path(), earlier).unwrap();
    for _start in 0..2 {
        let opened = rig.open();
        let told = opened.0.sessions().await.unwrap();
        assert_eq!(told.open.len(), 1);
        let told: Vec<&String> = told.events.iter().map(|event| event.told.expose()).collect();
        assert_eq!(told, [r#"{"event":"lost"}"#]);
        close(opened).await;
    }
}

/// A log that was cut short, or a backup that was put back.
#[tokio::test]
async fn a_database_that_was_set_back_gives_no_number_out_twice() {
    let rig = Rig::new();
    let queue = async |seqs: std::ops::RangeInclusive<u64>| {
        let opened = rig.open();
        let messages = seqs.map(|seq| message(Kind::Reading, seq)).collect();
        opened.0.queue(messages).await.unwrap();
        let highest = opened.0.heads().await.unwrap()[&Kind::Reading];
        close(opened).await;
        highest
    };
    queue(1..=3).await;
    let earlier = fs::read(rig.path()).unwrap();
    queue(4..=7).await;
    fs::write(rig.path(), earlier).unwrap();
    assert_eq!(queue(5..=5).await, 7, "4 to 7 were given out");
    // What the file says is taken only if it says something.
    for (seq, unlikely) in [(6, "reading   99 or so"), (8, "reading   18446744073709551615")] {
        fs::write(rig.beside(".highest"), unlikely).unwrap();
        assert_eq!(queue(seq..=seq).await, seq.max(7), "the database tells");
    }
}

#[tokio::test]
async fn two_never_have_the_store_open_at_once() {
    let rig = Rig::new();
    let opened = rig.open();
    let refused = rig.try_open().unwrap_err();
    assert!(matches!(&refused, StoreError::Locked { .. }), "{refused:?}");
    assert!(refused.to_string().contains("cuffd.db.lock"), "{refused}");
    close(opened).await;
    close(rig.open()).await;
}

#[tokio::test]
async fn a_closed_store_answers_that_it_is_closed() {
    let rig = Rig::new();
    let (store, thread) = rig.open();
    let other = store.clone();
    close((store, thread)).await;
    assert!(matches!(other.heads().await, Err(StoreError::Closed)));
}

#[tokio::test]
async fn dropping_the_last_handle_closes_the_files() {
    let rig = Rig::new();
    let (store, mut thread) = rig.open();
    drop(store);
    thread.ended().await.unwrap();
    assert!(!rig.beside("-wal").exists(), "the log was taken into the database");
    close(rig.open()).await;
}

#[tokio::test]
async fn opening_and_closing_writes_nothing() {
    let rig = Rig::new();
    close(rig.open()).await;
    let before = fs::read(rig.path()).unwrap();
    close(rig.open()).await;
    assert!(fs::read(rig.path()).unwrap() == before);
}

#[tokio::test]
async fn the_files_are_for_their_owner_alone_even_if_they_were_not() {
    let rig = Rig::new();
    close(rig.open()).await;
    for suffix in ["", ".lock"] {
        fs::set_permissions(rig.beside(suffix), Permissions::from_mode(0o644)).unwrap();
    }
    let opened = rig.open();
    opened
        .0
        .remember_command(
            "c1".into(),
            cuffd::store::Reply {
                json: "{}".into(),
                expires_at: at(9).wall,
            },
        )
        .await
        .unwrap();
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let mode = rig.beside(suffix).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "cuffd.db{suffix}");
    }
    close(opened).await;
}

#[test]
fn a_directory_that_is_not_there_is_named_and_not_made() {
    let path = Path::new("/nonexistent-directory/cuffd.db");
    let refused = Store::open(settings(path), at(0)).unwrap_err();
    assert!(matches!(&refused, StoreError::NoDirectory { .. }), "{refused:?}");
    assert!(
        refused.to_string().contains("/nonexistent-directory/cuffd.db"),
        "{refused}"
    );
    assert!(!path.parent().unwrap().exists());
}

#[tokio::test]
async fn an_existing_store_is_asked_for_and_none_is_made() {
    let rig = Rig::new();
    for left in [None, Some("")] {
        if let Some(octets) = left {
            fs::write(rig.path(), octets).unwrap();
        }
        let refused = Store::open_existing(rig.settings.clone(), at(0)).unwrap_err();
        assert!(matches!(&refused, StoreError::Missing { .. }), "{refused:?}");
        assert!(refused.to_string().contains(rig.path().to_str().unwrap()), "{refused}");
        assert!(!rig.beside(".lock").exists(), "nothing was made");
    }
    close(rig.open()).await;
    let opened = Store::open_existing(rig.settings.clone(), at(0)).unwrap();
    close((opened.store, opened.thread)).await;
}

#[tokio::test]
async fn what_root_makes_belongs_to_whom_the_directory_belongs_to() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let rig = Rig::new();
    chown(rig.path().parent().unwrap(), Some(4_711), Some(4_712)).unwrap();
    let opened = rig.open();
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let of = rig.beside(suffix).metadata().unwrap();
        assert_eq!((of.uid(), of.gid()), (4_711, 4_712), "cuffd.db{suffix}");
    }
    close(opened).await;
}

#[test]
fn a_symbolic_link_is_refused() {
    let rig = Rig::new();
    fs::write(rig.beside(".elsewhere"), "someone else's").unwrap();
    symlink(rig.beside(".elsewhere"), rig.path()).unwrap();
    let refused = rig.try_open().unwrap_err();
    assert!(matches!(refused, StoreError::Symlink { .. }), "{refused:?}");
    assert_eq!(fs::read(rig.beside(".elsewhere")).unwrap(), b"someone else's");
}

#[tokio::test]
async fn a_newer_database_is_refused_with_words_and_not_touched() {
    let rig = Rig::new();
    close(rig.open()).await;
    rig.look().pragma_update(None, "user_version", 99).unwrap();
    let before = fs::read(rig.path()).unwrap();
    let refused = rig.try_open().unwrap_err();
    assert!(
        matches!(
            refused,
            StoreError::Newer {
                found: 99,
                known: 1,
                ..
            }
        ),
        "{refused:?}"
    );
    assert!(refused.to_string().contains("install that version again"), "{refused}");
    assert_eq!(fs::read(rig.path()).unwrap(), before);
    assert_eq!(rig.aside(), [""; 0]);
}

#[test]
fn a_database_of_another_program_is_refused_and_not_touched() {
    let rig = Rig::new();
    rig.look()
        .execute_batch("CREATE TABLE recipe (name TEXT); INSERT INTO recipe VALUES ('soup')")
        .unwrap();
    let before = fs::read(rig.path()).unwrap();
    let refused = rig.try_open().unwrap_err();
    assert!(matches!(refused, StoreError::Foreign { .. }), "{refused:?}");
    assert_eq!(fs::read(rig.path()).unwrap(), before);
}

#[tokio::test]
async fn a_database_of_every_released_schema_opens_with_what_it_holds() {
    let fresh = Rig::new();
    close(fresh.open()).await;
    let rig = Rig::new();
    rig.look().execute_batch(VERSION_1).unwrap();
    let opened = rig.open();
    let page = opened.0.readings(None, None, 10).await.unwrap();
    assert_eq!(page.readings[0].payload, b"{\"seq\":42}");
    let due = opened.0.due(at(0).wall, 10, vec![]).await.unwrap();
    assert_eq!(due[0].seq, 42);
    assert_eq!(opened.0.unjudged().await.unwrap()[0].measurements[0].octets, [0x1e]);
    close(opened).await;
    assert_eq!(schema(&rig.look()), schema(&fresh.look()), "brought up to the newest");
}

/// Everything that the schema consists of.
fn schema(connection: &Connection) -> Vec<(String, Option<String>)> {
    let sql = "SELECT name, sql FROM sqlite_schema ORDER BY name";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}
