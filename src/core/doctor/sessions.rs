//! Whether a session can be opened at all, and cleared.

use super::facts::Openers;
use super::{About, Check, Facts};

pub(super) fn checks(facts: &Facts) -> Vec<Check> {
    let Some(settings) = facts.settings() else {
        return Vec::new();
    };
    if !settings.has_policy {
        return vec![Check::bad(
            About::Sessions,
            "the config has no `[readiness]`: readings are carried, and no session can be cleared",
            "the clinic's policy belongs there (`config/cuffd.toml` names every key); then `sudo cuffd check` and `sudo \
             systemctl restart cuffd`",
        )];
    }
    let mut checks = vec![opening(settings.openers)];
    if !settings.may_attest {
        checks.push(Check::bad(
            About::Sessions,
            "nobody may confirm what the policy wants confirmed (`attestations`): none is ever ready",
            "set `web.enabled = true`, or add `attest` to `may` of a `[[mqtt.command_keys]]`; then `sudo systemctl restart cuffd`",
        ));
    }
    if !settings.may_decide {
        checks.push(Check::bad(
            About::Sessions,
            "nobody may approve what the policy wants approved (`approval = \"clinician\"`): none is ever ready",
            "add `decide` to `may` of a `[[mqtt.command_keys]]`; then `sudo systemctl restart cuffd`",
        ));
    }
    checks
}

fn opening(openers: Openers) -> Check {
    match (openers.page && openers.has_patient, openers.commands) {
        (true, true) => Check::ok(About::Sessions, "the page and the clinic's commands may open one"),
        (true, false) => Check::ok(About::Sessions, "the page may open one"),
        (false, true) => Check::ok(About::Sessions, "the clinic's commands may open one"),
        (false, false) if openers.page => Check::bad(
            About::Sessions,
            "nobody may open one: the page does it for the patients of registered cuffs, and there is none",
            "`sudo cuffd pair`",
        ),
        (false, false) => Check::bad(
            About::Sessions,
            "nobody may open one: no key may command `open_session`, and the page may not",
            "add `open_session` to `may` of a `[[mqtt.command_keys]]`, or set `web.open_sessions = \"always\"`; then `sudo \
             systemctl restart cuffd`",
        ),
    }
}
