//! The directory of the store, and the disk below it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, StatVfsMountFlags};

use crate::config::store::Store;
use crate::core::doctor::{Disk, Folder};
use crate::directory;

/// Looks at the directory of the store; `key` is the file that messages are signed with, which may stand there too.
pub(super) fn look(store: &Store, key: &Path) -> Disk {
    let folder = directory::of(&store.path);
    let room = rustix::fs::statvfs(folder).ok();
    let read_only = room
        .as_ref()
        .is_some_and(|room| room.f_flag.contains(StatVfsMountFlags::RDONLY));
    Disk {
        path: folder.display().to_string(),
        folder: seen(store, key, folder, read_only),
        free: room.map_or(0, |room| room.f_bavail.saturating_mul(room.f_frsize)),
        read_only,
    }
}

fn seen(store: &Store, key: &Path, folder: &Path, read_only: bool) -> Folder {
    let Ok(metadata) = folder.metadata() else {
        return Folder::Missing;
    };
    let writable = rustix::fs::access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok();
    if !writable && !read_only {
        return Folder::Closed;
    }
    let mut files = names_from(&store.path);
    files.extend([store.cuffs_file(), store.path.with_file_name("page.key")]);
    files.extend((directory::of(key) == folder).then(|| key.to_path_buf()));
    let is_strange = |path: &PathBuf| path.metadata().is_ok_and(|found| found.uid() != metadata.uid());
    let strangers = files.iter().filter(|path| is_strange(path));
    Folder::Writable {
        strangers: strangers.map(|path| name_of(path)).collect(),
    }
}

/// The files of the store: its own name, and those that are made of it by `-` or `.` and more.
pub(in crate::app) fn names_from(store: &Path) -> Vec<PathBuf> {
    let Some(own) = store.file_name() else {
        return Vec::new();
    };
    let own = own.to_string_lossy().into_owned();
    let entries = fs::read_dir(directory::of(store)).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| is_of(&entry.file_name().to_string_lossy(), &own))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

fn is_of(name: &str, own: &str) -> bool {
    let rest = name.strip_prefix(own);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.']))
}

/// Whether damage was seen in the store that nobody has checked yet.
pub(super) fn is_suspect(store: &Path) -> bool {
    let mut mark = store.as_os_str().to_owned();
    mark.push(".suspect");
    Path::new(&mark).exists()
}

/// The databases that were moved aside, the newest last.
pub(super) fn aside(store: &Path) -> Vec<String> {
    let files = names_from(store).into_iter();
    let names = files.map(|path| name_of(&path));
    let damaged = names.filter(|name| name.contains(".damaged"));
    damaged
        .filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm"))
        .collect()
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_moved_aside_is_named_without_its_log_the_newest_last() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("cuffd.db");
        for name in [
            "cuffd.db",
            "cuffd.db-wal",
            "cuffd.db.damaged-20261121T180000Z",
            "cuffd.db.damaged-20261120T180000Z",
            "cuffd.db.damaged-20261121T180000Z-wal",
            "another.db.damaged-20270101T000000Z",
            "cuffd.db2.damaged-20270101T000000Z",
        ] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let expected = ["cuffd.db.damaged-20261120T180000Z", "cuffd.db.damaged-20261121T180000Z"];
        assert_eq!(aside(&store), expected);
        assert!(!is_suspect(&store));
        fs::write(folder.path().join("cuffd.db.suspect"), "").unwrap();
        assert!(is_suspect(&store));
    }
}
