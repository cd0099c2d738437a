//! A real mosquitto with a config of the test's own, on a free port of the loopback.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cuffd::mqtt::settings::ClientIdentity;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::rig::within;

/// The package `mosquitto` installs it here, outside an ordinary user's path.
const PROGRAM: &str = "/usr/sbin/mosquitto";

/// A running broker. It is killed when it is dropped.
pub(crate) struct Mosquitto {
    pub(crate) port: u16,
    config: PathBuf,
    process: Option<Child>,
    folder: TempDir,
    /// Whether it logs every packet.
    talks: bool,
}

impl Mosquitto {
    /// Anyone may do anything.
    pub(crate) async fn open() -> Self {
        Self::with("allow_anonymous true\n").await
    }

    /// Starts with these lines of config.
    pub(crate) async fn with(lines: &str) -> Self {
        Self::with_files(&[], lines).await
    }

    /// Starts with these lines of config, and logs only who comes and goes: for what it costs.
    pub(crate) async fn quiet(lines: &str) -> Self {
        Self::begin(&[], lines, false).await
    }

    /// The same as [`Mosquitto::with`], with files beside the config, whose folder is `@` in `lines`.
    pub(crate) async fn with_files(files: &[(&str, &str)], lines: &str) -> Self {
        Self::begin(files, lines, true).await
    }

    async fn begin(files: &[(&str, &str)], lines: &str, talks: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let port = free_port();
        let here = folder.path().display();
        let lines = lines.replace('@', &here.to_string());
        // As root it would become another user, who may not read the test's files.
        let text = format!(
            "user root\nlistener {port} 127.0.0.1\npersistence true\npersistence_location {here}/\nautosave_interval 1\n\
             autosave_on_changes true\nmax_queued_messages 0\n{lines}"
        );
        let config = folder.path().join("mosquitto.conf");
        fs::write(&config, text).unwrap();
        let mut broker = Self {
            port,
            config,
            process: None,
            folder,
            talks,
        };
        broker.start().await;
        broker
    }

    /// TLS with the broker's certificate; with `client_ca`, clients must show one that it has signed.
    pub(crate) async fn with_tls(identity: &ClientIdentity, client_ca: Option<&std::path::Path>) -> Self {
        let certificate = identity.certificate.display();
        let key = identity.key.display();
        let mut lines = format!("allow_anonymous true\ncertfile {certificate}\nkeyfile {key}\n");
        if let Some(ca) = client_ca {
            lines += &format!("cafile {}\nrequire_certificate true\n", ca.display());
        }
        Self::with(&lines).await
    }

    /// Starts it, and waits until it listens.
    pub(crate) async fn start(&mut self) {
        let log = fs::File::create(self.folder.path().join("log")).unwrap();
        let process = Command::new(PROGRAM)
            .args(self.talks.then_some("-v"))
            .arg("-c")
            .arg(&self.config)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("the package mosquitto is installed");
        self.process = Some(process);
        within("mosquitto", async {
            while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
                self.is_running();
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
        // It may be another's that answers there.
        self.is_running();
    }

    /// Fails with its last words if it has ended by itself.
    fn is_running(&mut self) {
        let ended = self.process.as_mut().and_then(|process| process.try_wait().unwrap());
        assert!(ended.is_none(), "mosquitto ended: {}", self.log());
    }

    /// The running broker's process.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(self.process.as_ref().expect("it runs"))
    }

    /// Lets it read its certificates anew.
    pub(crate) fn reload(&self) {
        kill_process(self.pid(), Signal::HUP).unwrap();
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Ends it in order: it writes down what it has.
    pub(crate) fn stop(&mut self) {
        kill_process(self.pid(), Signal::TERM).unwrap();
        if let Some(mut process) = self.process.take() {
            process.wait().unwrap();
        }
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Ports below those that the system gives to outgoing connections: none of these takes one before the broker does.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// A port that is free, and that no other test of this program is given.
pub(crate) fn free_port() -> u16 {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let count = u32::from(PORTS.end - PORTS.start);
    loop {
        // Test programs that run side by side begin at places of their own.
        let number = std::process::id()
            .wrapping_mul(131)
            .wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed));
        let port = PORTS.start + u16::try_from(number % count).expect("within the range");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
