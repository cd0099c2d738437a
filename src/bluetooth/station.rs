//! One cuff's task: waits, feeds its [`Collector`], and does what that says.

use std::pin::Pin;
use std::time::Duration;

use btleplug::platform::Manager;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::link::{self, Link, Opened, Target};
use super::sighting::Sighting;
use crate::clock;
use crate::core::collection::{Action, Answer, Collector, Event, Fault, Operation, Setup};
use crate::core::cuff::Address;
use crate::core::name::Name;
use crate::core::source::{self, CuffHealth};

/// How long a stopping daemon may take no more of what a cuff sent before the cuff is stopped from sending.
const STUCK_AFTER: Duration = Duration::from_secs(1);

/// What a cuff asks of the radio's task.
#[derive(Debug)]
pub(super) enum Request {
    /// It wants to be connected, and to be told when it may.
    Wanted { cuff: Name, granted: oneshot::Sender<()> },
    /// It is connected; others may be.
    GivenBack(Name),
    /// It does not want to be connected any more, or it was.
    Left(Name),
}

/// Why a cuff's task ended before it was told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// D-Bus is gone.
    NoBus,
    /// Nobody listens to what is told.
    Unheard,
}

/// What connects a cuff's task with the rest.
pub(super) struct Wires {
    pub(super) sightings: watch::Receiver<Sighting>,
    pub(super) synchronized: watch::Receiver<bool>,
    pub(super) requests: mpsc::Sender<Request>,
    pub(super) events: mpsc::Sender<source::Event>,
    pub(super) stop: CancellationToken,
}

/// One cuff's task.
pub(super) struct Station {
    cuff: Name,
    collector: Collector,
    link: Link,
    wires: Wires,
    before: Sighting,
    under_way: Option<UnderWay>,
    stopping: bool,
    /// The link was taken down because nobody took what came through it.
    taken_down: bool,
}

/// The operation under way.
struct UnderWay {
    future: Pin<Box<dyn Future<Output = Outcome> + Send>>,
    /// Whether values may be polled meanwhile.
    listens: bool,
}

struct Outcome {
    answer: Answer,
    opened: Option<Opened>,
}

impl From<Answer> for Outcome {
    fn from(answer: Answer) -> Self {
        Self { answer, opened: None }
    }
}

impl Station {
    /// A cuff's task, not yet running.
    pub(super) fn new(setup: Setup, address: Address, manager: Manager, wires: Wires) -> Self {
        Self {
            cuff: setup.cuff.clone(),
            collector: Collector::new(setup),
            link: Link::new(manager, address),
            wires,
            before: Sighting::default(),
            under_way: None,
            stopping: false,
            taken_down: false,
        }
    }

    /// Runs until it was stopped and the cuff's connection, if there is one, has come to its end.
    ///
    /// # Errors
    /// It cannot go on.
    pub(super) async fn run(mut self) -> Result<(), Ended> {
        let result = self.serve().await;
        if result == Err(Ended::Unheard) {
            // Of a client that vanishes while the link is up, bluetoothd switches the indications off; that costs cuffs
            // their bond.
            self.link.take_down().await;
        }
        result
    }

    async fn serve(&mut self) -> Result<(), Ended> {
        self.wires.sightings.mark_changed();
        self.wires.synchronized.mark_changed();
        while !self.collector.is_stopped() {
            for event in self.wait().await? {
                for action in self.collector.handle(event, clock::now()) {
                    self.perform(action).await?;
                }
            }
            if self.under_way.is_none() && self.collector.is_idle() {
                self.link.rest();
            }
        }
        Ok(())
    }

    async fn wait(&mut self) -> Result<Vec<Event>, Ended> {
        let listens = self.under_way.as_ref().is_none_or(|under_way| under_way.listens);
        let deadline = self.collector.deadline();
        let events = tokio::select! {
            // Values first: what was sent before the link went down is part of the connection.
            biased;
            value = self.link.next(), if listens => vec![value],
            outcome = finish(&mut self.under_way) => vec![self.take(outcome)?],
            Ok(()) = self.wires.sightings.changed() => self.look(),
            Ok(()) = self.wires.synchronized.changed() => {
                vec![Event::Synchronized(*self.wires.synchronized.borrow_and_update())]
            }
            () = self.wires.stop.cancelled(), if !self.stopping => {
                self.stopping = true;
                vec![Event::Stop]
            }
            () = clock::sleep_until(deadline) => vec![Event::Deadline],
        };
        Ok(events)
    }

    fn take(&mut self, outcome: Outcome) -> Result<Event, Ended> {
        self.under_way = None;
        self.link.update(outcome.opened);
        let (what, fault) = told(&outcome.answer);
        debug!(cuff = %self.cuff, what, ?fault, "asked bluetoothd");
        if fault == Some(Fault::Bus) {
            return Err(Ended::NoBus);
        }
        Ok(Event::Answer(outcome.answer))
    }

    fn look(&mut self) -> Vec<Event> {
        let now = self.wires.sightings.borrow_and_update().clone();
        if now.adapter.is_some() && self.before.adapter.is_some() && now.adapter != self.before.adapter {
            self.link.close();
        }
        let events = now.since(&self.before);
        // An adapter that is away may come back: what was opened through it stays good.
        let adapter = now.adapter.clone().or_else(|| self.before.adapter.take());
        self.before = Sighting { adapter, ..now };
        events
    }

