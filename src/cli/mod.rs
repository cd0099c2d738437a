//! The command line: one file per subcommand.

pub mod check;
pub mod cuffs;
pub mod decode;
pub mod demo;
pub mod doctor;
pub mod exit;
mod failure;
mod fleet;
pub mod forget;
mod gateway;
mod hex;
pub mod init;
pub mod key;
mod lines;
pub mod man;
mod operator;
pub mod pair;
mod prompt;
pub mod readings;
pub mod replay;
pub mod resend;
pub mod run;
pub mod scan;
pub mod simulate;
mod since;
pub mod status;
pub mod verify;
pub mod wipe;

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use self::failure::Failure;
use crate::store::{Opened, Store, StoreError};

/// Blood-pressure cuff gateway: reads cuffs over Bluetooth, stores every measurement, decides by the clinic's policy
/// whether a session is ready, and publishes over MQTT.
#[derive(Debug, Parser)]
#[command(name = "cuffd", version, propagate_version = true, max_term_width = 80)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options of every subcommand.
#[derive(Debug, Args)]
pub struct Global {
    /// The config file.
    #[arg(long, global = true, value_name = "FILE", default_value = "/etc/cuffd/cuffd.toml")]
    pub config: PathBuf,
    /// How much the log tells: error, warn, info or debug; default: `[log] level` of the config.
    #[arg(long, global = true, value_name = "LEVEL")]
    pub log_level: Option<LogLevel>,
}

/// How much the log tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogLevel {
    /// What needs hands.
    Error,
    /// What needs watching.
    Warn,
    /// What an operator would tell a colleague.
    Info,
    /// What each connection did; never octets or values.
    Debug,
}

impl From<LogLevel> for tracing::level_filters::LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the daemon.
    Run,
    Init(init::Args),
    /// Validates the config: every mistake at once.
    Check,
    Demo(demo::Args),
    Simulate(simulate::Args),
    Scan(scan::Args),
    Pair(pair::Args),
    Cuffs(cuffs::Options),
    Forget(forget::Args),
    /// What the running daemon knows now.
    Status(status::Options),
    Doctor(doctor::Options),
    /// Decodes octets of the Blood Pressure Service to JSON, one object a line.
    Decode(decode::Args),
    /// What is stored.
    Readings(readings::Options),
    Replay(replay::Args),
    Verify(verify::Args),
    Key(key::Args),
    /// Queues stored messages again, octet for octet.
    Resend(resend::Options),
    Wipe(wipe::Options),
    /// Prints completions for a shell.
    Completions(man::Completions),
    /// Prints the man page, or that of a subcommand.
    Man(man::Page),
}

/// Runs the program with these arguments and returns its exit code.
#[must_use]
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let parsed = Cli::command()
        .try_get_matches_from(arguments)
        .and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (Cli { global, command }, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return usage(&error),
    };
    if says_which(&matches)
        && command.asks_the_daemon()
        && let Some(other) = other_gateway(&global.config)
    {
        eprintln!("cuffd: {other}");
        return exit::CONFIG;
    }
    match command {
        Command::Run => run::run(&global),
        Command::Init(args) => init::run(&global, &args),
        Command::Check => check::run(&global.config),
        Command::Demo(args) => gateway::demo(args, global.log_level),
        Command::Simulate(args) => gateway::simulate(&args, &global),
        Command::Replay(args) => {
            if let Some(session) = &args.session {
                return replay::stored_session(&args, &global, session);
            }
            let (output, errors) = (std::io::stdout().lock(), std::io::stderr().lock());
            replay::run(&args, &global.config, std::io::stdin().lock(), output, errors)
        }
        Command::Scan(args) => scan::run(&global, &args),
        Command::Pair(args) => pair::run(&global, &args),
        Command::Cuffs(options) => cuffs::run(&global, &options),
        Command::Forget(args) => forget::run(&global, &args),
        Command::Status(options) => status::run(&options),
        Command::Doctor(options) => doctor::run(&global.config, &options),
        Command::Decode(args) => decode::run(
            &args,
            std::io::stdin().lock(),
            std::io::stdout().lock(),
            std::io::stderr().lock(),
        ),
        Command::Readings(options) => readings::run(&global, &options),
        Command::Verify(args) => verify::run(
            &args,
            std::io::stdin().lock(),
            std::io::stdout().lock(),
            std::io::stderr().lock(),
        ),
        Command::Key(args) => key::run(&global, &args),
        Command::Resend(options) => resend::run(&global, &options),
        Command::Wipe(options) => wipe::run(&global, &options),
        Command::Completions(shell) => man::completions(&shell, Cli::command()),
        Command::Man(page) => man::man(&page, Cli::command()),
    }
}

