//! One connection: wait, feed the window, perform. What to send and what an answer means is decided in `core::delivery`.

mod answers;
mod ending;
mod outgoing;
mod storing;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::work::Work;
use super::{Inputs, LinkError, Memory, Over, changed};
use crate::clock;
use crate::core::delivery::Page;
use crate::core::delivery::notice::Notice;
use crate::core::delivery::watchdog::Watchdog;
use crate::core::delivery::window::{Rules, Window};
use crate::core::moment::Moment;
use crate::core::state::Problem;
use crate::mqtt::client::{Class, Connection, Event, Fault, Limits, Plan, Subscription};
use crate::mqtt::command::Incoming;
use crate::mqtt::message::Origin;
use crate::mqtt::message::status;
use crate::mqtt::outbox::Outbox;
use crate::mqtt::settings::Settings;
use ending::Stopping;
use storing::Storing;

/// A row that waits is looked for again at least this often: the wall clock by which it waits may be set.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// One connection, from the first packet to the last.
pub(super) struct Session<'a, O> {
    settings: &'a Settings,
    origin: &'a Origin,
    memory: &'a mut Memory,
    identity: status::Connection,
    work: Work<O>,
    window: Window,
    /// The window's size outside isolation.
    full_window: usize,
    watchdog: Watchdog,
    status: Notice,
    told_problems: BTreeSet<Problem>,
    info: Notice,
    /// The broker keeps what is to be retained.
    retains: bool,
    /// The subscription for commands is answered.
    listening: bool,
    /// In isolation: a row's attempt is being counted before it is sent.
    counting: bool,
    /// Receipts stay away, and the broker may deliver nothing to this connection.
    deaf: bool,
    /// Unanswered requests that are not of the outbox.
    others: usize,
    /// It has been seen to acknowledge.
    proven: bool,
    acknowledged: u32,
    answered: u32,
    last_puback: Option<Timestamp>,
    next_due: Option<Moment>,
    storing: Storing,
    stopping: Option<Stopping>,
}

impl<'a, O: Outbox> Session<'a, O> {
    pub(super) fn new(
        settings: &'a Settings,
        origin: &'a Origin,
        outbox: &O,
        identity: status::Connection,
        memory: &'a mut Memory,
    ) -> Self {
        let now = clock::moment();
        let timing = settings.timing;
        let rules = rules(settings, None);
        let window = Window::new(rules, memory.schedule).after(std::mem::take(&mut memory.tries));
        Self {
            settings,
            origin,
            memory,
            identity,
            work: Work::new(outbox.clone()),
            window,
            full_window: rules.window,
            watchdog: Watchdog::new(timing.patience),
            status: Notice::new(timing.status_every, now),
            told_problems: BTreeSet::new(),
            info: Notice::new(timing.info_every, now + timing.info_spread.mul_f64(rand::random())),
            retains: true,
            listening: false,
            counting: false,
            deaf: false,
            others: 0,
            proven: false,
            acknowledged: 0,
            answered: 0,
            last_puback: None,
            next_due: None,
            storing: Storing::default(),
            stopping: None,
        }
    }

    /// Connects, delivers, and returns when the connection is over, with every answer that came stored.
    pub(super) async fn run(
        mut self,
        plan: &Plan,
        inputs: &mut Inputs,
        shutdown: &CancellationToken,
    ) -> Result<Over, LinkError> {
        let mut connection = Connection::open(plan);
        let first = tokio::select! {
            event = connection.event() => event,
            () = shutdown.cancelled() => Event::Down(Fault::new(Class::Lost, "stopped while connecting")),
        };
        let result = match first {
            Event::Up(limits) => {
                self.up(plan, limits, &connection);
                self.deliver(&mut connection, inputs, shutdown).await
            }
            Event::Down(fault) => Ok(fault),
            Event::Command(_) | Event::Subscribed(_) => Ok(Fault::new(Class::Protocol, "a packet before the CONNACK")),
        };
        let reached = connection.has_reached();
        connection.abandon().await;
        self.settle().await?;
        Ok(self.over(result?, reached))
    }

    fn up(&mut self, plan: &Plan, limits: Limits, connection: &Connection) {
        let rules = rules(self.settings, Some(limits));
        self.window.rule(rules);
        self.full_window = rules.window;
        // One that has refused a will to be retained may say nothing of it when it takes another.
        self.retains = limits.retains && plan.will.retain;
        let isolating = self.memory.isolation.is_on();
        if isolating {
            self.window.resize(1);
        }
        self.memory.reporter.up();
        connection.subscribe(&self.settings.topics.command());
        self.others += 1;
        self.watchdog.sent(clock::moment());
        if let Some(times) = self.memory.reporter.connected() {
            info!(
                broker = %format_args!("{}:{}", plan.host, plan.port),
                connection = self.identity.number,
                times,
                tls = plan.tls.is_some(),
                receive_maximum = limits.receive_maximum,
                largest_packet = limits.largest_packet,
                retains = self.retains,
                isolating,
                "connected"
            );
        }
    }

