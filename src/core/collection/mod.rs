//! What to do with one registered cuff: when to connect, what to ask it, when it is done. And with the radio they share.
//!
//! * Nothing that arrives is dropped: a measurement is passed on in whatever phase it comes, even before the connection is
//!   reported, because bluetoothd has confirmed it to the cuff already.
//! * The daemon never pairs here and never switches indications off: both cost cuffs their bond.
//! * [`source::Event::Connected`] comes before anything else of a connection, `ClockSettled` at most once and before the end of
//!   one that brought a measurement, `Over` once and last.

mod catalogue;
mod chores;
mod clock;
mod collector;
mod habits;
mod hearing;
mod radio;
mod retry;
mod session;

use std::time::Duration;

pub use catalogue::{Access, Catalogue, Characteristic};
pub use collector::{Collector, Setup};
pub use habits::Habits;
pub use radio::{Choice, Order, Radio, RadioEvent};

use super::source;

/// The limits that the clinic may set (contract 4, `[bluetooth]`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long a connection may take to come up, with the list of what the cuff has.
    pub connect_for: Duration,
    /// Silence that ends a dump when the cuff does not hang up.
    pub idle_end: Duration,
    /// How long a connection may last.
    pub connection_cap: Duration,
}

/// Why something asked of bluetoothd was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No answer in time.
    Timeout,
    /// It is being done already, or was done before.
    InProgress,
    /// The link is down.
    NotConnected,
    /// The cuff wants a bond that is not there any more.
    Bond,
    /// The cuff took note and did as it liked: ATT 0x80, 0x85.
    Ignored,
    /// bluetoothd does not know the object (any more).
    UnknownObject,
    /// The adapter is off, or not ready yet.
    NotReady,
    /// bluetoothd is not there.
    Stack,
    /// D-Bus is not there.
    Bus,
    /// Anything else.
    Other,
}

/// What a [`Collector`] is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// bluetoothd knows the cuff: it may be listened to before it is connected.
    Known,
    /// bluetoothd says whether the cuff is bonded.
    Bonded(bool),
    /// An advertisement of the cuff arrived.
    Heard {
        /// Its strength in dBm.
        rssi: Option<i16>,
    },
    /// The link came up, by our doing or another's.
    LinkUp,
    /// The link went down.
    LinkDown,
    /// bluetoothd or the adapter went away, and with it every subscription.
    StackGone,
    /// The operation under way was done.
    Answer(Answer),
    /// A 0x2A35 value arrived.
    Measurement(Vec<u8>),
    /// A 0x2A36 value arrived.
    CuffPressure(Vec<u8>),
    /// The wall clock began or ceased to be believed.
    Synchronized(bool),
    /// [`Collector::deadline`] has come.
    Deadline,
    /// The daemon is stopping.
    Stop,
}

/// What became of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// [`Operation::TakeRadio`] was done.
    RadioTaken,
    /// [`Operation::Arm`] was done: what the cuff has, if indications arrive as soon as the link is up.
    Armed(Option<Catalogue>),
    /// [`Operation::Connect`] was done.
    Connected(Result<(), Fault>),
    /// [`Operation::Discover`] was done. Empty: bluetoothd has not listed anything yet.
    Discovered(Result<Catalogue, Fault>),
    /// [`Operation::Subscribe`] was done.
    Subscribed(Result<(), Fault>),
    /// [`Operation::Read`] was done.
    Read(Result<Vec<u8>, Fault>),
    /// [`Operation::Write`] was done.
    Written(Result<(), Fault>),
    /// [`Operation::HangUp`] was done.
    HungUp,
}

/// What a [`Collector`] wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Tell the rest of the daemon.
    Tell(source::Event),
    /// Carry out an operation; it replaces the one under way, and [`Event::Answer`] tells what became of it.
    Do(Operation),
    /// Forget the operation under way.
    Abandon,
    /// Another cuff may be connected now.
    GiveRadioBack,
    /// This cuff is away from the radio altogether.
    Leave,
}

/// Something that takes time. One at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Wait for the radio: no other cuff is being connected, and no scan runs.
    TakeRadio,
    /// Switch indications on for the next connection, if bluetoothd has the cuff's attributes listed.
    Arm,
    /// Bring the link up.
    Connect,
    /// List what the cuff has.
    Discover {
        /// Ask anew even if a list is at hand.
        afresh: bool,
    },
    /// Switch indications or notifications on.
    Subscribe(Characteristic),
    /// Read a value.
    Read(Characteristic),
    /// Write a value, with response.
    Write(Characteristic, Vec<u8>),
    /// Take the link down, or give up bringing it up.
    HangUp,
}
