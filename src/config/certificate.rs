//! Certificates and their keys, as PEM files: they parse, belong together, and have not ended.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::x509::X509Version;

use super::files::{Guard, SecretFile, Surroundings, existing, secret};
use super::reader::{Read, Reported, Table};

/// A certificate is warned of when it ends sooner than this (contract 4: "within 30 days").
const SOON: Duration = Duration::from_secs(30 * 86_400);

const ALLOWED: &str = "the path of a PEM file with certificates";
const KEY_ALLOWED: &str = "the path of a PEM file with a private key that only its owner may read, or cred:NAME";

/// What openssl issues where it is told of no extension, and TLS takes of an authority only.
const OF_OLD_FORM: &str = "a certificate of X.509 version 1, which TLS does not take";
const OF_NEW_FORM: &str = "a certificate of version 3: have it issued anew with extensions (openssl x509 -req: -extfile FILE with extendedKeyUsage)";

/// A certificate and the key to it. Both are read anew for each connection, so that renewal needs no restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The chain, PEM, the own certificate first.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: SecretFile,
}

/// Reads the file of the certificate authorities that are trusted.
pub(super) fn authorities(table: &mut Table, key: &'static str, around: &Surroundings) -> Read<Option<PathBuf>> {
    let read = table.optional(key, existing(around, Guard::Public, ALLOWED, |pem| ends(&chain(pem)?)))?;
    let Some((path, ends)) = read else { return Ok(None) };
    // One authority that is left is enough.
    warn_of_end(table, key, ends.into_iter().max(), around);
    Ok(Some(path))
}

/// Reads a certificate and its key: both or neither.
pub(super) fn identity(
    table: &mut Table,
    (certificate_key, key_key): (&'static str, &'static str),
    around: &Surroundings,
) -> Read<Option<Identity>> {
    let certificate = table.optional(certificate_key, existing(around, Guard::Public, ALLOWED, chain));
    let key = table.optional(key_key, secret(around, KEY_ALLOWED, |pem| private_key(pem).map(drop)));
    let both = format!("both {certificate_key} and {key_key}, or neither");
    for (one, other) in [(certificate_key, key_key), (key_key, certificate_key)] {
        if table.has(one) && !table.has(other) {
            return Err(table.missing(other, &both));
        }
    }
    let (Some((path, chain)), Some(key)) = (certificate?, key?) else {
        return Ok(None);
    };
    let ends = ends(&chain).map_err(|why| table.refuse(certificate_key, why, ALLOWED))?;
    if is_of_old_form(&chain) {
        return Err(table.refuse(certificate_key, OF_OLD_FORM, OF_NEW_FORM));
    }
    // The first link to break breaks the chain.
    warn_of_end(table, certificate_key, ends.into_iter().min(), around);
    belong_together(chain, &key).map_err(|why| mismatch(table, certificate_key, why))?;
    Ok(Some(Identity { certificate: path, key }))
}

fn mismatch(table: &mut Table, key: &'static str, why: &'static str) -> Reported {
    table.refuse(key, why, "a certificate and the private key to it")
}

fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, &'static str> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|_| "which is not PEM")?;
    if chain.is_empty() {
        Err("which has no certificate in it")
    } else {
        Ok(chain)
    }
}

/// Whether the own certificate is of a version without extensions.
fn is_of_old_form(chain: &[CertificateDer<'_>]) -> bool {
    let own = chain.first().map(|own| x509_parser::parse_x509_certificate(own));
    own.and_then(Result::ok)
        .is_some_and(|(_rest, own)| own.version() != X509Version::V3)
}

/// When each certificate ends.
fn ends(chain: &[CertificateDer<'_>]) -> Result<Vec<Timestamp>, &'static str> {
    let end = |certificate: &CertificateDer<'_>| {
        let (_rest, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
        Timestamp::from_second(parsed.validity().not_after.timestamp()).ok()
    };
    let ends: Option<Vec<_>> = chain.iter().map(end).collect();
    ends.ok_or("which has a damaged certificate in it")
}

fn private_key(pem: &str) -> Result<PrivateKeyDer<'static>, &'static str> {
    PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| "which has no private key in it")
}

fn belong_together(chain: Vec<CertificateDer<'static>>, key: &SecretFile) -> Result<(), &'static str> {
    let pem = key.read().map_err(|_| "a private key that went away")?;
    let provider = rustls::crypto::ring::default_provider();
    CertifiedKey::from_der(chain, private_key(pem.expose())?, &provider)
        .map(drop)
        .map_err(|_| "a certificate that is not the private key's")
}

fn warn_of_end(table: &mut Table, key: &'static str, end: Option<Timestamp>, around: &Surroundings) {
    match end {
        Some(end) if end <= around.now => table.warn(key, format!("the certificate ended at {end}")),
        Some(end) if end.duration_since(around.now).unsigned_abs() < SOON => {
            table.warn(key, format!("the certificate ends at {end}"));
        }
        Some(_) | None => {}
    }
}
