//! `cuffd demo`: the whole system on one machine, with nothing installed.

mod show;

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use self::show::{Show, Stage};
use super::exit;
use crate::clock;
use crate::core::cuff::Cuff;
use crate::simulate::cuff::Surroundings;
use crate::simulate::director::Director;
use crate::simulate::habits::HABITS;
use crate::simulate::narrator::terminal::{Look, Printer};
use crate::simulate::platform::{self, Ends};
use crate::simulate::script::Script;
use crate::simulate::source::Source;

/// Where the demo's topics begin: everything it sends is a test.
pub const PREFIX: &str = "cuffd-test";

/// With `--once` the demo ends by then, whatever happens. The session takes some 40 seconds.
const LIMIT: Duration = Duration::from_secs(75);
/// From the last receipt to the stop, so that the gateway can take it, and the cuff hangs up by itself.
const GRACE: Duration = Duration::from_millis(2500);
/// From the gateway's end to the platform's, so that its last words are heard.
const LAST_WORDS: Duration = Duration::from_millis(300);
/// From a cuff's last value to its hanging up: a real one stays longer.
const LINGER: Duration = Duration::from_millis(700);
/// Whose the virtual cuff is.
const PATIENT: &str = "p1";
/// How much may wait to be printed.
const ROOM: usize = 256;

/// The whole system on one machine: a virtual cuff, the gateway, a broker, a platform
///
/// Prints what the cuff does and what the gateway publishes, as it goes. Nothing leaves this machine, and nothing is
/// installed or kept.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Args {
    /// End by itself after one complete walk
    #[arg(long)]
    pub once: bool,

    /// Print each published message's JSON below its line
    #[arg(long)]
    pub json: bool,
}

/// What the gateway of the demo is started with.
#[derive(Debug)]
pub struct Setup {
    /// The broker, MQTT 5 without TLS.
    pub broker: SocketAddr,
    /// The registered cuffs.
    pub cuffs: Vec<Cuff>,
    /// Of their clocks.
    pub time_zone: TimeZone,
    /// Plays them.
    pub source: Source,
}

/// What the gateway's store held when it had stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Readings.
    pub readings: u64,
    /// Messages that were not delivered.
    pub waiting: u64,
}

/// Why the demo did not go as it was meant to.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Built without the feature `demo-broker`.
    #[error(
        "this build has no broker inside, which the demo needs; build with the feature demo-broker: cargo run -- demo"
    )]
    NotBuiltIn,
    /// The broker did not start.
    #[error("the demo has no broker")]
    Broker(#[source] Box<dyn Error + Send + Sync>),
    /// The gateway came to a bad end.
    #[error("the gateway of the demo ended")]
    Gateway(#[source] Box<dyn Error + Send + Sync>),
    /// The session was not over, or not everything confirmed, in time.
    #[error(
        "after {} s the session was {}, and {confirmed} of {readings} readings were confirmed",
        LIMIT.as_secs(), if *session_over { "over" } else { "not over" }
    )]
    TooLong {
        /// Whether the session was over.
        session_over: bool,
        /// How many readings were published.
        readings: usize,
        /// How many of them the platform has confirmed.
        confirmed: usize,
    },
    /// Nothing more can be printed.
    #[error("cannot print")]
    Print(#[from] io::Error),
}

impl DemoError {
    /// What the process exits with.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            // Whoever read along has seen enough.
            Self::Print(cause) if cause.kind() == io::ErrorKind::BrokenPipe => exit::OK,
            Self::NotBuiltIn | Self::Broker(_) => exit::UNAVAILABLE,
            Self::Print(_) => exit::STORE,
            Self::Gateway(_) | Self::TooLong { .. } => exit::SOFTWARE,
        }
    }
}

/// Prints to stdout, with colour and redrawing where a terminal and its user want them.
#[must_use]
pub fn printer() -> Printer<io::Stdout> {
    let (out, variable) = (io::stdout(), |name| std::env::var_os(name));
    let look = Look::of(
        out.is_terminal(),
        variable("NO_COLOR").as_deref(),
        variable("TERM").as_deref(),
    );
    Printer::new(out, look)
}

/// Runs the demo until `stop`, or with `--once` until everything was published and confirmed.
///
/// `gateway` runs the daemon on a setup until the same `stop`, with its page on `page`, and then says what is in its store.
///
/// # Errors
/// See [`DemoError`].
pub async fn run<W, G, F, E>(
    args: Args,
    printer: Printer<W>,
    stop: CancellationToken,
    page: SocketAddr,
    gateway: G,
) -> Result<(), DemoError>
where
    W: Write,
    G: FnOnce(Setup) -> F,
    F: Future<Output = Result<Stored, E>>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let broker = start_broker()?;
    let script = write_script();
    let (ask, asked) = mpsc::channel(ROOM);
    let stage = Stage {
        director: Director::new(PATIENT.to_owned(), script.stored),
        ask,
        orders: script.orders,
    };
    let mut show = Show::new(args, printer, script.cuff.model, script.acts, stage);
    show.introduce(broker, page, &script.cuff)?;

    let (watcher, watched) = mpsc::channel(ROOM);
    let (to_show, published) = mpsc::channel(ROOM);
    let over = CancellationToken::new();
    let setup = Setup {
        broker,
        cuffs: vec![script.cuff],
        time_zone: TimeZone::system(),
        source: script.source.watched_by(watcher),
    };
    let gateway = async {
        let ended = gateway(setup).await;
        sleep(LAST_WORDS).await;
        over.cancel();
        ended
    };
    // Boxed: the state of an MQTT connection is large.
    let ends = Ends {
        published: to_show,
        asked,
    };
    let platform = Box::pin(platform::run(broker, PREFIX, clock::wall, ends, over.clone()));
    let (stored, (), shown) = tokio::join!(gateway, platform, show.run(watched, published, stop));
    shown?;
    let stored = stored.map_err(|cause| DemoError::Gateway(cause.into()))?;
    show.conclude(stored)?;
    Ok(())
}

#[cfg(feature = "demo-broker")]
fn start_broker() -> Result<SocketAddr, DemoError> {
    // Waits for its port without yielding: nothing else runs yet.
    let broker = crate::simulate::broker::Broker::start();
    broker
        .map(|broker| broker.v5)
        .map_err(|cause| DemoError::Broker(cause.into()))
}

#[cfg(not(feature = "demo-broker"))]
const fn start_broker() -> Result<SocketAddr, DemoError> {
    Err(DemoError::NotBuiltIn)
}

fn write_script() -> Script {
    let around = Surroundings {
        time_zone: TimeZone::system(),
        connect_for: Duration::from_secs(12),
        idle_end: Duration::from_secs(10),
        linger: LINGER,
    };
    let [standard, ..] = &HABITS;
    Script::write(standard, clock::now().wall, around)
}
