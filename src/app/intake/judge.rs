//! What stored measurements are: readings with their messages, doubles, or nobody's.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::tz::TimeZone;
use tracing::{error, info, warn};

use super::connection::{Facts, Waiting};
use super::maker::{Maker, Subject};
use crate::app::board::{self, Board};
use crate::app::persist::Persist;
use crate::core::bls::measurement::{CuffTime, Measurement};
use crate::core::cuff::Cuff;
use crate::core::name::Name;
use crate::core::readiness::policy::ReadingRules;
use crate::core::reading::{self, Circumstances};
use crate::core::source::Description;
use crate::mqtt::message::MessageError;
use crate::store::{Became, Judged, Step, StoreError};

/// Judges stored measurements.
#[derive(Debug)]
pub struct Judge {
    /// Registered cuffs.
    pub cuffs: Arc<[Cuff]>,
    /// The zone of the cuffs' own clocks.
    pub zone: TimeZone,
    /// What a reading must be to count.
    pub rules: ReadingRules,
    /// What each cuff says of itself, as far as it was ever read.
    pub descriptions: HashMap<Name, Description>,
    /// Makes the messages.
    pub maker: Maker,
}

impl Judge {
    /// Whether it matters that a measurement was the only one of its connection.
    pub(super) const fn waits_for_company(&self) -> bool {
        self.rules.count_undated
    }

    /// Remembers what was read of a cuff.
    pub(super) fn learn(&mut self, cuff: &Name, new: &Description) {
        let known = self.descriptions.entry(cuff.clone()).or_default();
        board::merge(known, new);
    }

    /// Takes measurements of one connection to what they are, with their messages, in one transaction.
    pub(super) async fn judge(
        &mut self,
        store: &Persist,
        facts: &Facts,
        waiting: Vec<Waiting>,
        board: &mut Board,
    ) -> Result<(), StoreError> {
        let cuffs = Arc::clone(&self.cuffs);
        let Some(cuff) = cuffs.iter().find(|cuff| cuff.id == facts.cuff) else {
            if !waiting.is_empty() {
                warn!(cuff = %facts.cuff, "measurements of a cuff that is registered no more wait until it is again");
            }
            return Ok(());
        };
        let mut judged = Vec::with_capacity(waiting.len());
        let mut seen = HashSet::new();
        let mut seq = self.maker.next_seq();
        for one in waiting {
            let decoded = cuff.model.decode(&one.octets).ok();
            let digest = digest(decoded.as_ref(), &one.octets);
            let seen_before = match digest {
                Some(digest) => !seen.insert(digest) || store.knows(&cuff.id, digest).await?,
                None => false,
            };
            let became = if seen_before {
                Became::Duplicate
            } else {
                let reading = {
                    let circumstances = self.circumstances(cuff, facts, &one, decoded.as_ref());
                    reading::evaluate_without_sessions(decoded, &circumstances)
                };
                match self.became(cuff, &reading, &one, digest, seq) {
                    Ok(became) => became,
                    // It stays in the store as it came.
                    Err(error) => {
                        error!(%error, cuff = %cuff.id, "a measurement could not be made a message");
                        continue;
                    }
                }
            };
            seq += u64::from(matches!(became, Became::Reading(_)));
            judged.push(Judged {
                measurement: one.measurement,
                became,
            });
        }
        if judged.is_empty() {
            return Ok(());
        }
        let outcomes: Vec<Outcome> = judged.iter().map(Outcome::of).collect();
        let step = Step {
            judged,
            ..Step::default()
        };
        store.commit(step).await?;
        // Only what is stored has used up its number.
        self.maker.used_up_to(seq);
        for outcome in outcomes {
            outcome.tell(&cuff.id, board);
        }
        Ok(())
    }

    fn circumstances<'a>(
        &'a self,
        cuff: &'a Cuff,
        facts: &Facts,
        one: &Waiting,
        decoded: Option<&Measurement>,
    ) -> Circumstances<'a> {
        let stamp = decoded
            .and_then(|measurement| measurement.timestamp)
            .and_then(CuffTime::valid);
        Circumstances {
            cuff: Some(cuff),
            rules: &self.rules,
            zone: &self.zone,
            received_at: one.at.wall,
            offset_s: stamp.and_then(|stamp| facts.clock.offset_for(stamp, one.at.wall, &self.zone)),
            bonded: facts.bonded,
            first_connection: facts.first,
            alone: facts.brought == 1,
            seen_before: false,
            clock_synchronized: one.synchronized,
        }
    }

    fn became(
        &self,
        cuff: &Cuff,
        reading: &reading::Reading,
        one: &Waiting,
        digest: Option<[u8; 32]>,
        seq: u64,
    ) -> Result<Became, MessageError> {
        let Some(patient) = &reading.patient else {
            return Ok(Became::Nobody { digest });
        };
        let unread = Description::default();
        let description = self.descriptions.get(&cuff.id).unwrap_or(&unread);
        let subject = Subject {
            cuff,
            description,
            reading,
            patient,
            octets: &one.octets,
            digest,
        };
        let new = self.maker.reading(seq, &subject)?;
        Ok(Became::Reading(Box::new(new)))
    }
}

/// What became of one measurement, for log and board: no values.
enum Outcome {
    Reading { id: uuid::Uuid, counted: bool },
    Duplicate,
    Nobody,
}

impl Outcome {
    fn of(judged: &Judged) -> Self {
        match &judged.became {
            Became::Reading(new) => Self::Reading {
                id: new.message.id,
                counted: new.counted,
            },
            Became::Duplicate => Self::Duplicate,
            Became::Nobody { .. } => Self::Nobody,
        }
    }

    fn tell(self, cuff: &Name, board: &mut Board) {
        match self {
            Self::Reading { id, counted } => info!(reading_id = %id, %cuff, counted, "stored"),
            Self::Duplicate => board.count_duplicate(cuff),
            Self::Nobody => {
                info!(%cuff, "a measurement that belongs to nobody");
                board.count_unassigned(cuff);
            }
        }
    }
}

/// What tells a measurement that comes again; only those with a valid cuff time can (contract 2.5, `duplicate`).
fn digest(decoded: Option<&Measurement>, octets: &[u8]) -> Option<[u8; 32]> {
    decoded?.timestamp?.valid()?;
    ring::digest::digest(&ring::digest::SHA256, octets)
        .as_ref()
        .try_into()
        .ok()
}
