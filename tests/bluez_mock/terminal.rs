//! `scan`, `pair`, `cuffs` and `forget` as a person sees them on a terminal of 80 columns, and as a program does without one.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;

use super::bluez::Bluez;
use super::bus::Bus;
use super::script::{Script, Stage};
use super::{CUFF, OTHER};

const PROGRAM: &str = env!("CARGO_BIN_EXE_cuffd");
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with a config, and a bus with a mock on it.
struct Desk {
    folder: TempDir,
    bus: Bus,
    bluez: Bluez,
}

/// What a command has said without a terminal.
struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Desk {
    async fn with(cuffs: Vec<Script>) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let here = folder.path().display().to_string();
        let config = "[gateway]\nsite = \"north\"\nid = \"gw\"\nkey_file = \"@/key.jwk\"\ntime_zone = \"UTC\"\n\
                      [store]\npath = \"@/cuffd.db\"\nreserve = \"0MiB\"\n[clock]\nsource = \"trust\"\n[web]\nenabled = false\n";
        std::fs::write(folder.path().join("cuffd.toml"), config.replace('@', &here)).expect("written");
        let bus = Bus::start().await;
        let bluez = Bluez::start(&bus.address(), Stage::new(cuffs)).await;
        Self { folder, bus, bluez }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn environment(&self) -> [(&'static str, String); 2] {
        [
            ("DBUS_SYSTEM_BUS_ADDRESS", self.bus.address()),
            ("CUFFD_SOCKET", self.path("cuffd.sock")),
        ]
    }

    /// Without a terminal.
    async fn says(&self, arguments: &[&str]) -> Said {
        let mut command = Command::new(PROGRAM);
        command
            .args(arguments)
            .args(["--config", &self.path("cuffd.toml")])
            .envs(self.environment())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let said = tokio::time::timeout(PATIENCE, command.output()).await;
        let said = said.expect("it ends").expect("it runs");
        Said {
            code: said.status.code(),
            stdout: String::from_utf8(said.stdout).expect("text"),
            stderr: String::from_utf8(said.stderr).expect("text"),
        }
    }
}

/// A terminal of 80 columns and 24 lines in which one command runs.
struct Terminal {
    server: String,
}

impl Terminal {
    async fn run(desk: &Desk, arguments: &str) -> Self {
        let server = desk.path("tmux");
        let mut command = format!(
            "trap : INT; {PROGRAM} {arguments} --config {}; echo exit=$?; sleep 60",
            desk.path("cuffd.toml")
        );
        for (name, value) in desk.environment() {
            command = format!("export {name}='{value}'; {command}");
        }
        let terminal = Self { server };
        terminal
            .tmux(&[
                "-f",
                "/dev/null",
                "new-session",
                "-d",
                "-x",
                "80",
                "-y",
                "24",
                "sh",
                "-c",
                &command,
            ])
            .await;
        terminal
    }

    async fn tmux(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("tmux");
        command
            .args(["-u", "-S", &self.server])
            .args(arguments)
            .env_remove("TMUX");
        let done = command.output().await.expect("tmux runs (Debian package tmux)");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    async fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-S", "-"]).await
    }

    async fn types(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat()).await;
    }

    /// Returns the screen once this stands on it.
    async fn shows(&self, text: &str) -> String {
        let looking = async {
            loop {
                let screen = self.screen().await;
                if screen.contains(text) {
                    return screen;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        match tokio::time::timeout(PATIENCE, looking).await {
            Ok(screen) => screen,
            Err(_) => panic!("waited for {text:?}:\n{}", self.screen().await),
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Where it has ended by itself there is nothing to end.
        let _ended = std::process::Command::new("tmux")
            .args(["-S", &self.server, "kill-server"])
            .output();
    }
}

fn with_passkey() -> Script {
    Script {
        passkey: Some(42),
        has_clock: true,
        describes_itself: true,
        ..Script::new(CUFF)
    }
}

#[tokio::test]
async fn a_scan_is_a_table_that_stays_in_its_place() {
    let desk = Desk::with(vec![Script::new(CUFF), Script::new(OTHER)]).await;
    let terminal = Terminal::run(&desk, "scan").await;
    terminal.shows(OTHER).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let screen = terminal.screen().await;
    assert_eq!(screen.matches("ADDRESS").count(), 1, "drawn over, not below:\n{screen}");
    assert_eq!(screen.matches(CUFF).count(), 1, "{screen}");
    assert!(screen.contains("good -50 dBm"), "{screen}");
    terminal.types(&["C-c"]).await;
    terminal.shows("exit=0").await;
}

#[tokio::test]
async fn without_a_terminal_a_scan_is_a_line_for_each_cuff_and_ends() {
    let desk = Desk::with(vec![Script::new(CUFF), Script::new(OTHER)]).await;
    let said = desk.says(&["scan", "--for", "3s"]).await;
    assert_eq!(
        (said.code, said.stdout.lines().count()),
        (Some(0), 2),
        "{}",
        said.stdout
    );
    assert!(!said.stdout.contains('\u{1b}'));
    let said = desk.says(&["scan", "--for", "3s", "--json"]).await;
    let lines: Vec<serde_json::Value> = said
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("json"))
        .collect();
    assert!(
        lines
            .iter()
            .any(|line| line["address"] == CUFF && line["is_cuff"] == true)
    );
}

#[tokio::test]
async fn a_person_at_a_terminal_is_asked_for_everything() {
    let desk = Desk::with(vec![with_passkey()]).await;
    let terminal = Terminal::run(&desk, "pair").await;
    terminal.shows("Which one?").await;
    terminal.types(&["7", "Enter"]).await;
    terminal.shows("a number of the list").await;
    terminal.types(&["1", "Enter"]).await;
    terminal.shows("What is this cuff called?").await;
    terminal.types(&["Anna B.", "Enter"]).await;
    terminal.shows("a letter or digit first").await;
    terminal.types(&["living-room", "Enter"]).await;
    terminal.shows("Whose is it?").await;
    terminal.types(&["1=p-7f3a", "Enter"]).await;
    terminal.shows("six digits").await;
    terminal.types(&["42", "Enter"]).await;
    terminal.types(&["000042", "Enter"]).await;
    let screen = terminal.shows("exit=").await;
    assert!(screen.contains("exit=0"), "{screen}");
    for text in [
        "is bonded with this box",
        "registered as living-room",
        "The one after it counts",
    ] {
        assert!(screen.contains(text), "{text}:\n{screen}");
    }
    let said = screen.split("{\"battery").next().expect("some").lines();
    let widest = said.map(|line| line.chars().count()).max();
    assert!(
        widest < Some(80),
        "nothing is broken in the middle of a word:\n{screen}"
    );
    let register = std::fs::read_to_string(Path::new(&desk.path("cuffs.toml"))).expect("it is there");
    assert!(
        register.contains("living-room") && register.contains("1 = \"p-7f3a\""),
        "{register}"
    );
    assert_eq!(desk.bluez.stage.count("StopNotify"), 0);
    let listed = desk.says(&["cuffs"]).await;
    assert!(
        listed.stdout.contains(CUFF) && listed.stdout.contains("paired here"),
        "{}",
        listed.stdout
    );
}

#[tokio::test]
async fn without_a_terminal_everything_must_be_said() {
    let desk = Desk::with(vec![with_passkey()]).await;
    for (arguments, missing) in [
        (vec!["pair"], "ADDRESS"),
        (vec!["pair", CUFF], "--id"),
        (vec!["pair", CUFF, "--id", "c1"], "--patient"),
        (vec!["pair", "no address", "--id", "c1", "--patient", "p1"], "AA:BB:CC"),
        (vec!["pair", CUFF, "--id", "c1", "--user", "1=session"], "1=p-7f3a"),
        (vec!["pair", CUFF, "--id", "c1", "--patient", "session"], "[readiness]"),
        (
            vec!["pair", CUFF, "--id", "c1", "--patient", "p1", "--passkey", "42"],
            "six digits",
        ),
        (
            vec!["pair", CUFF, "--id", "c1", "--patient", "p1", "--model", "acme"],
            "standard",
        ),
        (vec!["forget", "c1"], "--yes"),
    ] {
        let said = desk.says(&arguments).await;
        assert_eq!(
            (said.code, said.stdout.as_str()),
            (Some(64), ""),
            "{arguments:?}: {}",
            said.stderr
        );
        assert!(said.stderr.contains(missing), "{arguments:?}: {}", said.stderr);
    }
    assert_eq!(desk.bluez.stage.count("Pair"), 0);
}

#[tokio::test]
async fn a_program_pairs_and_forgets_by_arguments_alone() {
    let desk = Desk::with(vec![with_passkey()]).await;
    let wrong = ["pair", CUFF, "--id", "c1", "--patient", "p1", "--passkey", "999999"];
    let said = desk.says(&wrong).await;
    assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""));
    assert!(
        said.stderr.contains("not the digits") && said.stderr.contains("Next: start again"),
        "{}",
        said.stderr
    );
    let right = ["pair", CUFF, "--id", "c1", "--patient", "p1", "--passkey", "000042"];
    let said = desk.says(&right).await;
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let line: serde_json::Value = serde_json::from_str(&said.stdout).expect("one line of JSON");
    assert_eq!((&line["cuff"], &line["bonded"]), (&"c1".into(), &true.into()));
    assert!(!said.stdout.contains(CUFF) && !said.stdout.contains("p1"), "{line}");
    let said = desk.says(&["forget", "c1", "--yes"]).await;
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    // What came to nothing leaves no bond, and what is forgotten has none.
    let removed = desk
        .bluez
        .stage
        .count("RemoveDevice /org/bluez/hci0/dev_C0_FF_EE_00_00_01");
    assert_eq!(removed, 2);
    assert!(desk.says(&["cuffs"]).await.stdout.contains("No cuff is registered"));
    let said = desk.says(&["forget", "c1", "--yes"]).await;
    assert_eq!(said.code, Some(1), "{}", said.stderr);
}
