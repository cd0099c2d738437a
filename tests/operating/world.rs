//! Machines with files of their own at the places that the manual names, and a network that only they have.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::manual::{Place, project};

const PROGRAM: &str = env!("CARGO_BIN_EXE_cuffd");

/// The longest that a block of commands may take.
const PATIENCE_S: &str = "120";

/// What a command has said, and how it ended.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// They are gone when it is dropped, with everything that runs on them.
pub(crate) struct World {
    folder: TempDir,
    holder: Child,
    /// The first process of them, as seen from outside.
    first: String,
}

impl World {
    /// Three machines, each with the package on it: the box, another, and the clinic's.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let holder = Command::new("unshare")
            .args(["-rmnpuf", "--kill-child"])
            .arg(project("tests/operating/box/world"))
            .args([folder.path(), PROGRAM.as_ref(), project("").as_path()])
            .args(["box", "spare", "clinic"])
            .stdin(Stdio::null())
            .spawn()
            .expect("the package util-linux is installed");
        let mut world = Self {
            folder,
            holder,
            first: String::new(),
        };
        while !world.folder.path().join("ready").exists() {
            let ended = world.holder.try_wait().unwrap();
            assert!(
                ended.is_none(),
                "no machines: {ended:?} (packages util-linux, iproute2)"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        let id = world.holder.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        children.trim().clone_into(&mut world.first);
        for place in [Place::Box, Place::Spare] {
            world.start_bus(place);
        }
        world
    }

    /// The system bus of a machine, with nobody on it.
    fn start_bus(&self, place: Place) {
        let socket = self.file(place, "run/dbus/bus");
        let config = self.file(place, "run/dbus/conf");
        fs::create_dir_all(socket.parent().unwrap()).unwrap();
        let text = "<busconfig><type>custom</type><listen>unix:path=/run/dbus/bus</listen><auth>EXTERNAL</auth><policy context=\"default\">\
             <allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>";
        fs::write(&config, text).unwrap();
        let start = "dbus-daemon --config-file=/run/dbus/conf --nofork --nopidfile >/dev/null 2>&1 </dev/null &";
        self.run(place, start);
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn root(&self, place: Place) -> PathBuf {
        self.folder.path().join(match place {
            Place::Box | Place::Systemd => "box",
            Place::Spare => "spare",
            Place::Clinic => "clinic",
        })
    }

    /// A file of a machine.
    pub(crate) fn file(&self, place: Place, path: &str) -> PathBuf {
        self.root(place).join(path)
    }

    /// Somebody carries a file from the one to the other; both keep such files where they work.
    pub(crate) fn carry(&self, name: &str, from: Place, to: Place) {
        fs::copy(self.work(from, name), self.work(to, name)).unwrap_or_else(|cause| panic!("{name}: {cause}"));
    }

    /// A file where commands are given.
    pub(crate) fn work(&self, place: Place, name: &str) -> PathBuf {
        self.file(place, "root").join(name)
    }

    /// Gives commands on a machine, whatever comes of them.
    pub(crate) fn give(&self, place: Place, commands: &str) -> Answer {
        let output = Command::new("timeout")
            .args([PATIENCE_S, "nsenter", "--target", &self.first])
            .args([
                "--user",
                "--mount",
                "--net",
                "--pid",
                "--uts",
                "--preserve-credentials",
                "chroot",
            ])
            .arg(self.root(place))
            .args([
                "env",
                "-i",
                "HOME=/root",
                "LC_ALL=C.UTF-8",
                "DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/dbus/bus",
            ])
            // Nobody says there whether the clock is right.
            .arg("CUFFD__CLOCK__SOURCE=trust")
            .arg("PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .arg("docs=/usr/share/doc/cuffd/examples/broker")
            .args(["bash", "-euo", "pipefail", "-c", &format!("cd /root\n{commands}")])
            .stdin(Stdio::null())
            .output()
            .expect("the package util-linux is installed");
        Answer {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Gives commands that must succeed; what they print.
    pub(crate) fn run(&self, place: Place, commands: &str) -> Answer {
        let answer = self.give(place, commands);
        let log = fs::read_to_string(self.file(place, "var/log/cuffd.log")).unwrap_or_default();
        assert_eq!(
            answer.code,
            Some(0),
            "{commands}\n{}{}\n{log}",
            answer.stdout,
            answer.stderr
        );
        answer
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // The first process of the machines goes with it, and everything else with that.
        let _gone = self.holder.kill();
        let _ended = self.holder.wait();
    }
}
