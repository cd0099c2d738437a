//! Listening: connections that are slow, many, or broken harm nobody else.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::certificate::Identity;
use super::guard::Arrival;

/// At most so many connections at once; more wait to be taken.
const CONNECTIONS: usize = 1024;

/// A request's head must be there by then, and so must the next one on the same connection.
const HEAD_WITHIN: Duration = Duration::from_secs(15);

/// A head is no larger.
const LARGEST_HEAD: usize = 16 * 1024;

/// A TLS handshake takes no longer.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);

/// Between two tries to listen where somebody else does, and the loop's sign of life.
const PAUSE: Duration = Duration::from_secs(5);

/// For the streams to say that they end.
const FAREWELL: Duration = Duration::from_millis(500);

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The certificate or its key.
    #[error("the page's certificate or key, {path}")]
    Certificate {
        /// Which file.
        path: String,
        /// What is wrong with it.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Where the page listens.
#[derive(Clone)]
pub struct Listener {
    address: SocketAddr,
    tls: Option<Identity>,
}

// A TLS configuration does not print.
impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Listener {
    /// Listens on `address`, in the clear.
    #[must_use]
    pub const fn plain(address: SocketAddr) -> Self {
        Self { address, tls: None }
    }

    /// Listens on `address` by TLS, with this certificate chain and its key, both PEM.
    ///
    /// # Errors
    /// A file cannot be read, or the two do not belong together.
    pub fn tls(address: SocketAddr, certificate: &Path, key: &Path) -> Result<Self, WebError> {
        let identity = Identity::read(certificate, key)?;
        Ok(Self {
            address,
            tls: Some(identity),
        })
    }
}

/// Serves the page until `stop`. Where the address is taken it waits until it is free: without a page the gateway still
/// collects and delivers.
pub async fn serve(listener: Listener, router: Router, stop: CancellationToken, alive: impl Fn()) {
    let socket = tokio::select! {
        socket = bind(listener.address, &alive) => socket,
        () = stop.cancelled() => return,
    };
    accept(&socket, listener.tls, &router, &stop, &alive).await;
}

async fn bind(address: SocketAddr, alive: &impl Fn()) -> TcpListener {
    let mut told = false;
    loop {
        alive();
        match TcpListener::bind(address).await {
            Ok(socket) => {
                // Port 0 gets one that is free.
                let address = socket.local_addr().unwrap_or(address);
                info!(%address, "the page is there");
                return socket;
            }
            Err(cause) if !told => {
                warn!(%address, %cause, "no page yet: this address cannot be listened on");
                told = true;
            }
            Err(_) => {}
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn accept(
    socket: &TcpListener,
    mut tls: Option<Identity>,
    router: &Router,
    stop: &CancellationToken,
    alive: &impl Fn(),
) {
    let mut connections = JoinSet::new();
    loop {
        alive();
        let has_room = connections.len() < CONNECTIONS;
        tokio::select! {
            accepted = socket.accept(), if has_room => match accepted {
                Ok((stream, _)) => {
                    let tls = tls.as_mut().map(Identity::current);
                    connections.spawn(connection(stream, tls, router.clone()));
                }
                Err(cause) => {
                    // Most often too many open files: some will close.
                    debug!(%cause, "a connection was not taken");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_ended) = connections.join_next() => {}
            () = tokio::time::sleep(PAUSE) => {}
            () = stop.cancelled() => break,
        }
    }
    let all = async { while connections.join_next().await.is_some() {} };
    let _too_long = tokio::time::timeout(FAREWELL, all).await;
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, router: Router) {
    let Ok(to) = stream.local_addr() else { return };
    let _as_it_was = stream.set_nodelay(true);
    let arrival = Arrival {
        to: to.ip(),
        tls: tls.is_some(),
    };
    let router = router.layer(Extension(arrival));
    let ended = match tls {
        None => serve_on(stream, router).await,
        Some(tls) => match tokio::time::timeout(HANDSHAKE_WITHIN, tls.accept(stream)).await {
            Ok(Ok(stream)) => serve_on(stream, router).await,
            Ok(Err(cause)) => Err(cause.into()),
            Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
        },
    };
    if let Err(cause) = ended {
        debug!(cause, "a connection to the page ended badly");
    }
}

async fn serve_on(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(LARGEST_HEAD);
    http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .await?;
    Ok(())
}
