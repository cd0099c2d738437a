//! The page's certificate and its key, read anew when they are renewed: a renewal needs no restart.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tracing::{info, warn};

use super::WebError;

/// A certificate with its key, as it was last read whole.
#[derive(Clone)]
pub(super) struct Identity {
    certificate: PathBuf,
    key: PathBuf,
    acceptor: TlsAcceptor,
    /// When each file was written, as far as that was looked at.
    written: [Option<SystemTime>; 2],
    /// The same, of those that could not be used.
    refused: [Option<SystemTime>; 2],
}

impl Identity {
    /// Reads a certificate chain and its key, both PEM.
    ///
    /// # Errors
    /// A file cannot be read, or the two do not belong together.
    pub(super) fn read(certificate: &Path, key: &Path) -> Result<Self, WebError> {
        Ok(Self {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            written: [written(certificate), written(key)],
            refused: [None; 2],
            acceptor: acceptor(certificate, key)?,
        })
    }

    /// What takes connections now. Reads the files anew if they have changed; what cannot be used yet is told once, and the
    /// one before serves on.
    pub(super) fn current(&mut self) -> TlsAcceptor {
        let now = [written(&self.certificate), written(&self.key)];
        if now != self.written {
            match acceptor(&self.certificate, &self.key) {
                Ok(renewed) => {
                    info!("the page's certificate is renewed");
                    (self.acceptor, self.written) = (renewed, now);
                }
                // One of the two may be written before the other: it is tried again, and told once.
                Err(error) if self.refused != now => {
                    warn!(%error, "the page's new certificate cannot be used (yet): the one before serves on");
                    self.refused = now;
                }
                Err(_) => {}
            }
        }
        self.acceptor.clone()
    }
}

fn written(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, WebError> {
    let failed = |path: &Path, cause: Box<dyn std::error::Error + Send + Sync>| WebError::Certificate {
        path: path.display().to_string(),
        cause,
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect);
    let chain = chain.map_err(|cause| failed(certificate, cause.into()))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|cause| failed(key, cause.into()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, private));
    let config = config.map_err(|cause| failed(certificate, cause.into()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
