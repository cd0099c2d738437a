//! The directory that a file stands in: whose it is, and that what is written there survives a power cut.
//!
//! What root writes goes to whom the directory belongs to, or to the daemon's user where it is root's: it never keeps the daemon
//! out.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown, lchown};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use tempfile::NamedTempFile;

use crate::user;

/// The user that the shipped unit runs the daemon as.
const DAEMON: &str = "cuffd";

/// What the name of a draft begins with: a file that is being written, and left behind by a kill.
pub const DRAFT: &str = ".new-";

/// The rest of its name: letters and digits, so many.
const DRAFT_REST: usize = 6;

/// Who may read what is written here.
const OWNER_ONLY: u32 = 0o600;

/// Who may enter a directory that is made here.
const OWNER_ENTERS: u32 = 0o700;

/// The directory that `path` stands in.
#[must_use]
pub fn of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

/// Makes the names in the directory of `path` durable: until then a power cut may take a new one away, or bring an old one back.
///
/// # Errors
/// What the system says.
pub fn sync(path: &Path) -> io::Result<()> {
    File::open(of(path))?.sync_all()
}

/// Writes a line into a new file that is its owner's alone, whole from the moment it is there, and never replaces one.
///
/// # Errors
/// There is one already, or what the system says.
pub fn write_new(path: &Path, line: &str) -> io::Result<()> {
    let draft = draft(path, &format!("{line}\n"))?;
    draft.persist_noclobber(path).map_err(|refused| refused.error)?;
    sync(path)
}

/// Writes a file that is its owner's alone, whole at every moment, in place of the one that is there.
///
/// # Errors
/// What the system says.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let draft = draft(path, text)?;
    draft.persist(path).map_err(|refused| refused.error)?;
    sync(path)
}

fn draft(path: &Path, text: &str) -> io::Result<NamedTempFile<File>> {
    let mut draft = tempfile::Builder::new()
        .prefix(DRAFT)
        .rand_bytes(DRAFT_REST)
        .make_in(of(path), |draft| {
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(OWNER_ONLY)
                .open(draft)
        })?;
    draft.as_file_mut().write_all(text.as_bytes())?;
    give_to_owner(path, draft.as_file())?;
    draft.as_file().sync_all()?;
    Ok(draft)
}

/// The drafts in the directory of `path`; none where that cannot be read.
#[must_use]
pub fn drafts(path: &Path) -> Vec<PathBuf> {
    let is_draft = |name: &str| {
        let rest = name.strip_prefix(DRAFT);
        rest.is_some_and(|rest| rest.len() == DRAFT_REST && rest.bytes().all(|octet| octet.is_ascii_alphanumeric()))
    };
    let entries = of(path).read_dir().into_iter().flatten().flatten();
    let named = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_draft));
    named
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|entry| entry.path())
        .collect()
}

/// Makes the directories that lead to `path`, where they are not there yet, for their owner alone.
///
/// # Errors
/// What the system says.
pub fn make(path: &Path) -> io::Result<()> {
    let directory = of(path);
    if directory.is_dir() {
        return Ok(());
    }
    make(directory)?;
    match DirBuilder::new().mode(OWNER_ENTERS).create(directory) {
        // Another was quicker.
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists && directory.is_dir() => return Ok(()),
        made => made?,
    }
    if let Some((user, group)) = heir(&of(directory).metadata()?) {
        // A container's root may give nothing away; then it is as it was.
        let _given = lchown(directory, Some(user), Some(group));
    }
    sync(directory)
}

/// Gives what root has made at `path` to whom it must belong to.
///
/// # Errors
/// The directory or the file cannot be looked at.
pub fn give_to_owner(path: &Path, file: &File) -> io::Result<()> {
    if let Some((user, group)) = heir(&of(path).metadata()?)
        && file.metadata()?.uid() == 0
    {
        // A container's root may give nothing away; then it is as it was.
        let _given = fchown(file, Some(user), Some(group));
    }
    Ok(())
}

/// The user and group that what root makes in such a directory goes to; `None` where it stays whose it is.
#[must_use]
pub fn heir(directory: &Metadata) -> Option<(u32, u32)> {
    match (geteuid().is_root(), directory.uid()) {
        (false, _) => None,
        (true, 0) => user::numbers(DAEMON),
        (true, owner) => Some((owner, directory.gid())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_that_a_kill_left_behind_is_found_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key.jwk");
        let (_file, left) = draft(&path, "secret").expect("a draft").keep().expect("kept");
        for other in [".new-key", ".new-notes.txt", "new-aB3xY9", "key.jwk"] {
            std::fs::write(folder.path().join(other), "").expect("a file");
        }
        std::fs::create_dir(folder.path().join(".new-folder")).expect("a folder");
        assert_eq!(drafts(&path), [left]);
    }
}
