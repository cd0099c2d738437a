//! The MQTT broker inside `cuffd demo`: loopback only, in memory only, for as long as the process lives.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use rumqttd::{ConnectionSettings, RouterConfig, ServerSettings};
use tracing::error;

/// How often, and how often in all, it is tried whether the broker answers.
const TRY_EVERY: Duration = Duration::from_millis(20);
const TRIES: u32 = 250;

/// A running broker. It has no stop of its own: it ends with the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broker {
    /// Where MQTT 5 is spoken.
    pub v5: SocketAddr,
    /// Where MQTT 3.1.1 is spoken.
    pub v4: SocketAddr,
}

/// Why there is no broker.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// No port or no thread was to be had.
    #[error("cannot start the demo's broker")]
    Start(#[source] io::Error),
    /// Its thread runs and nobody listens.
    #[error("the demo's broker does not answer on {0}")]
    Silent(SocketAddr),
}

impl Broker {
    /// Starts a broker on two free ports of the loopback address, and returns once both answer. Blocks until then.
    ///
    /// # Errors
    /// There is no free port or no thread, or the broker does not answer.
    pub fn start() -> Result<Self, BrokerError> {
        let (v5, v4) = free_ports().map_err(BrokerError::Start)?;
        let mut broker = rumqttd::Broker::new(config(v5, v4));
        thread::Builder::new()
            .name("demo-broker".to_owned())
            .spawn(move || {
                if let Err(cause) = broker.start() {
                    error!(%cause, "the demo's broker ended");
                }
            })
            .map_err(BrokerError::Start)?;
        for address in [v5, v4] {
            await_answer(address)?;
        }
        Ok(Self { v5, v4 })
    }
}

/// Two ports that were free a moment ago: the broker cannot be given a bound socket.
fn free_ports() -> io::Result<(SocketAddr, SocketAddr)> {
    let one = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok((one.local_addr()?, other.local_addr()?))
}

fn await_answer(address: SocketAddr) -> Result<(), BrokerError> {
    for _ in 0..TRIES {
        if TcpStream::connect(address).is_ok() {
            return Ok(());
        }
        thread::sleep(TRY_EVERY);
    }
    Err(BrokerError::Silent(address))
}

fn config(v5: SocketAddr, v4: SocketAddr) -> rumqttd::Config {
    rumqttd::Config {
        router: RouterConfig {
            max_connections: 100,
            max_outgoing_packet_count: 200,
            max_segment_size: 1 << 20,
            max_segment_count: 10,
            ..RouterConfig::default()
        },
        v5: Some(listener("v5", v5)),
        v4: Some(listener("v4", v4)),
        ..rumqttd::Config::default()
    }
}

fn listener(name: &str, listen: SocketAddr) -> HashMap<String, ServerSettings> {
    let settings = ServerSettings {
        name: format!("demo-{name}"),
        listen,
        tls: None,
        next_connection_delay_ms: 1,
        connections: ConnectionSettings {
            connection_timeout_ms: 10_000,
            max_payload_size: 256 * 1024,
            max_inflight_count: 100,
            auth: None,
            external_auth: None,
            dynamic_filters: true,
        },
    };
    HashMap::from([(name.to_owned(), settings)])
}