    async fn deliver(
        &mut self,
        connection: &mut Connection,
        inputs: &mut Inputs,
        shutdown: &CancellationToken,
    ) -> Result<Fault, LinkError> {
        loop {
            let now = clock::moment();
            if self.watchdog.deadline().is_some_and(|deadline| deadline <= now) {
                return Ok(Fault::new(Class::Silent, "the broker has stopped acknowledging"));
            }
            if let Some(fault) = self.stop(connection, inputs, now).await? {
                return Ok(fault);
            }
            self.feed(connection, inputs, now)?;
            if self.deaf {
                ending::part(connection, now + self.settings.timing.goodbye).await;
                return Ok(Fault::new(
                    Class::Silent,
                    "receipts stay away and no command comes: subscribing anew",
                ));
            }
            let deadline = self.deadline();
            tokio::select! {
                event = connection.event() => match event {
                    Event::Down(fault) => return Ok(fault),
                    Event::Command(command) => self.forward(inputs, command),
                    Event::Subscribed(subscription) => self.subscribed(subscription),
                    Event::Up(_) => return Ok(Fault::new(Class::Protocol, "a second CONNACK")),
                },
                done = self.work.next() => self.take(done, connection, inputs)?,
                () = changed(&mut inputs.queued) => self.window.woken(),
                () = changed(&mut inputs.status) => self.problems_changed(&inputs.status),
                () = changed(&mut inputs.info) => self.info.want(),
                Some(outgoing) = inputs.replies.recv(), if self.may_reply() => self.reply(connection, outgoing),
                () = clock::sleep_until(deadline) => self.time_has_come(),
                () = shutdown.cancelled(), if self.stopping.is_none() => {
                    self.stopping = Some(Stopping::begin(&self.settings.timing, clock::moment()));
                    self.window.woken();
                }
            }
        }
    }

    /// In isolation a message of the outbox goes only with nothing beside it: replies wait until none is left.
    fn may_reply(&self) -> bool {
        let held_back = self.memory.isolation.is_on() && !self.window.is_idle();
        !held_back && self.window.has_room_for_reply(self.others)
    }

    fn forward(&mut self, inputs: &Inputs, command: Incoming) {
        self.memory.hearing.heard(clock::moment());
        if inputs.commands.try_send(command).is_ok() {
            return;
        }
        if let Some(times) = self.memory.dropped_commands.happened(clock::moment()) {
            warn!(times, "too many commands at once: they are dropped");
        }
    }

    fn subscribed(&mut self, subscription: Subscription) {
        let topic = self.settings.topics.command();
        self.memory.reporter.subscribed(subscription, &topic);
        self.memory.hearing.subscribed(clock::moment());
        self.listening = true;
        self.others = self.others.saturating_sub(1);
        self.watchdog.answered(self.window.out() + self.others, clock::moment());
    }

    /// Starts everything that can be started now.
    fn feed(&mut self, connection: &Connection, inputs: &Inputs, now: Moment) -> Result<(), LinkError> {
        self.notices(connection, inputs, now)?;
        self.store(now);
        let may_send = self.stopping.is_none_or(|stopping| stopping.may_send(now));
        if may_send && !self.storing.has_failed() {
            if let Some(skip) = self.window.ask() {
                self.work.fetch(self.memory.schedule.time(now), skip);
            }
            self.send(connection);
        }
        Ok(())
    }

    fn page(&mut self, page: Page) {
        self.next_due = page.next_due.map(|time| {
            let longest = clock::moment() + LONGEST_SLEEP;
            self.memory.schedule.moment(time).min(longest)
        });
        self.window.offer(page.rows);
    }

    /// When time alone will give this session something to do.
    fn deadline(&self) -> Option<Moment> {
        let notices = [self.status.due(), self.info.due()];
        let notices = notices.into_iter().flatten().filter(|_| self.may_announce());
        let store = self.storing.due(self.window.marks_due());
        let stopping = self.stopping.map(|stopping| stopping.next(clock::moment()));
        [self.watchdog.deadline(), self.next_due, store, stopping]
            .into_iter()
            .flatten()
            .chain(notices)
            .min()
    }

    fn time_has_come(&mut self) {
        if self.next_due.is_some_and(|due| due <= clock::moment()) {
            self.next_due = None;
            self.window.woken();
        }
    }

    fn problems_changed(&mut self, facts: &watch::Receiver<status::Facts>) {
        let mut problems = facts.borrow().problems.clone();
        self.add_own(&mut problems);
        if problems != self.told_problems {
            self.status.want();
        }
    }

    fn report(&self) {
        let in_flight = self.window.out();
        let isolating = self.memory.isolation.is_on();
        self.memory.reporter.progress(in_flight, self.last_puback, isolating);
    }

    fn over(self, fault: Fault, reached: bool) -> Over {
        let in_flight = self.window.in_flight();
        self.memory.tries = self.window.into_tries();
        Over {
            fault,
            reached,
            acknowledged: self.acknowledged,
            answered: self.answered,
            in_flight,
        }
    }
}

fn rules(settings: &Settings, limits: Option<Limits>) -> Rules {
    let window = settings.window.get();
    let allowed = limits.map_or(window, |limits| limits.receive_maximum.clamp(1, window));
    Rules {
        window: allowed.into(),
        receipt_timeout: settings.receipt_timeout,
        largest_packet: limits.and_then(|limits| limits.largest_packet),
    }
}
