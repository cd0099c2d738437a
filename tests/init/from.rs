//! A clinic's file, with and without somebody to ask.

use super::rig::{Answer, Machine};

/// What a clinic gives out: everything but the gateway's name.
const CLINIC: &str = r#"# Of the north clinic, for its gateways.
[gateway]
site = "north"                # the clinic

[mqtt]
receipts = true
[[mqtt.brokers]]
url = "mqtts://mqtt.example.org"
password_file = "@/etc/password"

[readiness]                   # by Dr. Example
systolic  = { min = 90, max = 140 }
diastolic = { min = 50, max = 90 }
crisis    = { systolic = 180, diastolic = 120 }
readings  = 2
valid_for = "30m"

[web]
listen = "0.0.0.0:8377"
emergency_number = "911"
clinic_contact = "555-0100"
crisis_text = { en = "Call the number above." }
"#;

/// The same with the name.
fn whole() -> String {
    CLINIC.replace("# the clinic\n", "# the clinic\nid = \"gw-0042\"\n")
}

/// Sets a machine up with this clinic's file, with nobody to ask.
fn set_up(machine: &Machine, text: &str) -> Answer {
    machine.file("clinic.toml", text);
    let file = machine.path("clinic.toml");
    machine.ask(&["init", "--from", file.to_str().unwrap()])
}

/// Where the password is there already.
fn with_password() -> Machine {
    let machine = Machine::new();
    machine.file("etc/password", "hunter2\n");
    let closed = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(machine.path("etc/password"), closed).unwrap();
    machine
}

#[test]
fn a_whole_file_needs_nobody() {
    let machine = with_password();
    let answer = set_up(&machine, &whole());
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let config = machine.read("etc/cuffd.toml");
    let clinic = machine.read("clinic.toml");
    let code = format!("access_code_file = {:?}", machine.path("etc/web-code"));
    let new: Vec<&str> = config
        .lines()
        .filter(|line| !clinic.lines().any(|known| known == *line))
        .collect();
    assert_eq!(new, [code], "the clinic's words stand as they were");
    assert_eq!(config.lines().count(), clinic.lines().count() + 1);
    assert_eq!(answer.stdout, machine.ask(&["key"]).stdout);
    assert!(
        !answer.stderr.contains('\u{1b}'),
        "no code for a camera where there is no terminal"
    );
    assert!(!answer.stderr.contains("still missing"), "{}", answer.stderr);
    assert_eq!(machine.ask(&["check"]).code, Some(0));
}

#[test]
fn what_is_left_open_is_named_where_nobody_can_be_asked() {
    for (text, missing) in [
        (CLINIC.to_owned(), vec!["gateway.id"]),
        (
            whole().replace("emergency_number = \"911\"\n", ""),
            vec!["web.emergency_number"],
        ),
        ("# empty\n".to_owned(), vec!["gateway.site", "gateway.id"]),
    ] {
        let machine = Machine::new();
        let answer = set_up(&machine, &text);
        assert_eq!(answer.code, Some(78), "{}", answer.stderr);
        for key in missing {
            let named = answer
                .stderr
                .lines()
                .any(|line| line.starts_with(key) && line.contains(": missing; allowed: "));
            assert!(named, "{key}: {}", answer.stderr);
        }
        assert_eq!(machine.files(), ["clinic.toml"], "nothing was written");
        assert!(answer.stdout.is_empty());
    }
}

#[test]
fn what_is_wrong_is_told_with_key_and_line_and_nothing_is_written() {
    for (text, told) in [
        (whole() + "sow_values = true\n", "web.sow_values (line 24 of "),
        (
            whole().replace("\"30m\"", "\"30 minutes\""),
            "readiness.valid_for (line 17 of ",
        ),
        (whole() + "= 1\n", "line 24, column 1 of "),
        (whole() + "listen = \"127.0.0.1:8377\"\n", "web.listen (line 24 of "),
    ] {
        let machine = with_password();
        let answer = set_up(&machine, &text);
        assert_eq!(answer.code, Some(78), "{}", answer.stderr);
        assert!(answer.stderr.contains(told), "{told}: {}", answer.stderr);
        assert_eq!(machine.files(), ["clinic.toml", "etc/password"]);
    }
    let machine = Machine::new();
    let answer = machine.ask(&["init", "--from", "/nonexistent"]);
    assert_eq!(answer.code, Some(78), "{}", answer.stderr);
}

