//! The end of a gateway's life: the broker is told, then bonds, store and keys go.
//!
//! * Nothing goes before it is known what would be lost, and the broker was told or need not be.
//! * The key goes last, and each part may be gone already: cut short, it is simply done again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::doctor::names_from;
use super::status_of::{self, StatusOf};
use super::wiring;
use crate::bluetooth::survey;
use crate::config::Config;
use crate::control::client::{self, ClientError};
use crate::control::socket_path;
use crate::core::cuff::Address;
use crate::core::doctor::Absent;
use crate::core::notation::counted;
use crate::mqtt::Fault;
use crate::mqtt::errand::{self, Notice};
use crate::mqtt::message::info;
use crate::mqtt::message::status::Presence;
use crate::store::{DeliverySummary, Lock, Opened, Store, StoreError};
use crate::{clock, directory};

/// Why nothing may be removed.
#[derive(Debug, thiserror::Error)]
pub enum WipeError {
    /// A daemon runs.
    #[error("the daemon runs: stop it first, and for good: `sudo systemctl disable --now cuffd`")]
    Running,
    /// Whether one runs cannot be told.
    #[error(transparent)]
    Unclear(ClientError),
    /// The store is not this user's.
    #[error(transparent)]
    Store(StoreError),
}

/// A gateway that is to be wiped. While this lives no daemon begins.
#[derive(Debug)]
pub struct Doomed {
    opened: Option<(Opened, DeliverySummary)>,
    lock: Option<Lock>,
    /// What would be lost.
    pub unsent: Unsent,
}

/// What would be lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// So many messages and measurements that no clinic has.
    Known(u64),
    /// The store cannot be read: nobody knows.
    Unknown(String),
}

/// What was done, and what could not be.
#[derive(Debug, Default)]
pub struct Outcome {
    /// In words.
    pub done: Vec<String>,
    /// What is still there, and why.
    pub left: Vec<Left>,
}

/// Something that is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// What, and why, in words.
    pub text: String,
    /// What stands in the way.
    pub obstacle: Obstacle,
}

/// What stands in the way of removing something; the later ones are worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    /// A service that is not there: bluetoothd, a broker.
    Service,
    /// Another process that uses it.
    Busy,
    /// This user may not.
    NotPermitted,
    /// The disk.
    Disk,
}

impl Outcome {
    fn leave(&mut self, obstacle: Obstacle, text: String) {
        self.left.push(Left { text, obstacle });
    }

    fn leave_file(&mut self, path: &Path, cause: &io::Error) {
        let obstacle = if cause.kind() == io::ErrorKind::PermissionDenied {
            Obstacle::NotPermitted
        } else {
            Obstacle::Disk
        };
        self.leave(obstacle, format!("{}: {cause}", path.display()));
    }
}

/// Makes sure that no daemon runs and none begins, and looks what would be lost.
///
/// # Errors
/// A daemon runs, or the store may not be opened.
pub async fn doom(config: &Config) -> Result<Doomed, WipeError> {
    match client::get(&socket_path(), "/healthz").await {
        Err(ClientError::NotRunning { .. }) => {}
        Ok(_) => return Err(WipeError::Running),
        Err(error) => return Err(WipeError::Unclear(error)),
    }
    let unknown = |lock, why: String| Doomed {
        opened: None,
        lock,
        unsent: Unsent::Unknown(why),
    };
    let opened = match Store::open_existing(wiring::store_settings(config), clock::now()) {
        Ok(opened) => opened,
        Err(StoreError::Locked { .. }) => return Err(WipeError::Running),
        Err(error @ StoreError::NotPermitted { .. }) => return Err(WipeError::Store(error)),
        Err(StoreError::Missing { .. } | StoreError::NoDirectory { .. }) => {
            return Ok(Doomed {
                opened: None,
                lock: hold(config)?,
                unsent: Unsent::Known(0),
            });
        }
        Err(error) => return Ok(unknown(hold(config)?, super::chain(&error))),
    };
    let counted = async {
        let summary = opened.store.delivery_summary().await?;
        let unjudged = opened.store.unjudged().await?.len();
        Ok::<_, StoreError>((summary, unjudged as u64))
    };
    match counted.await {
        Ok((summary, unjudged)) => {
            let queued: u64 = summary.queued.values().sum();
            let unsent = queued + summary.awaiting_receipt + summary.set_aside_count + unjudged;
            Ok(Doomed {
                unsent: match moved_aside(config) {
                    Some(name) => Unsent::Unknown(format!("{name} holds what could not be taken over")),
                    None => Unsent::Known(unsent),
                },
                opened: Some((opened, summary)),
                lock: None,
            })
        }
        Err(error) => {
            opened.store.close().await;
            Ok(unknown(hold(config)?, super::chain(&error)))
        }
    }
}

/// A damaged database that was moved aside, and that nobody has looked at.
fn moved_aside(config: &Config) -> Option<String> {
    let files = names_from(&config.store.path).into_iter();
    let names = files.filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    names.into_iter().find(|name| name.contains(".damaged-"))
}

/// The lock on a store that is not opened; none where there is not even a directory for it.
fn hold(config: &Config) -> Result<Option<Lock>, WipeError> {
    match Lock::hold(&config.store.path) {
        Ok(lock) => Ok(Some(lock)),
        Err(StoreError::Locked { .. }) => Err(WipeError::Running),
        Err(StoreError::NoDirectory { .. }) => Ok(None),
        Err(error) => Err(WipeError::Store(error)),
    }
}

/// What became of telling one broker.
#[derive(Debug)]
pub struct Told {
    /// `host:port`.
    pub broker: String,
    /// Why it does not know; `None` if it does.
    pub fault: Option<String>,
}

