//! Emptying a long queue, with every mark durable, beside a bare-socket publisher with the same payload and window.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use cuffd::clock;
use cuffd::config::Config;
use cuffd::core::delivery::Due;
use cuffd::proof::{SigningKey, prove};
use tokio::runtime::Runtime;

use crate::broker::Mosquitto;
use crate::figures::{Goal, Row, Times, rate, ratio};
use crate::link::Link;
use crate::wire::{Packet, Publisher, Subscriber};
use crate::{gateway, seed};

const MESSAGES: u32 = 100_000;
const ROUNDS: u32 = 5;
const GOAL: Goal = Goal::AtLeast(0.4);
const GOAL_PROVED: Goal = Goal::AtLeast(0.7);

/// A reading before it is signed.
const READING: &[u8] = include_str!("../proof/reading.json").as_bytes().trim_ascii_end();

pub(crate) fn measure(runtime: &Runtime) -> Result<Vec<Row>> {
    let broker = Mosquitto::start()?;
    let full = crate::folder()?;
    let config = gateway::config(full.path(), &broker)?;
    let window = config.mqtt.as_ref().context("the config has a broker")?.window;
    let message = runtime.block_on(fill(&config))?;
    let _subscriber = Subscriber::start(broker.port)?;
    let packet = Packet::new(&message)?;
    let (mut real, mut bare, mut proved) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        proved.push(sign_and_drain(runtime, full.path(), &broker)?);
        real.push(runtime.block_on(drain(full.path(), &broker))?);
        let mut publisher = Publisher::connect(broker.port)?;
        let start = clock::moment();
        publisher.drain(&packet, MESSAGES, window.into())?;
        bare.push(clock::moment().since(start));
    }
    let (real, bare, proved) = (median(real), median(bare), median(proved));
    let (plain, signed) = (rate(MESSAGES, real), rate(MESSAGES, proved));
    let what = format!("drain of {MESSAGES}, window {window}, beside bare");
    let what_proved = format!("the same while {MESSAGES} are signed, beside that");
    Ok(vec![
        Row::beside(&what, plain.clone(), rate(MESSAGES, bare), ratio(bare, real), GOAL),
        Row::beside(&what_proved, signed, plain, ratio(real, proved), GOAL_PROVED),
    ])
}

fn median(times: Vec<Duration>) -> Duration {
    Times::new(times).median()
}

/// Signs as many messages as are sent, on a thread of its own, as the daemon does beside sending; the slower of both counts.
fn sign_and_drain(runtime: &Runtime, full: &Path, broker: &Mosquitto) -> Result<Duration> {
    let (key, _private) = SigningKey::generate()?;
    std::thread::scope(|scope| {
        let signing = scope.spawn(|| {
            let start = clock::moment();
            for _ in 0..MESSAGES {
                let _ = black_box(prove(&key, black_box(READING)));
            }
            clock::moment().since(start)
        });
        let drained = runtime.block_on(drain(full, broker))?;
        let signed = signing.join().map_err(|_| anyhow!("signing failed"))?;
        Ok(drained.max(signed))
    })
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
