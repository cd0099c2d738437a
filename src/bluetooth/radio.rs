//! The radio's task: listens to bluetoothd, lets the cuffs' tasks know, and does what the [`Radio`] says.

mod operator;
mod refusals;
mod registry;

pub use self::operator::Wish;

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use self::refusals::Refusals;
use super::bluez::{Bluez, Facts};
use super::facts::{self, Change, Devices, Fact};
use super::pairing::Paired;
use super::sighting::Sighting;
use super::station::{Ended, Request};
use super::{Chore, RadioError, Settings};
use crate::clock;
use crate::core::collection::{Fault, Order, Radio, RadioEvent};
use crate::core::cuff::Cuff;
use crate::core::name::Name;
use crate::core::pairing::{Failure, Seen};
use crate::core::source::{self, RadioHealth};

/// How often the task shows that it is alive when nothing happens.
const BEAT: Duration = Duration::from_secs(5);
/// Before bluetoothd is asked again for everything it knows.
const ASK_AGAIN: Duration = Duration::from_secs(2);
/// For values that have arrived to be passed on, and for links to be taken down, when collection ends early.
const RESCUE_FOR: Duration = Duration::from_secs(10);
/// The same without D-Bus: no link can be taken down.
const RESCUE_WITHOUT_BUS_FOR: Duration = Duration::from_secs(1);
/// Requests that may wait to be taken; each cuff has at most a few.
const REQUESTS: usize = 64;

/// The radio's task.
pub(super) struct Tower {
    settings: Settings,
    events: mpsc::Sender<source::Event>,
    progress: Arc<AtomicU64>,
    bluez: Bluez,
    radio: Radio,
    is_up: bool,
    devices: Devices,
    adapter: Option<String>,
    cuffs: BTreeMap<Name, Registered>,
    tasks: JoinSet<(Name, Result<(), Ended>)>,
    turns: BTreeMap<Name, oneshot::Sender<()>>,
    requests: (mpsc::Sender<Request>, mpsc::Receiver<Request>),
    under_way: Option<Call>,
    chores: mpsc::Receiver<Chore>,
    /// Operators who look at what is on the air.
    watchers: Vec<mpsc::Sender<Seen>>,
    pairing: Option<operator::UnderWay>,
    /// A cuff that was paired, until whoever asked for it has put that down.
    settling: Option<operator::Settling>,
    /// At most one.
    pairings: JoinSet<Result<Paired, Failure>>,
    /// For how many the scan is wanted, as the radio was told.
    wanted: usize,
    /// How the radio stands, if nobody could take that in when it was told.
    untold: Option<RadioHealth>,
    refusals: Refusals,
    stopping: bool,
}

/// A cuff that has a task.
struct Registered {
    cuff: Cuff,
    sighting: watch::Sender<Sighting>,
    stop: CancellationToken,
}

/// A call to bluetoothd.
type Call = Pin<Box<dyn Future<Output = Done> + Send>>;

/// What became of the call under way.
enum Done {
    /// The radio's order.
    Order(Result<(), Fault>),
    /// Asking bluetoothd to take our agent, and for everything.
    Survey(Option<Fault>, Result<Vec<Fact>, Fault>),
}

impl Tower {
    /// The radio's task, not yet running.
    pub(super) fn new(
        settings: Settings,
        chores: mpsc::Receiver<Chore>,
        events: mpsc::Sender<source::Event>,
        progress: Arc<AtomicU64>,
        bluez: Bluez,
    ) -> Self {
        let radio = Radio::new(settings.adapter.clone(), settings.recover);
        Self {
            settings,
            events,
            progress,
            bluez,
            radio,
            is_up: false,
            devices: Devices::default(),
            adapter: None,
            cuffs: BTreeMap::new(),
            tasks: JoinSet::new(),
            turns: BTreeMap::new(),
            requests: mpsc::channel(REQUESTS),
            under_way: None,
            chores,
            watchers: Vec::new(),
            pairing: None,
            settling: None,
            pairings: JoinSet::new(),
            wanted: 0,
            untold: None,
            refusals: Refusals::default(),
            stopping: false,
        }
    }

