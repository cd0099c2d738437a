//! `org.bluez.Device1`: one cuff.

use zbus::message::Header;
use zbus::object_server::SignalEmitter;
use zbus::{Connection, OwnedObjectPath, Variant, interface};

use super::super::script::{Connect, Error, Refusal, Script, Stage};
use super::{ADAPTER, RSSI_DBM, changed, dump, set_link};

pub(super) struct Device {
    pub(super) stage: Stage,
    pub(super) index: usize,
}

impl Device {
    fn script<T>(&self, look: impl FnOnce(&mut Script) -> T) -> T {
        self.stage.cuff(self.index, look)
    }

    async fn bring_up(&self, connection: &Connection) {
        set_link(connection, &self.stage, self.index, true).await;
        // A subscription from before is carried out first.
        dump(connection, &self.stage, self.index).await;
        super::super::gatt::export(connection, &self.stage, self.index).await;
        let (path, is_up) = self.script(|cuff| {
            cuff.resolved = cuff.connected;
            (cuff.path(), cuff.connected)
        });
        if is_up {
            changed(
                connection,
                &path,
                "org.bluez.Device1",
                [("ServicesResolved", Variant::from(true))],
            )
            .await;
        }
    }
}

#[interface(name = "org.bluez.Device1")]
impl Device {
    #[zbus(property)]
    fn address(&self) -> String {
        self.script(|cuff| cuff.address.to_owned())
    }

    #[zbus(property)]
    fn address_type(&self) -> String {
        "public".to_owned()
    }

    #[zbus(property)]
    fn alias(&self) -> String {
        "BP".to_owned()
    }

    #[zbus(property)]
    fn adapter(&self) -> OwnedObjectPath {
        OwnedObjectPath::try_from(ADAPTER).expect("a path")
    }

    #[zbus(property)]
    fn paired(&self) -> bool {
        self.script(|cuff| cuff.bonded)
    }

    #[zbus(property)]
    fn bonded(&self) -> bool {
        self.script(|cuff| cuff.bonded)
    }

    #[zbus(property)]
    fn trusted(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn set_trusted(&mut self, trusted: bool) {
        self.stage.note(format!("Trusted {trusted}"));
    }

    #[zbus(property)]
    fn name(&self) -> String {
        "BP".to_owned()
    }

    #[zbus(property)]
    fn blocked(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn legacy_pairing(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn connected(&self) -> bool {
        self.script(|cuff| cuff.connected)
    }

    #[zbus(property)]
    fn services_resolved(&self) -> bool {
        self.script(|cuff| cuff.resolved)
    }

    #[zbus(property, name = "UUIDs")]
    fn uuids(&self) -> Vec<String> {
        vec![super::super::gatt::uuid(0x1810)]
    }

    #[zbus(property, name = "RSSI")]
    fn rssi(&self) -> i16 {
        RSSI_DBM
    }

    async fn connect(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(signal_emitter)] _emitter: SignalEmitter<'_>,
    ) -> Result<(), Error> {
        self.stage.note(format!("Connect {}", self.script(|cuff| cuff.address)));
        let how = self.script(|cuff| cuff.connects.pop_front()).unwrap_or(Connect::Works);
        match how {
            Connect::Works => {
                self.bring_up(connection).await;
                Ok(())
            }
            Connect::Hangs => std::future::pending().await,
            Connect::InProgress => Err(Refusal::InProgress.into()),
            Connect::DropsInDiscovery => {
                set_link(connection, &self.stage, self.index, true).await;
                set_link(connection, &self.stage, self.index, false).await;
                Ok(())
            }
            Connect::Aborts => {
                set_link(connection, &self.stage, self.index, true).await;
                set_link(connection, &self.stage, self.index, false).await;
                Err(Error::Failed("le-connection-abort-by-local".to_owned()))
            }
        }
    }

    /// By whom it is asked for pairs, as in bluetoothd: with that one's agent.
    async fn pair(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<(), Error> {
        self.stage.note("Pair");
        let path = self.script(|cuff| cuff.path());
        set_link(connection, &self.stage, self.index, true).await;
        if let Some(shown) = self.script(|cuff| cuff.passkey) {
            let sender = header.sender().expect("on a bus").to_string();
            let agents = self.stage.lock().agents.clone();
            let agent = agents.into_iter().rfind(|(owner, _)| *owner == sender);
            let (owner, agent) = agent.expect("whoever pairs has an agent");
            let device = OwnedObjectPath::try_from(path.clone()).expect("a path");
            let asked = connection.call_method(
                Some(owner.as_str()),
                agent.as_str(),
                Some("org.bluez.Agent1"),
                "RequestPasskey",
                &device,
            );
            let entered: Option<u32> = asked.await.ok().and_then(|reply| reply.body().deserialize().ok());
            if entered != Some(shown) {
                set_link(connection, &self.stage, self.index, false).await;
                return Err(Error::AuthenticationFailed("Authentication Failed".to_owned()));
            }
        }
        self.script(|cuff| cuff.bonded = true);
        let bonded = [("Paired", Variant::from(true)), ("Bonded", Variant::from(true))];
        changed(connection, &path, "org.bluez.Device1", bonded).await;
        self.bring_up(connection).await;
        Ok(())
    }

    async fn disconnect(&self, #[zbus(connection)] connection: &Connection) -> Result<(), Error> {
        self.stage.note("Disconnect");
        if !self.script(|cuff| cuff.connected) {
            return Err(Error::NotConnected("Not Connected".to_owned()));
        }
        set_link(connection, &self.stage, self.index, false).await;
        Ok(())
    }
}
