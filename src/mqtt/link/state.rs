//! How the link stands, for `status`, the page and the metrics.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::clock;
use crate::core::delivery::Kind;
use crate::core::delivery::answer::{self, Answer};
use crate::core::delivery::reconnect::Next;
use crate::core::delivery::seldom::Seldom;
use crate::core::delivery::window::Judged;
use crate::core::moment::Moment;
use crate::mqtt::client::{Fault, Subscription};

/// The same fault is logged again after this: a broker may be away for months, or hang up as soon as it has answered.
const AGAIN_AFTER: Duration = Duration::from_mins(60);

/// How the link stands now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkState {
    /// What it is doing.
    pub phase: Phase,
    /// Place in the config's list of the broker that is tried or connected.
    pub broker: usize,
    /// The number of the connection that is tried or up.
    pub connection: u64,
    /// How often a connection was tried in this run.
    pub tries: u64,
    /// When a broker last acknowledged anything.
    pub last_puback: Option<Timestamp>,
    /// How often answers were stored: each time fewer messages may wait.
    pub stored: u64,
    /// Messages that are out and not acknowledged. Not exact while much is sent.
    pub in_flight: usize,
    /// Why the last connection ended, or the last try failed. Stays until something is acknowledged again.
    pub last_fault: Option<Fault>,
    /// The broker has thrown messages away because nobody subscribes.
    pub no_subscriber: bool,
    /// The last broker that was asked does not let us listen for commands.
    pub commands_refused: bool,
    /// What the broker refuses to take, and with which code; `None` where it takes everything.
    pub refused: Option<String>,
    /// Messages go one at a time, to find the one that breaks connections.
    pub isolating: bool,
}

/// What the link is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Waiting for the next try, or not begun.
    #[default]
    Waiting,
    /// Trying to connect.
    Connecting,
    /// Connected.
    Up {
        /// Since when.
        since: Timestamp,
    },
    /// Stopped in order.
    Stopped,
}

/// The fault of each broker that was logged last, and when, by its place in the config's list.
struct Told(BTreeMap<usize, (Fault, Moment)>);

impl Told {
    /// Whether this fault of this broker is to be logged. Brokers that fail in different ways, in turn, are no news either.
    fn is_news(&mut self, broker: usize, fault: &Fault, now: Moment) -> bool {
        let is_known = |(told, at): &(Fault, Moment)| told == fault && now.since(*at) < AGAIN_AFTER;
        let is_news = !self.0.get(&broker).is_some_and(is_known);
        if is_news {
            self.0.insert(broker, (fault.clone(), now));
        }
        is_news
    }
}

/// Keeps the state, and logs what changes.
pub(super) struct Reporter {
    state: watch::Sender<LinkState>,
    /// The last reason code for each kind of message.
    last_codes: BTreeMap<Kind, u8>,
    /// The last reason code for each retained message, by its topic's last level.
    kept_codes: BTreeMap<&'static str, u8>,
    connected: Seldom,
    told: Told,
}

impl Reporter {
    pub(super) const fn new(state: watch::Sender<LinkState>) -> Self {
        Self {
            state,
            last_codes: BTreeMap::new(),
            kept_codes: BTreeMap::new(),
            connected: Seldom::new(),
            told: Told(BTreeMap::new()),
        }
    }

    pub(super) fn connecting(&self, broker: usize, connection: u64) {
        self.state.send_modify(|state| {
            state.phase = Phase::Connecting;
            state.broker = broker;
            state.connection = connection;
            state.tries += 1;
        });
    }

    pub(super) fn up(&self) {
        let since = clock::wall();
        self.state.send_modify(|state| {
            state.phase = Phase::Up { since };
        });
    }

    /// A broker has taken us. Told seldom: one that hangs up after each answer is connected to again and again.
    pub(super) fn connected(&mut self) -> Option<u64> {
        self.connected.happened(clock::moment())
    }

    /// The connection is over, or could not be made. The same fault again is logged seldom.
    pub(super) fn waiting(&mut self, fault: &Fault, unanswered: usize, next: Next) {
        let now = clock::moment();
        let broker = self.state.borrow().broker;
        if self.told.is_news(broker, fault, now) {
            let (next_broker, delay_s) = (next.broker, next.delay.as_secs_f32());
            warn!(class = ?fault.class, %fault, unanswered, "no connection to the broker");
            info!(next_broker, delay_s, "will connect again");
        }
        self.state.send_modify(|state| {
            state.phase = Phase::Waiting;
            state.in_flight = 0;
            state.last_fault = Some(fault.clone());
        });
    }

