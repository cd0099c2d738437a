//! What the link needs to know of the config, already checked.

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use crate::core::delivery::notice;
use crate::core::delivery::reconnect::Delays;
use crate::core::delivery::watchdog;
use crate::core::topics::Topics;

/// `[mqtt]` and `[[mqtt.brokers]]`, as far as the link uses them.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where everything is published.
    pub topics: Topics,
    /// Unique over all clients of a broker.
    pub client_id: String,
    /// Which protocol is spoken.
    pub version: Version,
    /// Pings at least this often; at least 5 s.
    pub keep_alive: Duration,
    /// Most unacknowledged publishes; the broker may allow less.
    pub window: NonZeroU16,
    /// How long a broker waits before it publishes `lost`. Not told to a 3.1.1 broker, which does not wait.
    pub will_delay: Duration,
    /// With receipts: how long to wait for the first. `None`: a PUBACK is enough.
    pub receipt_timeout: Option<Duration>,
    /// In the order of trying. Without any, the link has nothing to do and only waits for the end.
    pub brokers: Vec<Broker>,
    /// Delays that the contract fixes; tests shorten them.
    pub timing: Timing,
}

/// Which MQTT is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 5.0.
    V5,
    /// 3.1.1, which reports refusals as successes: allowed with receipts only.
    V311,
}

/// One broker.
#[derive(Clone, Debug)]
pub struct Broker {
    /// Host name or address, without brackets; the name that its certificate must bear.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Plain or TLS.
    pub transport: Transport,
    /// User name and password.
    pub login: Option<Login>,
}

/// How the octets travel.
#[derive(Clone, Debug)]
pub enum Transport {
    /// Readable by everyone on the way.
    Plain,
    /// TLS; the files are read anew for each connection.
    Tls(TlsFiles),
}

/// The files of a TLS connection, all PEM.
#[derive(Clone, Debug, Default)]
pub struct TlsFiles {
    /// Who may vouch for the broker; `None`: whom the system trusts.
    pub ca_file: Option<PathBuf>,
    /// Who we are.
    pub client: Option<ClientIdentity>,
}

/// A client certificate and its key.
#[derive(Clone, Debug)]
pub struct ClientIdentity {
    /// The certificate, with its chain.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Who we say we are.
#[derive(Clone, Debug)]
pub struct Login {
    /// User name.
    pub username: String,
    /// Holds the password, with or without a line end; read anew for each connection.
    pub password_file: Option<PathBuf>,
}

/// The delays that the contract fixes.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Between tries to connect.
    pub reconnect: Delays,
    /// A try to connect ends after this, TLS and CONNACK included.
    pub connect: Duration,
    /// Publishes in flight and no PUBACK for so long: the connection is dead.
    pub patience: Duration,
    /// `status` goes out again at most once in this time.
    pub status_every: Duration,
    /// `info` goes out again at most once in this time.
    pub info_every: Duration,
    /// `info` waits for a random part of this after a connect.
    pub info_spread: Duration,
    /// At the end: how long what is queued may still be sent.
    pub last_sends: Duration,
    /// At the end: how long to wait for the last PUBACKs, `last_sends` included.
    pub last_answers: Duration,
    /// At the end: how long to wait for the DISCONNECT to be on its way.
    pub goodbye: Duration,
    /// The pause after the store failed.
    pub store_pause: Duration,
}

impl Timing {
    /// The contract's delays, and what it leaves open chosen to match.
    pub const CONTRACT: Self = Self {
        reconnect: Delays::CONTRACT,
        connect: Duration::from_secs(10),
        patience: watchdog::PATIENCE,
        status_every: notice::STATUS_EVERY,
        info_every: notice::INFO_EVERY,
        info_spread: notice::INFO_SPREAD,
        last_sends: Duration::from_secs(2),
        last_answers: Duration::from_secs(5),
        goodbye: Duration::from_secs(2),
        store_pause: Duration::from_secs(1),
    };
}
