//! Real gateways with virtual cuffs, watched beyond loopback: by TLS, and with the access code.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::certificates::{Authority, Validity};
use crate::mosquitto::{Mosquitto, free_port};
use crate::subscriber::Subscriber;
pub(crate) use crate::wait::within;

/// The access code of all gateways.
pub(crate) const CODE: &str = "246810";

/// Two cuffs measure all the time; nothing of it is asked for.
const CONFIG: &str = r#"
[gateway]
site = "north"
id = "ID"
test = true
key_file = "@/key.jwk"
time_zone = "UTC"
[store]
path = "@/store/cuffd.db"
reserve = "0MiB"
[clock]
source = "trust"
[web]
listen = "0.0.0.0:PORT"
access_code_file = "@/code"
tls_cert = "CERTIFICATE"
tls_key = "KEY"
"#;

/// A broker with a platform that takes everything and confirms nothing.
pub(crate) struct Clinic {
    pub(crate) broker: Mosquitto,
    _platform: Subscriber,
}

impl Clinic {
    pub(crate) async fn open() -> Self {
        let broker = Mosquitto::open().await;
        let platform = Subscriber::start(broker.port, "cuffd-test/#").await;
        Self {
            broker,
            _platform: platform,
        }
    }

    /// The config's lines for this broker.
    pub(crate) fn lines(&self, receipts: bool) -> String {
        let port = self.broker.port;
        format!("[mqtt]\nreceipts = {receipts}\n[[mqtt.brokers]]\nurl = \"mqtt://127.0.0.1:{port}\"\n")
    }
}

/// Who signs the gateways' certificates, and where.
pub(crate) struct Certificates {
    folder: TempDir,
    authority: Authority,
}

impl Certificates {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new(folder.path(), "clinic");
        Self { folder, authority }
    }

    pub(crate) fn ca(&self) -> std::path::PathBuf {
        self.authority.ca_file()
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// A running gateway. It is killed when it is dropped.
pub(crate) struct Gateway {
    pub(crate) port: u16,
    process: Child,
    _folder: TempDir,
}

impl Gateway {
    /// Starts one of this name, with these lines of config.
    pub(crate) fn start(id: &str, certificates: &Certificates, lines: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        let port = free_port();
        let identity = certificates.authority.issue(id, "127.0.0.1", Validity::Good);
        fs::set_permissions(&identity.key, Permissions::from_mode(0o600)).unwrap();
        let config = CONFIG
            .replace("ID", id)
            .replace("PORT", &port.to_string())
            .replace("CERTIFICATE", &identity.certificate.display().to_string())
            .replace("KEY", &identity.key.display().to_string())
            .replace('@', &here.display().to_string());
        fs::create_dir(here.join("store")).unwrap();
        fs::write(here.join("cuffd.toml"), format!("{config}{lines}")).unwrap();
        write_secret(&here.join("code"), CODE);
        let log = fs::File::create(certificates.folder().join(format!("{id}.log"))).unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_cuffd"))
            .args([
                "simulate", "--cuffs", "2", "--rate", "30", "--model", "standard", "--config",
            ])
            .arg(here.join("cuffd.toml"))
            .env_clear()
            .env("CUFFD_SOCKET", here.join("cuffd.sock"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the program starts");
        Self {
            port,
            process,
            _folder: folder,
        }
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        // It may have ended by itself: then there is nothing to kill.
        let _ended = self.process.kill();
        self.process.wait().unwrap();
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A file that only its owner can read.
pub(crate) fn write_secret(path: &Path, text: &str) {
    let mut file = fs::File::create(path).unwrap();
    file.set_permissions(Permissions::from_mode(0o600)).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}
