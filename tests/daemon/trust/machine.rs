//! A copied card: two machines of one name would answer for each other.

use std::fs;

use crate::rig::Gateway;

#[tokio::test]
async fn a_clone_is_refused_with_78_and_runs_once_the_state_is_taken_over() {
    let gateway = Gateway::with("");
    // Only a gateway that is no test's takes its state for a machine.
    let config = fs::read_to_string(gateway.path("cuffd.toml")).unwrap();
    fs::write(gateway.path("cuffd.toml"), config.replace("test = true\n", "")).unwrap();
    let mark = gateway.path("store/cuffd.db.machine");
    let run = || {
        let mut command = gateway.command(&["run"]);
        // There is no radio here: it ends with 75 once it has looked for D-Bus, which is after it has looked at its state.
        command.env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent");
        crate::rig::Daemon::start(command, gateway.socket())
    };
    let ended = run().ended().await;
    assert_eq!(ended.code, Some(75), "{}", ended.log);
    let own = fs::read_to_string(&mark).unwrap();
    fs::write(&mark, "0".repeat(64)).unwrap();
    let ended = run().ended().await;
    assert_eq!(ended.code, Some(78), "{}", ended.log);
    assert!(ended.log.contains("cuffd.db.machine"), "{}", ended.log);
    fs::remove_file(&mark).unwrap();
    let ended = run().ended().await;
    assert_eq!(ended.code, Some(75), "{}", ended.log);
    assert_eq!(fs::read_to_string(&mark).unwrap(), own);
}
