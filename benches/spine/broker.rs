//! A real mosquitto on free ports of the loopback.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

/// The package `mosquitto` installs it here, outside an ordinary user's path.
const PROGRAM: &str = "/usr/sbin/mosquitto";

/// The name in the broker's certificate.
pub(crate) const NAME: &str = "localhost";

/// A running broker that keeps nothing. It is killed when it is dropped.
pub(crate) struct Mosquitto {
    pub(crate) port: u16,
    pub(crate) tls_port: u16,
    folder: TempDir,
    process: Child,
}

impl Mosquitto {
    pub(crate) fn start() -> Result<Self> {
        let folder = crate::folder()?;
        let (port, tls_port) = (free_port()?, free_port()?);
        certify(&folder)?;
        let here = folder.path().display();
        // As root it would become another user, who may not read these files.
        let config = format!(
            "user root\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\nmax_queued_messages 0\n\
             listener {port} 127.0.0.1\n\
             listener {tls_port} 127.0.0.1\ncertfile {here}/broker.pem\nkeyfile {here}/broker.key\n"
        );
        let path = folder.path().join("mosquitto.conf");
        fs::write(&path, config)?;
        let process = Command::new(PROGRAM)
            .arg("-c")
            .arg(path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(folder.path().join("log"))?)
            .spawn()
            .context("the package mosquitto is installed")?;
        let broker = Self {
            port,
            tls_port,
            folder,
            process,
        };
        broker.wait()?;
        Ok(broker)
    }

    /// Who vouches for the TLS port.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn wait(&self) -> Result<()> {
        for _ in 0..500 {
            if [self.port, self.tls_port]
                .iter()
                .all(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok())
            {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        bail!("mosquitto does not listen: {log}")
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ended = self.process.kill().and_then(|()| self.process.wait());
    }
}

/// A port of the loopback that nobody has.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn certify(folder: &TempDir) -> Result<()> {
    let mut authority = CertificateParams::default();
    // OpenSSL takes a certificate for self-signed whose issuer has the same name.
    authority.distinguished_name.push(DnType::CommonName, "the bench");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec![NAME.to_owned()])?.signed_by(&key, &issuer)?;
    fs::write(folder.path().join("ca.pem"), issuer.pem())?;
    fs::write(folder.path().join("broker.pem"), certificate.pem())?;
    fs::write(folder.path().join("broker.key"), key.serialize_pem())?;
    Ok(())
}
