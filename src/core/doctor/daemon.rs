//! The daemon: whether it runs, and whether it is the one of this config and this program.

use super::{About, Check, DaemonFacts, Facts, StoreSeen, ago};
use crate::core::state::{RadioState, State};

const RESTART: &str = "`sudo systemctl restart cuffd`";

pub(super) fn checks(facts: &Facts) -> Vec<Check> {
    match &facts.daemon {
        DaemonFacts::Running(state) => running(facts, state),
        DaemonFacts::NotRunning if facts.store.seen == StoreSeen::Held => vec![Check::bad(
            About::Daemon,
            "another cuffd has the store open, and does not answer on the control socket",
            "find it with `pgrep -a cuffd` and end it; then `sudo systemctl restart cuffd`",
        )],
        DaemonFacts::NotRunning => vec![Check::bad(
            About::Daemon,
            "it does not run: nothing is measured, and no session can be cleared",
            "`sudo systemctl enable --now cuffd`; if it ends again, `journalctl -u cuffd -n 50` says why",
        )],
        DaemonFacts::Closed => vec![Check::bad(
            About::Permissions,
            format!("{} may not ask the daemon", facts.user),
            "run this as root: `sudo cuffd doctor`; or join its group: `sudo usermod -aG cuffd $USER`, and log in again",
        )],
        DaemonFacts::Unclear(text) => vec![Check::bad(
            About::Daemon,
            format!("it does not answer as it should: {text}"),
            RESTART,
        )],
    }
}

fn running(facts: &Facts, state: &State) -> Vec<Check> {
    let name = format!("{}/{}", state.site, state.gateway);
    let mut checks = vec![match facts.settings() {
        Some(settings) if (&settings.site, &settings.gateway) != (&state.site, &state.gateway) => Check::bad(
            About::Daemon,
            format!(
                "it runs as {name}, and the config is that of {}/{}",
                settings.site, settings.gateway
            ),
            format!("{RESTART} takes up a changed config; `--config FILE` looks at another one"),
        ),
        Some(_) | None => Check::ok(
            About::Daemon,
            format!("it runs as {name}, for {}", ago(state.started_at, facts.now)),
        ),
    }];
    if state.version != env!("CARGO_PKG_VERSION") {
        checks.push(Check::warn(
            About::Daemon,
            format!(
                "it is {}, and this program is {}",
                state.version,
                env!("CARGO_PKG_VERSION")
            ),
            format!("{RESTART} takes up the installed one"),
        ));
    }
    if state.radio != RadioState::Virtual && facts.settings().is_some_and(|settings| settings.test) {
        checks.push(Check::warn(
            About::Daemon,
            "everything that it publishes says that it is a test, and no platform should act on it",
            format!("leave out `gateway.test` in the config; then {RESTART}"),
        ));
    }
    checks
}
