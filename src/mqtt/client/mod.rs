//! One network connection to one broker, whichever MQTT it speaks. No type of the MQTT libraries leaves this module.
//!
//! A connection is used once: when it is over, everything the library knew of it is dropped with it.

mod fault;
pub(super) mod reach;
mod v311;
mod v5;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::command::Incoming;
use super::settings::Version;
use crate::private::Private;
pub use fault::{Class, Fault};

/// Larger packets are not accepted from a broker; far more than a command may have.
const LARGEST_INCOMING: u32 = 64 * 1024;

/// The library's own limit of unacknowledged publishes is never higher than this.
const LARGEST_LIBRARY_WINDOW: u16 = 4096;

/// Requests beside the window's publishes: subscribe, status, info, replies.
const OTHER_REQUESTS: u16 = 32;

/// How long one address of a broker may take: one that swallows packets must leave the next some of the time that the
/// whole try has.
const ADDRESS_PATIENCE: Duration = Duration::from_secs(3);

/// Events that the link has not taken yet.
const EVENTS: usize = 64;

/// Everything that one connection needs to know.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) version: Version,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Option<Arc<rustls::ClientConfig>>,
    pub(super) client_id: String,
    pub(super) login: Option<Login>,
    pub(super) keep_alive: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) will: Publish,
    pub(super) will_delay: Duration,
    pub(super) window: u16,
}

/// User name, and perhaps a password.
pub(super) type Login = (String, Option<Private<Vec<u8>>>);

/// A message on its way out, at QoS 1.
#[derive(Clone, Debug)]
pub(super) struct Publish {
    pub(super) topic: String,
    pub(super) payload: Bytes,
    pub(super) retain: bool,
    pub(super) schema: String,
    pub(super) id: Uuid,
    pub(super) correlation: Option<Bytes>,
}

/// What happens on a connection. `Down` is the last.
#[derive(Debug)]
pub(super) enum Event {
    /// The broker took us.
    Up(Limits),
    /// A command came.
    Command(Incoming),
    /// The broker has answered the subscription for commands.
    Subscribed(Subscription),
    /// It is over.
    Down(Fault),
}

/// What the broker says of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subscription {
    /// Commands will come.
    Granted,
    /// The broker does not let us listen for commands.
    Refused,
}

/// What the broker allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Most unacknowledged publishes.
    pub(super) receive_maximum: u16,
    /// Largest packet in octets.
    pub(super) largest_packet: Option<u32>,
    /// Whether it keeps messages for those who come later.
    pub(super) retains: bool,
}

/// What became of handing a publish to the library.
pub(super) enum Handed {
    /// It will be sent. The future ends with the answer, or when the connection is over.
    Over(BoxFuture<'static, Outcome>),
    /// There is no room now.
    Full,
    /// The connection is over.
    Gone,
    /// It can never be sent.
    Unsendable,
}

/// What became of a publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A PUBACK with this reason code came.
    Answered(u8),
    /// None came before the connection was over.
    Unanswered,
}

/// The library's own limit of unacknowledged publishes: above what we ever have out, and no higher, because it reserves a
/// quarter of a kilobyte for each.
fn library_window(plan: &Plan) -> u16 {
    plan.window.saturating_add(OTHER_REQUESTS).min(LARGEST_LIBRARY_WINDOW)
}

enum Library {
    V5(rumqttc::AsyncClient),
    V311(rumqttc_v4::AsyncClient),
}

/// One connection. Dropping it abandons it.
pub(super) struct Connection {
    library: Library,
    events: mpsc::Receiver<Event>,
    polling: JoinSet<()>,
    reached: Arc<AtomicBool>,
}

impl Connection {
    /// Begins to connect; the first event tells how that went.
    pub(super) fn open(plan: &Plan) -> Self {
        let (sender, events) = mpsc::channel(EVENTS);
        let mut polling = JoinSet::new();
        let reached = Arc::new(AtomicBool::new(false));
        // A task of its own, so that nothing here can keep the library from reading, writing and pinging.
        let library = match plan.version {
            Version::V5 => {
                let (client, event_loop) = v5::open(plan, &reached);
                polling.spawn(v5::poll(event_loop, sender, plan.tls.is_some()));
                Library::V5(client)
            }
            Version::V311 => {
                let (client, event_loop) = v311::open(plan, &reached);
                polling.spawn(v311::poll(event_loop, sender, plan.tls.is_some()));
                Library::V311(client)
            }
        };
        Self {
            library,
            events,
            polling,
            reached,
        }
    }

