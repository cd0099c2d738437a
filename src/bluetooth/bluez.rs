//! The side channel to bluetoothd, for what btleplug cannot do: scan low-energy only, agent, adapters, restarts.
//!
//! * It never subscribes to a characteristic: two subscribers would get every value twice.
//! * The stream of facts must be polled while a call is under way: both come through one socket.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::time::Duration;

use futures_util::StreamExt;
use zbus::message::Type;
use zbus::{Connection, Message, MessageStream, ObjectPath, OwnedObjectPath, Variant, fdo};

use super::agent::{self, Agent, Capability};
use super::facts::{self, Change, Fact, Properties};
use super::faults;
use crate::core::collection::Fault;

const SERVICE: &str = "org.bluez";
const ADAPTER: &str = "org.bluez.Adapter1";
const DEVICE: &str = "org.bluez.Device1";
const AGENT_MANAGER: &str = "org.bluez.AgentManager1";
/// Where bluetoothd takes agents.
const AGENTS: &str = "/org/bluez";
const BUS: &str = "org.freedesktop.DBus";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
const OBJECT_MANAGER: &str = "org.freedesktop.DBus.ObjectManager";

/// For one call: bluetoothd answers in milliseconds, or is in trouble.
const CALL_FOR: Duration = Duration::from_secs(15);
/// For starting and stopping a scan. A cuff waits meanwhile, and bluetoothd has been seen to leave StopDiscovery unanswered
/// when the kernel's own discovery ended in the same moment.
const SCAN_FOR: Duration = Duration::from_secs(4);
/// Signals that may wait while nobody polls the stream of facts. One more, and the answer to a call would not be read either.
const UNHEARD: NonZeroUsize = match NonZeroUsize::new(4096) {
    Some(count) => count,
    None => NonZeroUsize::MIN,
};
/// The weakest signal that BlueZ lets a filter ask for. Asking keeps bluetoothd telling of every advertisement; without it
/// later versions tell only of changes by 8 dB, and a cuff that comes back to the same table would not be noticed.
const WEAKEST_DBM: i16 = -127;

/// What of bluetoothd's signals is wanted.
const MATCHES: [&str; 4] = [
    "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='org.bluez'",
    "type='signal',sender='org.bluez',interface='org.freedesktop.DBus.ObjectManager'",
    "type='signal',sender='org.bluez',interface='org.freedesktop.DBus.Properties',arg0='org.bluez.Adapter1'",
    "type='signal',sender='org.bluez',interface='org.freedesktop.DBus.Properties',arg0='org.bluez.Device1'",
];

/// The side channel. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Bluez {
    connection: Connection,
}

/// Whatever bluetoothd says, as it says it.
pub(super) struct Facts {
    stream: MessageStream,
    /// bluetoothd's own name on the bus: signals of others are not believed.
    owner: Option<String>,
}

impl Bluez {
    /// Connects to the system bus and begins to listen.
    ///
    /// # Errors
    /// There is no bus, or it does not answer.
    pub(super) async fn connect() -> Result<(Self, Facts), Fault> {
        let listening = in_time(CALL_FOR, Self::listen()).await;
        listening.map_err(|error| faults::of_zbus(&error))
    }

    async fn listen() -> zbus::Result<(Self, Facts)> {
        let connection = zbus::connection::Builder::system()
            .max_queued(UNHEARD)
            .serve_at(agent::PATH, Agent::refusing())
            .build()
            .await?;
        let stream = MessageStream::from(&connection);
        for rule in MATCHES {
            connection
                .call_method(Some(BUS), "/org/freedesktop/DBus", Some(BUS), "AddMatch", &rule)
                .await?;
        }
        let facts = Facts { stream, owner: None };
        Ok((Self { connection }, facts))
    }

    /// Connects to the system bus with this agent, and listens to nothing.
    ///
    /// # Errors
    /// There is no bus, or it does not answer.
    pub(super) async fn with(agent: Agent) -> zbus::Result<Self> {
        let connecting = zbus::connection::Builder::system().serve_at(agent::PATH, agent).build();
        let connection = in_time(CALL_FOR, connecting).await?;
        Ok(Self { connection })
    }

