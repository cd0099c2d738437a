//! Cuffs over Bluetooth: btleplug for their data, and beside it zbus for what btleplug cannot do.
//!
//! Every decision is taken in [`core::collection`](crate::core::collection); here are the radio's task, which listens to
//! bluetoothd and shares the adapter out, and a task for each registered cuff, which alone touches that cuff.
//!
//! * Only registered cuffs are ever connected, and only by address; what a device advertises to be plays no part.
//! * A cuff is paired only on an operator's word: else the agent that bluetoothd asks refuses.
//! * The adapter is never switched on, but by the power cycle that switched it off.

mod agent;
mod bluez;
mod bonder;
mod facts;
mod faults;
mod link;
mod pairing;
mod radio;
mod sighting;
mod station;
pub mod survey;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::core::collection::{Choice, Limits};
use crate::core::cuff::{Address, Cuff};
use crate::core::pairing::{NotForgotten, Seen};
use crate::core::source::{Event, RadioHealth};

pub use self::pairing::Paired;
pub use self::radio::Wish;

/// What an operator has the radio do.
#[derive(Debug)]
pub enum Chore {
    /// Tell what is on the air, until nobody listens.
    Scan {
        /// Each advertisement that is heard; one that finds no room is passed over.
        seen: mpsc::Sender<Seen>,
    },
    /// Pair a cuff.
    Pair(Box<Wish>),
    /// Remove a cuff's bond.
    Forget {
        /// The cuff.
        address: Address,
        /// What becomes of it.
        done: oneshot::Sender<Result<(), NotForgotten>>,
    },
}

/// For word of the end of D-Bus to be taken in.
const TOLD_WITHIN: Duration = Duration::from_secs(1);

/// What the clinic set (contract 4, `[bluetooth]`), and what changes while the daemon runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The adapter to use.
    pub adapter: Choice,
    /// The limits of a connection.
    pub limits: Limits,
    /// Whether cuffs' clocks may be set.
    pub set_clock: bool,
    /// Whether a deaf adapter may be power-cycled.
    pub recover: bool,
    /// The zone of the cuffs' clocks.
    pub time_zone: TimeZone,
    /// The registered cuffs. A cuff that is new, gone or changed is taken up, let go or taken up anew.
    pub cuffs: watch::Receiver<Arc<[Cuff]>>,
    /// Whether the wall clock can be believed. While it cannot, no cuff's clock is set by it.
    pub synchronized: watch::Receiver<bool>,
}

/// Why collection cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum RadioError {
    /// There is no D-Bus system bus, or not any more. Its old connections are dead for good: leave with 75.
    #[error("the D-Bus system bus is gone")]
    NoBus,
    /// The receiver of events is gone.
    #[error("nobody listens to what the cuffs send")]
    Unheard,
    /// A cuff's task failed.
    #[error("a cuff's task failed")]
    Task(#[source] tokio::task::JoinError),
}

/// Collects from the registered cuffs until cancelled: then a dump under way has some seconds to end, links are taken
/// down, and the scan is stopped. Without bluetoothd or an adapter it waits for them, and says so.
///
/// `progress` grows at least every five seconds.
///
/// # Errors
/// Collection cannot go on. [`RadioError::NoBus`] was told as [`RadioHealth::NoBus`] before, if anybody took that in.
pub async fn run(
    settings: Settings,
    chores: mpsc::Receiver<Chore>,
    events: mpsc::Sender<Event>,
    progress: Arc<AtomicU64>,
    cancel: CancellationToken,
) -> Result<(), RadioError> {
    let result = Box::pin(collect(settings, chores, events.clone(), progress, cancel)).await;
    if let Err(RadioError::NoBus) = result {
        // The daemon is leaving; that nobody listens any more, or not in time, is no further trouble.
        let told = events.send(Event::Radio(RadioHealth::NoBus));
        let _ = tokio::time::timeout(TOLD_WITHIN, told).await;
    }
    result
}

async fn collect(
    settings: Settings,
    chores: mpsc::Receiver<Chore>,
    events: mpsc::Sender<Event>,
    progress: Arc<AtomicU64>,
    cancel: CancellationToken,
) -> Result<(), RadioError> {
    let (bluez, facts) = bluez::Bluez::connect().await.map_err(|_| RadioError::NoBus)?;
    let mut tower = radio::Tower::new(settings, chores, events, progress, bluez);
    let result = tower.run(facts, cancel).await;
    if let Err(failure) = &result {
        tower.rescue(failure).await;
    }
    result
}