    /// The next event. May be dropped half-way.
    pub(super) async fn event(&mut self) -> Event {
        let ended = || Event::Down(Fault::new(Class::Lost, "the connection ended"));
        self.events.recv().await.unwrap_or_else(ended)
    }

    /// Hands a publish over without waiting.
    pub(super) fn publish(&self, publish: Publish) -> Handed {
        match &self.library {
            Library::V5(client) => v5::publish(client, publish),
            Library::V311(client) => v311::publish(client, publish),
        }
    }

    /// Asks for commands on this topic. The answer comes as an event.
    pub(super) fn subscribe(&self, topic: &str) {
        match &self.library {
            Library::V5(client) => v5::subscribe(client, topic),
            Library::V311(client) => v311::subscribe(client, topic),
        }
    }

    /// Says goodbye, so that the broker forgets the will. `Down` follows.
    pub(super) fn disconnect(&self) {
        match &self.library {
            Library::V5(client) => v5::disconnect(client),
            Library::V311(client) => v311::disconnect(client),
        }
    }

    /// Whether a socket was opened, so that the broker may have learned what the plan says.
    pub(super) fn has_reached(&self) -> bool {
        self.reached.load(Ordering::Relaxed)
    }

    /// Drops the connection with all that the library knew of it. Publishes that are still out are `Unanswered` after this.
    pub(super) async fn abandon(mut self) {
        self.polling.shutdown().await;
    }
}

/// Opens the TCP connection, and notes in `reached` that it is open.
async fn dial_noting(host: String, port: u16, reached: Arc<AtomicBool>) -> io::Result<TcpStream> {
    let stream = dial(host, port).await?;
    reached.store(true, Ordering::Relaxed);
    Ok(stream)
}

/// Opens the TCP connection. The name is looked up here, so that an unknown name has words of its own.
async fn dial(host: String, port: u16) -> io::Result<TcpStream> {
    let addresses = tokio::net::lookup_host((host.as_str(), port))
        .await
        .map_err(|cause| fault::unknown_name(&host, &cause))?;
    let stream = first_to_answer(addresses, TcpStream::connect)
        .await
        .map_err(|last| last.unwrap_or_else(|| fault::no_address(&host)))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Tries the addresses in their order. If none answers, what was wrong with the last; `None` if there is none.
async fn first_to_answer<T, Try: Future<Output = io::Result<T>>>(
    addresses: impl Iterator<Item = SocketAddr>,
    connect: impl Fn(SocketAddr) -> Try,
) -> Result<T, Option<io::Error>> {
    let mut last = None;
    for address in addresses {
        match tokio::time::timeout(ADDRESS_PATIENCE, connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(cause)) => last = Some(cause),
            Err(_) => last = Some(io::ErrorKind::TimedOut.into()),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses() -> impl Iterator<Item = SocketAddr> {
        [1, 2].into_iter().map(|port| SocketAddr::from(([127, 0, 0, 1], port)))
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_does_not_answer_leaves_time_for_the_next() {
        let answered = first_to_answer(addresses(), |address| async move {
            match address.port() {
                1 => std::future::pending().await,
                port => Ok(port),
            }
        });
        let in_time = tokio::time::timeout(Duration::from_secs(10), answered).await.unwrap();
        assert_eq!(in_time.unwrap(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn if_none_answers_the_last_fault_is_told() {
        let refused = |_| async { Err::<(), _>(io::ErrorKind::ConnectionRefused.into()) };
        let fault = first_to_answer(addresses(), refused).await.unwrap_err();
        assert_eq!(fault.unwrap().kind(), io::ErrorKind::ConnectionRefused);
        assert!(
            first_to_answer(std::iter::empty(), refused)
                .await
                .unwrap_err()
                .is_none()
        );
    }
}
