//! Files that the config names: secrets, certificates, keys. Each is looked at before anything starts.
//!
//! A secret is a file that only its owner may read, or a systemd credential; neither it nor, where it might be the secret
//! itself, its path is ever shown.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use config::{Value, ValueKind};
use jiff::Timestamp;

use super::kind::{self, Parsed, Refusal};
use crate::private::Private;

/// The longest file that is taken; a bundle of all certificate authorities has some 250 KiB.
const LONGEST: u64 = 1 << 20;

/// What the group and others may not have of a secret: any permission.
const OTHERS: u32 = 0o077;

/// What a config is judged by besides its own text.
#[derive(Clone, Debug)]
pub(super) struct Surroundings {
    /// Where systemd put the service's credentials.
    pub(super) credentials: Option<PathBuf>,
    /// What the wall clock says: certificates end.
    pub(super) now: Timestamp,
}

/// The file of a secret, readable and not for others when it was looked at. It is read anew each time it is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretFile {
    path: PathBuf,
    is_credential: bool,
}

impl SecretFile {
    /// A file that cuffd will make, and that nobody has looked at.
    #[must_use]
    pub fn unchecked(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            is_credential: false,
        }
    }

    fn of(around: &Surroundings, path: PathBuf) -> Self {
        let is_credential = is_credential(around, &path);
        Self { path, is_credential }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether systemd gives it: it is not ours to write.
    #[must_use]
    pub const fn is_credential(&self) -> bool {
        self.is_credential
    }

    /// Its text without the white space around it: editors leave a line's end.
    ///
    /// # Errors
    /// The file cannot be read any more, or is not UTF-8.
    pub fn read(&self) -> io::Result<Private<String>> {
        let text = fs::read_to_string(&self.path)?;
        Ok(Private::new(text.trim().to_owned()))
    }
}

/// Who may read a file, and so what of it may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guard {
    /// Anyone.
    Public,
    /// Its owner only.
    Secret,
}

impl Guard {
    fn refuse(self, allowed: &'static str, value: &Value, why: &str) -> Refusal {
        let refusal = Refusal::allowed(allowed);
        let path = match (self, &value.kind) {
            // What does not begin like a path may be the contents of the file.
            (Self::Public, ValueKind::String(path)) if path.starts_with(['/', '.']) => kind::describe(value),
            (Self::Public | Self::Secret, _) => "a path that is not shown here".to_owned(),
        };
        refusal.found(format!("{path}, {why}"))
    }
}

/// Reads an existing file and lets `inspect` judge its octets; `inspect` says what is wrong in a few words.
pub(super) fn existing<T, E: Display>(
    around: &Surroundings,
    guard: Guard,
    allowed: &'static str,
    inspect: impl Fn(&[u8]) -> Result<T, E>,
) -> impl Fn(&Value) -> Parsed<(PathBuf, T)> {
    move |value| {
        let refuse = |why: &str| guard.refuse(allowed, value, why);
        let path = resolve(around, value).map_err(|why| why.map_or(Refusal::allowed(allowed), refuse))?;
        let octets = read(around, guard, &path).map_err(|why| refuse(&why))?;
        let judged = inspect(&octets).map_err(|why| refuse(&why.to_string()))?;
        Ok((path, judged))
    }
}

/// Reads an existing secret and lets `inspect` judge its text.
pub(super) fn secret(
    around: &Surroundings,
    allowed: &'static str,
    inspect: impl Fn(&str) -> Result<(), &'static str>,
) -> impl Fn(&Value) -> Parsed<SecretFile> {
    let existing = existing(around, Guard::Secret, allowed, move |octets| {
        inspect(std::str::from_utf8(octets).map_err(|_| "not UTF-8")?.trim())
    });
    move |value| existing(value).map(|(path, ())| SecretFile::of(around, path))
}

/// The file of a secret that cuffd makes itself if it is not there yet; a credential must be there. What is there is judged by
/// `inspect`.
pub(super) fn own_secret<T, E: Display>(
    around: &Surroundings,
    inspect: impl Fn(&[u8]) -> Result<T, E>,
) -> impl Fn(&Value) -> Parsed<SecretFile> {
    let allowed = "the path of a file that only its owner may read, or cred:NAME";
    let inspected = existing(around, Guard::Secret, allowed, inspect);
    move |value| {
        let refuse = |why: &str| Guard::Secret.refuse(allowed, value, why);
        if is_no_name(value) {
            return Err(refuse("but the secret itself seems to stand here: put it into a file"));
        }
        let path = resolve(around, value).map_err(|why| why.map_or(Refusal::allowed(allowed), refuse))?;
        let credential = is_credential(around, &path);
        match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !credential => Ok(SecretFile::of(around, path)),
            _ => inspected(value).map(|(path, _good)| SecretFile::of(around, path)),
        }
    }
}

/// Whether a text looks like a key rather than like a file's name: a JWK, or PEM.
fn is_no_name(value: &Value) -> bool {
    let ValueKind::String(text) = &value.kind else {
        return false;
    };
    text.contains(['{', '"', '\n']) || text.contains("-----")
}

/// The path that a value names. `Err(None)`: it is no path at all; `Err(Some(why))`: it leads nowhere.
fn resolve(around: &Surroundings, value: &Value) -> Result<PathBuf, Option<&'static str>> {
    let ValueKind::String(text) = &value.kind else {
        return Err(None);
    };
    let Some(name) = text.strip_prefix("cred:") else {
        return if text.is_empty() {
            Err(None)
        } else {
            Ok(PathBuf::from(text))
        };
    };
    if name.is_empty() || name.contains('/') || name.starts_with('.') {
        return Err(Some("not the name of a credential"));
    }
    let folder = around.credentials.as_ref();
    let folder = folder.ok_or(Some(
        "a credential, which systemd gives to the running service only: say where it is, CREDENTIALS_DIRECTORY=DIRECTORY cuffd …",
    ))?;
    Ok(folder.join(name))
}

/// Credentials are guarded by systemd, and have a mode of their own.
fn is_credential(around: &Surroundings, path: &Path) -> bool {
    around
        .credentials
        .as_ref()
        .is_some_and(|folder| path.starts_with(folder))
}

fn read(around: &Surroundings, guard: Guard, path: &Path) -> Result<Vec<u8>, String> {
    let said = |error: io::Error| format!("which cannot be read: {error}");
    let metadata = fs::metadata(path).map_err(said)?;
    if !metadata.is_file() {
        return Err("which is not a file".to_owned());
    }
    let mode = metadata.permissions().mode();
    if guard == Guard::Secret && mode & OTHERS != 0 && !is_credential(around, path) {
        return Err(format!("which others may use (mode {:04o}, wants 0600)", mode & 0o7777));
    }
    match metadata.size() {
        0 => return Err("which is empty".to_owned()),
        1..=LONGEST => {}
        _ => return Err("which is too long".to_owned()),
    }
    let mut octets = Vec::new();
    let file = File::open(path).map_err(said)?;
    file.take(LONGEST).read_to_end(&mut octets).map_err(said)?;
    Ok(octets)
}
