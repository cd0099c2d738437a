//! When certificates end. Read anew each time: they are renewed while the daemon runs.

use jiff::Timestamp;

use super::Seen;
use super::exposition::{Exposition, Kind};
use crate::certificate::ends;
use crate::web::{Certificate, CertificateUse};

impl Seen<'_> {
    pub(super) fn certificates(&self, to: &mut Exposition) {
        let name = "cuffd_certificate_end_time_seconds";
        to.family(
            name,
            Kind::Gauge,
            "When a certificate of the config ends, Unix time; of several of a kind the first that ends.",
        );
        for kind in [
            CertificateUse::BrokerAuthority,
            CertificateUse::BrokerClient,
            CertificateUse::Page,
        ] {
            let of_kind = self.certificates.iter().filter(|certificate| certificate.kind == kind);
            if let Some(end) = of_kind.filter_map(end).min() {
                to.sample(name, Some(("certificate", kind.as_str())), end.as_second());
            }
        }
    }
}

/// A file that cannot be read has no sample.
fn end(certificate: &Certificate) -> Option<Timestamp> {
    let ends = ends(&certificate.path)?.into_iter();
    match certificate.kind {
        // One authority that is left is enough.
        CertificateUse::BrokerAuthority => ends.max(),
        // The first link to break breaks the chain.
        CertificateUse::BrokerClient | CertificateUse::Page => ends.min(),
    }
}
