//! A message bus whose rules let nobody talk to bluetoothd.

use crate::bus::Bus;

/// Ends with its value.
pub(crate) struct StrictBus {
    bus: Bus,
    _owner: zbus::Connection,
}

impl StrictBus {
    /// Starts it, with somebody on it who has bluetoothd's name.
    pub(crate) async fn start() -> Self {
        let bus = Bus::with_rules("<deny send_destination=\"org.bluez\"/>").await;
        let owner = zbus::connection::Builder::address(bus.address().as_str())
            .build()
            .await
            .unwrap();
        owner.request_name("org.bluez").await.unwrap();
        Self { bus, _owner: owner }
    }

    pub(crate) fn address(&self) -> String {
        self.bus.address()
    }
}
