//! What the mock is to do: what a test changes, and the interfaces read.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

/// What `Device1.Connect` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connect {
    /// Brings the link up and lists the cuff's attributes.
    Works,
    /// Never answers.
    Hangs,
    /// Says that it is at it already.
    InProgress,
    /// The link comes up and drops before anything is listed; no answer.
    DropsInDiscovery,
    /// The link comes up and drops, and the answer says so: what a cuff that forgot its bond looks like.
    Aborts,
}

/// How a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// By the cuff, with this ATT error.
    Att(u8),
    /// By bluetoothd: it is at it already.
    InProgress,
    /// By bluetoothd, without a reason.
    Failed,
}

/// The errors of BlueZ's own name space.
#[derive(Debug, zbus::DBusError)]
#[zbus(prefix = "org.bluez.Error")]
pub(crate) enum Error {
    #[zbus(error)]
    ZBus(zbus::Error),
    Failed(String),
    InProgress(String),
    NotConnected(String),
    AuthenticationFailed(String),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Att(code) => Self::Failed(format!("Operation failed with ATT error: 0x{code:02x}")),
            Refusal::InProgress => Self::InProgress("Operation already in progress".to_owned()),
            Refusal::Failed => Self::Failed(String::new()),
        }
    }
}

/// Answers to give in turn; afterwards all is well.
pub(crate) type Answers<T> = VecDeque<T>;

/// One cuff's part.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) address: &'static str,
    pub(crate) bonded: bool,
    /// What it shows when it is paired; `None`: it shows nothing, and wants nothing.
    pub(crate) passkey: Option<u32>,
    /// It advertises while it is not connected.
    pub(crate) advertises: bool,
    /// It has 0x2A35.
    pub(crate) measures: bool,
    /// It has a clock, 0x2A08, that can be read and written.
    pub(crate) has_clock: bool,
    /// It has Device Information and a battery.
    pub(crate) describes_itself: bool,
    /// Values to indicate as soon as indications are on, one dump for each connection.
    pub(crate) dumps: Answers<Vec<u32>>,
    /// It hangs up after a dump.
    pub(crate) hangs_up: bool,
    pub(crate) connects: Answers<Connect>,
    pub(crate) subscribes: Answers<Refusal>,
    pub(crate) writes: Answers<Refusal>,
    pub(crate) connected: bool,
    pub(crate) resolved: bool,
    pub(crate) notifying: bool,
}

impl Script {
    /// A cuff that does everything right and has nothing to send.
    pub(crate) fn new(address: &'static str) -> Self {
        Self {
            address,
            bonded: false,
            passkey: None,
            advertises: true,
            measures: true,
            has_clock: false,
            describes_itself: false,
            dumps: Answers::new(),
            hangs_up: true,
            connects: Answers::new(),
            subscribes: Answers::new(),
            writes: Answers::new(),
            connected: false,
            resolved: false,
            notifying: false,
        }
    }

    /// The same, with a dump for the next connection that has none yet.
    pub(crate) fn dump(mut self, counters: std::ops::Range<u32>) -> Self {
        self.dumps.push_back(counters.collect());
        self
    }

    pub(crate) fn path(&self) -> String {
        format!("/org/bluez/hci0/dev_{}", self.address.replace(':', "_"))
    }
}

/// The adapter's part.
#[derive(Clone, Debug)]
pub(crate) struct AdapterScript {
    pub(crate) powered: bool,
    pub(crate) discovering: bool,
    pub(crate) starts: Answers<Refusal>,
}

/// Everything the mock goes by, and the calls that were made.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) adapter: AdapterScript,
    pub(crate) cuffs: Vec<Script>,
    pub(crate) calls: Vec<String>,
    /// Agents by who registered them, the newest last.
    pub(crate) agents: Vec<(String, String)>,
}

/// The state, shared between the mock's interfaces and the test. Never locked across an await.
#[derive(Clone, Debug)]
pub(crate) struct Stage(Arc<Mutex<State>>);

impl Stage {
    pub(crate) fn new(cuffs: Vec<Script>) -> Self {
        let adapter = AdapterScript {
            powered: true,
            discovering: false,
            starts: Answers::new(),
        };
        Self(Arc::new(Mutex::new(State {
            adapter,
            cuffs,
            calls: Vec::new(),
            agents: Vec::new(),
        })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panics while it holds the lock")
    }

    /// Notes a call.
    pub(crate) fn note(&self, call: impl Into<String>) {
        self.lock().calls.push(call.into());
    }

    /// How often a call was made.
    pub(crate) fn count(&self, call: &str) -> usize {
        self.lock().calls.iter().filter(|made| *made == call).count()
    }

    /// Changes one cuff's part, or looks at it.
    pub(crate) fn cuff<T>(&self, index: usize, change: impl FnOnce(&mut Script) -> T) -> T {
        change(&mut self.lock().cuffs[index])
    }
}

/// The answer to a call that may be refused.
pub(crate) fn answer(refusal: Option<Refusal>) -> Result<(), Error> {
    refusal.map_or(Ok(()), |refusal| Err(refusal.into()))
}