impl Doomed {
    /// Tells each broker of the config that this gateway is retired, and clears what else it retains. Empty without `[mqtt]`.
    pub async fn tell(&self, config: &Config) -> Vec<Told> {
        let Some(settings) = wiring::link_settings(config) else {
            return Vec::new();
        };
        let of = match &self.opened {
            Some((opened, summary)) => StatusOf::Stored(&opened.store, summary),
            None => StatusOf::Nothing,
        };
        let retired = status_of::notice(config, of, Presence::Retired).await;
        let mut told = Vec::new();
        for broker in &settings.brokers {
            let fault = match &retired {
                None => Some("its last status could not be made: the store does not answer".to_owned()),
                Some(retired) => {
                    let cleared = Notice {
                        topic: settings.topics.info(),
                        payload: Vec::new(),
                        schema: info::SCHEMA,
                    };
                    let notices = [retired.clone(), cleared];
                    refused(errand::run(&settings, broker, retired, &notices).await)
                }
            };
            told.push(Told {
                broker: broker.name(),
                fault,
            });
        }
        told
    }

    /// Removes bonds, store and keys, in an order that can be cut short and begun again.
    pub async fn remove(self, config: &Config) -> Outcome {
        let mut outcome = Outcome::default();
        let obstacle_of_bonds = bonds(config, &mut outcome).await;
        // Closing gives the lock away; it is taken again at once, and a daemon that was quicker has all that is left.
        if let Some((opened, _)) = self.opened {
            opened.store.close().await;
        }
        let lock = match self.lock {
            Some(lock) => Some(lock),
            None => match hold(config) {
                Ok(lock) => lock,
                Err(error) => {
                    let obstacle = match error {
                        WipeError::Running | WipeError::Unclear(_) => Obstacle::Busy,
                        WipeError::Store(StoreError::NotPermitted { .. }) => Obstacle::NotPermitted,
                        WipeError::Store(_) => Obstacle::Disk,
                    };
                    outcome.leave(obstacle, format!("everything else: {error}"));
                    return outcome;
                }
            },
        };
        let store = &config.store;
        let of_lock = with_suffix(&store.path, ".lock");
        let files = names_from(&store.path).into_iter().filter(|path| *path != of_lock);
        let mut gone = delete(files, &mut outcome);
        gone += delete([store.path.with_file_name("page.key")], &mut outcome);
        match obstacle_of_bonds {
            None => gone += delete([store.cuffs_file()], &mut outcome),
            Some(obstacle) if store.cuffs_file().exists() => {
                let why = "kept, because it names the cuffs whose bonds are still there";
                outcome.leave(obstacle, format!("{}: {why}", store.cuffs_file().display()));
            }
            Some(_) => {}
        }
        gone += delete(directory::drafts(&store.path), &mut outcome);
        let key = config.gateway.key_file.path();
        if !config.gateway.key_file.is_credential() {
            gone += delete(directory::drafts(key), &mut outcome);
            gone += delete([with_suffix(key, ".next"), key.to_path_buf()], &mut outcome);
        }
        delete([of_lock], &mut outcome);
        drop(lock);
        for path in [store.path.as_path(), key] {
            if let Err(cause) = directory::sync(path)
                && cause.kind() != io::ErrorKind::NotFound
            {
                let folder = directory::of(path).display();
                let text = format!("{folder}: what was removed may come back at a power cut: {cause}");
                outcome.leave(Obstacle::Disk, text);
            }
        }
        outcome
            .done
            .push(format!("{gone} files of the store, the cuffs and the keys are gone"));
        outcome
    }
}

/// Why a broker does not know, if it does not.
fn refused(done: Result<errand::Done, Fault>) -> Option<String> {
    use crate::core::delivery::answer::{Answer, describe, judge};
    match done {
        Err(fault) => Some(fault.text),
        Ok(done) => {
            let refused = |code: &&u8| matches!(judge(**code), Answer::Refused | Answer::RefusedForGood);
            let code = done.answers.iter().find(refused)?;
            Some(format!("it does not take it ({}): its access rules", describe(*code)))
        }
    }
}

/// Ends the bonds of the registered cuffs, and gives what stands in the way; `None`: none is left.
async fn bonds(config: &Config, outcome: &mut Outcome) -> Option<Obstacle> {
    let addresses: Vec<Address> = config.cuffs.iter().map(|cuff| cuff.address).collect();
    if addresses.is_empty() {
        return None;
    }
    let (obstacle, why) = match survey::forget(&addresses).await {
        Ok(count) => {
            outcome
                .done
                .push(counted(count as u64, "bond is gone", "bonds are gone"));
            return None;
        }
        Err(Absent::NoBus) => (Obstacle::Service, "there is no D-Bus"),
        Err(Absent::NoStack) => (
            Obstacle::Service,
            "bluetoothd does not run (`sudo systemctl start bluetooth`)",
        ),
        Err(Absent::Denied) => (
            Obstacle::NotPermitted,
            "bluetoothd does not let this user (run this as root)",
        ),
        Err(Absent::Silent) => (
            Obstacle::Service,
            "bluetoothd does not answer (`sudo systemctl restart bluetooth`)",
        ),
    };
    let cuffs = counted(addresses.len() as u64, "cuff", "cuffs");
    let text = format!("the bonds of {cuffs}: {why}; then run this again");
    outcome.leave(obstacle, text);
    Some(obstacle)
}

/// Removes files, and counts those that were there.
fn delete(files: impl IntoIterator<Item = PathBuf>, outcome: &mut Outcome) -> usize {
    let mut gone = 0;
    for path in files {
        match fs::remove_file(&path) {
            Ok(()) => gone += 1,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
            Err(cause) => outcome.leave_file(&path, &cause),
        }
    }
    gone
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
