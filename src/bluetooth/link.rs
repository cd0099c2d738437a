//! One cuff through btleplug, in the one order that loses nothing.
//!
//! * There is one peripheral, one stream of values and one subscription per cuff for the daemon's life. The stream is opened
//!   before the first connection; nothing ever unsubscribes (cuffs take that for the end of the bond).
//! * The stream is not polled before the cuff's attributes are listed, nor while they are being listed: btleplug names a
//!   value by the list at the moment of polling, and silently drops what it cannot name. Unpolled values wait.
//! * Each cuff has a D-Bus connection of its own. dbus-daemon (1.16 and earlier) compares match rules without their
//!   `path_namespace`: who takes back the rule for one cuff's values loses the rule that the same connection made last, which
//!   was another cuff's, and that cuff's values with it. btleplug closes no connection, so a cuff that is let go leaves one
//!   behind; the bus grants a user 256.
//! * A subscription made while the cuff is away is carried out by bluetoothd before it reads the first value of the next
//!   connection. Hence [`arm`].

use std::collections::BTreeSet;
use std::pin::Pin;
use std::time::Duration;

use btleplug::api::bleuuid::uuid_from_u16;
use btleplug::api::{BDAddr, Central, CharPropFlags, Manager as _, Peripheral as _, ValueNotification, WriteType};
use btleplug::platform::{Adapter, Manager, Peripheral};
use futures_util::{Stream, StreamExt};
use uuid::Uuid;

use super::faults;
use crate::core::collection::{Access, Catalogue, Characteristic, Event, Fault};
use crate::core::cuff::Address;

/// For bluetoothd to take a link down; it answers when the link is down.
const HANG_UP_FOR: Duration = Duration::from_secs(5);

type Values = Pin<Box<dyn Stream<Item = ValueNotification> + Send>>;

/// A cuff's peripheral and its values.
pub(super) struct Opened {
    peripheral: Peripheral,
    values: Values,
}

/// The way to one cuff.
pub(super) struct Link {
    manager: Manager,
    address: Address,
    opened: Option<Opened>,
    listed: bool,
}

/// What an operation needs, taken along so that it can run while values are listened for.
pub(super) struct Target {
    manager: Manager,
    address: Address,
    adapter: Option<String>,
    peripheral: Option<Peripheral>,
}

impl Link {
    /// A cuff that was not looked for yet.
    pub(super) const fn new(manager: Manager, address: Address) -> Self {
        Self {
            manager,
            address,
            opened: None,
            listed: false,
        }
    }

    /// The cuff as seen by this adapter.
    pub(super) fn target(&self, adapter: Option<&String>) -> Target {
        Target {
            manager: self.manager.clone(),
            address: self.address,
            adapter: adapter.cloned(),
            peripheral: self.opened.as_ref().map(|opened| opened.peripheral.clone()),
        }
    }

    /// Takes in what an operation brought, and whether the cuff's attributes are listed now.
    pub(super) fn update(&mut self, opened: Option<Opened>) {
        if opened.is_some() {
            self.opened = opened;
        }
        self.listed = self
            .opened
            .as_ref()
            .is_some_and(|opened| catalogue(&opened.peripheral).has(Characteristic::Measurement));
    }

    /// Closes a stream that cannot be polled: bluetoothd's word of every advertisement would pile up in it. Nothing is lost,
    /// since nothing that is not listed can be subscribed to; the next operation opens it anew.
    pub(super) fn rest(&mut self) {
        if !self.listed {
            self.opened = None;
        }
    }

    /// Takes the link down, if the cuff was looked for. Nothing is unsubscribed.
    pub(super) async fn take_down(&mut self) {
        if let Some(opened) = &self.opened {
            hang_up(&opened.peripheral).await;
        }
    }

    /// Forgets the cuff: it is to be looked for through another adapter.
    pub(super) fn close(&mut self) {
        self.opened = None;
        self.listed = false;
    }

    /// The next value; none as long as the cuff's attributes are not listed. May be dropped half-way.
    pub(super) async fn next(&mut self) -> Event {
        let Some(opened) = self.opened.as_mut().filter(|_| self.listed) else {
            return std::future::pending().await;
        };
        while let Some(value) = opened.values.next().await {
            if let Some(event) = event_of(value) {
                return event;
            }
        }
        std::future::pending().await
    }
}

impl Target {
    /// Finds the cuff in bluetoothd's list and opens its stream of values, unless that was done before.
    ///
    /// # Errors
    /// bluetoothd does not know the cuff, or does not answer.
    pub(super) async fn open(self) -> Result<(Peripheral, Option<Opened>), Fault> {
        if let Some(peripheral) = self.peripheral {
            return Ok((peripheral, None));
        }
        let name = self.adapter.ok_or(Fault::NotReady)?;
        let adapter = find_adapter(&self.manager, &name).await?;
        let peripherals = adapter.peripherals().await.map_err(fault)?;
        let address = BDAddr::from(self.address.octets());
        let peripheral = peripherals
            .into_iter()
            .find(|peripheral| peripheral.address() == address)
            .ok_or(Fault::UnknownObject)?;
        let values = peripheral.notifications().await.map_err(fault)?;
        let opened = Opened {
            peripheral: peripheral.clone(),
            values,
        };
        Ok((peripheral, Some(opened)))
    }
}

