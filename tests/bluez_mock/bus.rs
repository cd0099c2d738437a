//! A private dbus-daemon that stands for the system bus.

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};

/// A bus that ends with its value.
pub(crate) struct Bus {
    daemon: Child,
    folder: TempDir,
}

impl Bus {
    /// Where everybody may talk to everybody.
    pub(crate) async fn start() -> Self {
        Self::with_rules("").await
    }

    /// The same, with these rules in its policy beside.
    pub(crate) async fn with_rules(rules: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let config = folder.path().join("bus.conf");
        let socket = folder.path().join("bus");
        tokio::fs::write(&config, configuration(&socket, rules))
            .await
            .expect("the configuration is written");
        let daemon = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--nopidfile"])
            .stderr(std::process::Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("dbus-daemon starts (Debian package dbus)");
        // The socket is there before anybody listens on it.
        while UnixStream::connect(&socket).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Self { daemon, folder }
    }

    pub(crate) fn address(&self) -> String {
        format!("unix:path={}", self.folder.path().join("bus").display())
    }

    pub(crate) async fn kill(&mut self) {
        self.daemon.kill().await.expect("dbus-daemon is ours to kill");
    }
}

fn configuration(socket: &Path, rules: &str) -> String {
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>custom</type>
  <listen>unix:path={}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
    {rules}
  </policy>
</busconfig>
"#,
        socket.display()
    )
}
