//! A gateway: config, store, and control socket outlive its daemons.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::folder::Folder;
use super::stranger::{as_nobody, within_reach};
use super::{Daemon, within};

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_cuffd");

/// A gateway.
pub(crate) struct Gateway {
    folder: Folder,
}

/// What a command has said, and how it ended.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Answer {
    /// What was printed by a command that must have succeeded.
    pub(crate) fn good(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self.stdout
    }
}

impl Gateway {
    /// A gateway with these lines of config beside the usual ones; `@` in them is its folder.
    pub(crate) fn with(lines: &str) -> Self {
        Self {
            folder: Folder::with(lines),
        }
    }

    /// A gateway that sends to the broker on this port of the loopback.
    pub(crate) fn sending_to(port: u16) -> Self {
        Self::sending_with(port, "")
    }

    /// The same, with these lines in `[mqtt]`.
    pub(crate) fn sending_with(port: u16, lines: &str) -> Self {
        Self::with(&mqtt(port, lines))
    }

    /// Writes the config anew.
    pub(crate) fn configure(&self, lines: &str) {
        self.folder.configure(lines);
    }

    /// The file of this name in its folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path(name)
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.path("store/cuffd.db")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.path("cuffd.sock")
    }

    /// The program with these arguments and this gateway's config.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.command_in(&[], arguments)
    }

    /// The same, started by another program that is given it as its last arguments.
    pub(crate) fn command_in(&self, wrapper: &[&str], arguments: &[&str]) -> Command {
        self.with_config(&[wrapper, &[PROGRAM], arguments].concat())
    }

    /// The program with these arguments, for a user to whom files of the mode 0600 of whoever runs this are closed.
    pub(crate) fn command_of_a_stranger(&self, arguments: &[&str]) -> Command {
        fs::set_permissions(self.path("."), Permissions::from_mode(0o755)).unwrap();
        let program = within_reach(PROGRAM, &self.path("."));
        let program = program.to_str().expect("an ordinary name");
        self.with_config(&[as_nobody(), &[program], arguments].concat())
    }

    fn with_config(&self, words: &[&str]) -> Command {
        let mut command = self.environment(words);
        command.arg("--config").arg(self.path("cuffd.toml"));
        command
    }

    /// A program in an environment of this gateway's own.
    fn environment(&self, words: &[&str]) -> Command {
        let (program, arguments) = words.split_first().expect("a program");
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("CUFFD_SOCKET", self.socket())
            // Many daemons run side by side here, and none of them is looked at.
            .env("CUFFD__WEB__ENABLED", "false")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Starts a daemon with virtual cuffs.
    pub(crate) fn simulate(&self, arguments: &[&str]) -> Daemon {
        let arguments = [&["simulate"], arguments].concat();
        Daemon::start(self.command(&arguments), self.socket())
    }

    /// Starts a daemon with the cuffs of the config, which do what is ordered.
    pub(crate) fn ordered(&self) -> Daemon {
        self.ordered_in(&[])
    }

    /// The same, started by another program.
    pub(crate) fn ordered_in(&self, wrapper: &[&str]) -> Daemon {
        let mut command = self.command_in(wrapper, &["simulate", "--orders", "-"]);
        command.stdin(Stdio::piped());
        Daemon::start(command, self.socket())
    }

    /// Starts a daemon whose only cuff cannot be reached.
    pub(crate) fn idle(&self) -> Daemon {
        self.simulate(&["--fault", "unreachable=1"])
    }

    /// Runs a command to its end.
    pub(crate) async fn ask(&self, arguments: &[&str]) -> Answer {
        end_of(self.command(arguments), "").await
    }

    /// Runs a command to its end, as a user to whom files of the mode 0600 of whoever runs this are closed.
    pub(crate) async fn ask_as_a_stranger(&self, arguments: &[&str]) -> Answer {
        end_of(self.command_of_a_stranger(arguments), "").await
    }

    /// Runs a command that reads `input` to its end.
    pub(crate) async fn ask_with_input(&self, arguments: &[&str], input: &str) -> Answer {
        end_of(self.command(arguments), input).await
    }

    /// Runs a command that is not told of the config to its end.
    pub(crate) async fn ask_plainly(&self, arguments: &[&str]) -> Answer {
        end_of(self.environment(&[&[PROGRAM], arguments].concat()), "").await
    }

    /// The files in the folder of the store.
    pub(crate) fn store_files(&self) -> Vec<String> {
        names_in(&self.path("store"))
    }
}

/// The config of a broker on this port, with these lines in `[mqtt]`.
pub(crate) fn mqtt(port: u16, lines: &str) -> String {
    format!("[mqtt]\n{lines}\n[[mqtt.brokers]]\nurl = \"mqtt://127.0.0.1:{port}\"\n")
}

async fn end_of(mut command: Command, input: &str) -> Answer {
    let mut process = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = process.stdin.take().unwrap();
    // One that answers as it reads waits for its answers to be read. One that reads no input may be gone already.
    let write = async move {
        let _unread = stdin.write_all(input.as_bytes()).await;
    };
    let ended = async { tokio::join!(write, process.wait_with_output()).1 };
    let output = within("the end of a command", ended).await.unwrap();
    Answer {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
