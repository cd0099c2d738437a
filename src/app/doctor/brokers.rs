//! The brokers: as the running daemon sees them; without one, by a connection as it would make it.

use super::may_run;
use super::store::Seen;
use crate::app::status_of::{self, StatusOf};
use crate::app::wiring;
use crate::config::Config;
use crate::core::delivery::answer::{self, Answer};
use crate::core::doctor::{BrokerFacts, BrokerSeen, DaemonFacts, Sent};
use crate::mqtt::errand::{self, Done, Notice};
use crate::mqtt::message::status::Presence;
use crate::mqtt::settings::{Broker, Settings, Version};

/// Looks at each broker of the config, in its order.
pub(super) async fn look(config: &Config, daemon: &DaemonFacts, seen: &Seen) -> Vec<BrokerFacts> {
    let Some(settings) = wiring::link_settings(config) else {
        return Vec::new();
    };
    let alone = !may_run(daemon) && !seen.is_held();
    let notice = if alone { offline(config, seen).await } else { None };
    let mut looked = Vec::new();
    for broker in &settings.brokers {
        let seen = if alone {
            tried(&settings, broker, notice.as_ref()).await
        } else {
            told(&settings, broker, daemon).await
        };
        looked.push(BrokerFacts {
            name: broker.name(),
            host: broker.host.clone(),
            seen,
        });
    }
    looked
}

/// What the daemon says of it, or only whether it can be reached: another connection would throw the daemon's out.
async fn told(settings: &Settings, broker: &Broker, daemon: &DaemonFacts) -> BrokerSeen {
    let delivery = match daemon {
        DaemonFacts::Running(state) => Some(&state.delivery),
        DaemonFacts::NotRunning | DaemonFacts::Closed | DaemonFacts::Unclear(_) => None,
    };
    let delivery = delivery.filter(|delivery| delivery.broker.as_ref() == Some(&broker.name()));
    if let Some(delivery) = delivery.filter(|delivery| delivery.connected) {
        return BrokerSeen::Connected {
            refused: delivery.refused.clone(),
            commands_refused: delivery.commands_refused,
        };
    }
    match errand::reach(settings, broker).await {
        Err(fault) => BrokerSeen::Fault(fault.text),
        // There are brokers that hang up after they have refused something: the refusal is what is to be mended.
        Ok(()) if delivery.is_some_and(|delivery| delivery.refused.is_some()) => BrokerSeen::Tried {
            sent: Sent::Refused(
                delivery
                    .and_then(|delivery| delivery.refused.clone())
                    .unwrap_or_default(),
            ),
            commands_refused: false,
        },
        Ok(()) => BrokerSeen::Reachable {
            last_error: delivery.and_then(|delivery| delivery.last_error.clone()),
        },
    }
}

/// Tells it what is true, and sees whether it takes that.
async fn tried(settings: &Settings, broker: &Broker, notice: Option<&Notice>) -> BrokerSeen {
    let done = match notice {
        Some(notice) => errand::run(settings, broker, notice, std::slice::from_ref(notice)).await,
        None => errand::reach(settings, broker).await.map(|()| Done::default()),
    };
    match done {
        Err(fault) => BrokerSeen::Fault(fault.text),
        Ok(Done {
            answers,
            commands_refused,
        }) => BrokerSeen::Tried {
            sent: sent(settings.version, answers.first().copied()),
            commands_refused,
        },
    }
}

fn sent(version: Version, code: Option<u8>) -> Sent {
    let Some(code) = code else { return Sent::Nothing };
    match (version, answer::judge(code)) {
        (Version::V311, _) => Sent::Unsure,
        // Who listens to a status now does not matter: it is retained.
        (Version::V5, Answer::Taken | Answer::NobodySubscribes) => Sent::Taken,
        (Version::V5, Answer::Refused | Answer::RefusedForGood) => Sent::Refused(answer::describe(code)),
    }
}

/// The status of a gateway that does not run; `None` if the store does not say how far its numbers went, or if there
/// is neither store nor key: a gateway that was wiped has said last that it is retired.
async fn offline(config: &Config, seen: &Seen) -> Option<Notice> {
    let of = match seen.opened() {
        Some((store, summary)) => StatusOf::Stored(store, summary),
        None if seen.is_not_made() && config.gateway.key_file.path().exists() => StatusOf::Nothing,
        None => return None,
    };
    status_of::notice(config, of, Presence::Offline).await
}