    /// bluetoothd's own name on the bus, if it runs. Asking does not start it.
    ///
    /// # Errors
    /// The bus does not answer.
    pub(super) async fn owner(&self) -> Result<Option<String>, Fault> {
        let asked = self
            .call(BUS, "/org/freedesktop/DBus", BUS, "GetNameOwner", &SERVICE)
            .await;
        match asked {
            Ok(reply) => Ok(reply.body().deserialize::<String>().ok()),
            Err(Fault::Stack) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Makes our agent bluetoothd's.
    ///
    /// # Errors
    /// bluetoothd refused or did not answer.
    pub(super) async fn register_agent(&self) -> Result<(), Fault> {
        let path = ObjectPath::try_from(agent::PATH).map_err(|_| Fault::Other)?;
        self.announce_agent(Capability::Nothing).await?;
        self.call(SERVICE, AGENTS, AGENT_MANAGER, "RequestDefaultAgent", &path)
            .await?;
        Ok(())
    }

    /// Makes the agent of this connection known, for what this connection pairs.
    ///
    /// # Errors
    /// bluetoothd refused or did not answer.
    pub(super) async fn announce_agent(&self, capability: Capability) -> Result<(), Fault> {
        let path = ObjectPath::try_from(agent::PATH).map_err(|_| Fault::Other)?;
        let arguments = (&path, capability.as_str());
        self.call(SERVICE, AGENTS, AGENT_MANAGER, "RegisterAgent", &arguments)
            .await?;
        Ok(())
    }

    /// Everything that bluetoothd knows now.
    ///
    /// # Errors
    /// bluetoothd did not answer.
    pub(super) async fn snapshot(&self) -> Result<Vec<Fact>, Fault> {
        let reply = self
            .call(SERVICE, "/", OBJECT_MANAGER, "GetManagedObjects", &())
            .await?;
        let objects: fdo::ManagedObjects = reply.body().deserialize().map_err(|_| Fault::Other)?;
        let mut found = Vec::new();
        for (path, interfaces) in objects {
            for (interface, properties) in interfaces {
                found.extend(fact(path.as_str(), interface.as_str(), &properties).map(Fact::without_advertisement));
            }
        }
        Ok(found)
    }

    /// Starts a scan for low-energy devices only. On a dual-mode controller anything else is deaf half of the time.
    ///
    /// btleplug's own scan cannot be told so, and switches the adapter on. Its data path does not care who scans.
    ///
    /// # Errors
    /// [`Fault::InProgress`] if a scan of ours runs; else why not.
    pub(super) async fn start_scan(&self, adapter: &str) -> Result<(), Fault> {
        let path = adapter_path(adapter);
        let filter: HashMap<&str, Variant<'_>> = HashMap::from([
            ("Transport", Variant::from("le")),
            ("DuplicateData", Variant::from(true)),
            ("RSSI", Variant::from(WEAKEST_DBM)),
        ]);
        self.call_within(SCAN_FOR, SERVICE, &path, ADAPTER, "SetDiscoveryFilter", &filter)
            .await?;
        self.call_within(SCAN_FOR, SERVICE, &path, ADAPTER, "StartDiscovery", &())
            .await?;
        Ok(())
    }

    /// Stops the scan.
    ///
    /// # Errors
    /// There was none, or why not.
    pub(super) async fn stop_scan(&self, adapter: &str) -> Result<(), Fault> {
        let path = adapter_path(adapter);
        self.call_within(SCAN_FOR, SERVICE, &path, ADAPTER, "StopDiscovery", &())
            .await?;
        Ok(())
    }

    /// Switches an adapter on or off.
    ///
    /// # Errors
    /// Why not.
    pub(super) async fn set_power(&self, adapter: &str, on: bool) -> Result<(), Fault> {
        let path = adapter_path(adapter);
        let arguments = (ADAPTER, "Powered", Variant::from(on));
        self.call(SERVICE, &path, PROPERTIES, "Set", &arguments).await?;
        Ok(())
    }

    async fn call<B>(
        &self,
        service: &str,
        path: &str,
        interface: &str,
        method: &str,
        body: &B,
    ) -> Result<Message, Fault>
    where
        B: serde::Serialize + zbus::DynamicType,
    {
        self.call_within(CALL_FOR, service, path, interface, method, body).await
    }

    async fn call_within<B>(
        &self,
        patience: Duration,
        service: &str,
        path: &str,
        interface: &str,
        method: &str,
        body: &B,
    ) -> Result<Message, Fault>
    where
        B: serde::Serialize + zbus::DynamicType,
    {
        let called = self
            .connection
            .call_method(Some(service), path, Some(interface), method, body);
        in_time(patience, called).await.map_err(|error| faults::of_zbus(&error))
    }

