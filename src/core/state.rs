//! `cuffd.state/1`: what the running daemon knows now. One schema for `status --json`, the local API and its events.
//!
//! Fields may be added within a version; a reader ignores what it does not know.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::name::Name;
use super::pairing::UnderWay;

pub mod session;

pub use session::{MessageState, SessionState};

/// The schema's name, in every state.
pub const SCHEMA: &str = "cuffd.state/1";

/// Everything the daemon knows now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// [`SCHEMA`].
    pub schema: String,
    /// The program's version.
    pub version: String,
    /// The clinic's name for itself.
    pub site: Name,
    /// This machine's name.
    pub gateway: Name,
    /// New at each start.
    pub run: Uuid,
    /// True from `demo` and `simulate`, or where the config says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub test: bool,
    /// When this run began.
    pub started_at: Timestamp,
    /// Sessions in order of opening: the open ones, and one that ended for as long as the page shows that.
    pub sessions: Vec<SessionState>,
    /// Registered cuffs.
    pub cuffs: Vec<CuffState>,
    /// The radio.
    pub radio: RadioState,
    /// The way to the clinic.
    pub delivery: DeliveryState,
    /// The clock.
    pub clock: ClockState,
    /// The store.
    pub store: StoreState,
    /// What is wrong with the box now, by code: the clock and the store keep every session from being ready.
    pub problems: Vec<Problem>,
    /// A cuff is being paired; only meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairing: Option<UnderWay>,
}

impl State {
    /// Whether a session is open.
    #[must_use]
    pub fn has_open_session(&self) -> bool {
        self.sessions.iter().any(SessionState::is_open)
    }

    /// The same, with the seconds that each "ready" has left counted at `now`.
    ///
    /// For whoever is answered now: in a state that is kept they are not counted, or it would be another each second.
    #[must_use]
    pub fn counted_down(mut self, now: Timestamp) -> Self {
        for session in &mut self.sessions {
            session.count_down(now);
        }
        self
    }
}

/// One registered cuff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CuffState {
    /// Its id.
    pub id: Name,
    /// Its row in the table of models.
    pub model: String,
    /// What it calls its maker, once read.
    pub manufacturer: Option<String>,
    /// What it calls itself, once read.
    pub model_number: Option<String>,
    /// Its serial number, once read.
    pub serial: Option<String>,
    /// Its firmware, once read.
    pub firmware: Option<String>,
    /// Battery in percent, once read.
    pub battery: Option<u8>,
    /// Connected at this moment.
    pub connected: bool,
    /// Pressure in the cuff while it measures, mmHg, as text to be shown; gone when the connection is over.
    pub cuff_pressure: Option<String>,
    /// When it was last heard, in this run.
    pub heard_at: Option<Timestamp>,
    /// Signal strength when it was last heard, dBm.
    pub rssi: Option<i16>,
    /// When its last measurement arrived, in this run.
    pub measured_at: Option<Timestamp>,
    /// How the way to it stands.
    pub health: CuffHealth,
    /// Measurements that came again, ever.
    pub duplicates: u64,
    /// Measurements that were nobody's, ever.
    pub unassigned: u64,
}

/// How the way to a cuff stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CuffHealth {
    /// Not heard in this run: it may simply not have been used.
    NotHeard,
    /// Heard, and nothing is wrong with the way to it.
    Ok,
    /// Heard, but connections keep failing.
    Unreachable,
    /// The bond is gone on one side: `cuffd pair` mends it.
    BondLost,
}

/// The radio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RadioState {
    /// Not known yet.
    Starting,
    /// Listening for cuffs.
    Scanning,
    /// No adapter, or not the configured one.
    NoAdapter,
    /// The adapter is switched off.
    AdapterOff,
    /// bluetoothd does not answer.
    NoStack,
    /// D-Bus is gone.
    NoBus,
    /// The adapter hears nothing although it scans.
    Deaf,
    /// Virtual cuffs: there is no radio.
    Virtual,
}

/// The way to the clinic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryState {
    /// False where the config has no `[mqtt]`: nothing is published.
    pub enabled: bool,
    /// Whether a broker is connected.
    pub connected: bool,
    /// The broker tried or connected, as `host:port`.
    pub broker: Option<String>,
    /// Since when connected.
    pub since: Option<Timestamp>,
    /// The last thing that went wrong, in plain words.
    pub last_error: Option<String>,
    /// When the broker last took a message.
    pub last_sent_at: Option<Timestamp>,
    /// The highest number given out, by kind.
    pub seq: Seq,
    /// Messages waiting, by kind.
    pub queued: Queued,
    /// When the oldest waiting message was made.
    pub oldest_queued_at: Option<Timestamp>,
    /// Messages refused for good: the newest few.
    pub set_aside: Vec<Uuid>,
    /// How many were refused for good.
    pub set_aside_count: u64,
    /// Nobody subscribes to what is published here.
    pub no_subscriber: bool,
    /// The broker does not let this gateway listen for commands: none arrives.
    #[serde(default)]
    pub commands_refused: bool,
    /// What the broker refuses to take for now, and why: access rules, most often. Gone when it takes everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// Messages that a broker took and that the clinic's system has not confirmed yet; only where receipts are awaited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaiting_receipt: Option<u64>,
    /// When the oldest of those was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaiting_receipt_since: Option<Timestamp>,
}

/// The highest number given out, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seq {
    /// `cuffd.reading/1`.
    pub reading: u64,
    /// `cuffd.readiness/1`.
    pub readiness: u64,
    /// `cuffd.alert/1`.
    pub alert: u64,
}

/// Messages waiting, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queued {
    /// `cuffd.alert/1`.
    pub alert: u64,
    /// `cuffd.readiness/1`.
    pub readiness: u64,
    /// `cuffd.reading/1`.
    pub reading: u64,
    /// FHIR Bundles.
    pub fhir: u64,
}

impl Queued {
    /// All of them.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.alert + self.readiness + self.reading + self.fhir
    }
}

/// The clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockState {
    /// Whether the wall clock can be believed.
    pub synchronized: bool,
}

/// The store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreState {
    /// Whether it takes new measurements.
    pub available: bool,
    /// Whether unsent messages fill most of `store.max_size`.
    pub nearly_full: bool,
    /// Size of the database in octets.
    pub size: u64,
    /// Free space beside it, in octets.
    pub free: u64,
}

/// What can be wrong with a box. The codes are those of alerts (contract 3.3) and three of the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// No adapter, switched off, or no bluetoothd.
    AdapterLost,
    /// A cuff's bond is gone.
    BondLost,
    /// No broker is connected. In the local state only.
    BrokerUnreachable,
    /// The wall clock cannot be believed.
    ClockUnsynchronized,
    /// The broker does not let this gateway listen for commands: the clinic cannot open a session.
    CommandsRefused,
    /// A cuff is heard but cannot be connected.
    CuffUnreachable,
    /// A broker refused a message for good.
    MessageRefused,
    /// Nobody subscribes to what is published here.
    NoSubscriber,
    /// The store is near `store.max_size` with messages that nobody took.
    StoreNearlyFull,
    /// Less disk is free than `store.reserve`, or the store does not take measurements.
    StoreUnavailable,
}
