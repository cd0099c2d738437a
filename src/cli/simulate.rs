//! `cuffd simulate`: virtual cuffs for testing a platform.

mod input;
mod order;

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use tracing::warn;

use self::input::InputError;
use super::exit;
use crate::config;
use crate::core::cuff::Cuff;
use crate::simulate::cuff::Surroundings;
use crate::simulate::fault::{Chance, Faults};
use crate::simulate::fleet::Fleet;
use crate::simulate::habits::{HABITS, Habits};
use crate::simulate::orders;
use crate::simulate::routine::Pace;
use crate::simulate::source::Source;

/// Virtual cuffs and gateways for testing a platform.
///
/// Invented cuffs take the place of those in the config; or those in the config do what --orders says. Everything else
/// runs as it would. Every message says "test": true, and topics begin with "cuffd-test". The client id ends in
/// ":simulate". Unless the config is a test's (gateway.test), the store is not the config's but one that is gone at the
/// end.
#[derive(Clone, Debug, clap::Args)]
#[command(after_long_help = ORDERS)]
pub struct Args {
    /// What the cuffs of the config do, one JSON object a line, each at once as it comes; `-` is standard input. See below
    #[arg(long, value_name = "FILE", conflicts_with_all = ["cuffs", "models", "rate", "readings", "seed", "faults"])]
    pub orders: Option<PathBuf>,

    /// How many cuffs
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub cuffs: u16,

    /// Whom they imitate, in turn; left out: every model in turn
    #[arg(long = "model", value_name = "NAME", num_args = 1.., value_parser = habits)]
    pub models: Vec<&'static Habits>,

    /// Measurements a minute from each cuff, on average
    #[arg(long, value_name = "R", default_value_t = Rate(1.0), value_parser = rate)]
    pub rate: Rate,

    /// Measurements that one connection brings
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=60))]
    pub readings: u16,

    /// What decides values, times and faults: the same number gives the same again
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// What goes wrong, and how often (0 to 1, left out 0.1): link-lost, double, error-frame, truncated, body-movement,
    /// loose-cuff, irregular-pulse, wrong-clock, unset-clock, other-user, kpa, unreachable, bond-lost
    #[arg(long = "fault", value_name = "NAME[=P]", num_args = 1..)]
    pub faults: Vec<Chance>,

    /// Keep what is invented in this store; it must not be a real gateway's
    #[arg(long, value_name = "FILE")]
    pub store: Option<PathBuf>,

    /// End after this time, e.g. 90s, 5m, 4h; left out: when it is stopped
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub duration: Option<Duration>,

    /// So many gateways in this process, each with a connection and cuffs of its own. See below
    #[arg(long, value_name = "N", conflicts_with_all = ["orders", "store"],
          value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pub gateways: Option<u32>,

    /// The number of the first of them
    #[arg(long, value_name = "K", default_value_t = 1, requires = "gateways",
          value_parser = clap::value_parser!(u32).range(1..=49_999))]
    pub first: u32,

    /// They start within this time, evenly; left out: a second for each hundred
    #[arg(long, value_name = "TIME", value_parser = duration, requires = "gateways")]
    pub over: Option<Duration>,

    /// At their end what is queued or awaits a receipt has at most so long
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s", requires = "gateways")]
    pub settle: Duration,
}

/// The form of a line, for `--help`.
const ORDERS: &str = r#"Many gateways:
  --gateways 1000 is a thousand like that of the config, called ID-00001 and so
  on, each with the cuffs that the other options say. Their stores are in
  memory, and all sign with one key, made for them. There is no page and no
  socket. Each second sees a hundred of them start. stderr tells every five
  seconds how they stand. At the end stdout has an account of each gateway, a
  JSON object a line (the last seq of each kind, and what is not delivered),
  and one of all.

  cuffd simulate --gateways 1000 --rate 0.5 --duration 10m

Orders:
  A line is one connection of one cuff of the config, and what it brings:

  {"cuff":"living-room","readings":[{"systolic":146,"diastolic":82,
   "pulse_rate":72,"before":"5s","user":1,"status":["body_movement"]}]}

  (broken here to fit; a line has no end within). Of a reading:
    systolic, diastolic  in mmHg; left out: the cuff could not measure
    pulse_rate           left out: 0
    before               how long before the connection it was taken ("5s")
    user                 the user id; default: the first one registered, or the
                         model's own
    status               body_movement, cuff_too_loose, irregular_pulse,
                         pulse_rate_above_range, pulse_rate_below_range,
                         improper_position
  Of a line, besides: "bonded":false, "live":true (the last reading is measured
  while connected), "mishap":"unreachable" or "bond_lost".

  What came in the first connection of a cuff that the store knows is history,
  which does not count. A line that is wrong is named on stderr and passed over.
  At the end of the input the cuffs are silent; a named pipe has no end:

  mkfifo orders; cuffd simulate --config clinic.toml --orders orders &
  echo '{"cuff":"living-room","readings":[{"systolic":128,"diastolic":79}]}' \
    > orders"#;

/// How long an ordered cuff that hangs up by itself stays after it has sent everything: whoever orders waits for that.
const LINGER: Duration = Duration::from_millis(300);

