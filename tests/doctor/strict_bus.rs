//! A message bus whose rules let nobody talk to bluetoothd.

use std::time::Duration;

use tempfile::TempDir;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};

/// Ends with its value.
pub(crate) struct StrictBus {
    _daemon: Child,
    _owner: zbus::Connection,
    folder: TempDir,
}

impl StrictBus {
    /// Starts it, with somebody on it who has bluetoothd's name.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (config, socket) = (folder.path().join("bus.conf"), folder.path().join("bus"));
        let text = format!(
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
    <deny send_destination="org.bluez"/>
  </policy>
</busconfig>
"#,
            socket.display()
        );
        std::fs::write(&config, text).unwrap();
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
        let address = format!("unix:path={}", socket.display());
        let owner = zbus::connection::Builder::address(address.as_str())
            .build()
            .await
            .unwrap();
        owner.request_name("org.bluez").await.unwrap();
        Self {
            _daemon: daemon,
            _owner: owner,
            folder,
        }
    }

    pub(crate) fn address(&self) -> String {
        format!("unix:path={}", self.folder.path().join("bus").display())
    }
}
