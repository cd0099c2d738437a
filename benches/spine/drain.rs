//! Emptying a long queue, with every mark durable, beside a bare-socket publisher with the same payload and window.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use cuffd::clock;
use cuffd::config::Config;
use cuffd::core::delivery::Due;
use tokio::runtime::Runtime;

use crate::broker::Mosquitto;
use crate::figures::{Goal, Row, Times, rate, ratio};
use crate::link::Link;
use crate::wire::{Packet, Publisher, Subscriber};
use crate::{gateway, seed};

const MESSAGES: u32 = 100_000;
const ROUNDS: u32 = 5;
const GOAL: Goal = Goal::AtLeast(0.4);

pub(crate) fn measure(runtime: &Runtime) -> Result<Vec<Row>> {
    let broker = Mosquitto::start()?;
    let full = crate::folder()?;
    let config = gateway::config(full.path(), &broker)?;
    let window = config.mqtt.as_ref().context("the config has a broker")?.window;
    let message = runtime.block_on(fill(&config))?;
    let _subscriber = Subscriber::start(broker.port)?;
    let packet = Packet::new(&message)?;
    let (mut real, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        real.push(runtime.block_on(drain(full.path(), &broker))?);
        let mut publisher = Publisher::connect(broker.port)?;
        let start = clock::moment();
        publisher.drain(&packet, MESSAGES, window.into())?;
        bare.push(clock::moment().since(start));
    }
    let (real, bare) = (Times::new(real).median(), Times::new(bare).median());
    let what = format!("drain of {MESSAGES}, window {window}, beside bare");
    let of_bare = ratio(bare, real);
    Ok(vec![Row::beside(
        &what,
        rate(MESSAGES, real),
        rate(MESSAGES, bare),
        of_bare,
        GOAL,
    )])
}

/// Fills a store to be copied, and returns the first of its messages.
async fn fill(config: &Config) -> Result<Due> {
    let (store, thread) = gateway::open(config)?;
    seed::queue(config, &store, MESSAGES).await?;
    let mut due = store.due(clock::wall(), 1, Vec::new()).await?;
    gateway::close(store, thread).await?;
    due.pop().context("many are queued")
}

/// From the connection to the last durable mark.
async fn drain(full: &Path, broker: &Mosquitto) -> Result<Duration> {
    let folder = crate::folder()?;
    seed::copy(full, folder.path())?;
    let config = gateway::config(folder.path(), broker)?;
    let (store, thread) = gateway::open(&config)?;
    let mut link = Link::start(&config, &store, broker.port)?;
    link.is_up().await?;
    let start = clock::moment();
    for _ in 0..MESSAGES {
        link.sent().await?;
    }
    let took = clock::moment().since(start);
    let left = store.delivery_summary().await?.queued;
    ensure!(left.is_empty(), "still queued: {left:?}");
    link.stop().await?;
    gateway::close(store, thread).await?;
    Ok(took)
}
