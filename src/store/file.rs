//! The files of the store: who may read them, and who holds them.
//!
//! Every file is 0600 whatever the umask. Two processes never have the store open at once. What root makes here belongs to
//! whom the directory belongs to, so that it never keeps the daemon out.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::Access;

use super::{Opened, Settings, Store, StoreError};
use crate::core::moment::Now;
use crate::{directory, user};

/// Beside a database of which damage was seen.
pub(super) const SUSPECT: &str = ".suspect";

/// Reading and writing for the owner alone.
const OWNER_ONLY: u32 = 0o600;

impl Store {
    /// Opens the store as [`Store::open`] does, but never makes one: for whoever asks what is stored.
    ///
    /// # Errors
    /// [`StoreError::Missing`] if there is none; else as [`Store::open`].
    pub fn open_existing(settings: Settings, now: Now) -> Result<Opened, StoreError> {
        let path = &settings.path;
        examine(path)?;
        // A replacement of a damaged database may be all that a power cut has left, and a log more than its database.
        if ["", "-wal", ".new"]
            .iter()
            .all(|suffix| size(&beside(path, suffix)) == 0)
        {
            return Err(StoreError::Missing { path: path.clone() });
        }
        Self::open(settings, now)
    }
}

/// The path with `suffix` after its name, e.g. `cuffd.db-wal`.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// Remembers over a restart that the database must be checked whole before it is used again.
pub(super) fn suspect(path: &Path) {
    if let Err(error) = File::create(beside(path, SUSPECT)) {
        tracing::warn!(%error, "cannot mark the damaged database for its check");
    }
}

/// Refuses a path whose directory is missing or not this user's to write to, or that is a symbolic link itself (its directory
/// may be one).
pub(super) fn examine(path: &Path) -> Result<(), StoreError> {
    let directory = directory::of(path);
    match directory.metadata() {
        Ok(metadata) if metadata.is_dir() => {}
        Err(cause) if cause.kind() == io::ErrorKind::PermissionDenied => return Err(refused(path, cause)),
        Ok(_) | Err(_) => return Err(StoreError::NoDirectory { path: path.into() }),
    }
    // SQLite makes its log and the map of it there, and would only say that it cannot open the database.
    rustix::fs::access(directory, Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|cause| refused(directory, cause.into()))?;
    if path.is_symlink() {
        return Err(StoreError::Symlink { path: path.into() });
    }
    Ok(())
}

/// Makes this process the only one that has the store open, until it is dropped or the process ends.
#[derive(Debug)]
pub struct Lock(File);

impl Lock {
    /// Keeps everyone else from the store at `path`, whether there is one yet or not.
    ///
    /// # Errors
    /// Somebody has it open ([`StoreError::Locked`]), or there is no directory for it.
    pub fn hold(path: &Path) -> Result<Self, StoreError> {
        examine(path)?;
        lock(path)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a child that is just being started holds the file too, until it executes its program.
        // An error leaves the lock to that closing.
        let _unlocked = self.0.unlock();
    }
}

/// Takes the lock on the store at `path`. It has a file of its own because a damaged database is replaced.
pub(super) fn lock(path: &Path) -> Result<Lock, StoreError> {
    let lock = beside(path, ".lock");
    let file = open_private(&lock)?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked {
            path: path.into(),
            lock,
        }),
        Err(TryLockError::Error(cause)) => Err(refused(&lock, cause)),
    }
}

/// Makes the database file if it is not there, and takes it and its companions away from everyone else.
/// SQLite gives the -wal and -shm that it makes later the permissions of the database.
pub(super) fn make_private(path: &Path) -> Result<(), StoreError> {
    open_private(path)?;
    for suffix in ["-wal", "-shm"] {
        let companion = beside(path, suffix);
        if companion.exists() {
            open_private(&companion)?;
        }
    }
    Ok(())
}

/// Opens a file of ours, making it if it is not there, and takes it away from everyone else.
pub(super) fn open_private(path: &Path) -> Result<File, StoreError> {
    try_open_private(path).map_err(|cause| refused(path, cause))
}

/// Why the system did not give us the file at `path`.
fn refused(path: &Path, cause: io::Error) -> StoreError {
    let path = path.to_path_buf();
    if cause.kind() != io::ErrorKind::PermissionDenied {
        return StoreError::Open { path, cause };
    }
    let user = user::describe();
    StoreError::NotPermitted { path, user, cause }
}

fn try_open_private(path: &Path) -> io::Result<File> {
    let no_follow = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(OWNER_ONLY)
        .custom_flags(no_follow)
        .open(path)?;
    let metadata = file.metadata()?;
    if metadata.permissions().mode() & 0o777 != OWNER_ONLY {
        file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
    }
    directory::give_to_owner(path, &file)?;
    Ok(file)
}

/// The size of the file at `path` in octets; 0 if there is none.
pub(super) fn size(path: &Path) -> u64 {
    path.metadata().map_or(0, |metadata| metadata.len())
}