    pub(super) fn stopped(&self) {
        self.state.send_modify(|state| {
            state.phase = Phase::Stopped;
            state.in_flight = 0;
        });
    }

    /// The broker has answered the subscription for commands. The same answer again is not logged again.
    pub(super) fn subscribed(&self, subscription: Subscription, topic: &str) {
        let refused = subscription == Subscription::Refused;
        let news = self.state.send_if_modified(|state| {
            let news = state.commands_refused != refused;
            state.commands_refused = refused;
            news
        });
        match subscription {
            _ if !news => {}
            Subscription::Granted => info!("the broker lets this gateway listen for commands again"),
            Subscription::Refused => warn!(
                topic,
                "the broker does not let this gateway listen for commands, so none arrives: its access rules must let this \
                 gateway's user read this topic"
            ),
        }
    }

    pub(super) fn commands_refused(&self) -> bool {
        self.state.borrow().commands_refused
    }

    /// Something of the outbox was answered. What is answered as the last of its kind was is not logged again.
    pub(super) fn answered(&mut self, judged: Judged) {
        let Judged { kind, answer, code } = judged;
        let before = self.last_codes.insert(kind, code);
        if before == Some(code) {
            return;
        }
        let why = answer::describe(code);
        match answer {
            Answer::NobodySubscribes => warn!(kind = kind.as_str(), why, "nobody subscribes to what is published here"),
            Answer::Refused => warn!(kind = kind.as_str(), why, "refused by the broker, will be tried again"),
            Answer::Taken if before.is_some() => info!(kind = kind.as_str(), "taken by the broker again"),
            // Each of those is logged by its id.
            Answer::Taken | Answer::RefusedForGood => {}
        }
    }

    /// A retained message was answered.
    pub(super) fn kept(&mut self, leaf: &'static str, code: u8) {
        self.kept_codes.insert(leaf, code);
    }

    /// The first kind of message that the broker does not take for now, and why. What it refuses for good is set aside.
    fn refused(&self) -> Option<String> {
        let rows = self.last_codes.iter().map(|(kind, code)| (kind.as_str(), *code));
        let kept = self.kept_codes.iter().map(|(leaf, code)| (*leaf, *code));
        let mut refused = kept
            .chain(rows)
            .filter(|(_, code)| answer::judge(*code) == Answer::Refused);
        let (what, code) = refused.next()?;
        Some(format!("{what}: {}", answer::describe(code)))
    }

    pub(super) fn no_subscriber(&self) -> bool {
        self.last_codes
            .values()
            .any(|code| answer::judge(*code) == Answer::NobodySubscribes)
    }

    /// Answers were stored.
    pub(super) fn stored(&self) {
        self.state.send_modify(|state| state.stored += 1);
    }

    /// Tells how things stand, now and then.
    pub(super) fn progress(&self, in_flight: usize, last_puback: Option<Timestamp>, isolating: bool) {
        let no_subscriber = self.no_subscriber();
        let refused = self.refused();
        self.state.send_if_modified(|state| {
            let before = (state.in_flight, state.no_subscriber, state.isolating);
            let news = before != (in_flight, no_subscriber, isolating) || state.refused != refused;
            state.in_flight = in_flight;
            state.no_subscriber = no_subscriber;
            state.isolating = isolating;
            state.refused = refused;
            let acknowledged = last_puback > state.last_puback;
            if acknowledged {
                state.last_puback = last_puback;
                state.last_fault = None;
            }
            news || acknowledged
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mqtt::client::Class;

    #[test]
    fn what_each_broker_fails_by_is_news_once_an_hour_and_when_it_changes() {
        let mut told = Told(BTreeMap::new());
        let (name, refused) = (
            Fault::new(Class::Name, "no such name"),
            Fault::new(Class::Refused, "refused"),
        );
        let at = |minutes: u64| Moment::from_boot(Duration::from_secs(60 * minutes));
        let mut news = Vec::new();
        for minute in 0..120 {
            for (broker, fault) in [(0, &name), (1, &refused)] {
                if told.is_news(broker, fault, at(minute)) {
                    news.push((minute, broker));
                }
            }
        }
        assert_eq!(news, [(0, 0), (0, 1), (60, 0), (60, 1)]);
        assert!(told.is_news(0, &refused, at(120)) && told.is_news(0, &name, at(120)));
    }
}
