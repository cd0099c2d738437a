//! A disk as it may be after a power cut.
//!
//! * What was synced is there. Of what was not, each sector of each write is there or not, and so is each truncation.
//! * Names made, changed and removed are durable once the folder was synced; of those since, the first so many are there, as
//!   with the journal of a file system.
//! * After a sync that failed, what was to be synced may be lost, whatever is synced afterwards.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::recording::Event;

/// What a disk writes whole.
const SECTOR: usize = 512;

/// What is lost.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Loss {
    /// Nothing: the process has died, the system has not.
    Nothing,
    /// All that was not synced.
    Unsynced,
    /// What chance takes of it.
    Chance(u64),
}

/// Files by name.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// What was done to one folder since its beginning.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    files: Vec<Contents>,
    /// Which of `files` an inode means now.
    inodes: BTreeMap<u64, usize>,
    names: BTreeMap<String, usize>,
    renamings: Vec<Naming>,
}

#[derive(Clone, Default)]
struct Contents {
    durable: Vec<u8>,
    changes: Vec<(Change, Certainty)>,
}

#[derive(Clone)]
enum Change {
    Write { offset: usize, octets: Vec<u8> },
    Truncate { length: usize },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Certainty {
    /// Not synced yet.
    Pending,
    Durable,
    /// Its sync has failed.
    Doubtful,
}

#[derive(Clone)]
enum Naming {
    Create(String, usize),
    Rename(String, String),
    Unlink(String),
}

impl Disk {
    /// One that holds what is in this folder, durably.
    pub(crate) fn of(folder: &Path) -> Self {
        use std::os::unix::fs::MetadataExt;
        let mut disk = Self::default();
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let number = disk.files.len();
            disk.files.push(Contents {
                durable: fs::read(entry.path()).unwrap(),
                changes: Vec::new(),
            });
            disk.inodes.insert(entry.metadata().unwrap().ino(), number);
            disk.names.insert(entry.file_name().into_string().unwrap(), number);
        }
        disk
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        match event {
            Event::Create { inode, name } => {
                self.files.push(Contents::default());
                let number = self.files.len() - 1;
                self.inodes.insert(*inode, number);
                self.renamings.push(Naming::Create(name.clone(), number));
            }
            Event::Rename { from, to } => self.renamings.push(Naming::Rename(from.clone(), to.clone())),
            Event::Unlink { name } => self.renamings.push(Naming::Unlink(name.clone())),
            Event::SyncFolder => {
                let renamings = std::mem::take(&mut self.renamings);
                renamings.iter().for_each(|naming| naming.apply(&mut self.names));
            }
            Event::Write { inode, offset, octets } => self.change(
                *inode,
                Change::Write {
                    offset: *offset,
                    octets: octets.clone(),
                },
            ),
            Event::Truncate { inode, length } => self.change(*inode, Change::Truncate { length: *length }),
            Event::Sync { inode } => self.of_inode(*inode).settle(Certainty::Durable),
            Event::SyncFailed { inode } => self.of_inode(*inode).settle(Certainty::Doubtful),
            Event::Said | Event::Fired => {}
        }
    }

    /// What is there afterwards. The map of the log is left out: it is memory, and made anew by whoever opens first.
    pub(crate) fn after(&self, loss: Loss) -> Files {
        let mut chance = Chance::of(loss);
        let kept = match loss {
            Loss::Nothing => self.renamings.len(),
            Loss::Unsynced => 0,
            Loss::Chance(_) => chance.below(self.renamings.len() + 1),
        };
        let mut names = self.names.clone();
        self.renamings[..kept]
            .iter()
            .for_each(|naming| naming.apply(&mut names));
        names
            .into_iter()
            .filter(|(name, _)| !name.ends_with("-shm"))
            .map(|(name, number)| (name, self.files[number].after(&mut chance)))
            .collect()
    }

    fn of_inode(&mut self, inode: u64) -> &mut Contents {
        &mut self.files[self.inodes[&inode]]
    }

    fn change(&mut self, inode: u64, change: Change) {
        self.of_inode(inode).changes.push((change, Certainty::Pending));
    }
}

impl Contents {
    fn settle(&mut self, certainty: Certainty) {
        for (_, certain) in &mut self.changes {
            if *certain == Certainty::Pending {
                *certain = certainty;
            }
        }
        if self.changes.iter().all(|(_, certain)| *certain == Certainty::Durable) {
            let changes = std::mem::take(&mut self.changes);
            changes
                .iter()
                .for_each(|(change, _)| change.apply(&mut self.durable, &mut || true));
        }
    }

    fn after(&self, chance: &mut Chance) -> Vec<u8> {
        let mut octets = self.durable.clone();
        for (change, certainty) in &self.changes {
            change.apply(&mut octets, &mut || *certainty == Certainty::Durable || chance.keeps());
        }
        octets
    }
}

impl Change {
    fn apply(&self, to: &mut Vec<u8>, keeps: &mut impl FnMut() -> bool) {
        match self {
            Self::Write { offset, octets } => {
                let mut from = 0;
                while from < octets.len() {
                    let place = offset + from;
                    let until = octets.len().min(from + SECTOR - place % SECTOR);
                    if keeps() {
                        let end = offset + until;
                        to.resize(to.len().max(end), 0);
                        to[place..end].copy_from_slice(&octets[from..until]);
                    }
                    from = until;
                }
            }
            Self::Truncate { length } => {
                if keeps() {
                    to.resize(*length, 0);
                }
            }
        }
    }
}

impl Naming {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Create(name, number) => {
                names.insert(name.clone(), *number);
            }
            Self::Rename(from, to) => {
                if let Some(number) = names.remove(from) {
                    names.insert(to.clone(), number);
                }
            }
            Self::Unlink(name) => {
                names.remove(name);
            }
        }
    }
}

/// Whether something that was not synced is there: repeatable.
struct Chance {
    loss: Loss,
    state: u64,
}

impl Chance {
    fn of(loss: Loss) -> Self {
        let state = match loss {
            Loss::Chance(seed) => seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            Loss::Nothing | Loss::Unsynced => 1,
        };
        Self { loss, state }
    }

    fn below(&mut self, limit: usize) -> usize {
        // Xorshift: an even spread is all that is asked of it.
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state >> 33).unwrap() % limit
    }

    fn keeps(&mut self) -> bool {
        match self.loss {
            Loss::Nothing => true,
            Loss::Unsynced => false,
            Loss::Chance(_) => self.below(2) == 0,
        }
    }
}

/// Puts files into an empty folder.
pub(crate) fn lay(files: &Files, folder: &Path) {
    for (name, octets) in files {
        fs::write(folder.join(name), octets).unwrap();
    }
}

/// What is in a folder, as [`Disk::after`] tells it.
pub(crate) fn files(folder: &Path) -> Files {
    Disk::of(folder).after(Loss::Nothing)
}
