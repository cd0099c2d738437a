//! What the radio is told, and what it wants done.

use crate::core::collection::Fault;
use crate::core::name::Name;
use crate::core::source::RadioHealth;

/// Which adapter to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The one in use while it is on; else a powered one before others, then the first by name.
    Auto,
    /// This one only, such as `hci0`.
    Named(String),
}

/// What the [`Radio`](super::Radio) is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RadioEvent {
    /// bluetoothd is there, and every adapter that it has was told of.
    StackUp,
    /// bluetoothd is gone, or does not answer.
    StackGone,
    /// An adapter is there, or changed; `None` is "as before".
    Adapter {
        /// Its name, such as `hci0`.
        name: String,
        /// Whether it is switched on.
        powered: Option<bool>,
        /// Whether it scans.
        discovering: Option<bool>,
    },
    /// An adapter is gone.
    AdapterGone {
        /// Its name.
        name: String,
    },
    /// An advertisement of any device arrived.
    Advertisement,
    /// How many cuffs are registered.
    Registered(usize),
    /// A cuff wants to be connected.
    Wanted(Name),
    /// A cuff is connected, whether or not it had its turn; others may be.
    GivenBack(Name),
    /// A cuff's connection is over, or it does not want one any more.
    Left(Name),
    /// A cuff's link came up or went down.
    Link {
        /// Which cuff.
        cuff: Name,
        /// Up, or down.
        up: bool,
    },
    /// The order under way was carried out, or not.
    Done(Result<(), Fault>),
    /// [`Radio::deadline`](super::Radio::deadline) has come.
    Deadline,
    /// The daemon is stopping: no more scans.
    Stop,
}

/// What the [`Radio`](super::Radio) wants done. One of the scan and power orders is under way at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Tell the rest of the daemon.
    Tell(RadioHealth),
    /// Look for cuffs through this adapter from now on; through none.
    Use(Option<String>),
    /// Start scanning.
    StartScan(String),
    /// Stop scanning.
    StopScan(String),
    /// Switch the adapter on or off.
    SetPower(String, bool),
    /// It is this cuff's turn to connect.
    Grant(Name),
}
