//! The config: `cuffd check` says what is wrong with it.

use super::{About, Check, Configuration, Facts};
use crate::core::notation::counted;

pub(super) fn checks(facts: &Facts) -> Vec<Check> {
    match &facts.config {
        Configuration::Closed { path } => vec![Check::bad(
            About::Permissions,
            format!("{} may not read {path}, or a file that it names", facts.user),
            "run this as root: `sudo cuffd doctor`",
        )],
        Configuration::Mistaken { path, count } => vec![Check::bad(
            About::Config,
            format!("{path} has {}", counted(*count as u64, "mistake", "mistakes")),
            "`sudo cuffd check` names each with what is allowed",
        )],
        Configuration::Good { path, settings } if settings.warnings > 0 => {
            let remarks = counted(settings.warnings as u64, "remark", "remarks");
            vec![Check::warn(
                About::Config,
                format!("{path} is good, with {remarks}"),
                "`sudo cuffd check` tells what is allowed but unwise",
            )]
        }
        Configuration::Good { path, .. } => vec![Check::ok(About::Config, format!("{path} is good"))],
    }
}
