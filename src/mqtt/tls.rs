//! TLS from files, read anew for each connection, so that a renewed certificate needs no restart.
//!
//! The broker's name is always checked, and there is no switch to turn certificate checks off. No process-wide crypto
//! provider is used.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::settings::{ClientIdentity, TlsFiles};

/// What is wrong with the files.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// A file is not the PEM text that it should be.
    #[error("{} is not in PEM form", path.display())]
    Pem {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        cause: rustls_pki_types::pem::Error,
    },
    /// A file has no certificate in it: with an empty list of authorities every broker would be refused without a reason.
    #[error("{} holds no certificate", path.display())]
    NoCertificate {
        /// Which file.
        path: PathBuf,
    },
    /// A certificate cannot be read as one.
    #[error("{} holds something that is no certificate", path.display())]
    BadCertificate {
        /// Which file.
        path: PathBuf,
    },
    /// A file has no private key in it.
    #[error("{} holds no private key", path.display())]
    NoKey {
        /// Which file.
        path: PathBuf,
    },
    /// The key and the certificate do not belong together, or the key is of a kind that is not supported.
    #[error("{} and {} do not go together", certificate.display(), key.display())]
    Identity {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong.
        #[source]
        cause: rustls::Error,
    },
    /// The system has no certificates that could vouch for a broker.
    #[error("the system has no trusted certificates: install ca-certificates, or set ca_file")]
    NoSystemRoots,
    /// The library refuses the whole.
    #[error("cannot set up TLS")]
    Setup(#[source] rustls::Error),
}

/// What is needed for one TLS connection.
///
/// # Errors
/// Says which file is wrong and how.
pub fn client_config(files: &TlsFiles) -> Result<ClientConfig, TlsError> {
    let roots = match &files.ca_file {
        Some(path) => roots_from(path)?,
        None => system_roots()?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Setup)?
        .with_root_certificates(roots);
    let Some(client) = &files.client else {
        return Ok(builder.with_no_client_auth());
    };
    let certificates = certificates(&client.certificate)?;
    let key = private_key(&client.key)?;
    builder
        .with_client_auth_cert(certificates, key)
        .map_err(|cause| mismatch(client, cause))
}

fn roots_from(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        let bad = |_| TlsError::BadCertificate { path: path.to_owned() };
        roots.add(certificate).map_err(bad)?;
    }
    Ok(roots)
}

/// Single certificates of the system that cannot be read are left out: they are not ours to mend.
fn system_roots() -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(TlsError::NoSystemRoots);
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read(path)?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|cause| not_pem(path, cause))?;
    if certificates.is_empty() {
        return Err(TlsError::NoCertificate { path: path.to_owned() });
    }
    Ok(certificates)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let text = read(path)?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|cause| {
        if matches!(cause, rustls_pki_types::pem::Error::NoItemsFound) {
            TlsError::NoKey { path: path.to_owned() }
        } else {
            not_pem(path, cause)
        }
    })
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|cause| TlsError::Read {
        path: path.to_owned(),
        cause,
    })
}

fn not_pem(path: &Path, cause: rustls_pki_types::pem::Error) -> TlsError {
    TlsError::Pem {
        path: path.to_owned(),
        cause,
    }
}

fn mismatch(client: &ClientIdentity, cause: rustls::Error) -> TlsError {
    TlsError::Identity {
        certificate: client.certificate.clone(),
        key: client.key.clone(),
        cause,
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    struct Files {
        folder: tempfile::TempDir,
    }

    impl Files {
        fn new() -> Self {
            Self {
                folder: tempfile::tempdir().unwrap(),
            }
        }

        fn write(&self, name: &str, text: &str) -> PathBuf {
            let path = self.folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        }
    }

    fn certificate() -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["broker.example".to_owned()]).unwrap();
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    fn with_ca(path: PathBuf) -> TlsFiles {
        TlsFiles {
            ca_file: Some(path),
            client: None,
        }
    }

    #[test]
    fn each_wrong_ca_file_has_its_own_words() {
        let files = Files::new();
        let (good, key) = certificate();
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (path, expected) in [
            (files.write("good", &good), None),
            (files.write("empty", ""), Some("holds no certificate")),
            (files.write("key", &key), Some("holds no certificate")),
            (files.write("broken", broken), Some("no certificate")),
            (files.write("cut", &good[..good.len() / 2]), Some("is not in PEM form")),
            (files.folder.path().join("missing"), Some("cannot read")),
        ] {
            let error = client_config(&with_ca(path.clone()))
                .err()
                .map(|error| error.to_string());
            match expected {
                None => assert_eq!(error, None),
                Some(words) => {
                    let error = error.expect("an error");
                    assert!(error.contains(words), "{error}");
                    assert!(error.contains(&*path.to_string_lossy()), "{error}");
                }
            }
        }
    }

    #[test]
    fn client_key_must_be_that_of_the_certificate() {
        let files = Files::new();
        let (certificate_text, key) = certificate();
        let (_, other_key) = certificate();
        let ca = files.write("ca", &certificate_text);
        for (key, expected) in [
            (&key, None),
            (&other_key, Some("do not go together")),
            (&certificate_text, Some("holds no private key")),
        ] {
            let files = TlsFiles {
                ca_file: Some(ca.clone()),
                client: Some(ClientIdentity {
                    certificate: ca.clone(),
                    key: files.write("key", key),
                }),
            };
            let error = client_config(&files).err().map(|error| error.to_string());
            assert_eq!(error.is_some(), expected.is_some());
            assert!(error.unwrap_or_default().contains(expected.unwrap_or_default()));
        }
    }
}
