//! The screen: the unit is one that systemd understands, and what it starts shows the page.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use crate::folder::{Folder, own_address};
use crate::manual::{project, read};
use crate::wait::until;

const UNIT: &str = "docs/kiosk/cuffd-kiosk.service";

/// Who shows the page where this is run by root: cage does not begin as root.
const NOBODY: u32 = 65_534;

/// A command of the unit on one line.
fn command(key: &str) -> String {
    let unit = read(UNIT).replace("\\\n", " ");
    let line = unit
        .lines()
        .find_map(|line| line.strip_prefix(key))
        .expect("it is there");
    line.to_owned()
}

/// What ends with the test.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _gone = kill_process_group(Pid::from_child(&self.0), Signal::KILL);
        let _ended = self.0.wait();
    }
}

/// The programs of the unit with a screen that nobody sees, in this folder, for the page on this address.
fn show(folder: &Path, address: &str) -> Ends {
    let replaced = [
        ("127.0.0.1:8377", address),
        (
            "/dev/tcp/127.0.0.1/8377",
            &format!("/dev/tcp/{}", address.replace(':', "/")),
        ),
        ("/run/cuffd-kiosk", folder.to_str().unwrap()),
        // A container has no sandbox to give, and no screen.
        (
            "chromium --kiosk",
            "chromium --no-sandbox --disable-gpu --remote-debugging-port=0 --kiosk",
        ),
    ];
    let mut script = format!("{}\nexec {}", command("ExecStartPre="), command("ExecStart="));
    for (from, to) in replaced {
        script = script.replace(from, to);
    }
    let mut show = Command::new("bash");
    show.args(["-c", &script])
        .env("HOME", folder)
        .env("XDG_RUNTIME_DIR", folder)
        .env("WLR_BACKENDS", "headless")
        .env("WLR_RENDERER", "pixman")
        .env("WLR_LIBINPUT_NO_DEVICES", "1")
        .stdin(Stdio::null())
        .stdout(fs::File::create(folder.join("log")).unwrap())
        .stderr(fs::File::create(folder.join("errors")).unwrap())
        .process_group(0);
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
        show.uid(NOBODY).gid(NOBODY);
    }
    Ends(show.spawn().unwrap())
}

/// What the browser says that it shows.
fn shown(folder: &Path) -> Option<String> {
    let port = fs::read_to_string(folder.join("chromium/DevToolsActivePort")).ok()?;
    let mut stream = TcpStream::connect(format!("127.0.0.1:{}", port.lines().next()?)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    stream
        .write_all(b"GET /json/list HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .ok()?;
    let mut answer = String::new();
    let _cut = stream.read_to_string(&mut answer);
    Some(answer)
}

#[test]
fn systemd_understands_the_unit() {
    let verified = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .arg(project(UNIT))
        .output()
        .expect("the package systemd is installed");
    let said = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success() && !said.contains("cuffd-kiosk"), "{said}");
}

#[tokio::test]
async fn what_the_unit_starts_waits_for_the_page_and_shows_it() {
    let (gateway, address) = Folder::with_page(own_address(), "");
    let screen = tempfile::tempdir().unwrap();
    let _screen = show(screen.path(), &address.to_string());
    let browser = screen.path().join("chromium");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!browser.exists(), "there is no page to show yet");
    let mut daemon = Command::new(env!("CARGO_BIN_EXE_cuffd"));
    daemon
        .args(["simulate", "--fault", "unreachable=1", "--config"])
        .arg(gateway.path("cuffd.toml"))
        .env("CUFFD_SOCKET", gateway.path("cuffd.sock"))
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    let _daemon = Ends(daemon.spawn().unwrap());
    let title = "\"title\": \"Blood pressure before the session\"";
    until(
        "the page on the screen (packages cage, xwayland, chromium)",
        async || shown(screen.path()).filter(|answer| answer.contains(title)),
    )
    .await;
}
