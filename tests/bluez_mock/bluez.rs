//! `org.bluez` as far as the gateway uses it, on whatever bus it is given.
//!
//! It is one object tree that plays a [`Script`] for each cuff. What it keeps of bluetoothd's ways: attributes stay
//! exported when the link is down, a subscription outlives the connection and comes first in the next one, and an
//! indication is gone once it is sent.

#[path = "bluez/device.rs"]
mod device;

use std::collections::HashMap;
use std::time::Duration;

use zbus::message::Header;
use zbus::{Connection, OwnedObjectPath, OwnedVariant, Variant, fdo, interface};

use self::device::Device;
use super::script::{Error, Refusal, Script, Stage, answer};

const ADAPTER: &str = "/org/bluez/hci0";
const RSSI_DBM: i16 = -50;
/// How often a cuff advertises.
const INTERVAL: Duration = Duration::from_millis(50);

/// A running mock. Ends with its value, or earlier by [`Bluez::kill`].
pub(crate) struct Bluez {
    connection: Connection,
    pub(crate) stage: Stage,
    advertising: tokio::task::JoinHandle<()>,
}

impl Bluez {
    pub(crate) async fn start(bus: &str, stage: Stage) -> Self {
        let connection = zbus::connection::Builder::address(bus)
            .build()
            .await
            .expect("the bus is there");
        let server = connection.object_server();
        server.at("/", fdo::ObjectManager).await.expect("a free path");
        server
            .at("/org/bluez", AgentManager(stage.clone()))
            .await
            .expect("a free path");
        server.at(ADAPTER, Adapter(stage.clone())).await.expect("a free path");
        connection.request_name("org.bluez").await.expect("a free name");
        let advertising = JoinOnDrop::spawn(advertise(connection.clone(), stage.clone()));
        Self {
            connection,
            stage,
            advertising,
        }
    }

    /// Ends as bluetoothd does when it is killed: nothing is said, nothing is kept.
    pub(crate) async fn kill(self) -> Stage {
        self.advertising.abort();
        self.connection.close().await.expect("it was open");
        let mut state = self.stage.lock();
        state.adapter.discovering = false;
        for cuff in &mut state.cuffs {
            (cuff.connected, cuff.resolved, cuff.notifying) = (false, false, false);
        }
        drop(state);
        self.stage
    }

    /// Knows every device of the script from before, whether it is heard or not.
    #[allow(dead_code, reason = "shared: only the tests of doctor need it")]
    pub(crate) async fn know_all(&self) {
        let paths: Vec<String> = self.stage.lock().cuffs.iter().map(Script::path).collect();
        for (index, path) in paths.into_iter().enumerate() {
            let device = Device {
                stage: self.stage.clone(),
                index,
            };
            let server = self.connection.object_server();
            server.at(path, device).await.expect("a good path");
        }
    }

    /// Takes the adapter away, with all it knew.
    pub(crate) async fn unplug(&self) {
        self.stage.lock().adapter.discovering = false;
        let paths: Vec<String> = self.stage.lock().cuffs.iter().map(Script::path).collect();
        let server = self.connection.object_server();
        for path in paths {
            let _ = server.remove::<Device, _>(path).await;
        }
        server.remove::<Adapter, _>(ADAPTER).await.expect("it was there");
    }

    pub(crate) async fn plug_in(&self) {
        let adapter = Adapter(self.stage.clone());
        self.connection
            .object_server()
            .at(ADAPTER, adapter)
            .await
            .expect("a free path");
    }

    /// Switches the adapter, as an operator does.
    pub(crate) async fn set_powered(&self, powered: bool) {
        {
            let mut state = self.stage.lock();
            state.adapter.powered = powered;
            state.adapter.discovering &= powered;
        }
        let changes = [
            ("Powered", Variant::from(powered)),
            ("Discovering", Variant::from(false)),
        ];
        changed(&self.connection, ADAPTER, "org.bluez.Adapter1", changes).await;
    }

    /// The cuff goes out of range.
    pub(crate) async fn drop_link(&self, index: usize) {
        set_link(&self.connection, &self.stage, index, false).await;
    }

    /// The cuff indicates a value if somebody subscribed; bluetoothd confirms it either way.
    pub(crate) async fn indicate(&self, index: usize, counter: u32) {
        indicate(&self.connection, &self.stage, index, counter).await;
    }
}

/// A task that does not outlive the mock.
struct JoinOnDrop;

impl JoinOnDrop {
    #[expect(
        clippy::disallowed_methods,
        reason = "the mock plays other processes; they run beside the test"
    )]
    fn spawn(task: impl Future<Output = ()> + Send + 'static) -> tokio::task::JoinHandle<()> {
        tokio::spawn(task)
    }
}

