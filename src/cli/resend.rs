//! `resend`: queues stored messages again, octet for octet.

use clap::Args;
use jiff::Timestamp;

use super::{Failure, Global, block_on, open_store, out, since};
use crate::control::client::{self, ClientError};
use crate::control::server::{ResendAnswer, ResendRequest};
use crate::control::socket_path;
use crate::store::Resend;

/// Options of `resend`.
#[derive(Debug, Args)]
pub struct Options {
    /// Messages made from then on: an RFC 3339 time, a local time, or a local date.
    #[arg(long, value_name = "T", value_parser = since::parse)]
    since: Timestamp,
}

/// Queues them in the running daemon or, without one, in the store for the next start.
#[must_use]
pub fn run(global: &Global, options: &Options) -> u8 {
    let queued = block_on(async {
        match in_daemon(options.since).await {
            Err(Failure::Client(ClientError::NotRunning { .. })) => in_store(global, options.since).await,
            other => other,
        }
    });
    match queued {
        Ok(1) => out("1 message is queued again\n"),
        Ok(queued) => out(&format!("{queued} messages are queued again\n")),
        Err(failure) => failure.tell(),
    }
}

async fn in_daemon(since: Timestamp) -> Result<usize, Failure> {
    let body = serde_json::to_vec(&ResendRequest { since }).map_err(Failure::NotAReading)?;
    let answer = client::post(&socket_path(), "/control/v1/resend", body)
        .await?
        .whole()
        .await?;
    let answer: ResendAnswer = serde_json::from_slice(&answer).map_err(Failure::NotAReading)?;
    Ok(answer.queued)
}

async fn in_store(global: &Global, since: Timestamp) -> Result<usize, Failure> {
    let opened = open_store(&global.config)?;
    let outcome = opened.store.resend(Resend::Since(since)).await?;
    opened.store.close().await;
    Ok(outcome.queued)
}
