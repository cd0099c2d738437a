//! What bluetoothd has, asked once: adapters, and devices with their bonds. And the end of a bond.
//!
//! Nothing is listened to, and no agent is registered: a daemon may run beside it.

use std::time::Duration;

use zbus::{Connection, ObjectPath, OwnedObjectPath, Variant, fdo};

use super::facts::{self, Change, Devices, Properties};
use super::faults;
use crate::core::collection::Fault;
use crate::core::cuff::Address;
use crate::core::doctor::{Absent, Adapter};

const SERVICE: &str = "org.bluez";
const ADAPTER: &str = "org.bluez.Adapter1";
const DEVICE: &str = "org.bluez.Device1";
const BUS: &str = "org.freedesktop.DBus";

/// bluetoothd answers in milliseconds, or is in trouble.
const PATIENCE: Duration = Duration::from_secs(10);

/// What bluetoothd has.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Its adapters, by name.
    pub adapters: Vec<Adapter>,
    devices: Devices,
    paths: Vec<(String, Address)>,
}

/// A device as bluetoothd knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// There is a bond.
    pub bonded: bool,
    /// There is a connection.
    pub connected: bool,
}

impl Survey {
    /// The device of this address, on the adapter of this name or on any; a bonded one before others.
    #[must_use]
    pub fn find(&self, adapter: Option<&str>, address: Address) -> Option<Known> {
        let adapters = self.adapters.iter().map(|adapter| adapter.name.as_str());
        let wanted = adapters.filter(|name| adapter.is_none_or(|adapter| adapter == *name));
        let found = wanted.filter_map(|name| self.devices.find(name, address).map(|(_, device)| device));
        found.max_by_key(|device| device.bonded).map(|device| Known {
            bonded: device.bonded,
            connected: device.connected,
        })
    }
}

/// Asks bluetoothd.
///
/// # Errors
/// What is not there.
pub async fn survey() -> Result<Survey, Absent> {
    within(async {
        let connection = Connection::system().await.map_err(|_| Absent::NoBus)?;
        take_stock(&connection).await
    })
    .await
}

/// Ends the bonds with these devices, on every adapter, and forgets them. How many there were.
///
/// # Errors
/// What is not there, or [`Absent::Denied`] if bluetoothd refuses.
pub async fn forget(addresses: &[Address]) -> Result<usize, Absent> {
    within(async {
        let connection = Connection::system().await.map_err(|_| Absent::NoBus)?;
        let survey = take_stock(&connection).await?;
        let mut forgotten = 0;
        for (path, _) in survey.paths.iter().filter(|(_, address)| addresses.contains(address)) {
            remove(&connection, path).await?;
            forgotten += 1;
        }
        Ok(forgotten)
    })
    .await
}

async fn within<T>(work: impl Future<Output = Result<T, Absent>>) -> Result<T, Absent> {
    tokio::time::timeout(PATIENCE, work)
        .await
        .unwrap_or(Err(Absent::Silent))
}

async fn take_stock(connection: &Connection) -> Result<Survey, Absent> {
    // Asking who has the name does not start bluetoothd; asking itself would.
    let owner = connection
        .call_method(Some(BUS), "/org/freedesktop/DBus", Some(BUS), "GetNameOwner", &SERVICE)
        .await;
    owner.map_err(|error| absent(&error))?;
    let manager = "org.freedesktop.DBus.ObjectManager";
    let reply = connection
        .call_method(Some(SERVICE), "/", Some(manager), "GetManagedObjects", &())
        .await
        .map_err(|error| absent(&error))?;
    let objects: fdo::ManagedObjects = reply.body().deserialize().map_err(|_| Absent::Silent)?;
    let mut survey = Survey {
        adapters: Vec::new(),
        devices: Devices::default(),
        paths: Vec::new(),
    };
    for (path, interfaces) in &objects {
        for (interface, properties) in interfaces {
            match interface.as_str() {
                ADAPTER => survey.adapters.extend(adapter(path, properties)),
                DEVICE => {
                    let change = Change::of(properties);
                    let address = survey.devices.apply(path.as_str(), &change);
                    survey.paths.extend(address.map(|address| (path.to_string(), address)));
                }
                _ => {}
            }
        }
    }
    survey.adapters.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(survey)
}

fn adapter(path: &OwnedObjectPath, properties: &Properties) -> Option<Adapter> {
    let flag = |name: &str| matches!(properties.get(name).map(|value| &**value), Some(Variant::Bool(true)));
    Some(Adapter {
        name: facts::adapter_name(path.as_str())?,
        powered: flag("Powered"),
        class: match properties.get("Class").map(|value| &**value) {
            Some(Variant::U32(class)) => Some(*class),
            _ => None,
        },
    })
}

