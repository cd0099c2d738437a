//! `[store]`: where what was measured is kept, and for how long.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::kind::{ANY_TIME, boolean, duration, size, text};
use super::reader::{Read, Table};

/// A day.
const DAY: Duration = Duration::from_secs(86_400);

/// A mebibyte, in octets.
const MEBIBYTE: u64 = 1 << 20;

/// Where what was measured is kept, and for how long.
#[derive(Clone, Debug)]
pub struct Store {
    /// The database; its directory is the state directory.
    pub path: PathBuf,
    /// How long messages are kept after they were sent, or with receipts done. Unsent ones are never deleted.
    pub keep: Duration,
    /// How long ended sessions are kept.
    pub keep_ended: Duration,
    /// In octets; beyond it the oldest done rows go first, and nothing unsent goes.
    pub max_size: u64,
    /// In octets; with less free disk no session is cleared.
    pub reserve: u64,
    /// Whether values of readings that belong to nobody stay here.
    pub keep_unassigned: bool,
}

impl Store {
    /// The directory of what the daemon itself writes.
    #[must_use]
    pub fn state_directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// Where `pair` writes cuffs.
    #[must_use]
    pub fn cuffs_file(&self) -> PathBuf {
        self.state_directory().join("cuffs.toml")
    }
}

pub(super) fn read(table: &mut Table) -> Read<Store> {
    let path = table.or(
        "path",
        "/var/lib/cuffd/cuffd.db".into(),
        text("the path of a file, and not of a folder", file),
    );
    let keep = table.or("keep", 30 * DAY, duration(ANY_TIME));
    let keep_ended = table.or("keep_ended", 30 * DAY, duration(ANY_TIME));
    let max_size = table.or("max_size", 256 * MEBIBYTE, size(1));
    let reserve = table.or("reserve", 64 * MEBIBYTE, size(0));
    let keep_unassigned = table.or("keep_unassigned", false, boolean);
    Ok(Store {
        path: path?,
        keep: keep?,
        keep_ended: keep_ended?,
        max_size: max_size?,
        reserve: reserve?,
        keep_unassigned: keep_unassigned?,
    })
}

fn file(text: &str) -> Option<PathBuf> {
    let path = PathBuf::from(text);
    let is_name = path.file_name().is_some() && !text.ends_with('/') && !text.contains('\0');
    (is_name && !path.is_dir()).then_some(path)
}
