//! Where a gateway stands that has nothing to do: a cuff that is silent, a broker with TLS, a page.

use anyhow::Result;
use tempfile::TempDir;

use crate::broker::Mosquitto;
use crate::daemon::Daemon;
use crate::gateway;
use crate::mock::bluez::Bluez;
use crate::mock::bus::Bus;
use crate::mock::script::{Script, Stage};

pub(crate) struct Place {
    pub(crate) broker: Mosquitto,
    pub(crate) bus: Bus,
    bluez: Bluez,
    pub(crate) folder: TempDir,
}

impl Place {
    pub(crate) async fn new() -> Result<Self> {
        let bus = Bus::start().await;
        let cuff = Script {
            advertises: false,
            ..Script::new("C0:FF:EE:00:00:01")
        };
        Ok(Self {
            broker: Mosquitto::start()?,
            bluez: Bluez::start(&bus.address(), Stage::new(vec![cuff])).await,
            bus,
            folder: crate::folder()?,
        })
    }

    /// Starts a gateway here, with its page on this port.
    pub(crate) fn start(&self, page: u16) -> Result<Daemon> {
        let folder = self.folder.path();
        let config = gateway::room_text(folder, &self.broker, page);
        Daemon::start(folder, &config, &self.bus.address())
    }

    /// Whether whoever uses the adapter scans.
    pub(crate) fn scans(&self) -> bool {
        self.bluez.stage.lock().adapter.discovering
    }
}
