//! Everything fails, again and again, decided by seeds: nothing measured is lost, and nothing is falsely ready.
//!
//! `CUFFD_CHAOS_RUNS=300 cargo test --locked --test chaos -- --nocapture` makes more runs, `CUFFD_CHAOS_SEED=17` that one
//! again, `CUFFD_CHAOS_AT_ONCE` says how many side by side. What a failed run has left lies in `target/tmp/chaos`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may panic: that is how it fails; and it tells its figures"
)]

mod books;
mod clinic;
mod disk;
mod judge;
mod plan;
mod platform;
mod proxy;
mod run;
mod world;

#[path = "../daemon/rig/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "shared with the tests of the daemon, which need more of it"
)]
mod rig;

#[path = "../mqtt/mosquitto.rs"]
#[expect(dead_code, reason = "shared with the tests of the link, which need more of it")]
mod mosquitto;

#[path = "../mqtt/subscriber.rs"]
#[expect(dead_code, reason = "shared with the tests of the daemon, which need more of it")]
mod subscriber;

use std::collections::VecDeque;

use tokio::task::JoinSet;

use run::{Outcome, play};

/// The first seed of a series.
const FIRST: u64 = 1;
/// So many runs are told of before all are over.
const TELL_EVERY: usize = 20;
/// Runs that belong to every change.
const FEW: usize = 6;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

fn seeds() -> VecDeque<u64> {
    let runs = number("CUFFD_CHAOS_RUNS");
    match (number("CUFFD_CHAOS_SEED"), runs) {
        (Some(seed), None) => [seed].into(),
        (first, runs) => {
            let first = first.unwrap_or(FIRST);
            (first..first + runs.unwrap_or(FEW as u64)).collect()
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_is_falsely_ready() {
    let mut seeds = seeds();
    let at_once = number("CUFFD_CHAOS_AT_ONCE").unwrap_or(6);
    let mut running: JoinSet<Outcome> = JoinSet::new();
    let mut all = Outcome::default();
    loop {
        while (running.len() as u64) < at_once
            && let Some(seed) = seeds.pop_front()
        {
            running.spawn(play(seed));
        }
        let Some(ended) = running.join_next().await else { break };
        all.add(ended.unwrap());
        if all.runs.is_multiple_of(TELL_EVERY) {
            println!("so far:\n{all}\n");
        }
    }
    println!("{all}");
    assert!(all.failed == 0, "{} of {} runs failed", all.failed, all.runs);
    // A gate that never opens is never false, and one run may have nothing that is well for long enough.
    assert!(all.ready > 0 || all.runs < FEW, "nothing was ever ready");
}
