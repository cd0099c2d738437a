//! The way to a broker without a word of MQTT: its name, its port, its certificate, and whether it takes ours.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::ServerName;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::dial;
use super::fault::{Cause, Class, Fault, Stage, explain};

/// With TLS 1.3 a client learns only after its own part that its certificate is refused.
const AFTERWARDS: Duration = Duration::from_millis(700);

/// Connects, and hangs up.
///
/// # Errors
/// What stands in the way, in the words of a connection.
pub(in crate::mqtt) async fn reach(
    host: &str,
    port: u16,
    tls: Option<Arc<rustls::ClientConfig>>,
    patience: Duration,
) -> Result<(), Fault> {
    let stage = Stage {
        up: false,
        tls: tls.is_some(),
    };
    let connecting = async {
        let stream = dial(host.to_owned(), port).await?;
        match tls {
            None => Ok(None),
            Some(config) => shake_hands(host, stream, config).await.map(Some),
        }
    };
    let connected = match tokio::time::timeout(patience, connecting).await {
        Err(_too_long) => return Err(explain(Cause::Timeout, stage)),
        Ok(Err(cause)) => return Err(explain(Cause::Io(cause), stage)),
        Ok(Ok(connected)) => connected,
    };
    let Some(mut stream) = connected else { return Ok(()) };
    let mut octet = [0];
    match tokio::time::timeout(AFTERWARDS, stream.read(&mut octet)).await {
        // It waits for us to begin.
        Err(_) => Ok(()),
        Ok(Ok(0)) => Err(explain(Cause::Closed, stage)),
        Ok(Ok(_)) => Err(Fault::new(
            Class::Protocol,
            "the broker speaks first, which no MQTT broker does",
        )),
        Ok(Err(cause)) => Err(explain(Cause::Io(cause), stage)),
    }
}

async fn shake_hands(
    host: &str,
    stream: TcpStream,
    config: Arc<rustls::ClientConfig>,
) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    TlsConnector::from(config).connect(name, stream).await
}
