//! The directory that a file stands in: whose it is, and that what is written there survives a power cut.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::Path;

use rustix::process::geteuid;
use tempfile::NamedTempFile;

/// Who may read what is written here.
const OWNER_ONLY: u32 = 0o600;

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
    let mut draft = tempfile::Builder::new().prefix(".new-").make_in(of(path), |draft| {
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

/// Gives what root has made at `path` to whom the directory belongs to, so that it never keeps the daemon out.
///
/// # Errors
/// The directory or the file cannot be looked at.
pub fn give_to_owner(path: &Path, file: &File) -> io::Result<()> {
    let owner = of(path).metadata()?;
    if geteuid().is_root() && owner.uid() != 0 && file.metadata()?.uid() == 0 {
        // A container's root may give nothing away; then it is as it was.
        let _given = fchown(file, Some(owner.uid()), Some(owner.gid()));
    }
    Ok(())
}