/// Why orders cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum OrdersError {
    /// There is nobody to order.
    #[error("--orders is for the cuffs of the config, and it has none: add one ([[cuffs]])")]
    NoCuffs,
    /// They cannot be read.
    #[error(transparent)]
    Input(#[from] InputError),
}

impl OrdersError {
    /// What the process exits with.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::NoCuffs => exit::CONFIG,
            Self::Input(_) => exit::STORE,
        }
    }
}

/// What plays these cuffs by the orders in the file at `path`.
///
/// # Errors
/// There are no cuffs, or no orders can be read.
pub fn follow(path: &Path, cuffs: &[Cuff], around: Surroundings) -> Result<Source, OrdersError> {
    if cuffs.is_empty() {
        return Err(OrdersError::NoCuffs);
    }
    for cuff in cuffs {
        let (model, imitated) = (&cuff.model.name, orders::habits(cuff).model);
        if model != imitated {
            warn!(cuff = %cuff.id, model, "no virtual cuff imitates this model: it behaves by the standard");
        }
    }
    let around = Surroundings {
        linger: LINGER,
        ..around
    };
    let (source, orders) = orders::assemble(cuffs, around);
    input::follow(path, cuffs.to_vec(), orders)?;
    Ok(source)
}

/// Measurements a minute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate(f64);

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Args {
    /// The cuffs of the gateway of this number (0: the only one) as they are registered, and what plays them, from `at` on.
    #[must_use]
    pub fn assemble(&self, gateway: u32, at: Timestamp, around: Surroundings) -> (Vec<Cuff>, Source) {
        self.fleet(gateway).assemble(at, around)
    }

    fn fleet(&self, gateway: u32) -> Fleet {
        let every = Duration::from_secs(60).mul_f64(f64::from(self.readings) / self.rate.0);
        let all = || HABITS.iter().collect();
        Fleet {
            gateway,
            cuffs: self.cuffs,
            models: Some(self.models.clone())
                .filter(|models| !models.is_empty())
                .unwrap_or_else(all),
            seed: self.seed,
            pace: Pace {
                readings: self.readings,
                every,
            },
            faults: Faults::new(self.faults.iter().copied()),
        }
    }
}

fn habits(name: &str) -> Result<&'static Habits, String> {
    let known = || HABITS.iter().map(|habits| habits.model).collect::<Vec<_>>().join(", ");
    Habits::find(name).ok_or_else(|| format!("no virtual cuff imitates it; known are {}", known()))
}

/// From one a day to what no person could do, so that a platform can be loaded.
fn rate(text: &str) -> Result<Rate, String> {
    let rate = text.parse().ok().filter(|rate| (1.0 / 1440.0..=6000.0).contains(rate));
    rate.map(Rate)
        .ok_or_else(|| "must be a number from 0.0007 (one a day) to 6000".to_owned())
}

fn duration(text: &str) -> Result<Duration, String> {
    let parsed = config::duration::parse(text).filter(|duration| !duration.is_zero());
    parsed.ok_or_else(|| "must be a whole number above 0 and a unit: 90s, 5m, 4h, 1d".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::simulate::fault::Fault;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn parse(line: &str) -> Result<Args, clap::Error> {
        let words = std::iter::once("simulate").chain(line.split_whitespace());
        Line::try_parse_from(words).map(|line| line.args)
    }

    #[test]
    fn without_options_one_cuff_measures_once_a_minute() {
        let fleet = parse("").expect("nothing is required").fleet(0);
        assert_eq!((fleet.cuffs, fleet.models.len()), (1, HABITS.len()));
        assert_eq!(
            fleet.pace,
            Pace {
                readings: 1,
                every: Duration::from_secs(60)
            }
        );
        assert_eq!(fleet.faults, Faults::default());
    }

    #[test]
    fn options_make_the_fleet() {
        let line = "--cuffs 3 --model beurer-bm54 --model omron-bls --rate 2 --readings 6 --seed 9 \
                    --fault double=1 --fault kpa --duration 5m";
        let args = parse(line).expect("all good");
        let fleet = args.fleet(0);
        let models: Vec<_> = fleet.models.iter().map(|habits| habits.model).collect();
        assert_eq!(models, ["beurer-bm54", "omron-bls"]);
        assert_eq!(
            fleet.pace,
            Pace {
                readings: 6,
                every: Duration::from_secs(180)
            }
        );
        assert_eq!(
            (fleet.cuffs, fleet.seed, args.duration),
            (3, 9, Some(Duration::from_secs(300)))
        );
    }

    #[test]
    fn help_names_every_fault() {
        let help = <Line as clap::CommandFactory>::command().render_long_help().to_string();
        for (_, name) in Fault::ALL {
            assert!(help.contains(name), "{name} in:\n{help}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for line in [
            "--cuffs 0",
            "--cuffs 1001",
            "--model no-such-cuff",
            "--rate 0",
            "--rate NaN",
            "--rate 6001",
            "--rate -1",
            "--readings 0",
            "--readings 61",
            "--fault gremlins",
            "--fault double=2",
            "--duration 0s",
            "--duration 5",
            "--duration 5w",
            "--gateways 0",
            "--gateways 2 --store x",
            "--gateways 2 --orders -",
            "--first 2",
            "--over 5s",
            "--gateways 2 --settle 0s",
            "--orders - --cuffs 2",
            "--orders - --fault double",
            "--orders",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