async fn advertise(connection: Connection, stage: Stage) {
    loop {
        let heard: Vec<(usize, String)> = {
            let state = stage.lock();
            let scans = state.adapter.discovering && state.adapter.powered;
            let cuffs = state.cuffs.iter().enumerate();
            cuffs
                .filter(|(_, cuff)| scans && cuff.advertises && !cuff.connected)
                .map(|(index, cuff)| (index, cuff.path()))
                .collect()
        };
        for (index, path) in heard {
            let device = Device {
                stage: stage.clone(),
                index,
            };
            // The device comes back if there was one.
            if let Ok(Some(_)) = connection.object_server().at(path.clone(), device).await {
                changed(
                    &connection,
                    &path,
                    "org.bluez.Device1",
                    [("RSSI", Variant::from(RSSI_DBM))],
                )
                .await;
            }
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn changed<'v>(
    connection: &Connection,
    path: &str,
    interface: &str,
    values: impl IntoIterator<Item = (&'static str, Variant<'v>)>,
) {
    let values: HashMap<&str, Variant<'_>> = values.into_iter().collect();
    let none: [&str; 0] = [];
    let body = (interface, values, none.as_slice());
    let signal = connection.emit_signal(
        None::<&str>,
        path,
        "org.freedesktop.DBus.Properties",
        "PropertiesChanged",
        &body,
    );
    // The bus may be gone by now, if that is what the test is about.
    let _ = signal.await;
}

async fn set_link(connection: &Connection, stage: &Stage, index: usize, up: bool) {
    let path = stage.cuff(index, |cuff| {
        cuff.connected = up;
        cuff.resolved &= up;
        cuff.path()
    });
    changed(
        connection,
        &path,
        "org.bluez.Device1",
        [("Connected", Variant::from(up))],
    )
    .await;
}

async fn indicate(connection: &Connection, stage: &Stage, index: usize, counter: u32) {
    let (path, notifying) = stage.cuff(index, |cuff| (cuff.path(), cuff.notifying));
    if notifying {
        let value = Variant::from(counter.to_le_bytes().to_vec());
        let path = format!("{path}/service0010/char0011");
        changed(connection, &path, "org.bluez.GattCharacteristic1", [("Value", value)]).await;
    }
}

/// Sends the dump of this connection, as soon as there is a link and a subscription.
async fn dump(connection: &Connection, stage: &Stage, index: usize) {
    let ready = stage.cuff(index, |cuff| {
        let ready = cuff.connected && cuff.notifying;
        let counters = if ready { cuff.dumps.pop_front() } else { None };
        counters.map(|counters| (counters, cuff.hangs_up))
    });
    let Some((counters, hangs_up)) = ready else {
        return;
    };
    for counter in counters {
        indicate(connection, stage, index, counter).await;
    }
    if hangs_up {
        set_link(connection, stage, index, false).await;
    }
}

struct AgentManager(Stage);

#[interface(name = "org.bluez.AgentManager1")]
impl AgentManager {
    fn register_agent(&self, agent: OwnedObjectPath, capability: String, #[zbus(header)] header: Header<'_>) {
        self.0.note(format!("RegisterAgent {capability}"));
        let sender = header.sender().expect("on a bus").to_string();
        self.0.lock().agents.push((sender, agent.to_string()));
    }

    fn request_default_agent(&self, _agent: OwnedObjectPath) {
        self.0.note("RequestDefaultAgent");
    }
}

struct Adapter(Stage);

#[interface(name = "org.bluez.Adapter1")]
impl Adapter {
    #[zbus(property)]
    fn address(&self) -> String {
        "00:1B:DC:00:00:01".to_owned()
    }

    #[zbus(property)]
    fn address_type(&self) -> String {
        "public".to_owned()
    }

    #[zbus(property)]
    fn name(&self) -> String {
        "mock".to_owned()
    }

    #[zbus(property)]
    fn alias(&self) -> String {
        "mock".to_owned()
    }

    #[zbus(property)]
    fn modalias(&self) -> String {
        "usb:v1D6Bp0246d0542".to_owned()
    }

    /// Others than the gateway ask for it: Theengs, in the benches.
    #[zbus(property)]
    fn roles(&self) -> Vec<String> {
        vec!["central".to_owned(), "peripheral".to_owned()]
    }

    #[zbus(property)]
    fn powered(&self) -> bool {
        self.0.lock().adapter.powered
    }

    #[zbus(property)]
    fn set_powered(&mut self, powered: bool) {
        self.0.note(format!("Powered {powered}"));
        self.0.lock().adapter.powered = powered;
    }

    #[zbus(property)]
    fn discovering(&self) -> bool {
        self.0.lock().adapter.discovering
    }

    fn set_discovery_filter(&self, filter: HashMap<String, OwnedVariant>) {
        if let Some(Variant::Str(transport)) = filter.get("Transport").map(|value| &**value) {
            self.0.note(format!("Transport {transport}"));
        }
    }

    fn start_discovery(&self) -> Result<(), Error> {
        self.0.note("StartDiscovery");
        let mut state = self.0.lock();
        if state.adapter.discovering {
            return Err(Refusal::InProgress.into());
        }
        answer(state.adapter.starts.pop_front())?;
        state.adapter.discovering = true;
        Ok(())
    }

    async fn remove_device(&self, device: OwnedObjectPath, #[zbus(connection)] connection: &Connection) {
        let path = device.to_string();
        self.0.note(format!("RemoveDevice {path}"));
        for cuff in self.0.lock().cuffs.iter_mut().filter(|cuff| cuff.path() == path) {
            cuff.bonded = false;
        }
        let _there = connection.object_server().remove::<Device, _>(path).await;
    }

    fn stop_discovery(&self) {
        self.0.note("StopDiscovery");
        self.0.lock().adapter.discovering = false;
    }
}

/// What a characteristic does when it is subscribed to.
pub(crate) async fn start_notify(connection: &Connection, stage: &Stage, index: usize) -> Result<(), Error> {
    stage.note("StartNotify");
    let refusal = stage.cuff(index, |cuff| {
        if cuff.notifying && !cuff.connected {
            return Some(Refusal::InProgress);
        }
        let refusal = if cuff.connected {
            cuff.subscribes.pop_front()
        } else {
            None
        };
        cuff.notifying |= refusal.is_none() || refusal == Some(Refusal::InProgress);
        refusal
    });
    answer(refusal)?;
    dump(connection, stage, index).await;
    Ok(())
}
