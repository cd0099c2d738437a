//! What bluetoothd said of adapters and devices, and what of it concerns a registered cuff.

use std::collections::{BTreeMap, HashMap};

use zbus::{OwnedVariant, Variant};

use crate::core::cuff::Address;

/// The Blood Pressure Service, as BlueZ writes it.
pub(super) const BLOOD_PRESSURE: &str = "00001810-0000-1000-8000-00805f9b34fb";

/// Properties as D-Bus carries them.
pub(super) type Properties = HashMap<String, OwnedVariant>;

/// One thing that bluetoothd said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    /// bluetoothd is there, or not.
    Stack(bool),
    /// An adapter is there or changed; `None` is "as before".
    Adapter {
        name: String,
        powered: Option<bool>,
        discovering: Option<bool>,
    },
    /// An adapter is gone.
    AdapterGone { name: String },
    /// A device is there or changed.
    Device { path: String, change: Change },
    /// A device is gone.
    DeviceGone { path: String },
}

impl Fact {
    /// What is on record is not what was just heard.
    pub(super) fn without_advertisement(mut self) -> Self {
        if let Self::Device { change, .. } = &mut self {
            change.advertised = false;
        }
        self
    }
}

/// What changed of a device; `None` is "as before".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) address: Option<Address>,
    pub(super) connected: Option<bool>,
    pub(super) paired: Option<bool>,
    pub(super) bonded: Option<bool>,
    pub(super) rssi: Option<i16>,
    /// What it calls itself.
    pub(super) name: Option<String>,
    /// Whether the Blood Pressure Service is among those that it offers.
    pub(super) is_cuff: Option<bool>,
    /// It says something that only an advertisement can have brought.
    pub(super) advertised: bool,
}

impl Change {
    /// Reads a device's properties.
    pub(super) fn of(properties: &Properties) -> Self {
        let advertised = ["RSSI", "ManufacturerData", "ServiceData", "AdvertisingFlags", "TxPower"]
            .into_iter()
            .any(|name| properties.contains_key(name));
        Self {
            address: text(properties, "Address").and_then(|address| address.parse().ok()),
            connected: flag(properties, "Connected"),
            paired: flag(properties, "Paired"),
            bonded: flag(properties, "Bonded"),
            rssi: match properties.get("RSSI").map(|value| &**value) {
                Some(Variant::I16(rssi)) => Some(*rssi),
                _ => None,
            },
            name: text(properties, "Name"),
            is_cuff: match properties.get("UUIDs").map(|value| &**value) {
                Some(Variant::Array(uuids)) => Some(uuids.iter().any(is_blood_pressure)),
                _ => None,
            },
            advertised,
        }
    }
}

fn is_blood_pressure(uuid: &Variant<'_>) -> bool {
    matches!(uuid, Variant::Str(uuid) if uuid.eq_ignore_ascii_case(BLOOD_PRESSURE))
}

/// An adapter's fact from its path and properties.
pub(super) fn adapter(path: &str, properties: &Properties) -> Option<Fact> {
    Some(Fact::Adapter {
        name: adapter_name(path)?,
        powered: flag(properties, "Powered"),
        discovering: flag(properties, "Discovering"),
    })
}

/// `hci0` of `/org/bluez/hci0` and of whatever lies below it.
pub(super) fn adapter_name(path: &str) -> Option<String> {
    let below = path.strip_prefix("/org/bluez/")?;
    below
        .split('/')
        .next()
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
}

fn flag(properties: &Properties, name: &str) -> Option<bool> {
    match properties.get(name).map(|value| &**value) {
        Some(Variant::Bool(flag)) => Some(*flag),
        _ => None,
    }
}

fn text(properties: &Properties, name: &str) -> Option<String> {
    match properties.get(name).map(|value| &**value) {
        Some(Variant::Str(text)) => Some(text.to_string()),
        _ => None,
    }
}

/// A device as bluetoothd knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Device {
    pub(super) connected: bool,
    pub(super) bonded: bool,
    /// What it calls itself.
    pub(super) name: Option<String>,
    /// Whether it offers the Blood Pressure Service.
    pub(super) is_cuff: bool,
    /// The address, which for a bonded device with a private address is its identity, and not what the path says.
    pub(super) address: Option<Address>,
    paired: bool,
    tells_bonded: bool,
}

