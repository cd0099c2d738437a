//! `--csr`: a key and a certificate request beside the config, and what to do once the certificate has come.

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
    /// Where its key stands.
    pub(super) key: PathBuf,
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

/// Makes the request beside the config, of the key there, which is made if it is not there yet.
pub(super) fn make(draft: &Draft, folder: &Path, files: &mut Vec<PathBuf>) -> Result<Request, InitError> {
    let named = draft
        .get(Key::CERTIFICATE_KEY)
        .filter(|file| !file.starts_with("cred:"));
    let key_file = named.map_or_else(|| folder.join("gateway.key"), PathBuf::from);
    let failed = |cause| InitError::Request {
        path: key_file.clone(),
        cause,
    };
    let key = match fs::read_to_string(&key_file) {
        Ok(pem) => Private::new(pem),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
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
        key: key_file,
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
    let mut written = Vec::new();
    let request = make(&draft, crate::directory::of(config), &mut written)?;
    let mut text = String::new();
    super::told::written(&mut text, &written);
    super::told::of_request(&mut text, &request);
    // Nobody is left to tell when stderr is gone; the files are there.
    let _written = io::stderr().write_all(text.as_bytes());
    Ok(exit::OK)
}
