//! The gateway's key on disk: made once, followed by the next one when the clinic has enrolled that.
//!
//! A key file is 0600 from its first moment and whole at every moment, and belongs to whom its directory belongs to, or to
//! the daemon where that is root's. The next key stands beside it as `NAME.next`. A key that was given as a systemd credential is never written.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::FlockOperation;
use tokio::sync::watch;

use super::{KeyError, PublicKey, SigningKey};
use crate::directory;

/// Why there is no key, or no other one.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// It cannot be read.
    #[error("cannot read the key {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// It cannot be written.
    #[error("cannot write the key {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// It is no key.
    #[error("{} is a file {cause}", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: KeyError,
    },
    /// It is not ours to write.
    #[error("the key is a systemd credential: give the next one in the same way and restart the daemon")]
    Given,
    /// There is none to switch to.
    #[error("there is no next key: `cuffd key new` makes one, and the clinic enrols it")]
    NoNext,
}

/// The key that signs now, and the next one.
#[derive(Clone, Debug)]
pub struct Keyring {
    path: PathBuf,
    given: bool,
    current: watch::Sender<Arc<SigningKey>>,
}

impl Keyring {
    /// The key at `path`. It is made if there is none, unless it was `given`: a credential, not ours to write.
    ///
    /// # Errors
    /// It cannot be read or made.
    pub fn open(path: &Path, given: bool) -> Result<Self, KeyringError> {
        let key = match read(path)? {
            Some(key) => key,
            None if given => return Err(KeyringError::Given),
            None => make(path)?,
        };
        Ok(Self {
            path: path.to_path_buf(),
            given,
            current: watch::Sender::new(Arc::new(key)),
        })
    }

    /// The key that signs, now and whenever it changes.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Arc<SigningKey>> {
        self.current.subscribe()
    }

    /// The public half of the key that signs now.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.current.borrow().public()
    }

    /// Makes the next key, or finds the one that was made before. Nothing is signed with it yet.
    ///
    /// # Errors
    /// The key was given, or the next one cannot be written.
    pub fn make_next(&self) -> Result<PublicKey, KeyringError> {
        let next = self.next()?;
        let _lock = self.lock()?;
        let key = match read(&next)? {
            Some(key) => key,
            None => make(&next)?,
        };
        Ok(key.public())
    }

    /// Signs with the next key from here on. The key before it is gone: what it signed keeps its proof.
    ///
    /// # Errors
    /// There is no next key, or it cannot take its place.
    pub fn use_next(&self) -> Result<PublicKey, KeyringError> {
        let next = self.next()?;
        let _lock = self.lock()?;
        let key = read(&next)?.ok_or(KeyringError::NoNext)?;
        let written = |cause| KeyringError::Write {
            path: self.path.clone(),
            cause,
        };
        fs::rename(&next, &self.path).map_err(written)?;
        let public = key.public();
        // What is in the file is what signs, even if the next line fails.
        self.current.send_replace(Arc::new(key));
        directory::sync(&self.path).map_err(written)?;
        Ok(public)
    }

    fn next(&self) -> Result<PathBuf, KeyringError> {
        if self.given {
            return Err(KeyringError::Given);
        }
        let mut name = self.path.clone().into_os_string();
        name.push(".next");
        Ok(PathBuf::from(name))
    }

    /// Two that change the keys at once would each tell of a key that the other has replaced.
    fn lock(&self) -> Result<File, KeyringError> {
        let locked = File::open(directory::of(&self.path)).and_then(|folder| {
            rustix::fs::flock(&folder, FlockOperation::LockExclusive)?;
            Ok(folder)
        });
        locked.map_err(|cause| KeyringError::Write {
            path: self.path.clone(),
            cause,
        })
    }
}

fn read(path: &Path) -> Result<Option<SigningKey>, KeyringError> {
    let octets = match fs::read(path) {
        Ok(octets) => octets,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => {
            return Err(KeyringError::Read {
                path: path.to_path_buf(),
                cause,
            });
        }
    };
    let key = SigningKey::read(&octets).map_err(|cause| KeyringError::NoKey {
        path: path.to_path_buf(),
        cause,
    })?;
    Ok(Some(key))
}

/// Makes a key file that is not there, or reads the one that another has made meanwhile.
fn make(path: &Path) -> Result<SigningKey, KeyringError> {
    let (key, jwk) = SigningKey::generate().map_err(|cause| KeyringError::NoKey {
        path: path.to_path_buf(),
        cause,
    })?;
    match write(path, jwk.expose()) {
        Ok(()) => Ok(key),
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => read(path)?.ok_or(KeyringError::Read {
            path: path.to_path_buf(),
            cause,
        }),
        Err(cause) => Err(KeyringError::Write {
            path: path.to_path_buf(),
            cause,
        }),
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    directory::make(path)?;
    directory::write_new(path, text)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a folder")
    }

    fn mode(path: &Path) -> u32 {
        path.metadata().expect("a file").permissions().mode() & 0o777
    }

    #[test]
    fn a_key_is_made_once_for_its_owner_alone() {
        let folder = folder();
        let path = folder.path().join("state/key.jwk");
        let first = Keyring::open(&path, false).expect("a key");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().expect("a folder")), 0o700);
        assert_eq!(Keyring::open(&path, false).expect("a key").public(), first.public());
        let left: Vec<_> = fs::read_dir(folder.path().join("state")).expect("a folder").collect();
        assert_eq!(left.len(), 1, "no draft is left");
    }

    #[test]
    fn the_next_key_signs_only_once_it_is_used() {
        let folder = folder();
        let path = folder.path().join("key.jwk");
        let keys = Keyring::open(&path, false).expect("a key");
        assert!(matches!(keys.use_next(), Err(KeyringError::NoNext)));
        let (first, next) = (keys.public(), keys.make_next().expect("another"));
        assert_ne!(first, next);
        assert_eq!(keys.make_next().expect("the same"), next, "made before");
        assert_eq!(mode(&folder.path().join("key.jwk.next")), 0o600);
        assert_eq!(keys.public(), first);
        let mut told = keys.subscribe();
        assert_eq!(keys.use_next().expect("it is there"), next);
        assert_eq!(told.borrow_and_update().public(), next);
        assert_eq!(Keyring::open(&path, false).expect("a key").public(), next);
        assert!(matches!(keys.use_next(), Err(KeyringError::NoNext)));
    }

    #[test]
    fn a_given_key_is_never_written() {
        let folder = folder();
        let path = folder.path().join("cuffd-key");
        assert!(matches!(Keyring::open(&path, true), Err(KeyringError::Given)));
        Keyring::open(&path, false).expect("a key");
        let given = Keyring::open(&path, true).expect("a key");
        assert!(matches!(given.make_next(), Err(KeyringError::Given)));
        assert!(matches!(given.use_next(), Err(KeyringError::Given)));
    }

    #[test]
    fn a_file_that_is_no_key_is_left_alone() {
        let folder = folder();
        let path = folder.path().join("key.jwk");
        fs::write(&path, "{}").expect("a file");
        assert!(matches!(Keyring::open(&path, false), Err(KeyringError::NoKey { .. })));
        assert_eq!(fs::read_to_string(&path).expect("the file"), "{}");
    }
}