    /// Asks bluetoothd. Its refusal comes as it says it.
    ///
    /// # Errors
    /// It refused, or did not answer.
    pub(super) async fn ask<B>(
        &self,
        patience: Duration,
        path: &str,
        interface: &str,
        method: &str,
        body: &B,
    ) -> zbus::Result<Message>
    where
        B: serde::Serialize + zbus::DynamicType,
    {
        let called = self
            .connection
            .call_method(Some(SERVICE), path, Some(interface), method, body);
        in_time(patience, called).await
    }
}

/// Around the whole call: a limit of the library's own would begin only once the call is sent.
async fn in_time<T>(patience: Duration, called: impl Future<Output = zbus::Result<T>>) -> zbus::Result<T> {
    let late = || std::io::Error::from(std::io::ErrorKind::TimedOut).into();
    let answer = tokio::time::timeout(patience, called).await;
    answer.unwrap_or_else(|_too_long| Err(late()))
}

impl Facts {
    /// Believes signals of this sender only.
    pub(super) fn believe(&mut self, owner: Option<String>) {
        self.owner = owner;
    }

    /// The next facts. `None`: the bus is gone. May be dropped half-way.
    pub(super) async fn next(&mut self) -> Option<Vec<Fact>> {
        loop {
            let message = self.stream.next().await?.ok()?;
            if message.message_type() != Type::Signal {
                continue;
            }
            let facts = self.read(&message);
            if !facts.is_empty() {
                return Some(facts);
            }
        }
    }

    fn read(&mut self, message: &Message) -> Vec<Fact> {
        let header = message.header();
        let sender = header.sender().map(zbus::names::UniqueName::as_str);
        let member = header.member().map(zbus::names::MemberName::as_str);
        if sender == Some(BUS) || sender.is_none() {
            return self.owner_changed(message, member).into_iter().collect();
        }
        if sender != self.owner.as_deref() {
            return Vec::new();
        }
        let path = header.path().map(ObjectPath::as_str).unwrap_or_default();
        match member {
            Some("InterfacesAdded") => added(message),
            Some("InterfacesRemoved") => removed(message),
            Some("PropertiesChanged") => changed(message, path),
            _ => Vec::new(),
        }
    }

    fn owner_changed(&mut self, message: &Message, member: Option<&str>) -> Option<Fact> {
        let body = message.body();
        let (name, _old, new): (&str, &str, &str) = body.deserialize().ok()?;
        if member != Some("NameOwnerChanged") || name != SERVICE {
            return None;
        }
        self.owner = Some(new.to_owned()).filter(|owner| !owner.is_empty());
        Some(Fact::Stack(self.owner.is_some()))
    }
}

fn adapter_path(adapter: &str) -> String {
    format!("/org/bluez/{adapter}")
}

fn fact(path: &str, interface: &str, properties: &Properties) -> Option<Fact> {
    match interface {
        ADAPTER => facts::adapter(path, properties),
        DEVICE => Some(Fact::Device {
            path: path.to_owned(),
            change: Change::of(properties),
        }),
        _ => None,
    }
}

fn added(message: &Message) -> Vec<Fact> {
    let body = message.body();
    let Ok((path, interfaces)) = body.deserialize::<(OwnedObjectPath, HashMap<String, Properties>)>() else {
        return Vec::new();
    };
    interfaces
        .iter()
        .filter_map(|(interface, properties)| fact(path.as_str(), interface, properties))
        .collect()
}

fn removed(message: &Message) -> Vec<Fact> {
    let body = message.body();
    let Ok((path, interfaces)) = body.deserialize::<(OwnedObjectPath, Vec<String>)>() else {
        return Vec::new();
    };
    interfaces
        .iter()
        .filter_map(|interface| match interface.as_str() {
            ADAPTER => facts::adapter_name(path.as_str()).map(|name| Fact::AdapterGone { name }),
            DEVICE => Some(Fact::DeviceGone { path: path.to_string() }),
            _ => None,
        })
        .collect()
}

fn changed(message: &Message, path: &str) -> Vec<Fact> {
    let body = message.body();
    body.deserialize::<(String, Properties, Vec<String>)>()
        .ok()
        .and_then(|(interface, properties, _)| fact(path, &interface, &properties))
        .into_iter()
        .collect()
}
