//! What the way from a cuff to the broker costs, and the page: on real files, against a real mosquitto and a real Chromium.
//!
//! `cargo bench --bench spine` measures everything; names after `--` measure only these: `latency`, `drain`, `memory`,
//! `large`, `page`, `idle`. `benches/run` adds the figures that need neither disk nor broker. Nothing leaves the loopback, and every file
//! lies in a temporary folder below `target/`, on the disk on which the build lies: a `/tmp` in memory would make the disk
//! look free.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

mod broker;
mod cost;
mod daemon;
mod drain;
mod figures;
mod gateway;
mod idle;
mod large;
mod latency;
mod link;
mod machine;
mod memory;
#[expect(
    dead_code,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the tests' mock, of which an idle gateway needs little"
)]
#[path = "../../tests/bluez_mock"]
mod mock {
    pub(crate) mod bluez;
    pub(crate) mod bus;
    mod gatt;
    pub(crate) mod script;
}
#[path = "../../tests/rig/node.rs"]
mod node;
mod page;
mod place;
#[path = "../shared/record.rs"]
mod record;
mod seed;
mod start;
mod theengs;
mod wire;

use anyhow::{Context, Result};
use figures::Row;

type Measure = fn(&tokio::runtime::Runtime) -> Result<Vec<Row>>;

const MEASURES: [(&str, Measure); 6] = [
    ("latency", latency::measure),
    ("drain", drain::measure),
    ("memory", memory::measure),
    ("large", large::measure),
    ("page", page::measure),
    ("idle", idle::measure),
];

fn main() -> Result<()> {
    // Cargo adds options of its own, e.g. `--bench`.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|name| !name.starts_with('-')).collect();
    // As the daemon has it.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let machine = machine::describe();
    println!("{machine}\n{}", Row::HEADING);
    Row::told("machine", machine, String::new()).record()?;
    for (name, measure) in MEASURES {
        if wanted.is_empty() || wanted.iter().any(|one| one == name) {
            for row in measure(&runtime).context(name)? {
                println!("{row}");
                row.record()?;
            }
        }
    }
    println!("{}", machine::load());
    Ok(())
}

/// A folder on the disk of the build, gone with its value.
fn folder() -> Result<tempfile::TempDir> {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).context("a temporary folder")
}