impl Command {
    /// Whether the running daemon answers it, whatever the config says.
    const fn asks_the_daemon(&self) -> bool {
        matches!(
            self,
            Self::Status(_)
                | Self::Readings(_)
                | Self::Key(_)
                | Self::Resend(_)
                | Self::Scan(_)
                | Self::Pair(_)
                | Self::Cuffs(_)
                | Self::Forget(_)
                | Self::Doctor(_)
        )
    }
}

/// Whether a config was named.
fn says_which(matches: &clap::ArgMatches) -> bool {
    let named = |matches: &clap::ArgMatches| matches.value_source("config") == Some(ValueSource::CommandLine);
    named(matches) || matches.subcommand().is_some_and(|(_, matches)| named(matches))
}

/// What to say if the daemon that runs is another gateway's than the config that was named: its key is not this one's.
fn other_gateway(config: &Path) -> Option<String> {
    let named = crate::config::identity_of(config)?;
    let running = block_on(async {
        let socket = crate::control::socket_path();
        let answer = crate::control::client::get(&socket, "/api/v1/status").await.ok()?;
        let state: crate::core::state::State = serde_json::from_slice(&answer.whole().await.ok()?).ok()?;
        Some((state.site, state.gateway))
    })?;
    (named != running).then(|| {
        format!(
            "the running daemon is {}/{}, and {} is of {}/{}: stop the one, or name its config, or its socket ($CUFFD_SOCKET)",
            running.0,
            running.1,
            config.display(),
            named.0,
            named.1
        )
    })
}

/// Help and version are no mistakes; everything else that clap says is one.
fn usage(error: &clap::Error) -> u8 {
    let printed = error.print().and_then(|()| std::io::stdout().flush());
    if !matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return exit::USAGE;
    }
    printed.map_or_else(|cause| Failure::from(cause).tell(), |()| exit::OK)
}

/// Runs a one-shot command's work.
fn block_on<T>(work: impl Future<Output = T>) -> T {
    #[expect(
        clippy::expect_used,
        reason = "without a runtime no subcommand can do anything, and nothing is lost yet"
    )]
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system gives a thread an event queue");
    runtime.block_on(work)
}

/// Prints a command's answer. A reader that closed the pipe has seen what it wanted.
fn out(text: &(impl AsRef<[u8]> + ?Sized)) -> u8 {
    let mut stdout = std::io::stdout();
    match stdout.write_all(text.as_ref()).and_then(|()| stdout.flush()) {
        Ok(()) => exit::OK,
        Err(cause) => Failure::from(cause).tell(),
    }
}

/// How long another command's lock on the store is waited for: most are held for a moment.
const LOCKED: Duration = Duration::from_secs(5);

/// Opens the store that the config names, under its lock: only where no daemon runs. Makes none.
fn open_store(config: &Path) -> Result<Opened, Failure> {
    let loaded = crate::config::load(config, crate::config::environment())?;
    let settings = crate::app::store_settings(&loaded.config);
    let patience = crate::clock::moment() + LOCKED;
    loop {
        match Store::open_existing(settings.clone(), crate::clock::now()) {
            Err(StoreError::Locked { .. }) if crate::clock::moment() < patience => std::thread::sleep(LOCKED / 50),
            opened => return Ok(opened?),
        }
    }
}
