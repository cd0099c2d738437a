//! The clock: nothing is ready while it is not known to be right.

use super::{About, Check, ClockSource, Facts, Timedated};

pub(super) fn checks(facts: &Facts) -> Vec<Check> {
    let Some(settings) = facts.settings() else {
        return facts
            .state()
            .map(|state| known(state.clock.synchronized, facts.timedated))
            .into_iter()
            .collect();
    };
    let mut checks = vec![match settings.clock {
        ClockSource::None => Check::bad(
            About::Clock,
            "`clock.source` is `none`: the clock is never believed, and nothing is ever ready",
            "write `source = \"timedated\"` into `[clock]` of the config; then `sudo systemctl restart cuffd`",
        ),
        ClockSource::Trust if settings.test => Check::ok(About::Clock, "it is believed, whatever it shows: a test"),
        ClockSource::Trust => Check::warn(
            About::Clock,
            "`clock.source` is `trust`: it is believed even if it is wrong, which is for tests",
            "write `source = \"timedated\"` into `[clock]` of the config; then `sudo systemctl restart cuffd`",
        ),
        ClockSource::Timedated => {
            let synchronized = facts.timedated.is_some_and(|timedated| timedated.synchronized);
            let believed = facts.state().map_or(synchronized, |state| state.clock.synchronized);
            known(believed, facts.timedated)
        }
    }];
    if !settings.zone_known {
        checks.push(Check::warn(
            About::Clock,
            "the system's time zone is not known: the cuffs' own clocks are taken as UTC",
            "`sudo timedatectl set-timezone Europe/Berlin` (yours: `timedatectl list-timezones`), or `gateway.time_zone` in \
             the config; then `sudo systemctl restart cuffd`",
        ));
    }
    checks
}

fn known(believed: bool, timedated: Option<Timedated>) -> Check {
    match timedated {
        Some(Timedated { synchronized: true, .. }) if believed => Check::ok(About::Clock, "it is synchronized"),
        Some(Timedated { synchronized: true, .. }) => Check::bad(
            About::Clock,
            "it is synchronized by now, and the daemon does not know yet",
            "ask again in some seconds",
        ),
        unsynchronized => {
            let (what, step) = why(unsynchronized);
            if believed {
                Check::warn(About::Clock, format!("it was synchronized, and {what}"), step)
            } else {
                Check::bad(About::Clock, format!("it cannot be believed: {what}"), step)
            }
        }
    }
}

fn why(timedated: Option<Timedated>) -> (&'static str, &'static str) {
    match timedated {
        None => (
            "systemd-timedated does not answer",
            "`sudo apt install systemd-timesyncd`, then `sudo timedatectl set-ntp true`; where there is no systemd see \
             `[clock]` of the config",
        ),
        Some(Timedated { can_ntp: false, .. }) => (
            "nothing is installed that could set it",
            "`sudo apt install systemd-timesyncd`, then `sudo timedatectl set-ntp true`",
        ),
        Some(Timedated { ntp: false, .. }) => ("setting it is switched off", "`sudo timedatectl set-ntp true`"),
        Some(_) => (
            "no time server has answered yet",
            "give it some minutes; if that does not help, look at the network (UDP port 123) with `timedatectl timesync-status`",
        ),
    }
}
