//! What an operator has the radio do: tell what is on the air, pair a cuff, remove a bond.

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use super::Tower;
use crate::bluetooth::facts::{self, Change};
use crate::bluetooth::pairing::{Found, Paired, Pairing};
use crate::bluetooth::{Chore, RadioError, bonder};
use crate::core::collection::RadioEvent;
use crate::core::cuff::Address;
use crate::core::name::Name;
use crate::core::pairing::{Failure, NotForgotten, Passkey, Seen, Step};
use crate::core::source::{self, CuffHealth};

/// Sightings of the cuff that is looked for, until they are taken.
const SIGHTINGS: usize = 16;

/// A pairing that was asked for.
#[derive(Debug)]
pub struct Wish {
    /// The cuff.
    pub address: Address,
    /// What it is or will be registered as.
    pub id: Name,
    /// The passkey, where it is known before.
    pub passkey: Option<Passkey>,
    /// Whether it knows no bonds.
    pub without_bond: bool,
    /// What is entered meanwhile.
    pub passkeys: mpsc::Receiver<Passkey>,
    /// What is told meanwhile.
    pub steps: mpsc::Sender<Step>,
    /// What becomes of it.
    pub done: oneshot::Sender<Result<Paired, Failure>>,
    /// Told, or dropped, once that is put down. Until then nobody connects the cuff: what is in its memory must come as its first
    /// connection's.
    pub put_down: oneshot::Receiver<()>,
}

/// The pairing under way.
pub(super) struct UnderWay {
    address: Address,
    id: Name,
    done: oneshot::Sender<Result<Paired, Failure>>,
    put_down: oneshot::Receiver<()>,
    found: mpsc::Sender<Found>,
    /// Begun once the cuff's own task has let go of it.
    waiting: Option<Pairing>,
}

/// A cuff whose pairing has ended.
pub(super) struct Settling {
    address: Address,
    id: Name,
    put_down: oneshot::Receiver<()>,
}

/// Ends when that has been put down; never, if there is none.
pub(super) async fn settled(settling: &mut Option<Settling>) {
    match settling {
        // Dropped, it will not be put down any more.
        Some(settling) => drop((&mut settling.put_down).await),
        None => std::future::pending().await,
    }
}

impl Tower {
    /// Does what an operator asks for. A scan and a pairing go on beside everything else.
    pub(super) async fn on_chore(&mut self, chore: Chore) -> Result<(), RadioError> {
        match chore {
            Chore::Scan { seen } => {
                self.watchers.push(seen);
                self.count_wanted().await
            }
            Chore::Pair(wish) => self.begin_pairing(*wish).await,
            Chore::Forget { address, done } => {
                let path = self.adapter.as_ref().and_then(|adapter| {
                    let found = self.devices.find(adapter, address);
                    found.map(|(path, device)| (path.to_owned(), device.bonded))
                });
                let removed = match path {
                    _ if self.adapter.is_none() => Err("there is no Bluetooth adapter".to_owned()),
                    Some((path, _)) => bonder::remove(&self.bluez, &path)
                        .await
                        .map_err(|refusal| refusal.message),
                    None => Ok(()),
                };
                // Whoever asked may have stopped waiting.
                let _unheard = done.send(removed.map_err(|message| NotForgotten::BondStays { message }));
                Ok(())
            }
        }
    }

    async fn begin_pairing(&mut self, wish: Wish) -> Result<(), RadioError> {
        let refused = if self.pairing.is_some() || self.settling.is_some() {
            Some(Failure::Busy)
        } else if self.adapter.is_none() {
            Some(Failure::NoRadio)
        } else {
            None
        };
        if let Some(failure) = refused {
            let _unheard = wish.done.send(Err(failure));
            return Ok(());
        }
        let (found, sightings) = mpsc::channel(SIGHTINGS);
        let pairing = Pairing {
            id: wish.id.clone(),
            passkey: wish.passkey,
            without_bond: wish.without_bond,
            bluez: self.bluez.clone(),
            requests: self.requests.0.clone(),
            found: sightings,
            passkeys: wish.passkeys,
            steps: wish.steps,
        };
        self.pairing = Some(UnderWay {
            address: wish.address,
            id: wish.id,
            done: wish.done,
            put_down: wish.put_down,
            found,
            waiting: Some(pairing),
        });
        // The cuff's own task must not connect it meanwhile.
        self.register().await?;
        self.go_on_pairing();
        Ok(())
    }

