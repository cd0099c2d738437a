//! The certificate request for a broker that asks for certificates: PKCS#10, the name of the gateway in it, ECDSA P-256.

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SigningKey};

use crate::private::Private;

/// Why there is no request.
#[derive(Debug, thiserror::Error)]
pub(super) enum RequestError {
    /// The system gives no random numbers.
    #[error("cannot make a key for the certificate")]
    Key(#[source] rcgen::Error),
    /// What stands in the file is no key that can sign.
    #[error("no private key of a kind that can sign a request (ECDSA P-256 or P-384, or Ed25519; PEM)")]
    NoKey(#[source] rcgen::Error),
    /// It could not be signed.
    #[error("cannot sign the certificate request")]
    Sign(#[source] rcgen::Error),
}

/// A new private key, PEM.
pub(super) fn new_key() -> Result<Private<String>, RequestError> {
    let pair = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(RequestError::Key)?;
    Ok(Private::new(pair.serialize_pem().trim().to_owned()))
}

/// A request, PEM, for a certificate of the name `SITE/GATEWAY`, by which a broker's access rules know the gateway.
pub(super) fn request(key: &Private<String>, site: &str, gateway: &str) -> Result<String, RequestError> {
    let pair = KeyPair::from_pem(key.expose()).map_err(RequestError::NoKey)?;
    named(&pair, &format!("{site}/{gateway}")).map_err(RequestError::Sign)
}

fn named(key: &impl SigningKey, name: &str) -> Result<String, rcgen::Error> {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = subject;
    parameters.serialize_request(key)?.pem()
}

#[cfg(test)]
mod tests {
    use x509_parser::certification_request::X509CertificationRequest;
    use x509_parser::prelude::FromDer;

    use super::*;

    #[test]
    fn the_request_names_the_gateway_and_holds_its_key() {
        let key = new_key().expect("a key");
        let pem = request(&key, "north", "gw-0042").expect("a request");
        let (_, pem) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).expect("PEM");
        let (_, parsed) = X509CertificationRequest::from_der(&pem.contents).expect("a request");
        let info = &parsed.certification_request_info;
        assert_eq!(info.subject.to_string(), "CN=north/gw-0042");
        let own = KeyPair::from_pem(key.expose()).expect("a key");
        assert_eq!(info.subject_pki.subject_public_key.data, own.public_key_raw());
    }

    #[test]
    fn what_is_no_key_makes_no_request() {
        for text in [
            "",
            "hunter2",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ] {
            let made = request(&Private::new(text.to_owned()), "north", "gw");
            assert!(matches!(made, Err(RequestError::NoKey(_))), "{text}");
        }
    }
}
