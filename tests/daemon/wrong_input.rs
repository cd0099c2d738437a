//! What is wrong with a command line, a config or a file is named, with the exit code for it, and nothing is started.

use std::fs;

use crate::rig::{Gateway, lines};

/// Runs the command, which must fail with `code` and say `words`, on stderr only.
async fn refused(gateway: &Gateway, arguments: &[&str], code: i32, words: &str) {
    let answer = gateway.ask(arguments).await;
    assert_eq!(answer.code, Some(code), "{arguments:?}: {}", answer.stderr);
    assert_eq!(answer.stdout, "", "{arguments:?}");
    assert!(answer.stderr.contains(words), "{arguments:?}: {}", answer.stderr);
    assert!(!answer.stderr.contains("panicked"), "{arguments:?}: {}", answer.stderr);
}

#[tokio::test]
async fn a_wrong_command_line_is_64() {
    let gateway = Gateway::with("");
    for (arguments, words) in [
        (&["no-such-command"][..], "unrecognized subcommand 'no-such-command'"),
        (&["statu"], "'status'"),
        (&["status", "--jason"], "--jason"),
        (&["status", "extra"], "extra"),
        (&["readings", "--since"], "--since"),
        (&["readings", "--since", "yesterday"], "2026-11-21T18:00:00Z"),
        (&["readings", "--format", "xml"], "table, jsonl, csv"),
        (&["resend"], "--since"),
        (&["resend", "--since", "2026-13-01"], "2026-11-21T18:00:00Z"),
        (&["run", "--log-level", "loud"], "error, warn, info, debug"),
        (&["run", "extra"], "extra"),
        (&["check", "--strict"], "--strict"),
        (&["completions"], "<SHELL>"),
        (&["completions", "tcsh"], "tcsh"),
        (&["decode"], "<HEX>"),
        (&["decode", "--stdin", "1e78"], "cannot be used with"),
        (&["decode", "--model", "abacus", "1e78"], "abacus"),
        (&["demo", "--twice"], "--twice"),
        (&["simulate", "--cuffs", "0"], "1..=1000"),
        (&["simulate", "--rate", "often"], "0.0007"),
        (&["simulate", "--fault", "gremlins"], "gremlins"),
        (&["simulate", "--model", "abacus"], "known are"),
        (&["simulate", "--duration", "5"], "90s"),
        (&["replay", "one", "two"], "two"),
    ] {
        refused(&gateway, arguments, 64, words).await;
    }
}

#[tokio::test]
async fn without_a_subcommand_the_help_is_shown_and_it_is_64() {
    let answer = Gateway::with("").ask_plainly(&[]).await;
    assert_eq!((answer.code, answer.stdout.as_str()), (Some(64), ""));
    assert!(answer.stderr.contains("Usage: cuffd"), "{}", answer.stderr);
}

#[tokio::test]
async fn every_mistake_of_a_config_is_named_at_once_by_all_who_read_it() {
    let gateway = Gateway::with(
        "colour = \"red\"\n[mqtt]\nwindow = 0\nkeep_alive = \"1s\"\n[[mqtt.brokers]]\nurl = \"mqtt://broker.example.org\"\n",
    );
    let keys = ["colour", "mqtt.window", "mqtt.keep_alive", "url"];
    for arguments in [
        &["check"][..],
        &["run"],
        &["simulate"],
        &["readings"],
        &["resend", "--since", "2026-11-21"],
    ] {
        for key in keys {
            let answer = gateway.ask(arguments).await;
            assert_eq!(answer.code, Some(78), "{arguments:?}: {}", answer.stderr);
            assert!(answer.stderr.contains(key), "{arguments:?}, {key}: {}", answer.stderr);
        }
    }
    assert!(gateway.store_files().is_empty(), "nothing was begun");
}

#[tokio::test]
async fn a_config_that_cannot_be_read_is_78_and_named() {
    let gateway = Gateway::with("");
    let path = gateway.path("cuffd.toml");
    let name = path.to_str().unwrap().to_owned();
    for octets in [&b"[gateway\nsite = "[..], b"\xff\xfe"] {
        fs::write(&path, octets).unwrap();
        refused(&gateway, &["check"], 78, &name).await;
        refused(&gateway, &["run"], 78, &name).await;
    }
    fs::remove_file(&path).unwrap();
    for arguments in [&["check"][..], &["run"], &["readings"], &["replay"]] {
        refused(&gateway, arguments, 78, &name).await;
    }
    fs::create_dir(&path).unwrap();
    refused(&gateway, &["check"], 78, &name).await;
}

#[tokio::test]
async fn the_environment_is_checked_like_the_file() {
    let gateway = Gateway::with("");
    let mut command = gateway.command(&["check"]);
    let output = command.env("CUFFD__STORE__KEEP", "for ever").output().await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(said.contains("CUFFD__STORE__KEEP"), "{said}");
}

#[tokio::test]
async fn octets_that_do_not_decode_are_1_with_an_error_object_each() {
    let gateway = Gateway::with("");
    for (arguments, code) in [
        (&["decode", "xyz"][..], "hex"),
        (&["decode", "1"], "hex"),
        (&["decode", "1e7800"], "truncated"),
        (&["decode", "--characteristic", "2A19", "64"], "uuid"),
    ] {
        let answer = gateway.ask(arguments).await;
        assert_eq!(answer.code, Some(1), "{arguments:?}: {}", answer.stderr);
        let objects = lines(&answer.stdout);
        assert_eq!(objects.len(), 1, "{arguments:?}");
        assert_eq!(objects[0]["error"]["code"], code, "{arguments:?}");
    }
    let answer = gateway
        .ask_with_input(&["decode", "--stdin"], "2A35 1e7800\n\n2A49 0000\nnonsense\n")
        .await;
    assert_eq!(answer.code, Some(1));
    assert_eq!(lines(&answer.stdout).len(), 4, "one a line: {}", answer.stdout);
}

#[tokio::test]
async fn events_that_cannot_be_read_are_told_and_replay_goes_on() {
    let gateway = Gateway::with("");
    let answer = gateway
        .ask_with_input(
            &["replay"],
            "not json\n{\"at\":\"2026-11-21T18:00:00Z\",\"event\":\"tick\"}\n",
        )
        .await;
    assert_eq!(answer.code, Some(1), "{}", answer.stderr);
    assert_eq!(lines(&answer.stdout)[0]["error"]["code"], "bad_event");
    let missing = gateway.path("no-such-file");
    let answer = gateway.ask(&["replay", missing.to_str().unwrap()]).await;
    assert_ne!(answer.code, Some(0));
    assert!(answer.stderr.contains("no-such-file"), "{}", answer.stderr);
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_failure() {
    let script = r#"set -o pipefail; "$0" man | head -c 1 >/dev/null"#;
    let mut command = tokio::process::Command::new("bash");
    let output = command
        .args(["-c", script, env!("CARGO_BIN_EXE_cuffd")])
        .output()
        .await
        .unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}
