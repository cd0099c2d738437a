//! The directory that a file stands in: whose it is, and that its names survive a power cut.

use std::fs::File;
use std::io;
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::Path;

use rustix::process::geteuid;

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
