//! The disk and the store: what keeps a measurement from being kept.

use super::{About, Check, Facts, Folder, StoreSeen};
use crate::core::state::StoreState;

const MEBIBYTE: u64 = 1 << 20;

pub(super) fn checks(facts: &Facts) -> Vec<Check> {
    let mut checks = Vec::new();
    if let Some(disk) = &facts.disk {
        checks.extend(folder(facts, &disk.path, &disk.folder));
    }
    checks.extend(room(facts));
    checks.extend(store(facts));
    checks
}

fn folder(facts: &Facts, path: &str, folder: &Folder) -> Option<Check> {
    match folder {
        Folder::Missing => Some(Check::bad(
            About::Disk,
            format!("{path} is not there, and measurements are to be kept in it"),
            format!(
                "`sudo systemctl restart cuffd` makes `/var/lib/cuffd`; another: `sudo install -d -o cuffd -g cuffd -m 0700 {path}`"
            ),
        )),
        // The daemon's word counts more than what this user may do.
        Folder::Closed if facts.state().is_some() => None,
        Folder::Closed => Some(Check::bad(
            About::Permissions,
            format!("{} may not write to {path}", facts.user),
            format!("run this as root; if it was: `sudo chown cuffd:cuffd {path}`"),
        )),
        Folder::Writable { strangers } => {
            let first = strangers.first()?;
            Some(Check::bad(
                About::Permissions,
                format!("{path} belongs to one user and {first} in it to another: the daemon cannot open it"),
                format!("`sudo chown -R --reference={path} {path}`"),
            ))
        }
    }
}

fn room(facts: &Facts) -> Vec<Check> {
    let (Some(disk), Some(settings)) = (&facts.disk, facts.settings()) else {
        let told = facts.state().map(|state| state.store);
        return told.map(of_the_daemon).into_iter().collect();
    };
    if disk.folder == Folder::Missing {
        return Vec::new();
    }
    if disk.read_only {
        return vec![Check::bad(
            About::Disk,
            format!(
                "the disk of {} takes no writes: nothing measured can be kept",
                disk.path
            ),
            "`sudo dmesg | grep -i -e ext4 -e mmc` says why; a card that turns read-only is worn: replace it",
        )];
    }
    let free = facts.state().map_or(disk.free, |state| state.store.free);
    if free < settings.reserve {
        let (free, reserve) = (free / MEBIBYTE, settings.reserve / MEBIBYTE);
        return vec![Check::bad(
            About::Disk,
            format!("{free} MiB are free, less than the {reserve} MiB of `store.reserve`"),
            "free some: `sudo journalctl --vacuum-size=100M`, `sudo apt clean`; `sudo du -xh / | sort -h | tail` shows what is \
             large",
        )];
    }
    let told = facts.state().map(|state| state.store);
    let trouble = told.map(of_the_daemon).filter(|check| !check.is_well());
    vec![trouble.unwrap_or_else(|| Check::ok(About::Disk, format!("{} MiB are free", free / MEBIBYTE)))]
}

fn of_the_daemon(store: StoreState) -> Check {
    if !store.available {
        return Check::bad(
            About::Disk,
            "the store takes no measurements: too little room, or the disk failed",
            "`df -h` and `sudo dmesg` show which; free some room, or replace the card; then `sudo systemctl restart cuffd`",
        );
    }
    if store.nearly_full {
        return Check::warn(
            About::Disk,
            "messages that nobody took fill most of `store.max_size`",
            "mend the way to the broker (below), or set `store.max_size` higher; nothing unsent is ever deleted",
        );
    }
    Check::ok(About::Disk, format!("{} MiB are free", store.free / MEBIBYTE))
}

fn store(facts: &Facts) -> Vec<Check> {
    let store = &facts.store;
    let mut checks = Vec::new();
    match &store.seen {
        StoreSeen::Refused(why) => checks.push(Check::bad(
            About::Disk,
            format!("the store cannot be opened: {why}"),
            "mend what it says; `sudo cuffd status` and `journalctl -u cuffd -n 50` show whether the daemon can",
        )),
        StoreSeen::OfTheDaemon | StoreSeen::NotMade | StoreSeen::Good | StoreSeen::Held | StoreSeen::Unknown => {}
    }
    if store.suspect {
        checks.push(Check::bad(
            About::Disk,
            "damage was seen in the database",
            "`sudo systemctl restart cuffd`: it is checked, moved aside if need be, and what is unsent is taken over",
        ));
    }
    if let Some(newest) = store.aside.last() {
        checks.push(Check::warn(
            About::Disk,
            format!("a damaged database was moved aside: {newest}"),
            "a card that damages files is worn: replace it; the file holds what could not be taken over, keep it until \
             somebody has looked at it",
        ));
    }
    checks
}