    /// Begins the pairing that waits, once nobody else has to do with its cuff.
    pub(super) fn go_on_pairing(&mut self) {
        let is_free = |under_way: &UnderWay| {
            let registered = self.cuffs.values();
            registered
                .filter(|registered| registered.cuff.address == under_way.address || registered.cuff.id == under_way.id)
                .count()
                == 0
        };
        if !self.pairing.as_ref().is_some_and(is_free) {
            return;
        }
        if let Some(pairing) = self.pairing.as_mut().and_then(|under_way| under_way.waiting.take()) {
            self.pairings.spawn(pairing.run());
        }
    }

    /// A pairing has come to its end.
    pub(super) async fn on_paired(&mut self, result: Result<Paired, Failure>) -> Result<(), RadioError> {
        let Some(under_way) = self.pairing.take() else {
            return Ok(());
        };
        if matches!(result, Ok(Paired { bonded: true, .. })) {
            // A bond that was lost before is there again.
            let (cuff, health) = (under_way.id.clone(), CuffHealth::Reachable);
            let _told_by_the_next_reading = self.events.try_send(source::Event::Cuff { cuff, health });
        }
        let _unheard = under_way.done.send(result);
        self.settling = Some(Settling {
            address: under_way.address,
            id: under_way.id,
            put_down: under_way.put_down,
        });
        Ok(())
    }

    /// Its own task takes the link over.
    pub(super) async fn on_settled(&mut self) -> Result<(), RadioError> {
        let Some(Settling { id, .. }) = self.settling.take() else {
            return Ok(());
        };
        self.turns.remove(&id);
        self.feed(RadioEvent::Left(id)).await?;
        self.register().await
    }

    /// The cuff that is left alone because it is being paired.
    pub(super) fn withheld(&self) -> Option<Address> {
        let under_way = self.pairing.as_ref().map(|under_way| under_way.address);
        under_way.or(self.settling.as_ref().map(|settling| settling.address))
    }

    /// Tells the radio for how many the scan is wanted.
    pub(super) async fn count_wanted(&mut self) -> Result<(), RadioError> {
        self.watchers.retain(|watcher| !watcher.is_closed());
        let guests = self.watchers.len() + usize::from(self.pairing.is_some());
        let wanted = self.settings.cuffs.borrow().len() + guests;
        if wanted == self.wanted {
            return Ok(());
        }
        self.wanted = wanted;
        self.feed(RadioEvent::Registered(wanted)).await
    }

    /// Passes on that a device was heard.
    pub(super) fn tell_operator(&mut self, path: &str, change: &Change) {
        if !change.advertised || facts::adapter_name(path) != self.adapter {
            return;
        }
        let Some((address, device)) = self.devices.at(path).and_then(|device| Some((device.address?, device))) else {
            return;
        };
        let seen = Seen {
            address,
            name: device.name.clone(),
            rssi: change.rssi,
            is_cuff: device.is_cuff,
            bonded: device.bonded,
        };
        for watcher in &self.watchers {
            // One that reads slowly hears of it with the next advertisement.
            if let Err(TrySendError::Full(_) | TrySendError::Closed(_)) = watcher.try_send(seen.clone()) {}
        }
        if let Some(under_way) = self.pairing.as_ref().filter(|under_way| under_way.address == address) {
            let found = Found {
                path: path.to_owned(),
                name: seen.name,
                rssi: seen.rssi,
                bonded: seen.bonded,
            };
            let _full = under_way.found.try_send(found);
        }
    }
}
