//! The program itself, as systemd starts it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use cuffd::clock;
use rustix::process::{Pid, Signal, kill_process};

/// Longer than any start takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// The unit's `WatchdogSec`, in microseconds.
const WATCHDOG: &str = "60000000";

/// A running `cuffd run`. It is killed when it is dropped.
pub(crate) struct Daemon {
    process: Child,
    log: PathBuf,
    /// From its start until it said READY.
    pub(crate) ready_after: Duration,
}

/// What a process has used of the machine since its start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Used {
    pub(crate) processor: Duration,
    /// How often one of its threads went to sleep.
    pub(crate) wakeups: u64,
    /// Octets that it had to be written to the disk.
    pub(crate) written: u64,
    /// Lines and octets of its log.
    pub(crate) lines: u64,
    pub(crate) logged: u64,
}

impl Used {
    /// What has been used since `before`.
    pub(crate) fn since(&self, before: &Self) -> Self {
        Self {
            processor: self.processor.saturating_sub(before.processor),
            wakeups: self.wakeups - before.wakeups,
            written: self.written - before.written,
            lines: self.lines - before.lines,
            logged: self.logged - before.logged,
        }
    }
}

impl Daemon {
    /// Starts it as the unit does, with a config that lies in `folder`, on this system bus, and waits until it is ready. The program
    /// is the one that is built with this, or `CUFFD_PROGRAM`.
    pub(crate) fn start(folder: &Path, config: &str, bus: &str) -> Result<Self> {
        let (config_file, notify) = (folder.join("cuffd.toml"), folder.join("notify"));
        fs::write(&config_file, config)?;
        // It may be there from an earlier start.
        let _gone = fs::remove_file(&notify);
        let listening = UnixDatagram::bind(&notify)?;
        listening.set_read_timeout(Some(PATIENCE))?;
        let start = clock::moment();
        let program = std::env::var_os("CUFFD_PROGRAM").unwrap_or_else(|| OsString::from(env!("CARGO_BIN_EXE_cuffd")));
        let log = folder.join("log");
        let process = Command::new(program)
            .arg("--config")
            .arg(config_file)
            .arg("run")
            .env_clear()
            .env("NOTIFY_SOCKET", &notify)
            .env("WATCHDOG_USEC", WATCHDOG)
            .env("CUFFD_SOCKET", folder.join("control"))
            .env("DBUS_SYSTEM_BUS_ADDRESS", bus)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()?;
        let mut daemon = Self {
            process,
            log,
            ready_after: Duration::ZERO,
        };
        let mut said = [0; 512];
        let length = listening.recv(&mut said).with_context(|| {
            let log = fs::read_to_string(&daemon.log).unwrap_or_default();
            format!("it is not ready: {log}")
        })?;
        daemon.ready_after = clock::moment().since(start);
        let said = String::from_utf8_lossy(said.get(..length).unwrap_or_default()).into_owned();
        ensure!(said.starts_with("READY=1"), "it said {said}");
        // A full socket would stop it; silence for longer than it feeds its watchdog is its end.
        std::thread::spawn(move || while listening.recv(&mut [0; 512]).is_ok() {});
        Ok(daemon)
    }

    /// What it has used so far.
    pub(crate) fn used(&self) -> Result<Used> {
        let folder = PathBuf::from(format!("/proc/{}", self.process.id()));
        let (mut nanoseconds, mut wakeups) = (0, 0);
        for thread in fs::read_dir(folder.join("task"))? {
            let thread = thread?.path();
            let ran = fs::read_to_string(thread.join("schedstat"))?;
            nanoseconds += ran.split(' ').next().context("the kernel tells it")?.parse::<u64>()?;
            wakeups += number(&fs::read_to_string(thread.join("status"))?, "voluntary_ctxt_switches:")?;
        }
        let log = fs::read_to_string(&self.log)?;
        Ok(Used {
            processor: Duration::from_nanos(nanoseconds),
            wakeups,
            written: number(&fs::read_to_string(folder.join("io"))?, "write_bytes:")?,
            lines: log.lines().count().try_into()?,
            logged: log.len().try_into()?,
        })
    }

    /// Its resident memory in octets: all of it, and what it shares with no file.
    pub(crate) fn memory(&self) -> Result<(u64, u64)> {
        memory(self.process.id())
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

/// The resident memory of a process in octets: all of it, and what it shares with no file.
pub(crate) fn memory(process: u32) -> Result<(u64, u64)> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    Ok((field(&status, "VmRSS:")?, field(&status, "RssAnon:")?))
}

fn field(status: &str, name: &str) -> Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kibibytes.context("the kernel tells it")?.parse::<u64>()? * 1024)
}

fn number(text: &str, name: &str) -> Result<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    Ok(line.context("the kernel tells it")?.trim().parse()?)
}
