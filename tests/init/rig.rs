//! A machine that has no gateway yet, and a terminal on it.

use std::fs::{self, File, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use tempfile::TempDir;

use crate::stranger::{as_nobody, within_reach};

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_cuffd");

/// No test waits longer for one thing.
const PATIENCE: Duration = Duration::from_secs(60);

/// A machine without a gateway. Its config goes into a folder that is not there yet.
pub(crate) struct Machine(TempDir);

/// What a command has said, and how it ended.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Machine {
    pub(crate) fn new() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        fs::set_permissions(machine.0.path(), Permissions::from_mode(0o755)).unwrap();
        machine
    }

    /// A file or folder of this machine.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file; `@` in it is the machine's folder.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let here = self.0.path().display().to_string();
        let text = text.replace('@', &here);
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), &text).unwrap();
        text
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|cause| panic!("{name}: {cause}"))
    }

    pub(crate) fn mode(&self, name: &str) -> u32 {
        self.path(name).metadata().unwrap().permissions().mode() & 0o777
    }

    /// Whether the config is there.
    pub(crate) fn has_config(&self) -> bool {
        self.path("etc/cuffd.toml").exists()
    }

    /// Every file that is there, drafts too.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.0.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(self.0.path()).unwrap();
                    found.push(name.to_str().unwrap().to_owned());
                }
            }
        }
        found.sort();
        found
    }

    /// The program with these arguments and this machine's config.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        self.command_in(&[], words)
    }

    /// The same, started by another program that is given it as its last arguments.
    pub(crate) fn command_in(&self, wrapper: &[&str], words: &[&str]) -> Command {
        self.with_config(&[wrapper, &[PROGRAM], words].concat())
    }

    /// The program with these arguments, for a user to whom this machine is closed.
    pub(crate) fn command_of_a_stranger(&self, words: &[&str]) -> Command {
        let program = within_reach(PROGRAM, &self.path(""));
        self.with_config(&[as_nobody(), &[program.to_str().unwrap()], words].concat())
    }

    fn with_config(&self, all: &[&str]) -> Command {
        let mut command = Command::new(all[0]);
        command
            .args(&all[1..])
            .arg("--config")
            .arg(self.path("etc/cuffd.toml"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("CUFFD_SOCKET", self.path("none.sock"))
            .env("CUFFD__GATEWAY__KEY_FILE", self.path("state/key.jwk"))
            .env("CUFFD__STORE__PATH", self.path("state/cuffd.db"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end, without a terminal.
    pub(crate) fn ask(&self, words: &[&str]) -> Answer {
        self.command(words).output().unwrap().into()
    }

    /// Runs a command on a terminal of so many columns.
    pub(crate) fn on_terminal(&self, columns: u16, words: &[&str]) -> Terminal {
        Terminal::start(self.command(words), columns)
    }
}

/// A terminal on which a command runs, with its stdout elsewhere.
pub(crate) struct Terminal {
    process: Child,
    keyboard: File,
    shows: Receiver<String>,
    screen: String,
    /// How much of the screen has been looked at.
    seen: usize,
}

impl Terminal {
    fn start(mut command: Command, columns: u16) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let keyboard = openpt(flags).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let size = Winsize {
            ws_row: 24,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&keyboard, size).unwrap();
        let program = ioctl_tiocgptpeer(&keyboard, flags).unwrap();
        command.stdin(program.try_clone().unwrap()).stderr(program);
        let process = command.spawn().unwrap();
        // The command holds its ends of the terminal: with it they are closed.
        drop(command);
        let keyboard = File::from(keyboard);
        let mut screen = keyboard.try_clone().unwrap();
        let (shown, shows) = channel();
        thread::spawn(move || {
            let mut octets = [0; 4096];
            let mut rest = Vec::new();
            while let Ok(count) = screen.read(&mut octets) {
                rest.extend_from_slice(&octets[..count]);
                let whole = match std::str::from_utf8(&rest) {
                    Ok(text) => text.len(),
                    Err(cut) => cut.valid_up_to(),
                };
                let text: Vec<u8> = rest.drain(..whole).collect();
                if count == 0 || shown.send(String::from_utf8(text).unwrap()).is_err() {
                    break;
                }
            }
        });
        Self {
            process,
            keyboard,
            shows,
            screen: String::new(),
            seen: 0,
        }
    }

    /// Waits until this is shown.
    pub(crate) fn shows(&mut self, text: &str) {
        loop {
            if let Some(at) = self.screen[self.seen..].find(text) {
                self.seen += at + text.len();
                return;
            }
            match self.shows.recv_timeout(PATIENCE) {
                Ok(more) => self.screen.push_str(&more),
                Err(_) => panic!("{text:?} is never shown, but\n{}", self.screen),
            }
        }
    }

    /// Presses these keys.
    pub(crate) fn keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for each question and answers it.
    pub(crate) fn answers(&mut self, answers: &[(&str, &str)]) {
        for (question, answer) in answers {
            self.shows(question);
            self.shows(": ");
            self.keys(&format!("{answer}\n"));
        }
    }

    /// Whether what is typed is shown.
    pub(crate) fn echoes(&self) -> bool {
        tcgetattr(&self.keyboard)
            .unwrap()
            .local_modes
            .contains(LocalModes::ECHO)
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Waits for the end of the command; its stderr is what the terminal showed.
    pub(crate) fn ended(mut self) -> Answer {
        let mut stdout = String::new();
        self.process.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        let code = self.process.wait().unwrap().code();
        while let Ok(more) = self.shows.recv_timeout(PATIENCE) {
            self.screen.push_str(&more);
        }
        Answer {
            code,
            stdout,
            stderr: self.screen.replace("\r\n", "\n"),
        }
    }
}
