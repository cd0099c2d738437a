//! Whose the files are that root makes, on a machine that has the daemon's user.

use std::os::unix::fs::MetadataExt;

use super::rig::{Answer, Machine};

/// The daemon's user and group on the machine of the test.
const DAEMON: (u32, u32) = (997, 996);

/// Runs what follows, as root, where the list of users is another one.
const WITH_USERS: &str = r#"mount --bind "$0" /etc/passwd && exec "$@""#;

const CLINIC: &str = "[gateway]\nsite = \"north\"\nid = \"gw-0042\"\n";

/// Runs `cuffd` as root on a machine with the daemon's user, with its key in `key`.
fn as_root(machine: &Machine, key: &str, words: &[&str]) -> Answer {
    let users = "root:x:0:0:root:/root:/bin/sh\ncuffd:x:997:996::/:/usr/sbin/nologin\n";
    machine.file("passwd", users);
    let users = machine.path("passwd");
    let key = format!("CUFFD__GATEWAY__KEY_FILE={}", machine.path(key).display());
    let is_root = rustix::process::geteuid().is_root();
    // Who is not root needs a namespace with more users than one.
    let namespace: &[&str] = if is_root {
        &[]
    } else {
        &["--map-root-user", "--map-auto"]
    };
    let inside = ["sh", "-c", WITH_USERS, users.to_str().unwrap(), "env", &key];
    let wrapper = [&["unshare", "--mount"], namespace, &inside].concat();
    machine.command_in(&wrapper, words).output().unwrap().into()
}

/// Sets a gateway up as root.
fn set_up(machine: &Machine, key: &str) -> Answer {
    machine.file("clinic.toml", CLINIC);
    let file = machine.path("clinic.toml");
    let answer = as_root(machine, key, &["init", "--from", file.to_str().unwrap()]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    answer
}

fn owner(machine: &Machine, name: &str) -> (u32, u32) {
    let there = machine.path(name).metadata().unwrap();
    (there.uid(), there.gid())
}

#[test]
fn a_key_in_a_folder_of_root_is_the_daemons_and_so_is_the_next_one() {
    let machine = Machine::new();
    machine.file("state/note", "");
    set_up(&machine, "state/key.jwk");
    assert_eq!(
        owner(&machine, "state"),
        (0, 0),
        "a folder that was there stays whose it is"
    );
    assert_eq!(owner(&machine, "state/key.jwk"), DAEMON);
    assert_eq!(owner(&machine, "etc/web-code"), DAEMON);
    assert_eq!(owner(&machine, "etc/cuffd.toml"), (0, DAEMON.1));
    let next = as_root(&machine, "state/key.jwk", &["key", "new"]);
    assert_eq!(next.code, Some(0), "{}", next.stderr);
    assert_eq!(owner(&machine, "state/key.jwk.next"), DAEMON);
}

#[test]
fn every_folder_that_is_made_on_the_way_to_a_key_is_the_daemons() {
    let machine = Machine::new();
    set_up(&machine, "srv/keys/key.jwk");
    for name in ["srv", "srv/keys", "srv/keys/key.jwk"] {
        assert_eq!(owner(&machine, name), DAEMON, "{name}");
    }
    assert_eq!(machine.mode("srv/keys"), 0o700);
    assert_eq!(owner(&machine, "etc"), (0, 0), "the config's is root's");
}
