//! The cuffs that have a task: taken up, told of what bluetoothd knows of them, let go.

use std::sync::Arc;

use btleplug::platform::Manager;
use tokio::sync::watch;
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

use super::{Registered, Tower};
use crate::bluetooth::RadioError;
use crate::bluetooth::facts::Device;
use crate::bluetooth::sighting::Sighting;
use crate::bluetooth::station::{Ended, Station, Wires};
use crate::core::collection::{Habits, RadioEvent, Setup};
use crate::core::cuff::{Address, Cuff};
use crate::core::name::Name;

impl Tower {
    /// Lets a cuff know what the adapter has of it. Its link, if that is up.
    pub(super) fn introduce(&self, registered: &Registered) -> Option<RadioEvent> {
        let adapter = self.adapter.as_ref()?;
        let found = self.devices.find(adapter, registered.cuff.address);
        let device = found.map(|(_, device)| device);
        registered.sighting.send_modify(|sighting| {
            sighting.adapter = Some(adapter.clone());
            sighting.known = device.is_some();
            sighting.bonded = device.is_some_and(|device| device.bonded);
            if device.is_some_and(|device| device.connected) {
                sighting.set_connected(true);
            }
        });
        device.filter(|device| device.connected).map(|_| RadioEvent::Link {
            cuff: registered.cuff.id.clone(),
            up: true,
        })
    }

    pub(super) fn lose_cuffs(&mut self) {
        self.turns.clear();
        for registered in self.cuffs.values() {
            registered.sighting.send_modify(Sighting::lose);
        }
    }

    pub(super) fn find(&self, address: Address) -> Option<&Registered> {
        self.cuffs
            .values()
            .find(|registered| registered.cuff.address == address)
    }

    pub(super) fn device_of(&self, registered: &Registered) -> Option<&Device> {
        let found = self.devices.find(self.adapter.as_ref()?, registered.cuff.address);
        found.map(|(_, device)| device)
    }

    /// Takes up cuffs that are new, and lets go those that are not registered any more. One that changed is let go first.
    pub(super) async fn register(&mut self) -> Result<(), RadioError> {
        let listed = Arc::clone(&self.settings.cuffs.borrow_and_update());
        let withheld = self.withheld();
        let listed: Vec<&Cuff> = listed.iter().filter(|cuff| Some(cuff.address) != withheld).collect();
        for registered in self.cuffs.values() {
            if !listed.contains(&&registered.cuff) {
                registered.stop.cancel();
            }
        }
        for cuff in listed {
            if !self.cuffs.contains_key(&cuff.id) {
                let link = self.take_up(cuff).await?;
                if let Some(link) = link {
                    self.feed(link).await?;
                }
            }
        }
        self.count_wanted().await
    }

    async fn take_up(&mut self, cuff: &Cuff) -> Result<Option<RadioEvent>, RadioError> {
        let setup = Setup {
            cuff: cuff.id.clone(),
            habits: Habits::of(cuff.model),
            limits: self.settings.limits,
            set_clock: self.settings.set_clock,
            zone: self.settings.time_zone.clone(),
        };
        let (sighting, sightings) = watch::channel(Sighting::default());
        let stop = CancellationToken::new();
        let wires = Wires {
            sightings,
            synchronized: self.settings.synchronized.clone(),
            requests: self.requests.0.clone(),
            events: self.events.clone(),
            stop: stop.clone(),
        };
        let manager = Manager::new().await.map_err(|_| RadioError::NoBus)?;
        let station = Station::new(setup, cuff.address, manager, wires);
        let id = cuff.id.clone();
        self.tasks.spawn(async move { (id, station.run().await) });
        let registered = Registered {
            cuff: cuff.clone(),
            sighting,
            stop,
        };
        let link = self.introduce(&registered);
        self.cuffs.insert(cuff.id.clone(), registered);
        Ok(link)
    }

    pub(super) async fn on_ended(
        &mut self,
        ended: Result<(Name, Result<(), Ended>), JoinError>,
    ) -> Result<(), RadioError> {
        let (cuff, result) = ended.map_err(RadioError::Task)?;
        result.map_err(|ended| match ended {
            Ended::NoBus => RadioError::NoBus,
            Ended::Unheard => RadioError::Unheard,
        })?;
        self.cuffs.remove(&cuff);
        self.turns.remove(&cuff);
        self.feed(RadioEvent::Left(cuff.clone())).await?;
        self.feed(RadioEvent::Link { cuff, up: false }).await?;
        if self.stopping {
            return Ok(());
        }
        self.register().await?;
        self.go_on_pairing();
        Ok(())
    }
}