/// One that went away by itself meanwhile is forgotten too.
async fn remove(connection: &Connection, path: &str) -> Result<(), Absent> {
    let Some(adapter) = facts::adapter_name(path) else {
        return Ok(());
    };
    let device = ObjectPath::try_from(path).map_err(|_| Absent::Silent)?;
    let adapter = format!("/org/bluez/{adapter}");
    let removed = connection
        .call_method(Some(SERVICE), adapter.as_str(), Some(ADAPTER), "RemoveDevice", &device)
        .await;
    match removed {
        Ok(_) => Ok(()),
        Err(error) if is_named(&error, &["DoesNotExist", "UnknownObject"]) => Ok(()),
        Err(error) => Err(absent(&error)),
    }
}

fn absent(error: &zbus::Error) -> Absent {
    if is_named(error, &["AccessDenied", "NotAuthorized"]) {
        return Absent::Denied;
    }
    match faults::of_zbus(error) {
        Fault::Stack => Absent::NoStack,
        Fault::Bus => Absent::NoBus,
        Fault::Timeout
        | Fault::InProgress
        | Fault::NotConnected
        | Fault::Bond
        | Fault::Ignored
        | Fault::UnknownObject
        | Fault::NotReady
        | Fault::Other => Absent::Silent,
    }
}

fn is_named(error: &zbus::Error, names: &[&str]) -> bool {
    let text = format!("{error:?}");
    names.iter().any(|name| text.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUFF: &str = "C0:FF:EE:00:00:01";

    fn properties(entries: Vec<(&str, Variant<'static>)>) -> Properties {
        let owned = |(name, value): (&str, Variant<'static>)| {
            (name.to_owned(), value.try_into_owned().expect("no file descriptors"))
        };
        entries.into_iter().map(owned).collect()
    }

    fn surveyed(devices: &[(&str, bool)]) -> Survey {
        let adapter = |name: &str| Adapter {
            name: name.to_owned(),
            powered: true,
            class: None,
        };
        let mut known = Devices::default();
        for (path, bonded) in devices {
            let change = Change::of(&properties(vec![
                ("Address", Variant::from(CUFF)),
                ("Bonded", Variant::from(*bonded)),
            ]));
            known.apply(path, &change);
        }
        Survey {
            adapters: vec![adapter("hci0"), adapter("hci1")],
            devices: known,
            paths: Vec::new(),
        }
    }

    #[test]
    fn a_bond_on_another_adapter_is_none_of_the_chosen_one() {
        let address: Address = CUFF.parse().expect("an address");
        let survey = surveyed(&[
            ("/org/bluez/hci0/dev_C0_FF_EE_00_00_01", false),
            ("/org/bluez/hci1/dev_C0_FF_EE_00_00_01", true),
        ]);
        let bonded = |adapter| survey.find(adapter, address).map(|known| known.bonded);
        assert_eq!(bonded(None), Some(true));
        assert_eq!(bonded(Some("hci0")), Some(false));
        assert_eq!(bonded(Some("hci1")), Some(true));
        assert_eq!(bonded(Some("hci2")), None);
        assert_eq!(surveyed(&[]).find(None, address), None);
    }

    #[test]
    fn an_adapter_is_as_it_says() {
        let path = OwnedObjectPath::try_from("/org/bluez/hci0").expect("a path");
        let told = properties(vec![
            ("Powered", Variant::from(true)),
            ("Class", Variant::from(0x10c_u32)),
        ]);
        let seen = adapter(&path, &told).expect("an adapter");
        assert_eq!(
            (seen.name.as_str(), seen.powered, seen.class),
            ("hci0", true, Some(0x10c))
        );
        let silent = adapter(&path, &properties(Vec::new())).expect("an adapter");
        assert_eq!((silent.powered, silent.class), (false, None));
    }

    #[test]
    fn a_refusal_of_the_bus_is_told_from_a_missing_stack() {
        for (error, expected) in [
            (fdo::Error::AccessDenied("rules".into()), Absent::Denied),
            (fdo::Error::NameHasNoOwner("org.bluez".into()), Absent::NoStack),
            (fdo::Error::ServiceUnknown("org.bluez".into()), Absent::NoStack),
            (fdo::Error::NoReply("late".into()), Absent::Silent),
        ] {
            assert_eq!(absent(&zbus::Error::FDO(Box::new(error))), expected);
        }
    }
}