    /// Runs until cancelled, and until every cuff's connection has come to its end.
    ///
    /// # Errors
    /// D-Bus is gone, or a task of ours failed.
    pub(super) async fn run(&mut self, mut facts: Facts, cancel: CancellationToken) -> Result<(), RadioError> {
        let owner = self.bluez.owner().await.map_err(|_| RadioError::NoBus)?;
        let is_up = owner.is_some();
        facts.believe(owner);
        self.on_fact(Fact::Stack(is_up)).await?;
        self.settings.cuffs.mark_changed();
        let mut beat = tokio::time::interval(BEAT);
        while !(self.stopping && self.tasks.is_empty() && self.radio.is_quiet()) {
            self.progress.fetch_add(1, Ordering::Relaxed);
            tokio::select! {
                // An answer before the signals: one that tells everything must not undo what was signalled after it. The
                // signals last: a busy site has one at any time, while all else is rare.
                biased;
                () = cancel.cancelled(), if !self.stopping => self.stop().await?,
                done = finish(&mut self.under_way) => self.on_done(done).await?,
                Some(request) = self.requests.1.recv() => self.on_request(request).await?,
                Some(ended) = self.tasks.join_next() => self.on_ended(ended).await?,
                Some(chore) = self.chores.recv(), if !self.stopping => self.on_chore(chore).await?,
                Some(ended) = self.pairings.join_next() => match ended {
                    Ok(ended) => self.on_paired(ended).await?,
                    Err(fault) if fault.is_cancelled() => {}
                    Err(fault) => return Err(RadioError::Task(fault)),
                },
                () = operator::settled(&mut self.settling) => self.on_settled().await?,
                Ok(()) = self.settings.cuffs.changed(), if !self.stopping => self.register().await?,
                () = clock::sleep_until(self.radio.deadline()) => self.feed(RadioEvent::Deadline).await?,
                _ = beat.tick() => {
                    self.tell_again()?;
                    self.count_wanted().await?;
                }
                found = facts.next() => {
                    for fact in found.ok_or(RadioError::NoBus)? {
                        self.on_fact(fact).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// After a failure: lets the cuffs' tasks pass on what has arrived, since bluetoothd has confirmed it to the cuffs, and
    /// take their links down.
    pub(super) async fn rescue(&mut self, failure: &RadioError) {
        let patience = match failure {
            RadioError::NoBus => RESCUE_WITHOUT_BUS_FOR,
            RadioError::Unheard | RadioError::Task(_) => RESCUE_FOR,
        };
        for registered in self.cuffs.values() {
            registered.stop.cancel();
        }
        let all = async { while self.tasks.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(patience, all).await;
    }

    async fn stop(&mut self) -> Result<(), RadioError> {
        self.stopping = true;
        // What is not bonded yet bluetoothd drops; a bond made in this very moment stays, and the next `pair` makes a new one.
        self.pairings.abort_all();
        for registered in self.cuffs.values() {
            registered.stop.cancel();
        }
        self.feed(RadioEvent::Stop).await
    }

    /// Feeds an event, and those that its orders cause.
    async fn feed(&mut self, event: RadioEvent) -> Result<(), RadioError> {
        let mut waiting = VecDeque::from([event]);
        while let Some(event) = waiting.pop_front() {
            for order in self.radio.handle(event, clock::moment()) {
                debug!(?order, "radio");
                match order {
                    Order::Tell(health) => self.tell(health)?,
                    Order::Use(adapter) => waiting.extend(self.use_adapter(adapter)),
                    Order::Grant(cuff) => self.grant(&cuff),
                    Order::StartScan(_) | Order::StopScan(_) | Order::SetPower(..) => {
                        self.under_way = Some(Box::pin(carry_out(self.bluez.clone(), order)));
                    }
                }
            }
        }
        Ok(())
    }

    /// Tells how the radio stands, without waiting: who listens may be busy for long, and the daemon must show that it is
    /// alive. Only the latest counts, and is told again later.
    fn tell(&mut self, health: RadioHealth) -> Result<(), RadioError> {
        match self.events.try_send(source::Event::Radio(health)) {
            Ok(()) => self.untold = None,
            Err(TrySendError::Full(_)) => self.untold = Some(health),
            Err(TrySendError::Closed(_)) => return Err(RadioError::Unheard),
        }
        Ok(())
    }

    fn tell_again(&mut self) -> Result<(), RadioError> {
        self.untold.take().map_or(Ok(()), |health| self.tell(health))
    }

    fn grant(&mut self, cuff: &Name) {
        if let Some(turn) = self.turns.remove(cuff) {
            // A cuff that gave up waiting says so by itself.
            let _ = turn.send(());
        }
    }

    /// Lets every cuff know of another adapter, and what is known of it there.
    fn use_adapter(&mut self, adapter: Option<String>) -> Vec<RadioEvent> {
        let had = std::mem::replace(&mut self.adapter, adapter);
        if had.is_some() {
            self.lose_cuffs();
        }
        let mut links = Vec::new();
        for registered in self.cuffs.values() {
            links.extend(self.introduce(registered));
        }
        links
    }

    async fn on_fact(&mut self, fact: Fact) -> Result<(), RadioError> {
        match fact {
            Fact::Stack(is_up) => self.on_stack(is_up).await,
            Fact::Adapter {
                name,
                powered,
                discovering,
            } => {
                let event = RadioEvent::Adapter {
                    name,
                    powered,
                    discovering,
                };
                self.feed(event).await
            }
            Fact::AdapterGone { name } => self.feed(RadioEvent::AdapterGone { name }).await,
            Fact::Device { path, change } => self.on_device(&path, &change).await,
            Fact::DeviceGone { path } => self.on_device_gone(&path).await,
        }
    }

    /// bluetoothd came or went; one that came in another's place is a new one, and has kept nothing.
    async fn on_stack(&mut self, is_up: bool) -> Result<(), RadioError> {
        self.under_way = None;
        if self.is_up || !is_up {
            self.devices.clear();
            self.lose_cuffs();
            self.feed(RadioEvent::StackGone).await?;
        }
        self.is_up = is_up;
        if is_up {
            info!("bluetoothd is there");
            self.under_way = Some(Box::pin(survey(self.bluez.clone(), Duration::ZERO)));
        } else {
            warn!("bluetoothd is not there");
        }
        Ok(())
    }

    async fn on_device(&mut self, path: &str, change: &Change) -> Result<(), RadioError> {
        let address = self.devices.apply(path, change);
        self.tell_operator(path, change);
        if facts::adapter_name(path) != self.adapter {
            return Ok(());
        }
        if change.advertised {
            self.feed(RadioEvent::Advertisement).await?;
        }
        let Some(registered) = address.and_then(|address| self.find(address)) else {
            return Ok(());
        };
        let bonded = self.device_of(registered).is_some_and(|device| device.bonded);
        registered
            .sighting
            .send_modify(|sighting| sighting.apply(change, bonded));
        let cuff = registered.cuff.id.clone();
        match change.connected {
            Some(up) => self.feed(RadioEvent::Link { cuff, up }).await,
            None => Ok(()),
        }
    }

    async fn on_device_gone(&mut self, path: &str) -> Result<(), RadioError> {
        let address = self.devices.remove(path);
        let Some(registered) = address.and_then(|address| self.find(address)) else {
            return Ok(());
        };
        if facts::adapter_name(path) != self.adapter {
            return Ok(());
        }
        registered.sighting.send_modify(Sighting::forget);
        let cuff = registered.cuff.id.clone();
        self.feed(RadioEvent::Link { cuff, up: false }).await
    }

    async fn on_done(&mut self, done: Done) -> Result<(), RadioError> {
        self.under_way = None;
        match done {
            Done::Order(Err(Fault::Bus)) | Done::Survey(_, Err(Fault::Bus)) => Err(RadioError::NoBus),
            Done::Order(result) => {
                if let Err(fault) = result {
                    debug!(?fault, "bluetoothd refused an order");
                }
                self.feed(RadioEvent::Done(result)).await
            }
            Done::Survey(agent, Ok(found)) => {
                self.refusals.take(Refusals { agent, survey: None });
                for fact in found {
                    self.on_fact(fact).await?;
                }
                self.feed(RadioEvent::StackUp).await
            }
            Done::Survey(agent, Err(fault)) => {
                self.refusals.take(Refusals {
                    agent,
                    survey: Some(fault),
                });
                self.feed(RadioEvent::StackGone).await?;
                self.under_way = Some(Box::pin(survey(self.bluez.clone(), ASK_AGAIN)));
                Ok(())
            }
        }
    }

    async fn on_request(&mut self, request: Request) -> Result<(), RadioError> {
        match request {
            Request::Wanted { cuff, granted } => {
                self.turns.insert(cuff.clone(), granted);
                self.feed(RadioEvent::Wanted(cuff)).await
            }
            Request::GivenBack(cuff) => {
                self.turns.remove(&cuff);
                self.feed(RadioEvent::GivenBack(cuff)).await
            }
            Request::Left(cuff) => {
                self.turns.remove(&cuff);
                self.feed(RadioEvent::Left(cuff)).await
            }
        }
    }
}

async fn finish(under_way: &mut Option<Call>) -> Done {
    match under_way {
        Some(call) => call.as_mut().await,
        None => std::future::pending().await,
    }
}

async fn carry_out(bluez: Bluez, order: Order) -> Done {
    Done::Order(match order {
        Order::StartScan(adapter) => bluez.start_scan(&adapter).await,
        Order::StopScan(adapter) => bluez.stop_scan(&adapter).await,
        Order::SetPower(adapter, on) => bluez.set_power(&adapter, on).await,
        Order::Tell(_) | Order::Use(_) | Order::Grant(_) => Ok(()),
    })
}

/// Makes our agent known to a bluetoothd that is new to us, and asks for everything it knows.
async fn survey(bluez: Bluez, after: Duration) -> Done {
    tokio::time::sleep(after).await;
    let refused = bluez.register_agent().await.err();
    let agent = refused.filter(|fault| *fault != Fault::InProgress);
    Done::Survey(agent, bluez.snapshot().await)
}
