//! From a cuff's indication to the broker's PUBACK, beside the least that this can cost: one fsync'd insert of the same
//! message and one publish on a bare socket.
//!
//! Real and least take turns, so that both see the same machine. The next indication comes when the last one's PUBACK is
//! durable, about 100 ms later: cuffs are not in a hurry.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use cuffd::clock;
use cuffd::core::delivery::Due;
use rusqlite::{Connection, params};
use tokio::runtime::Runtime;

use crate::broker::Mosquitto;
use crate::figures::{Goal, Row, Times, micros, ratio};
use crate::gateway::{self, Cuff};
use crate::link::Link;
use crate::seed;
use crate::wire::{Packet, Publisher, Subscriber};

const ROUNDS: u32 = 300;

/// Caches fill and files grow first.
const WARM_UP: u32 = 20;

const GOAL: Goal = Goal::AtMost(1.5);

pub(crate) fn measure(runtime: &Runtime) -> Result<Vec<Row>> {
    let (real, least) = runtime.block_on(take_turns())?;
    let row = |what: &str, share: f64| {
        let (real, floor) = (real.percentile(share), least.whole.percentile(share));
        Row::beside(what, micros(real), micros(floor), ratio(real, floor), GOAL)
    };
    Ok(vec![
        row("indication to PUBACK, p50, beside its floor", 0.5),
        row("indication to PUBACK, p99, beside its floor", 0.99),
        Row::told(
            "  of the floor: insert and publish, p50",
            micros(least.insert.median()),
            micros(least.publish.median()),
        ),
    ])
}

/// The floor's times.
struct Least {
    insert: Times,
    publish: Times,
    whole: Times,
}

async fn take_turns() -> Result<(Times, Least)> {
    let broker = Mosquitto::start()?;
    let folder = crate::folder()?;
    let config = gateway::config(folder.path(), &broker)?;
    let (store, thread) = gateway::open(&config)?;
    let message = a_message(&config, &store).await?;
    let _subscriber = Subscriber::start(broker.port)?;
    let mut floor = Floor::new(folder.path(), &broker, &message)?;
    let mut link = Link::start(&config, &store, broker.port)?;
    link.is_up().await?;
    let mut cuff = Cuff::connect(&config, &store).await?;
    let (mut real, mut inserts, mut publishes, mut wholes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..WARM_UP + ROUNDS {
        let indicated = cuff.indicate().await?;
        let acknowledged = link.sent().await?;
        let (insert, publish) = floor.once(&message)?;
        if round >= WARM_UP {
            real.push(Duration::try_from(acknowledged.duration_since(indicated))?);
            inserts.push(insert);
            publishes.push(publish);
            wholes.push(insert + publish);
        }
    }
    cuff.hang_up().await?;
    link.stop().await?;
    gateway::close(store, thread).await?;
    let least = Least {
        insert: Times::new(inserts),
        publish: Times::new(publishes),
        whole: Times::new(wholes),
    };
    Ok((Times::new(real), least))
}

/// What a reading becomes; taken out of the queue again.
async fn a_message(config: &cuffd::config::Config, store: &cuffd::store::Store) -> Result<Due> {
    seed::queue(config, store, 1).await?;
    let mut due = store.due(clock::wall(), 1, Vec::new()).await?;
    seed::mark_sent(store).await?;
    due.pop().context("one was queued")
}

/// The least that has to be done.
struct Floor {
    connection: Connection,
    publisher: Publisher,
    packet: Packet,
}

impl Floor {
    fn new(folder: &Path, broker: &Mosquitto, message: &Due) -> Result<Self> {
        let connection = Connection::open(folder.join("floor.db"))?;
        // As the store sets them.
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
             PRAGMA journal_size_limit = 4194304; PRAGMA temp_store = MEMORY;
             CREATE TABLE message (row INTEGER PRIMARY KEY, id BLOB NOT NULL, octets BLOB NOT NULL) STRICT;",
        )?;
        Ok(Self {
            connection,
            publisher: Publisher::connect(broker.port)?,
            packet: Packet::new(message)?,
        })
    }

    /// Returns how long the insert and the publish took.
    fn once(&mut self, message: &Due) -> Result<(Duration, Duration)> {
        let start = clock::moment();
        self.connection
            .prepare_cached("INSERT INTO message (id, octets) VALUES (?1, ?2)")?
            .execute(params![message.id.as_bytes(), message.payload.as_ref()])?;
        let stored = clock::moment();
        self.publisher.publish(&self.packet)?;
        Ok((stored.since(start), clock::moment().since(stored)))
    }
}
