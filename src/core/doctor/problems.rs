//! The daemon's own list of problems: what the other checks did not explain is told by its code.

use super::{About, Check, Facts};
use crate::core::state::Problem;

pub(super) fn checks(facts: &Facts, others: &[Check]) -> Vec<Check> {
    let problems = facts.state().into_iter().flat_map(|state| &state.problems);
    problems
        .filter_map(|problem| {
            let (abouts, otherwise) = explain(*problem);
            let explained = |check: &Check| !check.is_well() && abouts.contains(&check.check);
            (!others.iter().any(explained)).then_some(otherwise)
        })
        .collect()
}

/// Which checks explain a problem, and what is said where none does: it has come or gone while this was looked at.
fn explain(problem: Problem) -> (&'static [About], Check) {
    let (abouts, what, step) = words(problem);
    let about = abouts.first().copied().unwrap_or(About::Daemon);
    let check = match problem {
        Problem::MessageRefused | Problem::StoreNearlyFull => Check::warn(about, what, step),
        Problem::AdapterLost
        | Problem::BondLost
        | Problem::BrokerUnreachable
        | Problem::ClockUnsynchronized
        | Problem::CommandsRefused
        | Problem::CuffUnreachable
        | Problem::NoSubscriber
        | Problem::StoreUnavailable => Check::bad(about, what, step),
    };
    (abouts, check)
}

/// What a problem may be about, first what it is most often; in words; and its step.
const fn words(problem: Problem) -> (&'static [About], &'static str, &'static str) {
    match problem {
        Problem::AdapterLost => (
            &[About::Adapter, About::Bluetoothd, About::Dbus, About::Permissions],
            "the daemon has lost it (adapter_lost)",
            "`bluetoothctl show` must print it as powered; then `sudo systemctl restart cuffd`",
        ),
        Problem::BondLost => (
            &[About::Bond],
            "a cuff or this machine forgot the other (bond_lost)",
            "`sudo cuffd cuffs` shows which; put it into pairing mode, then `sudo cuffd pair`",
        ),
        Problem::BrokerUnreachable => (
            &[About::Broker],
            "the daemon is not connected to one (broker_unreachable)",
            "ask again in a minute; `journalctl -u cuffd -n 50` says why",
        ),
        Problem::ClockUnsynchronized => (
            &[About::Clock],
            "the daemon does not believe it (clock_unsynchronized)",
            "look at the network, and at `timedatectl`",
        ),
        Problem::CommandsRefused => (
            &[About::Broker],
            "it does not let this gateway listen for commands (commands_refused)",
            "the broker's access rules must let this gateway's user read its topic `command`",
        ),
        Problem::CuffUnreachable => (
            &[About::Cuff],
            "one is heard, but connections fail (cuff_unreachable)",
            "batteries, distance, a telephone that holds it: `sudo cuffd cuffs` shows which",
        ),
        Problem::MessageRefused => (
            &[About::Delivery],
            "a broker refused a message for good (message_refused)",
            "`journalctl -u cuffd | grep refused` says why; `sudo cuffd resend --since TIME` sends it again",
        ),
        Problem::NoSubscriber => (
            &[About::Delivery],
            "nobody subscribes to what is published here (no_subscriber)",
            "the platform must subscribe to this gateway's topics",
        ),
        Problem::StoreNearlyFull => (
            &[About::Disk],
            "messages that nobody took fill most of the store (store_nearly_full)",
            "mend the way to the broker, or set `store.max_size` higher",
        ),
        Problem::StoreUnavailable => (
            &[About::Disk, About::Permissions],
            "the store takes no measurements (store_unavailable)",
            "`df -h` and `sudo dmesg` show whether there is room, and whether the disk failed",
        ),
    }
}
