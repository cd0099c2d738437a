//! The connection to bluetoothd by which one cuff is paired: an agent that answers for that cuff alone, and the calls.

use std::time::Duration;

use tokio::sync::mpsc;
use zbus::{Message, ObjectPath, Variant, fdo};

use super::agent::{Agent, Capability, Question};
use super::bluez::Bluez;
use super::facts::{BLOOD_PRESSURE, Change, Properties};
use crate::core::models::{Model, ServiceNumber};

const ADAPTER: &str = "org.bluez.Adapter1";
const DEVICE: &str = "org.bluez.Device1";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// Blood Pressure Measurement, as BlueZ writes it.
const MEASUREMENT: &str = "00002a35-0000-1000-8000-00805f9b34fb";

/// For bluetoothd to connect, pair and list what the cuff has. A person types six digits meanwhile; the protocol itself gives
/// up after 30 s (Security Manager 3.4).
const PAIR_FOR: Duration = Duration::from_secs(70);
/// For everything else.
const CALL_FOR: Duration = Duration::from_secs(15);

/// Why a call came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The D-Bus error's name; empty if there was no answer.
    pub(super) name: String,
    /// What it says.
    pub(super) message: String,
}

/// What the cuff turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Offer {
    /// It has 0x2A35.
    Measurements,
    /// It has the Blood Pressure Service and no 0x2A35 in it; its maker's own service, if that is a known one.
    Proprietary(Option<String>),
    /// It has no Blood Pressure Service.
    Other,
}

/// The way to pair one device.
pub(super) struct Bonder {
    bluez: Bluez,
    path: String,
}

impl Bonder {
    /// Connects to the system bus as the agent of the device at `path`. Its questions come through `questions`.
    ///
    /// # Errors
    /// There is no bus, or bluetoothd takes no agent.
    pub(super) async fn connect(path: String, questions: mpsc::Sender<Question>) -> Result<Self, Refusal> {
        let agent = Agent::of(path.clone(), questions);
        let bluez = Bluez::with(agent).await.map_err(refusal)?;
        let announced = bluez.announce_agent(Capability::Keyboard).await;
        announced.map_err(|fault| Refusal::silent(format!("bluetoothd takes no agent: {fault:?}")))?;
        Ok(Self { bluez, path })
    }

    /// Bonds. The link is up when that has succeeded, and what the cuff has is listed.
    pub(super) async fn pair(&self) -> Result<(), Refusal> {
        self.connecting("Pair").await
    }

    /// Connects without a bond.
    pub(super) async fn link(&self) -> Result<(), Refusal> {
        self.connecting("Connect").await
    }

    async fn connecting(&self, method: &str) -> Result<(), Refusal> {
        let asked = self.bluez.ask(PAIR_FOR, &self.path, DEVICE, method, &()).await;
        asked.map(|_| ()).map_err(refusal)
    }

    /// Gives a pairing up, and takes the link down.
    pub(super) async fn give_up(&self) {
        // Where there is nothing to cancel or to take down, that is as it should be.
        let _not_pairing = self.call(&self.path, DEVICE, "CancelPairing", &()).await;
        let _not_connected = self.call(&self.path, DEVICE, "Disconnect", &()).await;
    }

    /// Lets bluetoothd keep the device.
    pub(super) async fn trust(&self) -> Result<(), Refusal> {
        let arguments = (DEVICE, "Trusted", Variant::from(true));
        self.call(&self.path, PROPERTIES, "Set", &arguments).await.map(|_| ())
    }

    /// Removes the device with its bond.
    pub(super) async fn remove(&self) -> Result<(), Refusal> {
        remove(&self.bluez, &self.path).await
    }

    /// What bluetoothd says of the device now.
    pub(super) async fn device(&self) -> Result<Change, Refusal> {
        let reply = self.call(&self.path, PROPERTIES, "GetAll", &DEVICE).await?;
        let properties: Properties = read(&reply)?;
        Ok(Change::of(&properties))
    }

    /// What the cuff has.
    pub(super) async fn offer(&self) -> Result<Offer, Refusal> {
        let reply = self
            .call("/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", &())
            .await?;
        let objects: fdo::ManagedObjects = read(&reply)?;
        let below = format!("{}/", self.path);
        let uuids: Vec<String> = objects
            .iter()
            .filter(|(path, _)| path.as_str().starts_with(&below))
            .flat_map(|(_, interfaces)| interfaces.values())
            .filter_map(|properties| match properties.get("UUID").map(|value| &**value) {
                Some(Variant::Str(uuid)) => Some(uuid.to_ascii_lowercase()),
                _ => None,
            })
            .collect();
        let known = self.device().await?.is_cuff == Some(true);
        Ok(judge(&uuids, known))
    }

    async fn call<B>(&self, path: &str, interface: &str, method: &str, body: &B) -> Result<Message, Refusal>
    where
        B: serde::Serialize + zbus::DynamicType,
    {
        self.bluez
            .ask(CALL_FOR, path, interface, method, body)
            .await
            .map_err(refusal)
    }
}

/// Removes the device at `path` with its bond.
pub(super) async fn remove(bluez: &Bluez, path: &str) -> Result<(), Refusal> {
    let adapter = path.rsplit_once('/').map_or("", |(adapter, _)| adapter);
    let device = ObjectPath::try_from(path).map_err(|error| Refusal::silent(error.to_string()))?;
    let removed = bluez.ask(CALL_FOR, adapter, ADAPTER, "RemoveDevice", &device).await;
    removed.map(|_| ()).map_err(refusal)
}

fn judge(uuids: &[String], is_cuff: bool) -> Offer {
    if uuids.iter().any(|uuid| uuid == MEASUREMENT) {
        return Offer::Measurements;
    }
    if !is_cuff && !uuids.iter().any(|uuid| uuid == BLOOD_PRESSURE) {
        return Offer::Other;
    }
    let begins = |number: &ServiceNumber| {
        let prefix = format!("0000{:04x}-", number.0);
        uuids.iter().any(|uuid| uuid.starts_with(&prefix))
    };
    let theirs = Model::all().filter_map(|model| model.proprietary_service).find(begins);
    Offer::Proprietary(theirs.map(|number| number.to_string()))
}

impl Refusal {
    fn silent(message: impl Into<String>) -> Self {
        Self {
            name: String::new(),
            message: message.into(),
        }
    }
}

fn refusal(error: zbus::Error) -> Refusal {
    if let zbus::Error::MethodError(name, message, _) = error {
        return Refusal {
            name: name.to_string(),
            message: message.unwrap_or_default(),
        };
    }
    Refusal::silent(error.to_string())
}

fn read<T: serde::de::DeserializeOwned + zbus::Type>(reply: &Message) -> Result<T, Refusal> {
    let read = reply.body().deserialize();
    read.map_err(|error| Refusal::silent(format!("an answer of bluetoothd cannot be read: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cuff_is_what_has_measurements() {
        let own = "0000fe4a-0000-1000-8000-00805f9b34fb";
        for (uuids, is_cuff, offer) in [
            (vec![BLOOD_PRESSURE, MEASUREMENT], true, Offer::Measurements),
            (vec![BLOOD_PRESSURE], true, Offer::Proprietary(None)),
            (vec![own], true, Offer::Proprietary(Some("0xFE4A".to_owned()))),
            (vec![own], false, Offer::Other),
            (vec![], false, Offer::Other),
        ] {
            let uuids: Vec<String> = uuids.into_iter().map(str::to_owned).collect();
            assert_eq!(judge(&uuids, is_cuff), offer, "{uuids:?}");
        }
    }
}
