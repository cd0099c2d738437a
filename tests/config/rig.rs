//! Configs as text, folders of secrets, and what comes of loading them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use cuffd::config::mistake::Mistakes;
use cuffd::config::{Loaded, load_text};
use tempfile::TempDir;

/// The least that is a config.
pub(crate) const GATEWAY: &str = "[gateway]\nsite = \"north\"\nid = \"gw-0042\"\n";

/// The least policy, and what the page then needs.
pub(crate) const READINESS: &str = "[readiness]\nsystolic = { min = 90, max = 140 }\ndiastolic = { min = 50, max = 90 }\n\
    crisis = { systolic = 180, diastolic = 120 }\nreadings = 2\nvalid_for = \"30m\"\n";

/// What the page needs where there is a policy.
pub(crate) const CONTACTS: &str =
    "[web]\nemergency_number = \"112\"\nclinic_contact = \"555-0100\"\ncrisis_text = { en = \"Call.\" }\n";

/// Loads `text` under no environment but a state directory in which there is nothing.
pub(crate) fn load(text: &str) -> Result<Loaded, Mistakes> {
    load_under(text, &[])
}

/// Loads `text` under `environment`, and a state directory in which there is nothing.
pub(crate) fn load_under(text: &str, environment: &[(&str, &str)]) -> Result<Loaded, Mistakes> {
    let nowhere = ("CUFFD__STORE__PATH", "/nonexistent/cuffd.db");
    let environment = [&[nowhere], environment].concat();
    load_text(
        text,
        "test.toml",
        environment
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
    )
}

/// What `text` is refused for.
pub(crate) fn refused(text: &str) -> Mistakes {
    load(text).expect_err(text)
}

/// The keys that mistakes are about.
pub(crate) fn subjects(mistakes: &Mistakes) -> Vec<String> {
    mistakes.iter().map(|mistake| mistake.subject()).collect()
}

/// The keys that warnings are about.
pub(crate) fn warnings(loaded: &Loaded) -> Vec<&str> {
    loaded.warnings.iter().map(|warning| warning.key.as_str()).collect()
}

/// Puts each line into a good config by itself, and expects exactly the one mistake that is named.
pub(crate) fn each_is_refused(before: &str, after: &str, cases: &[(&str, &str)]) {
    for (line, subject) in cases {
        let text = format!("{before}{line}\n{after}");
        assert_eq!(subjects(&refused(&text)), [*subject], "{line}\n{}", refused(&text));
    }
}

/// Puts each line into a good config by itself, and expects a good config.
pub(crate) fn each_is_taken(before: &str, after: &str, cases: &[&str]) {
    for line in cases {
        let text = format!("{before}{line}\n{after}");
        assert!(load(&text).is_ok(), "{line}\n{}", refused(&text));
    }
}

/// A folder that goes away with the test.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file of the given mode.
    pub(crate) fn file(&self, name: &str, contents: &str, mode: u32) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, contents).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("guarded");
        path
    }

    /// A secret as it should be.
    pub(crate) fn secret(&self, name: &str, contents: &str) -> PathBuf {
        self.file(name, contents, 0o600)
    }

    /// A certificate that ends after some days, and its key.
    pub(crate) fn identity(&self, name: &str, days: i64) -> (PathBuf, PathBuf) {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut parameters = rcgen::CertificateParams::new(vec!["gw.example".to_owned()]).expect("a name");
        parameters.not_after = (std::time::SystemTime::UNIX_EPOCH + since_epoch(days)).into();
        let certificate = parameters.self_signed(&key).expect("signed");
        (
            self.file(&format!("{name}.pem"), &certificate.pem(), 0o644),
            self.secret(&format!("{name}.key"), &key.serialize_pem()),
        )
    }
}

fn since_epoch(days: i64) -> std::time::Duration {
    let now = cuffd::clock::wall() + jiff::SignedDuration::from_hours(24 * days);
    std::time::Duration::from_secs(now.as_second().try_into().expect("after 1970"))
}

/// An Ed25519 public key (RFC 8037, appendix A.2).
pub(crate) const PUBLIC_KEY: &str =
    r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
