//! What a source of measurements tells the rest of the daemon: the seam between cuffs (real or virtual) and everything behind.
//!
//! A source sends [`Event::Connected`] before anything else of a connection, and [`Event::Over`] exactly once after it.
//! One cuff has one connection at a time, so events name the cuff only.

use std::time::Duration;

use jiff::civil::DateTime;

use super::models::ServiceNumber;
use super::moment::Now;
use super::name::Name;

/// One thing that a source tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A connection to a registered cuff began.
    Connected {
        /// Which cuff.
        cuff: Name,
        /// Bonded before this connection and still, so that the link came up encrypted (contract 3.1).
        bonded: bool,
        /// When.
        at: Now,
    },
    /// The cuff's clock was read or set in this connection.
    Clock {
        /// Which cuff.
        cuff: Name,
        /// What was learned.
        note: ClockNote,
    },
    /// The source will not touch the cuff's clock (again) in this connection: what arrived can be dated. Not told of a
    /// connection that ended before it came to anything.
    ClockSettled {
        /// Which cuff.
        cuff: Name,
    },
    /// A 0x2A35 value arrived; the cuff believes it delivered, so it must be stored before anything else.
    Measurement {
        /// Which cuff.
        cuff: Name,
        /// The value as it came.
        octets: Vec<u8>,
        /// When it arrived.
        at: Now,
    },
    /// A 0x2A36 value arrived: the pressure in the cuff while it measures. Display only.
    CuffPressure {
        /// Which cuff.
        cuff: Name,
        /// The value as it came.
        octets: Vec<u8>,
        /// When it arrived.
        at: Now,
    },
    /// Something of what the cuff is was read.
    Described {
        /// Which cuff.
        cuff: Name,
        /// What was read; `None` in a field means not read, not that it is gone.
        description: Description,
    },
    /// A connection ended.
    Over {
        /// Which cuff.
        cuff: Name,
        /// How it ended.
        ending: Ending,
        /// When.
        at: Now,
    },
    /// The way to one cuff changed for better or worse.
    Cuff {
        /// Which cuff.
        cuff: Name,
        /// How it stands now.
        health: CuffHealth,
    },
    /// The radio, or what drives it, changed for better or worse.
    Radio(RadioHealth),
}

/// What was learned of a cuff's clock in one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockNote {
    /// It was read, before any setting in this connection. The offset is gateway minus cuff, in whole seconds.
    Read {
        /// Gateway's local time minus the cuff's, in seconds.
        offset_s: i64,
        /// When it was read.
        at: Now,
    },
    /// It was set, and the cuff accepted it.
    Set {
        /// The local time that was written.
        to: DateTime,
        /// When it was written.
        at: Now,
    },
    /// It was written, and whether the cuff has taken that is not known: from here on nothing is known of its clock.
    MaybeSet {
        /// The local time that was written.
        to: DateTime,
        /// When the writing began.
        at: Now,
    },
}

/// What a cuff says of itself: Device Information, Battery, Blood Pressure Feature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// 0x2A29.
    pub manufacturer: Option<String>,
    /// 0x2A24.
    pub model: Option<String>,
    /// 0x2A25.
    pub serial: Option<String>,
    /// 0x2A26.
    pub firmware: Option<String>,
    /// 0x2A19, in percent.
    pub battery: Option<u8>,
    /// 0x2A49, as it came.
    pub features: Option<u16>,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The cuff hung up or fell silent after at least one measurement: the ordinary end.
    Delivered,
    /// It ended with nothing delivered.
    Empty,
    /// It could not be established or used.
    Failed(Failure),
    /// The daemon is stopping.
    Stopped,
}

/// Why a connection came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The link did not come up within `bluetooth.connect_for`.
    Connect,
    /// It has no 0x2A35 although it advertised the service.
    NoMeasurementCharacteristic,
    /// It has none, and cuffs of its model keep their readings behind this service of their maker's, which is out of reach.
    OnlyBehindServiceOfItsMaker(ServiceNumber),
    /// The cuff asked for a bond that is not there any more (ATT 0x05, 0x08, 0x0F; "PIN or Key Missing").
    Bond,
    /// Indications could not be switched on.
    Subscribe,
    /// bluetoothd or the adapter went away.
    Stack,
    /// `bluetooth.connection_cap` was reached.
    Cap,
}

/// How the way to a cuff stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CuffHealth {
    /// It was heard, with this signal strength.
    Heard {
        /// Received signal strength in dBm.
        rssi: Option<i16>,
        /// When.
        at: Now,
    },
    /// Connections to it keep failing while it is heard.
    Unreachable {
        /// Tries in a row that failed.
        tries: u32,
    },
    /// A connection came to a good end again.
    Reachable,
    /// The bond is gone on one side; only `pair` mends it.
    BondLost,
}

/// How the radio stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RadioHealth {
    /// Listening for cuffs.
    Scanning,
    /// No adapter, or not the configured one.
    NoAdapter,
    /// The adapter is switched off.
    AdapterOff,
    /// bluetoothd does not answer.
    NoStack,
    /// D-Bus itself is gone: the daemon must leave with 75.
    NoBus,
    /// The adapter hears nothing although it scans; being recovered.
    Deaf {
        /// For how long nothing was heard.
        silence: Duration,
    },
}
