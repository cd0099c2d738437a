//! The broker of `docs/broker`, set up by the commands of its README: only paths, ports and names are others here.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use cuffd::mqtt::settings::{Broker, ClientIdentity, Login, TlsFiles, Transport};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::mosquitto::free_port;
use crate::rig::within;

const MOSQUITTO: &str = "/usr/sbin/mosquitto";

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/broker")
}

/// The commands below this heading of the README.
fn commands(heading: &str) -> String {
    let readme = fs::read_to_string(docs().join("README.md")).unwrap();
    let sections = readme.split("\n### ");
    let section = sections
        .skip(1)
        .find_map(|section| section.strip_prefix(heading))
        .unwrap_or_else(|| panic!("a section {heading:?}"));
    let blocks = section.split("```sh\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap()).collect()
}

/// A broker as a clinic has it. It is killed when it is dropped.
pub(crate) struct Shipped {
    folder: TempDir,
    by_certificate: u16,
    by_password: u16,
    process: Option<Child>,
}

impl Shipped {
    /// Follows the README to its end, with the gateways `north/gw` and `north/other`, and starts the broker.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let mut shipped = Self {
            folder,
            by_certificate: free_port(),
            by_password: free_port(),
            process: None,
        };
        for folder in ["etc", "log", "lib", "run", "work"] {
            fs::create_dir(shipped.path(folder)).unwrap();
        }
        shipped.follow("A small authority of your own", &[]);
        shipped.follow("The broker", &[]);
        let other = [
            ("north/gw", "north/other"),
            ("north\\/gw", "north\\/other"),
            ("gw.", "other."),
        ];
        for names in [&[][..], &other] {
            shipped.follow("A gateway with a certificate", names);
            shipped.follow("A gateway with a password", names);
        }
        for user in ["sessions", "pager", "operator"] {
            shipped.follow("A gateway with a certificate", &[("store", user), ("gw.", "unused.")]);
        }
        shipped.adapt_config();
        shipped.begin().await;
        shipped
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Does what the README says there, with other names.
    pub(crate) fn follow(&self, heading: &str, names: &[(&str, &str)]) {
        let here = self.folder.path().display().to_string();
        let mut commands = commands(heading)
            .replace("/etc/mosquitto", &format!("{here}/etc"))
            .replace("mqtt.example.org", "localhost")
            .replace("gw-0042", "gw");
        if !rustix::process::geteuid().is_root() {
            commands = commands.replace("-o mosquitto ", "");
        }
        for (name, other) in names {
            commands = commands.replace(name, other);
        }
        let output = Command::new("bash")
            .args(["-euo", "pipefail", "-c", &commands])
            .env("docs", docs())
            .current_dir(self.path("work"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{heading}: {commands}\n{said}");
    }

    /// Puts this test's paths and ports into the installed config.
    fn adapt_config(&self) {
        let here = self.folder.path().display().to_string();
        let config = self.path("etc/mosquitto.conf");
        let mut text = fs::read_to_string(&config).unwrap();
        let (by_certificate, by_password) = (self.by_certificate, self.by_password);
        for (shipped, own) in [
            ("/etc/mosquitto", format!("{here}/etc")),
            ("/var/log/mosquitto", format!("{here}/log")),
            ("/var/lib/mosquitto", format!("{here}/lib")),
            ("/run/mosquitto", format!("{here}/run")),
            ("listener 8883", format!("listener {by_certificate} 127.0.0.1")),
            ("listener 8884", format!("listener {by_password} 127.0.0.1")),
        ] {
            assert!(text.contains(shipped), "{shipped}");
            text = text.replace(shipped, &own);
        }
        fs::write(&config, text).unwrap();
        // As root it becomes this user; the package's own folders are that user's too.
        if rustix::process::geteuid().is_root() {
            let folders = ["log", "lib", "run"].map(|folder| self.path(folder));
            let owned = Command::new("chown").arg("mosquitto").args(folders).status().unwrap();
            assert!(owned.success());
        }
    }

    /// Starts it, and waits until it listens.
    pub(crate) async fn begin(&mut self) {
        let process = Command::new(MOSQUITTO)
            .arg("-c")
            .arg(self.path("etc/mosquitto.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the package mosquitto is installed");
        self.process = Some(process);
        within("mosquitto", async {
            for port in [self.by_certificate, self.by_password] {
                while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        })
        .await;
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// What `systemctl reload` does.
    pub(crate) fn reload(&self) {
        let process = self.process.as_ref().expect("it runs");
        kill_process(Pid::from_child(process), Signal::HUP).unwrap();
    }

    fn files(&self, client: Option<&str>) -> TlsFiles {
        let work = |name: String| self.path("work").join(name);
        TlsFiles {
            ca_file: Some(work("ca.pem".to_owned())),
            client: client.map(|client| ClientIdentity {
                certificate: work(format!("{client}.pem")),
                key: work(format!("{client}.key")),
            }),
        }
    }

    /// The way in with a certificate: `gw`, `other`, `store`, `sessions`, `pager`, `operator`; or without.
    pub(crate) fn with_certificate(&self, client: Option<&str>) -> Broker {
        Broker {
            host: "localhost".to_owned(),
            port: self.by_certificate,
            transport: Transport::Tls(self.files(client)),
            login: None,
        }
    }

    /// The way in with a password, of `gw` or `other`.
    pub(crate) fn with_password(&self, gateway: &str) -> Broker {
        let login = Login {
            username: format!("north/{gateway}"),
            password_file: Some(self.path("work").join(format!("{gateway}.password"))),
        };
        Broker {
            host: "localhost".to_owned(),
            port: self.by_password,
            transport: Transport::Tls(self.files(None)),
            login: Some(login),
        }
    }

    /// The same ports, spoken to without TLS.
    pub(crate) fn plain(&self) -> [Broker; 2] {
        [self.by_certificate, self.by_password].map(crate::rig::plain)
    }
}

impl Drop for Shipped {
    fn drop(&mut self) {
        self.kill();
    }
}
