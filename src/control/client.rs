//! Asking the running daemon.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

/// Why the daemon gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens on the socket.
    #[error("no daemon answers on {}", path.display())]
    NotRunning {
        /// The socket.
        path: PathBuf,
    },
    /// The socket may not be opened by this user.
    #[error("{} may not be opened: run this as root, or as a member of the group cuffd", path.display())]
    NotPermitted {
        /// The socket.
        path: PathBuf,
    },
    /// The daemon went away in the middle.
    #[error("the daemon stopped answering")]
    Cut(#[source] hyper::Error),
    /// The socket failed in another way.
    #[error("cannot ask the daemon on {}", path.display())]
    Socket {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The daemon refused.
    #[error("the daemon refused: {text}")]
    Refused {
        /// The HTTP status.
        status: StatusCode,
        /// What it said.
        text: String,
    },
}

/// One answer, to be read piece by piece.
pub struct Answer {
    response: Response<Incoming>,
    driver: Option<Driver>,
}

/// What moves the connection while its answer is read.
type Driver = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

impl Answer {
    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// The daemon went away in the middle.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, ClientError> {
        loop {
            let frame = drive(&mut self.driver, self.response.frame()).await;
            match frame {
                None => return Ok(None),
                Some(Err(cause)) => return Err(ClientError::Cut(cause)),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    /// The whole body.
    ///
    /// # Errors
    /// The daemon went away in the middle.
    pub async fn whole(mut self) -> Result<Vec<u8>, ClientError> {
        let mut body = Vec::new();
        while let Some(piece) = self.piece().await? {
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }
}

/// Waits for `wanted` while the connection is moved on.
async fn drive<T>(driver: &mut Option<Driver>, wanted: impl Future<Output = T>) -> T {
    let mut wanted = pin!(wanted);
    while let Some(connection) = driver {
        tokio::select! {
            biased;
            done = &mut wanted => return done,
            // How the connection ended shows in what was wanted of it.
            _ended = connection => *driver = None,
        }
    }
    wanted.await
}

/// Reads `path_and_query` from the daemon on `socket`.
///
/// # Errors
/// No daemon, no permission, or a refusal.
pub async fn get(socket: &Path, path_and_query: &str) -> Result<Answer, ClientError> {
    ask(socket, Method::GET, path_and_query, Vec::new()).await
}

/// Posts a JSON body to the daemon on `socket`.
///
/// # Errors
/// No daemon, no permission, or a refusal.
pub async fn post(socket: &Path, path: &str, body: Vec<u8>) -> Result<Answer, ClientError> {
    ask(socket, Method::POST, path, body).await
}

async fn ask(socket: &Path, method: Method, target: &str, body: Vec<u8>) -> Result<Answer, ClientError> {
    let stream = UnixStream::connect(socket)
        .await
        .map_err(|cause| not_connected(socket, cause))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(ClientError::Cut)?;
    let request = Request::builder()
        .method(method)
        .uri(target)
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(|cause| ClientError::Socket {
            path: socket.into(),
            cause: io::Error::other(cause),
        })?;
    let mut driver: Option<Driver> = Some(Box::pin(connection));
    let response = drive(&mut driver, sender.send_request(request))
        .await
        .map_err(ClientError::Cut)?;
    let status = response.status();
    let answer = Answer { response, driver };
    if status.is_success() {
        return Ok(answer);
    }
    let text = String::from_utf8_lossy(&answer.whole().await?).into_owned();
    Err(ClientError::Refused { status, text })
}

fn not_connected(socket: &Path, cause: io::Error) -> ClientError {
    let path = socket.to_path_buf();
    if cause.kind() == io::ErrorKind::PermissionDenied {
        ClientError::NotPermitted { path }
    } else if matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) {
        ClientError::NotRunning { path }
    } else {
        ClientError::Socket { path, cause }
    }
}