impl Device {
    fn apply(&mut self, change: &Change) {
        self.address = change.address.or(self.address);
        self.connected = change.connected.unwrap_or(self.connected);
        self.paired = change.paired.unwrap_or(self.paired);
        if change.name.is_some() {
            self.name.clone_from(&change.name);
        }
        self.is_cuff = change.is_cuff.unwrap_or(self.is_cuff);
        self.tells_bonded |= change.bonded.is_some();
        // BlueZ before 5.66 tells only that a device is paired.
        self.bonded = match change.bonded {
            Some(bonded) => bonded,
            None if self.tells_bonded => self.bonded,
            None => self.paired,
        };
    }
}

/// All devices that bluetoothd knows, by path.
#[derive(Clone, Debug, Default)]
pub(super) struct Devices(BTreeMap<String, Device>);

impl Devices {
    /// Takes in a change and says whose it is, if its address is known.
    pub(super) fn apply(&mut self, path: &str, change: &Change) -> Option<Address> {
        let device = self.0.entry(path.to_owned()).or_default();
        device.apply(change);
        device.address
    }

    /// Forgets a device and says whose it was.
    pub(super) fn remove(&mut self, path: &str) -> Option<Address> {
        self.0.remove(path)?.address
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The device at this path.
    pub(super) fn at(&self, path: &str) -> Option<&Device> {
        self.0.get(path)
    }

    /// The device of this address on this adapter.
    pub(super) fn find(&self, adapter: &str, address: Address) -> Option<(&str, &Device)> {
        let on_adapter = |path: &str| adapter_name(path).as_deref() == Some(adapter);
        self.0
            .iter()
            .find(|(path, device)| device.address == Some(address) && on_adapter(path))
            .map(|(path, device)| (path.as_str(), device))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/org/bluez/hci0/dev_C0_FF_EE_00_00_01";

    fn address() -> Address {
        "C0:FF:EE:00:00:01".parse().expect("an address")
    }

    fn properties(entries: Vec<(&str, Variant<'static>)>) -> Properties {
        entries
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.try_into_owned().expect("no file descriptors")))
            .collect()
    }

    #[test]
    fn an_address_comes_from_the_property_and_not_from_the_path() {
        let mut devices = Devices::default();
        let change = Change::of(&properties(vec![("Address", Variant::from("C0:FF:EE:00:00:01"))]));
        let elsewhere = "/org/bluez/hci0/dev_7A_00_00_00_00_09";
        assert_eq!(devices.apply(elsewhere, &change), Some(address()));
        assert!(devices.find("hci0", address()).is_some());
        assert!(devices.find("hci1", address()).is_none());
        assert_eq!(devices.remove(elsewhere), Some(address()));
        assert!(devices.find("hci0", address()).is_none());
    }

    #[test]
    fn only_what_an_advertisement_brings_counts_as_heard() {
        for (name, value, advertised) in [
            ("RSSI", Variant::from(-60_i16), true),
            ("TxPower", Variant::from(4_i16), true),
            ("Connected", Variant::from(true), false),
            ("ServicesResolved", Variant::from(true), false),
        ] {
            assert_eq!(
                Change::of(&properties(vec![(name, value)])).advertised,
                advertised,
                "{name}"
            );
        }
    }

    #[test]
    fn bonded_is_believed_over_paired_where_it_is_told() {
        let told = |bonded: Option<bool>, paired: bool| {
            let mut devices = Devices::default();
            let change = Change {
                address: Some(address()),
                bonded,
                paired: Some(paired),
                ..Change::default()
            };
            devices.apply(PATH, &change);
            let unrelated = Change {
                connected: Some(true),
                ..Change::default()
            };
            devices.apply(PATH, &unrelated);
            devices.find("hci0", address()).map(|(_, device)| device.bonded)
        };
        assert_eq!(told(Some(false), true), Some(false));
        assert_eq!(told(Some(true), true), Some(true));
        assert_eq!(told(None, true), Some(true), "BlueZ before 5.66");
        assert_eq!(told(None, false), Some(false));
    }
}
