//! What the shim has written down.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// One call that changed a file, or a word about it.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Create {
        inode: u64,
        name: String,
    },
    Write {
        inode: u64,
        offset: usize,
        octets: Vec<u8>,
    },
    Truncate {
        inode: u64,
        length: usize,
    },
    Sync {
        inode: u64,
    },
    /// What was not synced may be lost for good: the system does not try again.
    SyncFailed {
        inode: u64,
    },
    SyncFolder,
    Rename {
        from: String,
        to: String,
    },
    Unlink {
        name: String,
    },
    /// A deed was done.
    Said,
    /// A call failed that was to fail.
    Fired,
}

/// Reads on from where it was.
pub(crate) struct Recording {
    file: File,
    place: u64,
}

impl Recording {
    pub(crate) fn at(path: &Path) -> Self {
        Self {
            file: File::open(path).unwrap(),
            place: 0,
        }
    }

    /// What was written down since the last time.
    pub(crate) fn more(&mut self) -> Vec<Event> {
        self.file.seek(SeekFrom::Start(self.place)).unwrap();
        let mut octets = Vec::new();
        self.file.read_to_end(&mut octets).unwrap();
        self.place += octets.len() as u64;
        let mut rest = octets.as_slice();
        let mut events = Vec::new();
        while !rest.is_empty() {
            events.push(next(&mut rest));
        }
        events
    }
}

fn next(rest: &mut &[u8]) -> Event {
    let kind = number(rest);
    let inode = number(rest);
    let offset = usize::try_from(number(rest)).unwrap();
    let length = usize::try_from(number(rest)).unwrap();
    let (octets, after) = rest.split_at(length);
    *rest = after;
    let name = || String::from_utf8(octets.to_vec()).unwrap();
    match kind {
        1 => Event::Create { inode, name: name() },
        2 => Event::Write {
            inode,
            offset,
            octets: octets.to_vec(),
        },
        3 => Event::Truncate { inode, length: offset },
        4 => Event::Sync { inode },
        5 => Event::SyncFolder,
        6 => {
            let names = name();
            let (from, to) = names.split_once('/').unwrap();
            Event::Rename {
                from: from.to_owned(),
                to: to.to_owned(),
            }
        }
        7 => Event::Unlink { name: name() },
        8 => Event::Said,
        9 => Event::Fired,
        10 => Event::SyncFailed { inode },
        other => panic!("{other}"),
    }
}

fn number(rest: &mut &[u8]) -> u64 {
    let (number, after) = rest.split_first_chunk().unwrap();
    *rest = after;
    u64::from_le_bytes(*number)
}
