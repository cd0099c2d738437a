//! `cuffd demo`: the whole system on one machine, with nothing installed.

use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::exit;
use crate::clock;
use crate::core::cuff::Cuff;
use crate::core::models::Model;
use crate::core::source::Event;
use crate::simulate::audience::Audience;
use crate::simulate::cuff::Surroundings;
use crate::simulate::habits::HABITS;
use crate::simulate::narrator::events::{self, Shown};
use crate::simulate::narrator::terminal::Printer;
use crate::simulate::narrator::{Line, fields, messages};
use crate::simulate::platform::{self, Published};
use crate::simulate::script::{Afterwards, Script};
use crate::simulate::source::Source;

/// Where the demo's topics begin: everything it sends is a test.
pub const PREFIX: &str = "cuffd-test";

/// With `--once` the demo ends by then, whatever happens. The script takes 16 seconds.
const LIMIT: Duration = Duration::from_secs(25);
/// From the last receipt to the stop, so that the gateway can take it.
const GRACE: Duration = Duration::from_secs(1);
/// From the gateway's end to the platform's, so that its last words are heard.
const LAST_WORDS: Duration = Duration::from_millis(300);
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
    /// Not everything was published and confirmed in time.
    #[error("after {} s only {seen} of {expected} readings were published and confirmed", LIMIT.as_secs())]
    TooLong {
        /// How many readings were.
        seen: usize,
        /// How many there are.
        expected: usize,
    },
    /// Nothing more can be printed.
    #[error("cannot print")]
    Print(#[from] io::Error),
}

impl DemoError {
    /// What the process exits with.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::NotBuiltIn | Self::Broker(_) => exit::UNAVAILABLE,
            Self::Gateway(_) | Self::TooLong { .. } | Self::Print(_) => exit::SOFTWARE,
        }
    }
}

/// Runs the demo until `stop`, or with `--once` until everything was published and confirmed.
///
/// `gateway` runs the daemon on a setup until the same `stop`, and then says what is in its store.
///
/// # Errors
/// See [`DemoError`].
pub async fn run<W, G, F, E>(
    args: Args,
    printer: Printer<W>,
    stop: CancellationToken,
    gateway: G,
) -> Result<(), DemoError>
where
    W: Write,
    G: FnOnce(Setup) -> F,
    F: Future<Output = Result<Stored, E>>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let broker = start_broker()?;
    let script = write_script(args);
    let (expected, model) = (script.readings, script.cuff.model);
    let mut show = Show::new(args, printer, model);
    show.introduce(broker, &script.cuff)?;

    let (watcher, watched) = mpsc::channel(ROOM);
    let (to_show, published) = mpsc::channel(ROOM);
    let over = CancellationToken::new();
    let setup = Setup {
        broker,
        cuffs: vec![script.cuff],
        source: script.source.watched_by(watcher),
    };
    let gateway = async {
        let ended = gateway(setup).await;
        sleep(LAST_WORDS).await;
        over.cancel();
        ended
    };
    let platform = platform::run(broker, PREFIX, || clock::now().wall, to_show, over.clone());
    let expected = args.once.then_some(expected);
    let (stored, (), shown) = tokio::join!(gateway, platform, show.run(watched, published, expected, stop));
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

fn write_script(args: Args) -> Script {
    let around = Surroundings {
        time_zone: TimeZone::system(),
        connect_for: Duration::from_secs(12),
        idle_end: Duration::from_secs(10),
    };
    let afterwards = if args.once {
        Afterwards::Nothing
    } else {
        Afterwards::GoesOn
    };
    let [standard, ..] = &HABITS;
    Script::write(standard, clock::now().wall, around, afterwards)
}

/// What is printed.
struct Show<W> {
    printer: Printer<W>,
    args: Args,
    zone: TimeZone,
    model: &'static Model,
    audience: Audience,
}

impl<W: Write> Show<W> {
    fn new(args: Args, printer: Printer<W>, model: &'static Model) -> Self {
        let (zone, audience) = (TimeZone::system(), Audience::default());
        Self {
            printer,
            args,
            zone,
            model,
            audience,
        }
    }

    fn introduce(&mut self, broker: SocketAddr, cuff: &Cuff) -> io::Result<()> {
        let port = broker.port();
        let lines = [
            "This is cuffd with everything around it, on this machine alone. Nothing leaves it, nothing is kept, and every \
             message says that it is a test."
                .to_owned(),
            format!("A virtual cuff, {}, stands where a real one would. The gateway behind it is the real one.", cuff.id),
            format!("A broker listens on 127.0.0.1:{port}: mosquitto_sub -p {port} -t '{PREFIX}/#' -v hears the same."),
            "A platform, as a clinic has one, hears what is published and confirms it.".to_owned(),
        ];
        for line in lines {
            self.printer.line(&Line::aside(line))?;
        }
        if !self.args.once {
            self.printer.line(&Line::aside("Ctrl-C ends it."))?;
        }
        Ok(())
    }

    /// Shows what comes until the platform is gone, and stops the demo when all `expected` was seen or its time is over.
    async fn run(
        &mut self,
        mut watched: mpsc::Receiver<Event>,
        mut published: mpsc::Receiver<Published>,
        expected: Option<usize>,
        stop: CancellationToken,
    ) -> Result<(), DemoError> {
        // However this ends, the gateway must not run on unseen.
        let stop = stop.drop_guard();
        let limit = Instant::now() + LIMIT;
        let mut enough: Option<Instant> = None;
        loop {
            tokio::select! {
                Some(event) = watched.recv() => self.event(&event)?,
                message = published.recv() => match message {
                    Some(message) => self.message(&message)?,
                    None => return Ok(()),
                },
                () = sleep_until(enough.unwrap_or(limit)), if expected.is_some() => break,
            }
            let seen = expected.is_some_and(|expected| self.audience.has_seen(expected));
            if seen && enough.is_none() {
                enough = Some(Instant::now() + GRACE);
            }
        }
        drop(stop);
        while let Some(message) = published.recv().await {
            self.message(&message)?;
        }
        match expected {
            Some(expected) if enough.is_none() => Err(DemoError::TooLong {
                seen: self.audience.confirmed(),
                expected,
            }),
            _ => Ok(()),
        }
    }

    fn event(&mut self, event: &Event) -> io::Result<()> {
        match events::narrate(event, self.model, &self.zone) {
            None => Ok(()),
            Some(Shown::Line(line)) => self.printer.line(&line),
            Some(Shown::Pressure(pressure)) => self.printer.pressure(pressure),
        }
    }

    fn message(&mut self, message: &Published) -> io::Result<()> {
        self.audience.hear(message);
        let mut line = messages::narrate(&message.topic, &message.payload, &self.zone);
        if self.args.json {
            line.verbatim = fields::lines(&message.payload);
        }
        self.printer.line(&line)
    }

    fn conclude(&mut self, stored: Stored) -> io::Result<()> {
        let text = format!(
            "Published: {} readings, {} confirmed by the platform. In the store: {} readings, {} messages waiting.",
            self.audience.readings(),
            self.audience.confirmed(),
            stored.readings,
            stored.waiting
        );
        self.printer.line(&Line::aside(text))
    }
}
