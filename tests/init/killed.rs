//! A power cut while it writes.

use std::collections::BTreeSet;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::rig::Machine;

const CLINIC: &str = "[gateway]\nsite = \"north\"\nid = \"gw-0042\"\n[web]\nlisten = \"0.0.0.0:8377\"\n";

#[test]
#[expect(clippy::disallowed_methods, reason = "measures how long the program takes")]
fn it_leaves_no_config_or_a_whole_one_and_the_next_one_goes_on() {
    let begun = Instant::now();
    let whole = run(&Machine::new(), None);
    let takes = begun.elapsed();
    assert!(whole, "it sets a gateway up in {takes:?}");
    let mut left = BTreeSet::new();
    for step in 0..60 {
        let machine = Machine::new();
        run(&machine, Some(takes * step / 50));
        left.insert(
            machine
                .files()
                .into_iter()
                .filter(|file| !file.contains(".new-"))
                .collect::<Vec<_>>(),
        );
        let code = machine
            .path("etc/web-code")
            .exists()
            .then(|| machine.read("etc/web-code"));
        let key = machine
            .path("state/key.jwk")
            .exists()
            .then(|| machine.read("state/key.jwk"));
        assert!(
            code.as_ref().is_none_or(|code| code.len() == 9),
            "a whole code: {code:?}"
        );
        if machine.has_config() {
            assert_eq!(machine.ask(&["check"]).code, Some(0), "a whole config");
            continue;
        }
        assert!(run(&machine, None), "the next one sets it up");
        assert_eq!(machine.ask(&["check"]).code, Some(0));
        assert!(
            code.is_none_or(|code| code == machine.read("etc/web-code")),
            "the code stays"
        );
        assert!(
            key.is_none_or(|key| key == machine.read("state/key.jwk")),
            "the key stays"
        );
    }
    assert!(left.len() > 1, "killed too early or too late each time: {left:?}");
}

/// Sets a gateway up, and kills that after so long. Whether it came to its end.
#[expect(clippy::disallowed_methods, reason = "a kill has a time of its own")]
fn run(machine: &Machine, kill_after: Option<Duration>) -> bool {
    machine.file("clinic.toml", CLINIC);
    let file = machine.path("clinic.toml");
    let begun = Instant::now();
    let mut process = machine
        .command(&["init", "--from", file.to_str().unwrap()])
        .spawn()
        .unwrap();
    if let Some(after) = kill_after {
        sleep(after.saturating_sub(begun.elapsed()));
        process.kill().unwrap();
    }
    process.wait_with_output().unwrap().status.success()
}
