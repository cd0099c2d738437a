//! What a connection to a broker needs of files, read anew for each, so that a renewal needs no restart.

use std::sync::Arc;

use super::client::{Class, Fault, Login};
use super::settings::{Broker, Transport};
use super::tls;
use crate::private::Private;

/// TLS, if it is to be; and who we say we are.
pub(super) type Credentials = (Option<Arc<rustls::ClientConfig>>, Option<Login>);

/// Reads the files that a connection to this broker needs.
///
/// # Errors
/// Which file cannot be used, and why.
pub(super) fn read_files(broker: &Broker) -> Result<Credentials, Fault> {
    let tls = match &broker.transport {
        Transport::Plain => None,
        Transport::Tls(files) => Some(Arc::new(tls::client_config(files).map_err(|fault| in_words(&fault))?)),
    };
    let Some(login) = &broker.login else {
        return Ok((tls, None));
    };
    let password = login.password_file.as_deref().map(read_password).transpose()?;
    Ok((tls, Some((login.username.clone(), password))))
}

fn read_password(path: &std::path::Path) -> Result<Private<Vec<u8>>, Fault> {
    let mut password = std::fs::read(path)
        .map_err(|cause| Fault::new(Class::Config, format!("cannot read {}: {cause}", path.display())))?;
    while password.last().is_some_and(|octet| matches!(octet, b'\n' | b'\r')) {
        password.pop();
    }
    Ok(Private::new(password))
}

fn in_words(fault: &tls::TlsError) -> Fault {
    let cause = std::error::Error::source(fault)
        .map(|cause| format!(": {cause}"))
        .unwrap_or_default();
    Fault::new(Class::Config, format!("{fault}{cause}"))
}
