//! A measurement between its source and the disk.

use std::fmt;

use tracing::warn;

use super::Intake;
use super::connection::Waiting;
use crate::core::moment::Now;
use crate::core::name::Name;
use crate::core::source::Event;
use crate::store::{NewMeasurement, StoreError};

/// A measurement on its way to the store.
#[derive(Clone)]
pub(super) struct Arrived {
    pub(super) cuff: Name,
    pub(super) octets: Vec<u8>,
    pub(super) at: Now,
    pub(super) synchronized: bool,
}

// What a cuff sent is health data.
impl fmt::Debug for Arrived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrived")
            .field("cuff", &self.cuff)
            .finish_non_exhaustive()
    }
}

impl Intake {
    /// Makes the first `count` of what arrived durable, then judges those that need not wait.
    pub(super) async fn store_first(&mut self, count: usize) -> Result<(), StoreError> {
        if count == 0 {
            return Ok(());
        }
        let arrived: Vec<Arrived> = self.unsaved.iter().take(count).cloned().collect();
        let mut new = Vec::with_capacity(count);
        for one in &arrived {
            let Arrived {
                cuff,
                octets,
                at,
                synchronized,
            } = one;
            if !self.is_connected(cuff) {
                // A source says first that it is connected. If one forgets, its measurement must not be lost by it.
                warn!(%cuff, "a measurement came outside a connection");
                self.begin(cuff.clone(), false, *at).await?;
            }
            let Some(open) = self.stored(cuff).await? else { continue };
            new.push(NewMeasurement {
                connection: open.facts.connection,
                octets: octets.clone(),
                at: *at,
                synchronized: *synchronized,
            });
        }
        let ids = self.store.append(new).await?;
        self.unsaved.drain(..count);
        for (one, measurement) in arrived.into_iter().zip(ids) {
            if let Some(open) = self.open.get_mut(&one.cuff) {
                open.wait(Waiting {
                    measurement,
                    octets: one.octets,
                    at: one.at,
                    synchronized: one.synchronized,
                });
            }
        }
        self.judge_ready().await
    }
}

/// A measurement with what the gateway's clock was worth when it came.
pub(super) fn arrived(event: Event, synchronized: bool) -> Option<Arrived> {
    match event {
        Event::Measurement { cuff, octets, at } => Some(Arrived {
            cuff,
            octets,
            at,
            synchronized,
        }),
        Event::Connected { .. }
        | Event::Clock { .. }
        | Event::ClockSettled { .. }
        | Event::CuffPressure { .. }
        | Event::Described { .. }
        | Event::Over { .. }
        | Event::Cuff { .. }
        | Event::Radio(_) => None,
    }
}
