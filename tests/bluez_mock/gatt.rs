//! A cuff's attributes, as bluetoothd exports them.

use std::collections::HashMap;

use zbus::{Connection, OwnedObjectPath, OwnedVariant, interface};

use super::bluez::start_notify;
use super::script::{Error, Stage, answer};

/// The full form of an assigned number.
pub(crate) fn uuid(assigned: u16) -> String {
    format!("0000{assigned:04x}-0000-1000-8000-00805f9b34fb")
}

/// Exports what the cuff has; what is exported already stays.
pub(crate) async fn export(connection: &Connection, stage: &Stage, index: usize) {
    let (path, measures, has_clock, describes_itself) = stage.cuff(index, |cuff| {
        (cuff.path(), cuff.measures, cuff.has_clock, cuff.describes_itself)
    });
    let mut wanted = vec![(0x10, 0x1810, 0x14, 0x2A49, &["read"][..], vec![0x23, 0])];
    if measures {
        wanted.push((0x10, 0x1810, 0x11, 0x2A35, &["indicate"][..], Vec::new()));
    }
    if has_clock {
        let midnight = vec![0xEA, 0x07, 11, 21, 0, 0, 0];
        wanted.push((0x10, 0x1810, 0x16, 0x2A08, &["read", "write"][..], midnight));
    }
    if describes_itself {
        wanted.push((0x20, 0x180A, 0x21, 0x2A29, &["read"][..], b"Maker".to_vec()));
        wanted.push((0x30, 0x180F, 0x31, 0x2A19, &["read"][..], vec![87]));
    }
    let server = connection.object_server();
    for (service_handle, service, handle, assigned, flags, value) in wanted {
        let service_path = format!("{path}/service{service_handle:04x}");
        let device = OwnedObjectPath::try_from(path.clone()).expect("a path");
        let service = Service {
            assigned: service,
            device,
        };
        let _ = server.at(service_path.clone(), service).await;
        let characteristic = Characteristic {
            assigned,
            flags,
            value,
            stage: stage.clone(),
            index,
            service: OwnedObjectPath::try_from(service_path.clone()).expect("a path"),
        };
        let _ = server
            .at(format!("{service_path}/char{handle:04x}"), characteristic)
            .await;
    }
}

struct Service {
    assigned: u16,
    device: OwnedObjectPath,
}

#[interface(name = "org.bluez.GattService1")]
impl Service {
    #[zbus(property, name = "UUID")]
    fn uuid(&self) -> String {
        uuid(self.assigned)
    }

    #[zbus(property)]
    fn primary(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn device(&self) -> OwnedObjectPath {
        self.device.clone()
    }
}

struct Characteristic {
    assigned: u16,
    flags: &'static [&'static str],
    value: Vec<u8>,
    stage: Stage,
    index: usize,
    service: OwnedObjectPath,
}

#[interface(name = "org.bluez.GattCharacteristic1")]
impl Characteristic {
    #[zbus(property, name = "UUID")]
    fn uuid(&self) -> String {
        uuid(self.assigned)
    }

    #[zbus(property)]
    fn service(&self) -> OwnedObjectPath {
        self.service.clone()
    }

    #[zbus(property)]
    fn flags(&self) -> Vec<String> {
        self.flags.iter().map(|flag| (*flag).to_owned()).collect()
    }

    fn read_value(&self, _options: HashMap<String, OwnedVariant>) -> Vec<u8> {
        self.stage.note(format!("ReadValue {:04x}", self.assigned));
        self.value.clone()
    }

    fn write_value(&self, _value: Vec<u8>, _options: HashMap<String, OwnedVariant>) -> Result<(), Error> {
        self.stage.note(format!("WriteValue {:04x}", self.assigned));
        answer(self.stage.cuff(self.index, |cuff| cuff.writes.pop_front()))
    }

    async fn start_notify(&self, #[zbus(connection)] connection: &Connection) -> Result<(), Error> {
        start_notify(connection, &self.stage, self.index).await
    }

    fn stop_notify(&self) {
        self.stage.note("StopNotify");
    }
}
