//! What systemd hears: ready, alive for as long as every loop comes round, stopping.

use std::time::Duration;

use tokio::net::UnixDatagram;

use crate::rig::{Daemon, Gateway, within};

/// Half a minute is much for a test, and short for a watchdog.
const WATCHDOG: Duration = Duration::from_secs(4);

struct Systemd {
    socket: UnixDatagram,
}

impl Systemd {
    fn listening(gateway: &Gateway) -> Self {
        let socket = UnixDatagram::bind(gateway.path("notify")).unwrap();
        Self { socket }
    }

    fn start(gateway: &Gateway) -> Daemon {
        let mut command = gateway.command(&["simulate", "--fault", "unreachable=1"]);
        command.env("NOTIFY_SOCKET", gateway.path("notify"));
        command.env("WATCHDOG_USEC", WATCHDOG.as_micros().to_string());
        Daemon::start(command, gateway.socket())
    }

    /// The next thing that is told, whatever it is.
    async fn hears(&self) -> String {
        let mut datagram = [0; 4096];
        let size = within("a word to systemd", self.socket.recv(&mut datagram))
            .await
            .unwrap();
        String::from_utf8_lossy(&datagram[..size]).into_owned()
    }

    async fn hears_of(&self, wanted: &str) -> String {
        loop {
            let told = self.hears().await;
            if told.lines().any(|line| line == wanted) {
                return told;
            }
        }
    }
}

#[tokio::test]
async fn ready_is_told_once_the_daemon_answers_and_stopping_at_its_end() {
    let gateway = Gateway::with("");
    let systemd = Systemd::listening(&gateway);
    let daemon = Systemd::start(&gateway);
    let first = systemd.hears().await;
    assert!(first.contains("READY=1"), "{first}");
    assert!(daemon.state().await.is_some(), "it answers");
    let ended = tokio::join!(daemon.stop(), systemd.hears_of("STOPPING=1")).0;
    assert_eq!(ended.code, Some(0));
}

#[tokio::test]
async fn an_idle_daemon_feeds_its_watchdog_in_time() {
    let gateway = Gateway::with("");
    let systemd = Systemd::listening(&gateway);
    let _daemon = Systemd::start(&gateway);
    systemd.hears_of("READY=1").await;
    // Longer than the loops sleep, more often than once.
    for feed in 1..=14 {
        let fed = tokio::time::timeout(WATCHDOG, systemd.hears_of("WATCHDOG=1")).await;
        assert!(fed.is_ok(), "feed {feed} came in time");
    }
}
