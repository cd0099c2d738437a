//! What waits to be sent, and for how long.

use std::time::Duration;

use super::{About, Check, DOCS, Facts, Waiting, ago, since};
use crate::core::notation::counted;

/// A message that a connected broker has not taken for so long is not on its way any more.
const LONG: Duration = Duration::from_mins(15);

/// Receipts come within minutes; the platform may be away for maintenance.
const LONG_FOR_RECEIPTS: Duration = Duration::from_mins(60);

pub(super) fn checks(facts: &Facts) -> Vec<Check> {
    let mut checks = Vec::new();
    if facts.state().is_some_and(|state| state.delivery.no_subscriber) {
        checks.push(Check::bad(
            About::Delivery,
            "nobody subscribes to what is published here: the clinic's system is away, or listens elsewhere",
            format!(
                "the platform must subscribe to this gateway's topics ({DOCS}/messages.md); compare `mqtt.prefix`, \
                 `gateway.site`, `gateway.id` with what it expects"
            ),
        ));
    }
    if let Some(waiting) = facts.store.waiting {
        checks.extend(of(facts, waiting));
    }
    checks
}

fn of(facts: &Facts, waiting: Waiting) -> Vec<Check> {
    let mut checks = Vec::new();
    let messages = |number| counted(number, "message", "messages");
    if waiting.set_aside > 0 {
        checks.push(Check::warn(
            About::Delivery,
            format!("{} refused for good by a broker and kept here", messages(waiting.set_aside) + if waiting.set_aside == 1 { " was" } else { " were" }),
            "mend what the log says of it (`journalctl -u cuffd | grep refused`); then `sudo cuffd resend --since TIME` sends \
             them again",
        ));
    }
    let overdue = |at: Option<jiff::Timestamp>, after| at.filter(|at| since(*at, facts.now) >= after);
    if let Some(at) = overdue(waiting.oldest_queued_at, LONG) {
        checks.push(Check::warn(
            About::Delivery,
            format!(
                "{} wait to be sent, the oldest for {}",
                messages(waiting.queued),
                ago(at, facts.now)
            ),
            "they go by themselves once a broker takes them (see broker); nothing unsent is deleted",
        ));
    }
    if let Some(at) = overdue(waiting.awaiting_receipt_since, LONG_FOR_RECEIPTS)
        && facts.settings().is_none_or(|settings| settings.receipts)
    {
        checks.push(Check::warn(
            About::Delivery,
            format!(
                "no receipt has come for {}, the oldest of {} ago",
                messages(waiting.awaiting_receipt),
                ago(at, facts.now)
            ),
            "the platform must send `receipt` commands with the ids that it has stored, and the broker's access rules must let \
             it write `command`",
        ));
    }
    if checks.is_empty() {
        checks.push(Check::ok(
            About::Delivery,
            match waiting.queued {
                0 => "nothing waits to be sent".to_owned(),
                queued => format!("{} on the way", messages(queued)),
            },
        ));
    }
    checks
}
