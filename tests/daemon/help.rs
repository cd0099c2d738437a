//! Help, completions and the man page: whole, and readable on a narrow terminal.

use crate::rig::Gateway;

const SUBCOMMANDS: &[&str] = &[
    "run",
    "init",
    "check",
    "doctor",
    "wipe",
    "demo",
    "simulate",
    "scan",
    "pair",
    "cuffs",
    "forget",
    "status",
    "decode",
    "readings",
    "replay",
    "verify",
    "key",
    "resend",
    "completions",
    "man",
];

/// A terminal of the usual size.
const COLUMNS: usize = 80;

#[tokio::test]
async fn help_fits_a_terminal_of_80_columns() {
    let gateway = Gateway::with("");
    let asked = SUBCOMMANDS
        .iter()
        .flat_map(|name| [vec![*name, "--help"], vec![*name, "-h"], vec!["help", *name]]);
    for arguments in asked.chain([vec!["--help"], vec!["-h"]]) {
        let help = gateway.ask_plainly(&arguments).await.good();
        assert!(help.contains("Usage: cuffd"), "{help}");
        let wide: Vec<&str> = help.lines().filter(|line| line.chars().count() > COLUMNS).collect();
        assert!(wide.is_empty(), "{arguments:?}: {wide:#?}");
    }
}

#[tokio::test]
async fn help_names_every_subcommand_and_the_version_is_the_packages() {
    let gateway = Gateway::with("");
    let help = gateway.ask_plainly(&["--help"]).await.good();
    for name in SUBCOMMANDS {
        assert!(
            help.lines().any(|line| line.trim_start().starts_with(name)),
            "{name} in\n{help}"
        );
    }
    let version = gateway.ask_plainly(&["--version"]).await.good();
    assert_eq!(version, format!("cuffd {}\n", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn completions_and_the_man_page_know_every_subcommand() {
    let gateway = Gateway::with("");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = gateway.ask_plainly(&["completions", shell]).await.good();
        for name in SUBCOMMANDS {
            assert!(script.contains(name), "{name} for {shell}");
        }
    }
    let page = gateway.ask_plainly(&["man"]).await.good();
    assert!(page.contains(".TH cuffd 1"), "{page}");
    for name in SUBCOMMANDS {
        assert!(page.contains(&format!("cuffd\\-{name}(1)")), "{name} in\n{page}");
    }
}

#[tokio::test]
async fn every_subcommand_has_a_man_page_and_nothing_else_has() {
    let gateway = Gateway::with("");
    for name in SUBCOMMANDS {
        let page = gateway.ask_plainly(&["man", name]).await.good();
        assert!(page.contains(&format!(".TH cuffd-{name} 1")), "{page}");
        assert!(page.contains("\\-\\-config"), "the options of all are told too: {page}");
    }
    let answer = gateway.ask_plainly(&["man", "nothing"]).await;
    assert_eq!((answer.code, answer.stdout.as_str()), (Some(64), ""));
    assert!(answer.stderr.contains("nothing"), "{answer:?}");
}

#[tokio::test]
async fn completions_of_bash_can_be_loaded() {
    let gateway = Gateway::with("");
    let script = gateway.ask_plainly(&["completions", "bash"]).await.good();
    let path = gateway.path("completions");
    std::fs::write(&path, script + "\ncomplete -p cuffd\n").unwrap();
    let loaded = tokio::process::Command::new("bash").arg(path).output().await.unwrap();
    assert!(loaded.status.success(), "{loaded:?}");
}
