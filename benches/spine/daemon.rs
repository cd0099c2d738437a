//! The program itself, as systemd starts it.

use std::fs::{self, File};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use cuffd::clock;
use rustix::process::{Pid, Signal, kill_process};

/// Longer than any start takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `cuffd run`. It is killed when it is dropped.
pub(crate) struct Daemon {
    process: Child,
    /// From its start until it said READY.
    pub(crate) ready_after: Duration,
}

impl Daemon {
    /// Starts it with a config that lies in `folder`, on this system bus, and waits until it is ready.
    pub(crate) fn start(folder: &Path, config: &str, bus: &str) -> Result<Self> {
        let (config_file, notify) = (folder.join("cuffd.toml"), folder.join("notify"));
        fs::write(&config_file, config)?;
        // It may be there from an earlier start.
        let _gone = fs::remove_file(&notify);
        let listening = UnixDatagram::bind(&notify)?;
        listening.set_read_timeout(Some(PATIENCE))?;
        let start = clock::moment();
        let process = Command::new(env!("CARGO_BIN_EXE_cuffd"))
            .arg("--config")
            .arg(config_file)
            .arg("run")
            .env_clear()
            .env("NOTIFY_SOCKET", &notify)
            .env("CUFFD_SOCKET", folder.join("control"))
            .env("DBUS_SYSTEM_BUS_ADDRESS", bus)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(folder.join("log"))?)
            .spawn()?;
        let mut daemon = Self {
            process,
            ready_after: Duration::ZERO,
        };
        let mut said = [0; 512];
        let length = listening.recv(&mut said).context("it is not ready")?;
        daemon.ready_after = clock::moment().since(start);
        let said = String::from_utf8_lossy(said.get(..length).unwrap_or_default()).into_owned();
        ensure!(said.starts_with("READY=1"), "it said {said}");
        Ok(daemon)
    }

    /// Its resident memory in octets: all of it, and what it shares with no file.
    pub(crate) fn memory(&self) -> Result<(u64, u64)> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        Ok((field(&status, "VmRSS:")?, field(&status, "RssAnon:")?))
    }

    /// Stops it in order.
    pub(crate) fn stop(mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.process), Signal::TERM)?;
        let code = self.process.wait()?;
        ensure!(code.success(), "it ended with {code}");
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // After `stop` there is nothing to end.
        let _ended = self.process.kill().and_then(|()| self.process.wait());
    }
}

fn field(status: &str, name: &str) -> Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kibibytes.context("the kernel tells it")?.parse::<u64>()? * 1024)
}
