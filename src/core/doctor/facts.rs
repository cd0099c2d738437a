//! What `doctor` has found, before anybody judges it. No address is here: who gathers matches cuffs with devices.

use jiff::Timestamp;

use crate::core::collection::Choice;
use crate::core::name::Name;
use crate::core::state::State;

/// Everything that was found.
#[derive(Clone, Debug)]
pub struct Facts {
    /// When.
    pub now: Timestamp,
    /// As whom this was looked at.
    pub user: String,
    /// The config.
    pub config: Configuration,
    /// The daemon.
    pub daemon: DaemonFacts,
    /// What bluetoothd has; `Err`: why it could not be asked.
    pub adapters: Result<Vec<Adapter>, Absent>,
    /// Whether the system has a bluetoothd to start.
    pub bluetoothd_installed: bool,
    /// Switches of the system that keep radios quiet, those of Bluetooth only.
    pub killswitches: Vec<Killswitch>,
    /// The settings of bluetoothd.
    pub main_conf: MainConf,
    /// What the system says of its clock; `None`: nobody answers.
    pub timedated: Option<Timedated>,
    /// The disk that the store stands on; `None` where there is no config to say which.
    pub disk: Option<Disk>,
    /// The store.
    pub store: StoreFacts,
    /// The brokers of the config, in its order.
    pub brokers: Vec<BrokerFacts>,
    /// The bonds of the registered cuffs; empty where bluetoothd could not be asked.
    pub bonds: Vec<Bond>,
    /// When each registered cuff last brought a reading that is still stored.
    pub heard: Vec<Heard>,
}

/// The config.
#[derive(Clone, Debug)]
pub enum Configuration {
    /// This user may not read it.
    Closed {
        /// Where it is.
        path: String,
    },
    /// It has mistakes.
    Mistaken {
        /// Where it is.
        path: String,
        /// How many.
        count: usize,
    },
    /// It is good.
    Good {
        /// Where it is.
        path: String,
        /// What of it matters here.
        settings: Box<Settings>,
    },
}

/// What of a config matters here.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The clinic.
    pub site: Name,
    /// This machine.
    pub gateway: Name,
    /// How many things are allowed but unwise.
    pub warnings: usize,
    /// Whether it is known in which zone the cuffs' clocks are.
    pub zone_known: bool,
    /// Whether everything says that it is a test.
    pub test: bool,
    /// Which adapter.
    pub adapter: Choice,
    /// Who says whether the clock is right.
    pub clock: ClockSource,
    /// Octets of free disk below which nothing is cleared.
    pub reserve: u64,
    /// Whether there is a policy.
    pub has_policy: bool,
    /// Who may open sessions.
    pub openers: Openers,
    /// Whether somebody may confirm what the policy wants confirmed.
    pub may_attest: bool,
    /// Whether somebody may approve what the policy wants approved.
    pub may_decide: bool,
    /// Whether readings count only over a bond.
    pub require_bond: bool,
    /// Whether a message is done only with a receipt.
    pub receipts: bool,
    /// The registered cuffs.
    pub cuffs: Vec<Name>,
    /// What the broker's access rules must let this gateway write below and read: `cuffd/v1/north/gw`.
    pub topics: String,
}

/// Who may open sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Openers {
    /// The page, for the patients of registered cuffs.
    pub page: bool,
    /// A cuff is registered whose patient it could be opened for.
    pub has_patient: bool,
    /// Commands.
    pub commands: bool,
}

/// Who says whether the clock is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockSource {
    /// The system.
    Timedated,
    /// Nobody: it is never believed.
    None,
    /// It is always believed.
    Trust,
}

/// The daemon.
#[derive(Clone, Debug)]
pub enum DaemonFacts {
    /// It answers.
    Running(Box<State>),
    /// Nobody listens on the control socket.
    NotRunning,
    /// This user may not ask it.
    Closed,
    /// It listens, but gave no answer that can be read.
    Unclear(String),
}

/// Why bluetoothd could not be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// There is no D-Bus system bus.
    NoBus,
    /// bluetoothd does not run.
    NoStack,
    /// The rules of D-Bus do not let this user ask.
    Denied,
    /// It does not answer.
    Silent,
}

/// An adapter as bluetoothd knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adapter {
    /// `hci0`.
    pub name: String,
    /// Whether it is switched on.
    pub powered: bool,
    /// Its class of device, which only an adapter that speaks classic Bluetooth too has; 0 or `None` where it does not.
    pub class: Option<u32>,
}

/// A switch of the system that keeps a radio quiet (rfkill).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Killswitch {
    /// What it switches: `hci0`, or a name of the machine's maker.
    pub name: String,
    /// Blocked by a program.
    pub soft: bool,
    /// Blocked by a switch or a key of the machine.
    pub hard: bool,
}

