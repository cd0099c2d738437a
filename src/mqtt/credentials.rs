//! What a connection to a broker needs of files, read anew for each, so that a renewal needs no restart.

use std::sync::Arc;

use super::client::{Class, Fault, Login, Plan, Publish};
use super::settings::{Broker, Settings, Transport};
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

/// How a broker is connected to, with its files as they are now.
///
/// # Errors
/// A file that the config names for this broker cannot be used.
pub(super) fn plan(settings: &Settings, broker: &Broker, will: Publish) -> Result<Plan, Fault> {
    let (tls, login) = read_files(broker)?;
    Ok(Plan {
        version: settings.version,
        host: broker.host.clone(),
        port: broker.port,
        tls,
        client_id: settings.client_id.clone(),
        login,
        keep_alive: settings.keep_alive,
        connect_timeout: settings.timing.connect,
        will,
        will_delay: settings.will_delay,
        window: settings.window.get(),
    })
}