    async fn perform(&mut self, action: Action) -> Result<(), Ended> {
        match action {
            Action::Tell(event) if is_passing(&event) => self.mention(event),
            Action::Tell(event) => self.tell(event).await,
            Action::Do(operation) => {
                self.begin(operation);
                Ok(())
            }
            Action::Abandon => {
                self.under_way = None;
                Ok(())
            }
            Action::GiveRadioBack => self.request(Request::GivenBack(self.cuff.clone())).await,
            Action::Leave => self.request(Request::Left(self.cuff.clone())).await,
        }
    }

    /// Tells what may get lost: the next of its kind says more.
    fn mention(&self, event: source::Event) -> Result<(), Ended> {
        match self.wires.events.try_send(event) {
            Ok(()) | Err(TrySendError::Full(_)) => Ok(()),
            Err(TrySendError::Closed(_)) => Err(Ended::Unheard),
        }
    }

    /// Tells what must not get lost, however long that takes. If it takes long while the daemon stops, the link goes down
    /// first: what the cuff would send now could not be kept, and it would believe it delivered.
    async fn tell(&mut self, event: source::Event) -> Result<(), Ended> {
        let room = tokio::select! {
            biased;
            room = self.wires.events.reserve() => room,
            () = is_stuck(&self.wires.stop), if !self.taken_down => {
                self.taken_down = true;
                self.link.take_down().await;
                self.wires.events.reserve().await
            }
        };
        room.map_err(|_| Ended::Unheard)?.send(event);
        Ok(())
    }

    async fn request(&mut self, request: Request) -> Result<(), Ended> {
        self.wires.requests.send(request).await.map_err(|_| Ended::Unheard)
    }

    fn begin(&mut self, operation: Operation) {
        let listens = !matches!(operation, Operation::Arm | Operation::Discover { .. });
        let target = self.link.target(self.before.adapter.as_ref());
        let future: Pin<Box<dyn Future<Output = Outcome> + Send>> = if operation == Operation::TakeRadio {
            Box::pin(wait_for_turn(self.wires.requests.clone(), self.cuff.clone()))
        } else {
            Box::pin(carry_out(operation, target))
        };
        self.under_way = Some(UnderWay { future, listens });
    }
}

/// Whether only the latest of its kind counts.
const fn is_passing(event: &source::Event) -> bool {
    matches!(
        event,
        source::Event::CuffPressure { .. }
            | source::Event::Cuff {
                health: CuffHealth::Heard { .. },
                ..
            }
    )
}

/// Ends some time after the daemon began to stop.
async fn is_stuck(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(STUCK_AFTER).await;
}

async fn wait_for_turn(requests: mpsc::Sender<Request>, cuff: Name) -> Outcome {
    let (granted, turn) = oneshot::channel();
    let asked = requests.send(Request::Wanted { cuff, granted }).await.is_ok();
    // Dropped unanswered when bluetoothd goes away; the collector's limit for waiting takes care of it.
    if !asked || turn.await.is_err() {
        std::future::pending::<()>().await;
    }
    Answer::RadioTaken.into()
}

async fn carry_out(operation: Operation, target: Target) -> Outcome {
    let (peripheral, opened) = match target.open().await {
        Ok(found) => found,
        Err(fault) => return refused(&operation, fault).into(),
    };
    let answer = match operation {
        Operation::TakeRadio => Answer::RadioTaken,
        Operation::Arm => Answer::Armed(link::arm(&peripheral).await),
        Operation::Connect => Answer::Connected(link::connect(&peripheral).await),
        Operation::Discover { afresh } => Answer::Discovered(link::discover(&peripheral, afresh).await),
        Operation::Subscribe(which) => Answer::Subscribed(link::subscribe(&peripheral, which).await),
        Operation::Read(which) => Answer::Read(link::read(&peripheral, which).await),
        Operation::Write(which, octets) => Answer::Written(link::write(&peripheral, which, &octets).await),
        Operation::HangUp => {
            link::hang_up(&peripheral).await;
            Answer::HungUp
        }
    };
    Outcome { answer, opened }
}

/// The answer to an operation on a cuff that bluetoothd does not have.
const fn refused(operation: &Operation, fault: Fault) -> Answer {
    match operation {
        Operation::TakeRadio => Answer::RadioTaken,
        Operation::Arm => Answer::Armed(None),
        Operation::Connect => Answer::Connected(Err(fault)),
        Operation::Discover { .. } => Answer::Discovered(Err(fault)),
        Operation::Subscribe(_) => Answer::Subscribed(Err(fault)),
        Operation::Read(_) => Answer::Read(Err(fault)),
        Operation::Write(..) => Answer::Written(Err(fault)),
        Operation::HangUp => Answer::HungUp,
    }
}

/// Ends when the operation does; never, if there is none. May be dropped half-way.
async fn finish(under_way: &mut Option<UnderWay>) -> Outcome {
    match under_way {
        Some(under_way) => under_way.future.as_mut().await,
        None => std::future::pending().await,
    }
}

/// An answer's name and, if it failed, why: for the log, without octets.
const fn told(answer: &Answer) -> (&'static str, Option<Fault>) {
    match answer {
        Answer::RadioTaken => ("radio taken", None),
        Answer::Armed(Some(_)) => ("armed", None),
        Answer::Armed(None) => ("not armed", None),
        Answer::Connected(result) => ("connect", fault_of(result)),
        Answer::Discovered(result) => ("discover", fault_of(result)),
        Answer::Subscribed(result) => ("subscribe", fault_of(result)),
        Answer::Read(result) => ("read", fault_of(result)),
        Answer::Written(result) => ("write", fault_of(result)),
        Answer::HungUp => ("hung up", None),
    }
}

const fn fault_of<T>(result: &Result<T, Fault>) -> Option<Fault> {
    match result {
        Ok(_) => None,
        Err(fault) => Some(*fault),
    }
}
