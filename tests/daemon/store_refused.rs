//! A store that cannot be used ends the daemon, and what asks for it, with 74 or 77, and says what to do; nothing in it is
//! changed.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use rusqlite::Connection;

use crate::rig::{Ended, Gateway};

/// A gateway without a broker whose store was used before.
async fn used() -> Gateway {
    let gateway = Gateway::with("");
    let mut daemon = gateway.idle();
    daemon.is_ready().await;
    assert_eq!(daemon.stop().await.code, Some(0));
    gateway
}

async fn refused(gateway: &Gateway) -> Ended {
    refused_with(74, gateway).await
}

async fn refused_with(code: i32, gateway: &Gateway) -> Ended {
    let ended = gateway.idle().ended().await;
    assert_eq!(ended.code, Some(code), "{}", ended.log);
    ended
}

#[tokio::test]
async fn a_second_daemon_on_the_same_store_is_told_who_holds_it() {
    let gateway = Gateway::with("");
    let mut first = gateway.idle();
    first.is_ready().await;
    let second = refused_with(75, &gateway).await;
    let lock = gateway.path("store/cuffd.db.lock");
    assert!(second.log.contains(lock.to_str().unwrap()), "{}", second.log);
    assert!(second.log.contains("in use by another cuffd"), "{}", second.log);
    // It has left the first one's socket alone.
    first.until("an answer", |state| state["site"] == "north").await;
    assert_eq!(first.stop().await.code, Some(0));
}

#[tokio::test]
async fn a_store_of_a_newer_program_is_left_alone() {
    let gateway = used().await;
    let store = Connection::open(gateway.store()).unwrap();
    store.pragma_update(None, "user_version", 99).unwrap();
    store.close().unwrap();
    let before = fs::read(gateway.store()).unwrap();
    let ended = refused(&gateway).await;
    for word in [
        "newer cuffd",
        "schema 99",
        "install that version again",
        "restore the copy",
    ] {
        assert!(ended.log.contains(word), "{word} in {}", ended.log);
    }
    assert_eq!(fs::read(gateway.store()).unwrap(), before);
    let answer = gateway.ask(&["readings"]).await;
    assert_eq!(answer.code, Some(74), "{}", answer.stderr);
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_not_made() {
    let gateway = Gateway::with("");
    fs::remove_dir_all(gateway.path("store")).unwrap();
    let ended = refused(&gateway).await;
    assert!(ended.log.contains("does not exist"), "{}", ended.log);
    assert!(!gateway.path("store").exists());
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named() {
    let gateway = Gateway::with("");
    // Nobody can make a file there, not even root.
    let config = fs::read_to_string(gateway.path("cuffd.toml")).unwrap();
    let store = gateway.store().display().to_string();
    fs::write(gateway.path("cuffd.toml"), config.replace(&store, "/proc/cuffd.db")).unwrap();
    let ended = refused(&gateway).await;
    assert!(ended.log.contains("/proc/cuffd.db"), "{}", ended.log);
}

#[tokio::test]
async fn what_asks_for_the_store_makes_none() {
    let gateway = Gateway::with("");
    for arguments in [&["readings"][..], &["resend", "--since", "2026-11-21"]] {
        let answer = gateway.ask(arguments).await;
        assert_eq!((answer.code, answer.stdout.as_str()), (Some(74), ""), "{arguments:?}");
        let store = gateway.store();
        for word in ["there is no store at", store.to_str().unwrap(), "store.path"] {
            assert!(answer.stderr.contains(word), "{word} in {}", answer.stderr);
        }
        assert_eq!(gateway.store_files(), [""; 0]);
    }
}

#[tokio::test]
async fn who_may_not_open_the_store_is_told_so() {
    let gateway = used().await;
    // Closed to a stranger as well, it would be named first.
    fs::remove_file(gateway.path("key.jwk")).unwrap();
    let (folder, lock) = (gateway.path("store"), gateway.path("store/cuffd.db.lock"));
    fs::set_permissions(&lock, Permissions::from_mode(0o400)).unwrap();
    let (readings, resend) = (&["readings"][..], &["resend", "--since", "2026-11-21"][..]);
    let simulate = &["simulate", "--duration", "1s"][..];
    for (mode, closed, asking) in [
        (0o777, &lock, [readings, simulate]),
        (0o555, &folder, [readings, simulate]),
        (0o000, &folder, [readings, resend]),
    ] {
        fs::set_permissions(&folder, Permissions::from_mode(mode)).unwrap();
        for arguments in asking {
            let answer = gateway.ask_as_a_stranger(arguments).await;
            assert_eq!(answer.code, Some(77), "{arguments:?} at {mode:o}: {}", answer.stderr);
            let path = closed.to_str().unwrap();
            for word in ["user ", "run this as root", path] {
                assert!(answer.stderr.contains(word), "{word} at {mode:o} in {}", answer.stderr);
            }
        }
    }
    fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
}

#[tokio::test]
async fn a_name_may_not_change_while_messages_are_unsent() {
    let gateway = Gateway::sending_to(crate::mosquitto::free_port());
    gateway.queue(1).await;
    let config = fs::read_to_string(gateway.path("cuffd.toml")).unwrap();
    fs::write(gateway.path("cuffd.toml"), config.replace("\"gw\"", "\"gw-2\"")).unwrap();
    let ended = refused_with(78, &gateway).await;
    assert!(ended.log.contains("set them back"), "{}", ended.log);
    let answer = gateway.ask(&["readings"]).await;
    assert_eq!(
        answer.code,
        Some(0),
        "what is stored may be listed all the same: {answer:?}"
    );
}

#[tokio::test]
async fn a_simulation_leaves_the_store_of_a_real_gateway_alone() {
    let gateway = Gateway::with("");
    gateway.bind_for_care().await;
    let before = fs::read(gateway.store()).unwrap();
    let store = gateway.store().display().to_string();
    let simulate = ["simulate", "--rate", "600", "--duration", "2s"];
    let in_its_store = [&simulate[..], &["--store", &store]].concat();
    // By a config that says that it is a test, or to a file that was named by mistake.
    for arguments in [&simulate[..], &in_its_store] {
        let answer = gateway.ask(arguments).await;
        assert_eq!(answer.code, Some(74), "{}", answer.stderr);
        for word in [store.as_str(), "no test", "--store"] {
            assert!(answer.stderr.contains(word), "{word} in {}", answer.stderr);
        }
    }
    let config = fs::read_to_string(gateway.path("cuffd.toml")).unwrap();
    fs::write(gateway.path("cuffd.toml"), config.replace("test = true\n", "")).unwrap();
    let answer = gateway.ask(&simulate).await;
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(answer.stderr.contains(" stored "), "{}", answer.stderr);
    assert_eq!(fs::read(gateway.store()).unwrap(), before);
    let kept = gateway.path("kept.db").display().to_string();
    let answer = gateway.ask(&[&simulate[..], &["--store", &kept]].concat()).await;
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(gateway.path("kept.db").exists());
}

#[tokio::test]
async fn files_of_the_store_are_the_owners_alone() {
    let gateway = Gateway::with("");
    let mut daemon = gateway.idle();
    daemon.is_ready().await;
    for name in gateway.store_files() {
        let mode = fs::metadata(gateway.path("store").join(&name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let socket = fs::metadata(gateway.socket()).unwrap().permissions().mode();
    assert_eq!(socket & 0o777, 0o660, "the group may ask");
}
