//! Certificates made for one test: an authority, brokers, gateways.

use std::fs;
use std::path::{Path, PathBuf};

use cuffd::mqtt::settings::{ClientIdentity, TlsFiles};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// Whether a certificate is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validity {
    Good,
    Over,
    NotYet,
}

/// Signs certificates, and keeps the files of one test.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
}

impl Authority {
    pub(crate) fn new(folder: &Path, name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let issuer = CertifiedIssuer::self_signed(params, key).unwrap();
        let authority = Self {
            issuer,
            folder: folder.join(name),
        };
        fs::create_dir(&authority.folder).unwrap();
        fs::write(authority.ca_file(), authority.issuer.pem()).unwrap();
        authority
    }

    pub(crate) fn ca_file(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Writes a certificate for `name` and its key, over those of the same file name.
    pub(crate) fn issue(&self, file: &str, name: &str, validity: Validity) -> ClientIdentity {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        let years = match validity {
            Validity::Good => None,
            Validity::Over => Some((2020, 2021)),
            Validity::NotYet => Some((2090, 2091)),
        };
        if let Some((from, to)) = years {
            params.not_before = rcgen::date_time_ymd(from, 1, 1);
            params.not_after = rcgen::date_time_ymd(to, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let identity = ClientIdentity {
            certificate: self.folder.join(format!("{file}.pem")),
            key: self.folder.join(format!("{file}.key")),
        };
        fs::write(&identity.certificate, certificate.pem()).unwrap();
        fs::write(&identity.key, key.serialize_pem()).unwrap();
        identity
    }

    /// What a client needs that trusts this authority.
    pub(crate) fn trusted(&self, client: Option<ClientIdentity>) -> TlsFiles {
        TlsFiles {
            ca_file: Some(self.ca_file()),
            client,
        }
    }
}
