//! `cuffd simulate`: virtual cuffs for testing a platform.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use crate::config;
use crate::core::cuff::Cuff;
use crate::simulate::cuff::Surroundings;
use crate::simulate::fault::{Chance, Faults};
use crate::simulate::fleet::Fleet;
use crate::simulate::habits::{HABITS, Habits};
use crate::simulate::routine::Pace;
use crate::simulate::source::Source;

/// Virtual cuffs for testing a platform.
///
/// They take the place of the cuffs in the config; everything else runs as it would. Every message says "test": true, and
/// topics begin with "cuffd-test". The client id ends in ":simulate". Unless the config is a test's (gateway.test), the
/// store is not the config's but one that is gone at the end.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
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
    /// The cuffs as they are registered, and what plays them, from `at` on.
    #[must_use]
    pub fn assemble(&self, at: Timestamp, around: Surroundings) -> (Vec<Cuff>, Source) {
        self.fleet().assemble(at, around)
    }

    fn fleet(&self) -> Fleet {
        let every = Duration::from_secs(60).mul_f64(f64::from(self.readings) / self.rate.0);
        let all = || HABITS.iter().collect();
        Fleet {
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
        let fleet = parse("").expect("nothing is required").fleet();
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
        let fleet = args.fleet();
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
            "--gateways 2",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
