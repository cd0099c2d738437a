//! `--csr`: a key and a certificate request beside the config, and what to do once the certificate has come.
//!
//! A request is made of the key that the daemon will use, and of no other: where that is a credential, it must be here.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::csr;
use super::draft::{Draft, Key};
use super::failure::InitError;
use super::files::{self, Existing, Kind};
use super::judge::{self, Asks};
use super::work::{over_draft, write};
use crate::cli::exit;
use crate::config::{CREDENTIALS, environment};
use crate::private::Private;

/// A request that was made.
#[derive(Debug)]
pub(super) struct Request {
    /// PEM.
    pub(super) text: String,
    /// Whom it names.
    pub(super) subject: String,
    /// Where it stands.
    pub(super) file: PathBuf,
    /// What the config says of its key.
    pub(super) key: String,
    /// Where the certificate is expected.
    pub(super) certificate: PathBuf,
}

/// Writes into the draft what its broker will need once the certificate has come. A clinic that names files itself is let be.
pub(super) fn suggest(draft: &mut Draft, folder: &Path) {
    if draft.get(Key::CERTIFICATE).is_some() {
        return;
    }
    draft.suggest(Key::CERTIFICATE_KEY, &folder.join("gateway.key"));
    draft.suggest(Key::CERTIFICATE, &folder.join("gateway.pem"));
    draft.remark(
        Key::CERTIFICATE,
        "Once the certificate has come as gateway.pem, take away the # of these two.",
    );
}

/// The key that a request is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// What the config says of it.
    written: String,
    file: PathBuf,
    is_given: bool,
}

/// Where the key of a request is, which is made there if there is none. A systemd credential must be there.
pub(super) fn source(draft: &Draft, folder: &Path) -> Result<Source, InitError> {
    let written = draft
        .get(Key::CERTIFICATE_KEY)
        .unwrap_or_else(|| folder.join("gateway.key").to_string_lossy().into_owned());
    let Some(name) = written.strip_prefix("cred:") else {
        return Ok(Source {
            file: PathBuf::from(&written),
            is_given: false,
            written,
        });
    };
    let given = environment()
        .get(CREDENTIALS)
        .map(|folder| Path::new(folder).join(name));
    match given.filter(|file| file.is_file()) {
        Some(file) => Ok(Source {
            file,
            is_given: true,
            written,
        }),
        None => Err(InitError::NoCredential { name: name.to_owned() }),
    }
}

/// Makes the request beside the config, of the key there, which is made if it is not there yet and not given.
pub(super) fn make(
    draft: &Draft,
    folder: &Path,
    source: Source,
    files: &mut Vec<PathBuf>,
) -> Result<Request, InitError> {
    let Source {
        written,
        file: key_file,
        is_given,
    } = source;
    let failed = |cause| InitError::Request {
        path: key_file.clone(),
        cause,
    };
    let key = match fs::read_to_string(&key_file) {
        Ok(pem) => Private::new(pem),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound && !is_given => {
            let key = csr::new_key().map_err(failed)?;
            write(&key_file, &format!("{}\n", key.expose()), Kind::Secret, Existing::Stays)?;
            files.push(key_file.clone());
            key
        }
        Err(cause) => return Err(InitError::write(&key_file, cause)),
    };
    let named = |key| over_draft(draft, key).unwrap_or_default();
    let (site, gateway) = (named(Key::SITE), named(Key::ID));
    let text = csr::request(&key, &site, &gateway).map_err(failed)?;
    let file = folder.join("gateway.csr");
    write(&file, &text, Kind::Public, Existing::IsReplaced)?;
    files.push(file.clone());
    Ok(Request {
        text,
        subject: format!("{site}/{gateway}"),
        file,
        key: written,
        certificate: draft
            .get(Key::CERTIFICATE)
            .map_or_else(|| folder.join("gateway.pem"), PathBuf::from),
    })
}

/// Only the request, for a config that is there.
pub(super) fn for_existing(config: &Path) -> Result<u8, InitError> {
    let draft = super::read(config)?;
    if let Some(mistakes) = judge::unusable(&draft, &config.display().to_string(), Asks::Nobody) {
        return Err(InitError::Mistakes { mistakes });
    }
    files::may_write(config).map_err(|cause| InitError::write(config, cause))?;
    let folder = crate::directory::of(config);
    let source = source(&draft, folder)?;
    let mut written = Vec::new();
    let request = make(&draft, folder, source, &mut written)?;
    let mut text = String::new();
    super::told::written(&mut text, &written);
    super::told::of_request(&mut text, &request);
    // Nobody is left to tell when stderr is gone; the files are there.
    let _written = io::stderr().write_all(text.as_bytes());
    Ok(exit::OK)
}
