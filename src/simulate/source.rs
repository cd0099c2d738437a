//! Plays virtual cuffs in real time, at the seam where the Bluetooth side would stand.
//!
//! Connections of different cuffs run side by side. Once cancelled, an open connection ends as [`Ending::Stopped`].

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::cuff::{Surroundings, VirtualCuff};
use super::routine::Routine;
use super::tape::Step;
use super::visit::Visit;
use crate::core::moment::Now;
use crate::core::source::{CuffHealth, Ending, Event, RadioHealth};

/// How often the source shows that it is alive, while nothing else happens.
const BEAT: Duration = Duration::from_secs(5);

/// What a cuff does, and when.
#[derive(Debug, Default)]
pub struct Diary {
    /// First these, each so long after the begin of the one before.
    pub written: VecDeque<(Duration, Visit)>,
    /// Then this.
    pub then: Then,
}

/// What comes after what is written.
#[derive(Debug, Default)]
pub enum Then {
    /// Nothing more.
    #[default]
    Nothing,
    /// What somebody usually does, without end.
    Routine(Box<Routine>),
    /// What is ordered, as the orders come, until nobody can order any more.
    Orders(mpsc::Receiver<Visit>),
}

impl Diary {
    /// How long after the begin of the one before, and what; `None`: nothing ever again. May be dropped half-way.
    async fn next_visit(&mut self) -> Option<(Duration, Visit)> {
        if let Some(written) = self.written.pop_front() {
            return Some(written);
        }
        match &mut self.then {
            Then::Nothing => None,
            Then::Routine(routine) => Some(routine.next_visit()),
            Then::Orders(orders) => orders.recv().await.map(|visit| (Duration::ZERO, visit)),
        }
    }
}

/// Virtual cuffs with their diaries.
#[derive(Debug)]
pub struct Source {
    cuffs: Vec<(VirtualCuff, Diary)>,
    around: Surroundings,
    watcher: Option<mpsc::Sender<Event>>,
}

impl Source {
    /// These cuffs, in these surroundings.
    #[must_use]
    pub const fn new(cuffs: Vec<(VirtualCuff, Diary)>, around: Surroundings) -> Self {
        Self {
            cuffs,
            around,
            watcher: None,
        }
    }

    /// Lets `watcher` see every event too. It is never waited for: what it has no room for it misses.
    #[must_use]
    pub fn watched_by(mut self, watcher: mpsc::Sender<Event>) -> Self {
        self.watcher = Some(watcher);
        self
    }

    /// Plays until `cancel`, or until nobody takes `events` any more. `now` reads both clocks; `progress` counts up while
    /// the source lives.
    pub async fn run<C>(self, now: C, events: mpsc::Sender<Event>, progress: Arc<AtomicU64>, cancel: CancellationToken)
    where
        C: Fn() -> Now + Clone + Send + Sync + 'static,
    {
        if events.send(Event::Radio(RadioHealth::Scanning)).await.is_err() {
            return;
        }
        let mut players = JoinSet::new();
        for (cuff, diary) in self.cuffs {
            let stage = Stage {
                now: now.clone(),
                events: events.clone(),
                watcher: self.watcher.clone(),
                around: self.around.clone(),
                cancel: cancel.clone(),
            };
            players.spawn(stage.play(cuff, diary));
        }
        let mut beat = tokio::time::interval(BEAT);
        loop {
            tokio::select! {
                Some(played) = players.join_next() => if let Err(fault) = played {
                    // Nobody aborts players, so it is a panic: a fault of ours, which goes on up.
                    std::panic::resume_unwind(fault.into_panic());
                },
                () = cancel.cancelled(), if players.is_empty() => return,
                () = events.closed(), if players.is_empty() => return,
                _ = beat.tick() => {
                    progress.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}

/// What one cuff needs to be played.
struct Stage<C> {
    now: C,
    events: mpsc::Sender<Event>,
    watcher: Option<mpsc::Sender<Event>>,
    around: Surroundings,
    cancel: CancellationToken,
}

impl<C: Fn() -> Now> Stage<C> {
    async fn play(self, mut cuff: VirtualCuff, mut diary: Diary) {
        let mut begun = Instant::now();
        loop {
            let next = tokio::select! {
                () = self.cancel.cancelled() => return,
                next = diary.next_visit() => next,
            };
            let Some((wait, visit)) = next else { break };
            // A visit that took longer than the time to the next one is followed by it at once.
            begun = (begun + wait).max(Instant::now());
            tokio::select! {
                () = self.cancel.cancelled() => return,
                () = sleep_until(begun) => {}
            }
            let steps = cuff.visit(&visit, (self.now)(), &self.around);
            if self.perform(steps).await.is_break() {
                return;
            }
        }
        self.cancel.cancelled().await;
    }

    async fn perform(&self, steps: Vec<Step>) -> ControlFlow<()> {
        let mut connected = None;
        for Step { wait, event } in steps {
            tokio::select! {
                () = self.cancel.cancelled() => {
                    if let Some(cuff) = connected {
                        let stopped = Event::Over { cuff, ending: Ending::Stopped, at: (self.now)() };
                        let _ = self.send(stopped).await;
                    }
                    return ControlFlow::Break(());
                }
                () = sleep(wait) => {}
            }
            if let Event::Connected { cuff, .. } = &event {
                connected = Some(cuff.clone());
            } else if let Event::Over { .. } = &event {
                connected = None;
            }
            self.send(happens_at(event, (self.now)())).await?;
        }
        ControlFlow::Continue(())
    }

    async fn send(&self, event: Event) -> ControlFlow<()> {
        if let Some(watcher) = &self.watcher {
            // A watcher that is full or gone misses the event, as it was told.
            let _ = watcher.try_send(event.clone());
        }
        match self.events.send(event).await {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

/// The event with real times in place of virtual ones. What a clock note says is left as it was planned: the offset and
/// the time set belong together.
fn happens_at(event: Event, now: Now) -> Event {
    match event {
        Event::Connected { cuff, bonded, .. } => Event::Connected { cuff, bonded, at: now },
        Event::Measurement { cuff, octets, .. } => Event::Measurement { cuff, octets, at: now },
        Event::CuffPressure { cuff, octets, .. } => Event::CuffPressure { cuff, octets, at: now },
        Event::Over { cuff, ending, .. } => Event::Over { cuff, ending, at: now },
        Event::Cuff {
            cuff,
            health: CuffHealth::Heard { rssi, .. },
        } => Event::Cuff {
            cuff,
            health: CuffHealth::Heard { rssi, at: now },
        },
        other @ (Event::Clock { .. }
        | Event::ClockSettled { .. }
        | Event::Described { .. }
        | Event::Cuff { .. }
        | Event::Radio(_)) => other,
    }
}
