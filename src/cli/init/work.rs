//! Carries the answers out: secrets first, then the keys, the config last, and then what there is to say.

use std::io;
use std::path::{Path, PathBuf};

use ring::rand::{SecureRandom, SystemRandom};

use super::There;
use super::draft::{Draft, Key};
use super::failure::InitError;
use super::files::{self, Existing, Kind};
use super::judge::{self, Asks};
use super::questions::{Answers, path};
use super::{request, told};
use crate::config::environment;
use crate::control::key::Shown;
use crate::core::name::Name;
use crate::private::Private;
use crate::proof::Keyring;

/// Where the key is unless told otherwise.
const KEY_FILE: &str = "/var/lib/cuffd/key.jwk";

/// A code is of so many digits.
const DIGITS: usize = 8;

/// What was made, to be told.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// Files that were not there, in the order in which they came.
    pub(super) files: Vec<PathBuf>,
    /// The public key; `None` where it comes as a credential, which is not here.
    pub(super) key: Option<Shown>,
    /// The access code and its file; `None` where it comes as a credential.
    pub(super) code: Option<(Private<String>, PathBuf)>,
    /// The certificate request.
    pub(super) request: Option<request::Request>,
    /// Whether the shipped config was replaced.
    pub(super) replaced: bool,
}

/// Writes everything, the config last, says what there is to say, and gives the exit code: 0, or 78 where `check` would refuse.
pub(super) fn carry_out(config: &Path, there: There, mut draft: Draft, answers: &Answers) -> Result<u8, InitError> {
    let folder = crate::directory::of(config);
    if draft.get(Key::CODE).is_none_or(|file| file.is_empty()) {
        draft.set(Key::CODE, path(&folder.join("web-code")));
    }
    if answers.request {
        request::suggest(&mut draft, folder);
    }
    if let Some(mistakes) = judge::unusable(&draft, &config.display().to_string(), Asks::Nobody) {
        return Err(InitError::Mistakes { mistakes });
    }
    let source = answers.request.then(|| request::source(&draft, folder)).transpose()?;
    let key_file = over_draft(&draft, Key::KEY_FILE).unwrap_or_else(|| KEY_FILE.to_owned());
    files::may_write(Path::new(&key_file)).map_err(|cause| InitError::write(Path::new(&key_file), cause))?;
    files::make_config_folder(config).map_err(|cause| InitError::write(folder, cause))?;

    let mut made = Made::default();
    for (file, password) in &answers.secrets {
        write(
            file,
            &format!("{}\n", password.expose()),
            Kind::Secret,
            Existing::IsReplaced,
        )?;
        made.files.push(file.clone());
    }
    made.code = access_code(&draft, &mut made.files)?;
    made.key = key(&draft, &key_file, &mut made.files)?;
    if let Some(source) = source {
        made.request = Some(request::make(&draft, folder, source, &mut made.files)?);
    }
    made.replaced = there == There::Shipped;
    let existing = if made.replaced {
        Existing::IsReplaced
    } else {
        Existing::Stays
    };
    write(config, draft.text(), Kind::Config, existing)?;
    made.files.push(config.to_path_buf());
    Ok(told::tell(config, &made))
}

pub(super) fn write(path: &Path, text: &str, kind: Kind, existing: Existing) -> Result<(), InitError> {
    files::write(path, text, kind, existing).map_err(|cause| InitError::write(path, cause))
}

/// What a key holds where the daemon reads it: in the environment, or in the draft.
pub(super) fn over_draft(draft: &Draft, key: Key) -> Option<String> {
    let variable = format!("CUFFD__{}", key.path().replace('.', "__").to_uppercase());
    environment().remove(&variable).or_else(|| draft.get(key))
}

/// The key that signs, made if it is not there yet.
fn key(draft: &Draft, file: &str, files: &mut Vec<PathBuf>) -> Result<Option<Shown>, InitError> {
    if file.starts_with("cred:") {
        return Ok(None);
    }
    let file = Path::new(file);
    let is_new = !file.exists();
    let public = Keyring::open(file, false)?.public();
    if is_new {
        files.push(file.to_path_buf());
    }
    let named = |key| over_draft(draft, key).and_then(|name| Name::parse_gateway(&name).ok());
    let names = named(Key::SITE).zip(named(Key::ID));
    Ok(names.map(|(site, gateway)| Shown::of(public, &site, &gateway)))
}

/// The access code, made if it is not there yet.
fn access_code(draft: &Draft, files: &mut Vec<PathBuf>) -> Result<Option<(Private<String>, PathBuf)>, InitError> {
    let Some(file) = draft.get(Key::CODE).filter(|file| !file.starts_with("cred:")) else {
        return Ok(None);
    };
    let file = PathBuf::from(file);
    let code = new_code()?;
    match files::write(&file, &format!("{}\n", code.expose()), Kind::Secret, Existing::Stays) {
        Ok(()) => {
            files.push(file.clone());
            Ok(Some((code, file)))
        }
        // Of an `init` before this one that ended early, or the clinic's.
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {
            let there = std::fs::read_to_string(&file).map_err(|cause| InitError::write(&file, cause))?;
            Ok(Some((Private::new(there.trim().to_owned()), file)))
        }
        Err(cause) => Err(InitError::write(&file, cause)),
    }
}

/// Digits by chance, each as probable as the others.
fn new_code() -> Result<Private<String>, InitError> {
    let mut code = String::new();
    let random = SystemRandom::new();
    while code.len() < DIGITS {
        let mut octet = [0];
        random.fill(&mut octet).map_err(|_| InitError::Random)?;
        code.extend(digit(octet));
    }
    Ok(Private::new(code))
}

/// The last digit of an octet; none of the last six, with which some digits would come more often.
fn digit([octet]: [u8; 1]) -> Option<char> {
    (octet < 250).then(|| char::from(b'0' + octet % 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_eight_digits_and_each_is_as_probable_as_the_others() {
        let code = new_code().expect("random numbers");
        assert!(code.expose().len() == DIGITS && code.expose().bytes().all(|octet| octet.is_ascii_digit()));
        let mut counts = [0; 10];
        for octet in 0..=u8::MAX {
            if let Some(digit) = digit([octet]) {
                counts[usize::from(u8::try_from(digit).expect("ASCII") - b'0')] += 1;
            }
        }
        assert_eq!(counts, [25; 10]);
        assert_ne!(new_code().expect("random numbers"), code);
    }
}