#[test]
fn on_a_terminal_only_what_is_left_open_is_asked() {
    let machine = Machine::new();
    machine.file("clinic.toml", CLINIC);
    let file = machine.path("clinic.toml");
    let mut terminal = machine.on_terminal(80, &["init", "--from", file.to_str().unwrap()]);
    terminal.answers(&[("Gateway", "gw-0042"), ("Password", "hunter2")]);
    let answer = terminal.ended();
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert_eq!(
        (machine.read("etc/password"), machine.mode("etc/password")),
        ("hunter2\n".to_owned(), 0o600)
    );
    assert!(machine.read("etc/cuffd.toml").contains("\nid = \"gw-0042\"\n"));
}

#[test]
fn the_folders_of_a_password_are_made_for_its_owner_alone() {
    let machine = Machine::new();
    machine.file(
        "clinic.toml",
        &whole().replace("@/etc/password", "@/secrets/broker/password"),
    );
    let file = machine.path("clinic.toml");
    let mut terminal = machine.on_terminal(80, &["init", "--from", file.to_str().unwrap()]);
    terminal.answers(&[("Password", "hunter2")]);
    let answer = terminal.ended();
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert_eq!(machine.read("secrets/broker/password"), "hunter2\n");
    for folder in ["secrets", "secrets/broker"] {
        assert_eq!(machine.mode(folder), 0o700, "{folder}");
    }
}

#[test]
fn files_that_are_still_to_come_are_named_and_the_config_is_there() {
    let machine = Machine::new();
    let answer = set_up(&machine, &whole());
    assert_eq!(answer.code, Some(78), "{}", answer.stderr);
    assert!(
        answer.stderr.contains("mqtt.brokers[0].password_file"),
        "{}",
        answer.stderr
    );
    assert!(answer.stderr.contains("The file is there"), "{}", answer.stderr);
    assert!(machine.has_config());
    assert_eq!(answer.stdout.lines().count(), 1, "the key is made and told");
}

#[test]
fn a_config_that_is_there_is_never_touched() {
    for there in ["", "[gateway]\nsite = \"south\"\n", "no config"] {
        let machine = with_password();
        machine.file("etc/cuffd.toml", there);
        let answer = set_up(&machine, &whole());
        assert_eq!(answer.code, Some(78), "{}", answer.stderr);
        assert!(
            answer.stderr.contains("exists; nothing was changed"),
            "{}",
            answer.stderr
        );
        assert_eq!(machine.read("etc/cuffd.toml"), there);
        assert_eq!(machine.files(), ["clinic.toml", "etc/cuffd.toml", "etc/password"]);
    }
    let machine = Machine::new();
    machine.file("etc/other", "");
    std::os::unix::fs::symlink("nowhere", machine.path("etc/cuffd.toml")).unwrap();
    assert_eq!(
        set_up(&machine, &whole()).code,
        Some(78),
        "a link that leads nowhere is somebody's"
    );
}

#[test]
fn the_shipped_config_holds_nothing_of_anybody_and_is_replaced() {
    let machine = with_password();
    let shipped = include_str!("../../config/cuffd.toml");
    std::fs::write(machine.path("etc/cuffd.toml"), shipped).unwrap();
    let answer = set_up(&machine, &whole());
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(
        answer.stderr.contains("was untouched and is replaced"),
        "{}",
        answer.stderr
    );
    assert!(machine.read("etc/cuffd.toml").starts_with("# Of the north clinic"));
    std::fs::write(machine.path("etc/cuffd.toml"), format!("{shipped}\n")).unwrap();
    assert_eq!(set_up(&machine, &whole()).code, Some(78), "somebody has touched it");
}

#[test]
fn who_may_not_write_there_is_told_before_any_question() {
    let machine = Machine::new();
    machine.file("clinic.toml", &whole());
    let file = machine.path("clinic.toml");
    let closed = std::os::unix::fs::PermissionsExt::from_mode(0o555);
    let mut command = machine.command_of_a_stranger(&["init", "--from", file.to_str().unwrap()]);
    std::fs::set_permissions(machine.path(""), closed).unwrap();
    let answer: Answer = command.output().unwrap().into();
    assert_eq!(answer.code, Some(77), "{}", answer.stderr);
    assert!(answer.stderr.contains("run this as root"), "{}", answer.stderr);
    assert_eq!(machine.files(), ["clinic.toml", "cuffd"]);
}
