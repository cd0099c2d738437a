//! The gateway that a user might pick instead: Theengs, which reads advertisements only, on the same kind of bus and broker.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::broker::{self, Mosquitto};
use crate::daemon;

/// What `benches/peers/setup` installs.
const PACKAGES: &str = include_str!("../peers/python-packages");

/// As it says online by its will's topic.
pub(crate) const STATUS: &str = "home/TheengsGateway/LWT";

/// A running gateway. It is killed when it is dropped.
pub(crate) struct Theengs {
    process: Child,
}

impl Theengs {
    /// Starts it with the defaults of its own, its config in `folder`, on this system bus, connected by TLS as ours is.
    pub(crate) fn start(python: &Path, folder: &Path, broker: &Mosquitto, bus: &str) -> Result<Self> {
        let process = Command::new(python)
            .args(["-m", "TheengsGateway", "--host", broker::NAME, "--enable_tls", "1"])
            .args(["--port", &broker.tls_port.to_string()])
            .arg("--ca_certs")
            .arg(broker.ca_file())
            .arg("--config")
            .arg(folder.join("theengs.conf"))
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("DBUS_SYSTEM_BUS_ADDRESS", bus)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(folder.join("theengs.log"))?)
            .spawn()?;
        Ok(Self { process })
    }

    /// Its resident memory in octets: all of it, and what it shares with no file.
    pub(crate) fn memory(&self) -> Result<(u64, u64)> {
        daemon::memory(self.process.id())
    }
}

impl Drop for Theengs {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ended = self.process.kill().and_then(|()| self.process.wait());
    }
}

/// Installs the peers where they are not there yet, and returns the Python that has them.
pub(crate) fn install() -> Result<PathBuf> {
    let setup = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/setup");
    let said = Command::new(setup).stderr(Stdio::inherit()).output()?;
    ensure!(said.status.success(), "benches/peers/setup ended with {}", said.status);
    let cache = String::from_utf8(said.stdout)?;
    Ok(Path::new(cache.trim_end()).join("python/bin/python"))
}

/// Its version.
pub(crate) fn version() -> Result<&'static str> {
    let version = PACKAGES.lines().find_map(|line| line.strip_prefix("TheengsGateway=="));
    version.context("it is one of the packages")
}

/// What it said, for an error.
pub(crate) fn log(folder: &Path) -> String {
    fs::read_to_string(folder.join("theengs.log")).unwrap_or_default()
}