/// The settings of bluetoothd that matter here; `None`: by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MainConf {
    /// `[General] ControllerMode`.
    pub controller_mode: Option<String>,
    /// `[General] JustWorksRepairing`.
    pub just_works_repairing: Option<String>,
    /// `[GATT] Cache`.
    pub cache: Option<String>,
}

/// What the system says of its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timedated {
    /// There is a service that could set the clock.
    pub can_ntp: bool,
    /// It is switched on.
    pub ntp: bool,
    /// The clock is synchronized.
    pub synchronized: bool,
}

/// The disk that the store stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// The directory of the store.
    pub path: String,
    /// The directory.
    pub folder: Folder,
    /// Free octets, for this user.
    pub free: u64,
    /// It takes no writes.
    pub read_only: bool,
}

/// The directory of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Folder {
    /// It is not there.
    Missing,
    /// This user may not write there.
    Closed,
    /// It is there.
    Writable {
        /// Files in it that belong to another than the directory does: the daemon cannot open them.
        strangers: Vec<String>,
    },
}

/// The store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreFacts {
    /// What opening it said.
    pub seen: StoreSeen,
    /// Damage was seen, and the next start checks it.
    pub suspect: bool,
    /// Damaged databases that were moved aside.
    pub aside: Vec<String>,
    /// What waits to be sent, where that is known.
    pub waiting: Option<Waiting>,
}

/// What opening the store said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreSeen {
    /// The daemon has it, and says how it is.
    OfTheDaemon,
    /// There is none yet.
    NotMade,
    /// It opened.
    Good,
    /// Somebody else holds it, and no daemon answers.
    Held,
    /// It was not looked into.
    Unknown,
    /// It did not open.
    Refused(String),
}

/// What waits to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Not taken by a broker yet.
    pub queued: u64,
    /// When the oldest of them was made.
    pub oldest_queued_at: Option<Timestamp>,
    /// Taken by a broker, not confirmed by the clinic.
    pub awaiting_receipt: u64,
    /// When the oldest of them was made.
    pub awaiting_receipt_since: Option<Timestamp>,
    /// Refused for good.
    pub set_aside: u64,
}

/// A broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerFacts {
    /// `host:port`.
    pub name: String,
    /// The host alone.
    pub host: String,
    /// What was seen of it.
    pub seen: BrokerSeen,
}

/// What was seen of a broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BrokerSeen {
    /// The daemon is connected to it.
    Connected {
        /// What it refuses, if anything.
        refused: Option<String>,
        /// It does not let us listen for commands.
        commands_refused: bool,
    },
    /// The daemon is not connected to it. Its name, its port and its certificate are well.
    Reachable {
        /// What the daemon says, if this is the one that it tries.
        last_error: Option<String>,
    },
    /// It could not be reached, or did not take us. In plain words.
    Fault(String),
    /// Without a daemon: it took us.
    Tried {
        /// What became of a status.
        sent: Sent,
        /// It does not let us listen for commands.
        commands_refused: bool,
    },
}

/// What became of a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The broker took it.
    Taken,
    /// The broker said that it took it; this protocol says so also of what it refuses.
    Unsure,
    /// The broker refused it. In plain words.
    Refused(String),
    /// None was sent, because the store could not be read.
    Nothing,
}

/// A registered cuff, as bluetoothd knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bond {
    /// Which.
    pub cuff: Name,
    /// Whether there is a bond.
    pub bonded: Bonded,
    /// It is connected to this machine.
    pub connected: bool,
}

/// Whether there is a bond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bonded {
    /// There is.
    Yes,
    /// bluetoothd knows the cuff, and has none.
    No,
    /// bluetoothd does not know the cuff.
    Unknown,
}

/// When a cuff last brought a reading that is still stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Which.
    pub cuff: Name,
    /// When; `None`: none is stored.
    pub at: Option<Timestamp>,
}

impl Facts {
    /// What of the config matters here, if it is good.
    pub(super) fn settings(&self) -> Option<&Settings> {
        match &self.config {
            Configuration::Good { settings, .. } => Some(settings),
            Configuration::Closed { .. } | Configuration::Mistaken { .. } => None,
        }
    }

    /// What the daemon knows, if it answers.
    pub(super) fn state(&self) -> Option<&State> {
        match &self.daemon {
            DaemonFacts::Running(state) => Some(state),
            DaemonFacts::NotRunning | DaemonFacts::Closed | DaemonFacts::Unclear(_) => None,
        }
    }

    /// Whether the cuffs are virtual, so that no radio is needed.
    pub(super) fn is_virtual(&self) -> bool {
        self.state()
            .is_some_and(|state| state.radio == crate::core::state::RadioState::Virtual)
    }
}