/// Subscribes while the cuff is away, if bluetoothd has its attributes from before. What the cuff has, if that worked.
pub(super) async fn arm(peripheral: &Peripheral) -> Option<Catalogue> {
    let at_hand = catalogue(peripheral);
    if is_subscribed(subscribe(peripheral, Characteristic::Measurement).await) {
        return Some(at_hand);
    }
    let listed = discover(peripheral, true).await.ok()?;
    let is_listed = listed.has(Characteristic::Measurement);
    let is_armed = is_listed && is_subscribed(subscribe(peripheral, Characteristic::Measurement).await);
    is_armed.then_some(listed)
}

/// bluetoothd says "in progress" of a subscription that it keeps for a cuff that is away.
fn is_subscribed(result: Result<(), Fault>) -> bool {
    matches!(result, Ok(()) | Err(Fault::InProgress))
}

/// Brings the link up.
///
/// # Errors
/// It did not come up. bluetoothd may go on trying until [`hang_up`].
pub(super) async fn connect(peripheral: &Peripheral) -> Result<(), Fault> {
    peripheral.connect().await.map_err(fault)
}

/// What the cuff has, by the list at hand, or by one asked for now.
///
/// # Errors
/// bluetoothd did not answer.
pub(super) async fn discover(peripheral: &Peripheral, afresh: bool) -> Result<Catalogue, Fault> {
    let at_hand = catalogue(peripheral);
    if !afresh && at_hand.has(Characteristic::Measurement) {
        return Ok(at_hand);
    }
    peripheral.discover_services().await.map_err(fault)?;
    Ok(catalogue(peripheral))
}

/// Switches indications or notifications on.
///
/// # Errors
/// The cuff or bluetoothd refused.
pub(super) async fn subscribe(peripheral: &Peripheral, which: Characteristic) -> Result<(), Fault> {
    peripheral.subscribe(&handle(which)).await.map_err(fault)
}

/// Reads a value.
///
/// # Errors
/// The cuff or bluetoothd refused.
pub(super) async fn read(peripheral: &Peripheral, which: Characteristic) -> Result<Vec<u8>, Fault> {
    peripheral.read(&handle(which)).await.map_err(fault)
}

/// Writes a value, with response.
///
/// # Errors
/// The cuff or bluetoothd refused.
pub(super) async fn write(peripheral: &Peripheral, which: Characteristic, octets: &[u8]) -> Result<(), Fault> {
    let characteristic = handle(which);
    peripheral
        .write(&characteristic, octets, WriteType::WithResponse)
        .await
        .map_err(fault)
}

/// Takes the link down, or stops bluetoothd from bringing it up. An error means that there was nothing to take down.
pub(super) async fn hang_up(peripheral: &Peripheral) {
    let _ = tokio::time::timeout(HANG_UP_FOR, peripheral.disconnect()).await;
}

async fn find_adapter(manager: &Manager, name: &str) -> Result<Adapter, Fault> {
    for adapter in manager.adapters().await.map_err(fault)? {
        // btleplug tells an adapter's name only as the first word of "hci0 (usb:v1D6Bp0246d0542)".
        let info = adapter.adapter_info().await.map_err(fault)?;
        if info.split(' ').next() == Some(name) {
            return Ok(adapter);
        }
    }
    Err(Fault::UnknownObject)
}

#[expect(clippy::needless_pass_by_value, reason = "made for map_err")]
fn fault(error: btleplug::Error) -> Fault {
    faults::of_btleplug(&error)
}

fn uuids(which: Characteristic) -> (Uuid, Uuid) {
    let (service, characteristic) = which.assigned_numbers();
    (uuid_from_u16(service), uuid_from_u16(characteristic))
}

/// btleplug goes by the two UUIDs only.
fn handle(which: Characteristic) -> btleplug::api::Characteristic {
    let (service_uuid, uuid) = uuids(which);
    btleplug::api::Characteristic {
        uuid,
        service_uuid,
        properties: CharPropFlags::default(),
        descriptors: BTreeSet::new(),
    }
}

fn catalogue(peripheral: &Peripheral) -> Catalogue {
    peripheral
        .services()
        .iter()
        .flat_map(|service| &service.characteristics)
        .filter_map(|found| Some((known(found)?, access(found.properties))))
        .collect()
}

fn known(found: &btleplug::api::Characteristic) -> Option<Characteristic> {
    Characteristic::ALL
        .into_iter()
        .find(|which| uuids(*which) == (found.service_uuid, found.uuid))
}

const fn access(properties: CharPropFlags) -> Access {
    Access {
        read: properties.contains(CharPropFlags::READ),
        write: properties.contains(CharPropFlags::WRITE),
    }
}

/// Answers to reads come out of the stream as well; they are not meant.
fn event_of(value: ValueNotification) -> Option<Event> {
    if value.uuid == uuids(Characteristic::Measurement).1 {
        Some(Event::Measurement(value.value))
    } else if value.uuid == uuids(Characteristic::CuffPressure).1 {
        Some(Event::CuffPressure(value.value))
    } else {
        None
    }
}
