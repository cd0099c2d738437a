//! What a million stored readings change: the start, and the cost of one reading more.

use anyhow::Result;
use tokio::runtime::Runtime;

use crate::broker::Mosquitto;
use crate::figures::{Goal, Row, Times, micros, ratio};
use crate::{cost, gateway, seed, start};

const STORED: u32 = 1_000_000;

/// Rounds of each store in turn, and readings in each.
const ROUNDS: u32 = 5;
const READINGS: u32 = 200;

/// In milliseconds.
const START: Goal = Goal::AtMost(150.0);

/// Flat, as far as medians on a busy machine can tell.
const FLAT: Goal = Goal::AtMost(1.2);

pub(crate) fn measure(runtime: &Runtime) -> Result<Vec<Row>> {
    let broker = Mosquitto::start()?;
    let full = crate::folder()?;
    let config = gateway::config(full.path(), &broker)?;
    runtime.block_on(async {
        let (store, thread) = gateway::open(&config)?;
        seed::queue(&config, &store, STORED).await?;
        seed::mark_sent(&store).await?;
        gateway::close(store, thread).await
    })?;
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let empty = crate::folder()?;
        let of_empty = gateway::config(empty.path(), &broker)?;
        without.extend(runtime.block_on(cost::times(&of_empty, READINGS))?);
        with.extend(runtime.block_on(cost::times(&config, READINGS))?);
    }
    let start_full = runtime.block_on(start::median(full.path(), &broker))?;
    let empty = crate::folder()?;
    let start_empty = runtime.block_on(start::median(empty.path(), &broker))?;
    let (with, without) = (Times::new(with), Times::new(without));
    let cost = |what: &str, share: f64, goal: Goal| {
        let (with, without) = (with.percentile(share), without.percentile(share));
        Row::beside(what, micros(with), micros(without), ratio(with, without), goal)
    };
    Ok(vec![
        Row::alone(
            "start to READY with 1,000,000 stored",
            format!("{:.1} ms", start_full.as_secs_f64() * 1e3),
            start_full.as_secs_f64() * 1e3,
            START,
        ),
        Row::told(
            "  with none",
            format!("{:.1} ms", start_empty.as_secs_f64() * 1e3),
            String::new(),
        ),
        cost("a reading with 1,000,000 stored beside none, p50", 0.5, FLAT),
        cost("a reading with 1,000,000 stored beside none, p90", 0.9, FLAT),
    ])
}
