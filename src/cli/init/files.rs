//! Files as `init` leaves them: whole from the moment they are there, for the daemon to read, secrets for it alone.
//!
//! Run by root they go to the daemon's user, where the machine has one; otherwise they are of whoever runs this. A folder that
//! is not there yet is made: the config's for all to enter, another for the daemon alone.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;

use rustix::fs::{Access, access};

use crate::directory;

/// Who may read the config: its owner and the daemon's group. It names patients, and no secrets.
const CONFIG: u32 = 0o640;

/// Who may read a secret.
const SECRET: u32 = 0o600;

/// What others may see.
const PUBLIC: u32 = 0o644;

/// Who may enter the config's folder, as systemd makes it.
const CONFIG_FOLDER: u32 = 0o755;

/// What a file is, which says who may read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Config,
    Secret,
    Public,
}

/// What happens to a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existing {
    /// It stays, and writing fails.
    Stays,
    /// It is replaced in one step.
    IsReplaced,
}

/// Writes a file, whole or not at all.
pub(super) fn write(path: &Path, text: &str, kind: Kind, existing: Existing) -> io::Result<()> {
    let mode = match kind {
        Kind::Config => CONFIG,
        Kind::Secret => SECRET,
        Kind::Public => PUBLIC,
    };
    directory::make(path)?;
    let mut draft = tempfile::Builder::new()
        .prefix(directory::DRAFT)
        .make_in(directory::of(path), |draft| {
            OpenOptions::new().write(true).create_new(true).mode(SECRET).open(draft)
        })?;
    draft.as_file_mut().write_all(text.as_bytes())?;
    give(path, draft.as_file(), kind)?;
    draft.as_file().set_permissions(fs::Permissions::from_mode(mode))?;
    draft.as_file().sync_all()?;
    match existing {
        Existing::Stays => draft.persist_noclobber(path),
        Existing::IsReplaced => draft.persist(path),
    }
    .map_err(|refused| refused.error)?;
    directory::sync(path)
}

/// Gives a file to who must be able to read it.
fn give(path: &Path, file: &File, kind: Kind) -> io::Result<()> {
    let folder = directory::of(path).metadata()?;
    let Some((user, group)) = directory::heir(&folder) else {
        return Ok(());
    };
    let owner = if kind == Kind::Secret { user } else { folder.uid() };
    // A container's root may give nothing away; then it is as it was.
    let _given = fchown(file, Some(owner), Some(group));
    Ok(())
}

/// Makes the folder that the config stands in.
pub(super) fn make_config_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(CONFIG_FOLDER)
        .create(directory::of(path))
}

/// Whether a file could be made at `path`, with the folders that lead there.
pub(super) fn may_write(path: &Path) -> io::Result<()> {
    let existing = path.ancestors().skip(1).find(|folder| folder.exists());
    Ok(access(
        existing.unwrap_or(Path::new("/")),
        Access::WRITE_OK | Access::EXEC_OK,
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_its_mode_and_never_replaces_another_unasked() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, kind, mode) in [
            ("cuffd.toml", Kind::Config, 0o640),
            ("code", Kind::Secret, 0o600),
            ("csr", Kind::Public, 0o644),
        ] {
            let path = folder.path().join(name);
            write(&path, "one\n", kind, Existing::Stays).expect("written");
            let there = path.metadata().expect("a file").permissions().mode() & 0o777;
            assert_eq!(there, mode, "{name}");
            let again = write(&path, "two\n", kind, Existing::Stays).expect_err("it is there");
            assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(fs::read_to_string(&path).expect("a file"), "one\n");
            write(&path, "two\n", kind, Existing::IsReplaced).expect("written");
            assert_eq!(fs::read_to_string(&path).expect("a file"), "two\n");
        }
        assert_eq!(
            fs::read_dir(folder.path()).expect("a folder").count(),
            3,
            "no draft is left"
        );
    }

    #[test]
    fn folders_that_are_not_there_yet_can_be_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a/b/cuffd.toml");
        assert!(may_write(&path).is_ok());
        make_config_folder(&path).expect("made");
        write(&path, "", Kind::Config, Existing::Stays).expect("written");
    }
}
