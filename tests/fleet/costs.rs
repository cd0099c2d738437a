//! What a gateway costs, here and at the broker, by how many there are.

use std::time::Duration;

use cuffd::clock;

use crate::fleet::Fleet;
use crate::judge::{all_is_confirmed, nothing_is_lost};
use crate::mosquitto::Mosquitto;
use crate::platform::{Platform, with_receipts};
use crate::process::Usage;

/// After all are connected: `info` is sent within a minute.
const SETTLE: Duration = Duration::from_secs(65);
/// What is looked at.
const WINDOW: Duration = Duration::from_secs(60);

/// Numbers of gateways, with commas between them: only fleets of so many are looked at.
const WANTED: &str = "CUFFD_FLEET_GATEWAYS";

/// When the broker writes down what it has.
#[derive(Clone, Copy)]
pub(crate) enum Saves {
    /// After every change, as `docs/broker/mosquitto.conf` has it: all of it, retained messages too.
    EveryChange,
    /// Each half hour: receipts make up for what a kill takes.
    Seldom,
}

impl Saves {
    pub(crate) async fn broker(self) -> Mosquitto {
        let lines = match self {
            Self::EveryChange => "allow_anonymous true\n",
            Self::Seldom => "allow_anonymous true\nautosave_on_changes false\nautosave_interval 1800\n",
        };
        Mosquitto::quiet(lines).await
    }

    const fn words(self) -> &'static str {
        match self {
            Self::EveryChange => "every change",
            Self::Seldom => "seldom",
        }
    }
}

/// Gateways, readings a minute from each cuff, and when the broker saves. What cannot measure more seldom than once a day is
/// idle. 10,000 at one a minute are more than two cores carry for fleet, broker and platform together (docs/fleet.md).
const SERIES: [(u32, &str, Saves); 10] = [
    (10, "--rate 1", Saves::EveryChange),
    (100, "--rate 1", Saves::EveryChange),
    (1000, "--rate 1", Saves::EveryChange),
    (10, "--rate 1", Saves::Seldom),
    (100, "--rate 1", Saves::Seldom),
    (1000, "--rate 0.0007", Saves::Seldom),
    (1000, "--rate 1", Saves::Seldom),
    (1000, "--rate 6 --cuffs 2", Saves::Seldom),
    (10_000, "--rate 0.0007", Saves::Seldom),
    (10_000, "--rate 0.5", Saves::Seldom),
];

/// One process from an idle broker or before the fleet, in the window's time.
struct Cost {
    before: Usage,
    begin: Usage,
    end: Usage,
}

impl Cost {
    /// Memory for each gateway, in KiB.
    fn memory(&self, gateways: u32) -> f64 {
        self.end.memory.saturating_sub(self.before.memory) as f64 / f64::from(gateways)
    }

    /// Of one processor.
    fn share(&self) -> f64 {
        (self.end.processor - self.begin.processor).as_secs_f64() / WINDOW.as_secs_f64()
    }
}

/// Whether a fleet of so many is asked for.
pub(crate) fn is_wanted(gateways: u32) -> bool {
    let wanted = std::env::var(WANTED).ok();
    wanted.is_none_or(|wanted| wanted.split(',').any(|number| number == gateways.to_string()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes half an hour: tests/fleet/run"]
async fn cost_for_each_gateway() {
    println!(
        "| gateways | readings/s | broker saves | fleet: memory each | processor | broker: memory each | processor | all connected after |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (gateways, rate, saves) in SERIES.into_iter().filter(|(gateways, _, _)| is_wanted(*gateways)) {
        look(gateways, rate, saves).await;
    }
}

async fn look(gateways: u32, rate: &str, saves: Saves) {
    let broker = saves.broker().await;
    let platform = Platform::start(broker.port, "store", None).await;
    let empty = Usage::of(broker.pid());
    let begun = clock::moment();
    let options = format!("--gateways {gateways} {rate} --settle 120s");
    let mut fleet = Fleet::start(&with_receipts(&[broker.port], ""), &options);
    fleet.until(|_| true).await;
    let alone = Usage {
        memory: 0,
        ..Usage::of(fleet.pid())
    };
    fleet.is_connected().await;
    let connected_after = clock::moment().since(begun);
    tokio::time::sleep(SETTLE).await;
    let begin = (
        Usage::of(fleet.pid()),
        Usage::of(broker.pid()),
        platform.ledger().messages(),
    );
    tokio::time::sleep(WINDOW).await;
    let end = (
        Usage::of(fleet.pid()),
        Usage::of(broker.pid()),
        platform.ledger().messages(),
    );
    let accounts = fleet.stop().await;
    all_is_confirmed(&accounts);
    nothing_is_lost(&accounts, &platform.close());
    let here = Cost {
        before: alone,
        begin: begin.0,
        end: end.0,
    };
    let there = Cost {
        before: empty,
        begin: begin.1,
        end: end.1,
    };
    println!(
        "| {gateways} | {:.1} | {} | {:.0} KiB | {:.3} | {:.1} KiB | {:.3} | {:.0} s |",
        (end.2 - begin.2) as f64 / WINDOW.as_secs_f64(),
        saves.words(),
        here.memory(gateways),
        here.share(),
        there.memory(gateways),
        there.share(),
        connected_after.as_secs_f64(),
    );
}
