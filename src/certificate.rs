//! When the certificates of a file end.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// When each certificate of a PEM file ends, in the file's order; `None` if the file cannot be read as such.
#[must_use]
pub fn ends(path: &Path) -> Option<Vec<Timestamp>> {
    let text = fs::read(path).ok()?;
    let certificates = CertificateDer::pem_slice_iter(&text);
    certificates.map(|certificate| end(&certificate.ok()?)).collect()
}

fn end(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let (_rest, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    Timestamp::from_second(parsed.validity().not_after.timestamp()).ok()
}
