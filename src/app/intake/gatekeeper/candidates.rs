//! Measurements that are to be judged, and what becomes of them.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use tracing::error;
use uuid::Uuid;

use super::Gatekeeper;
use crate::app::intake::maker::Subject;
use crate::core::cuff::Cuff;
use crate::core::moment::whole_seconds;
use crate::core::readiness::outcome::Judged;
use crate::core::reading::{Reading, ReadingId};
use crate::core::reason::ReadingReason;
use crate::core::source::Description;
use crate::mqtt::message::MessageError;
use crate::store::{Became, MeasurementId, Step};

/// A stored measurement that is to be judged.
pub(in crate::app::intake) struct Candidate {
    pub(in crate::app::intake) measurement: MeasurementId,
    pub(in crate::app::intake) octets: Vec<u8>,
    pub(in crate::app::intake) digest: Option<[u8; 32]>,
    /// When it was received, by the wall clock.
    pub(in crate::app::intake) received_at: Timestamp,
    /// By the wall clock.
    pub(in crate::app::intake) offset_s: Option<i64>,
    /// How far the wall clock was ahead of the gate's.
    pub(in crate::app::intake) ahead: SignedDuration,
}

impl Candidate {
    /// When it was taken, by the wall clock: `taken_at` is by the gate's, as is `received_at`.
    fn by_wall(&self, taken_at: Timestamp, received_at: Timestamp) -> Timestamp {
        if taken_at == received_at {
            return self.received_at;
        }
        // As much as the cuff's offset was put right by: a stamp of whole seconds stays one.
        let ahead = SignedDuration::from_secs(whole_seconds(self.ahead));
        taken_at.saturating_add(ahead).unwrap_or(taken_at)
    }
}

/// Measurements of one connection that are to be judged.
pub(in crate::app::intake) struct Candidates<'a> {
    pub(in crate::app::intake) cuff: &'a Cuff,
    pub(in crate::app::intake) description: &'a Description,
    pub(in crate::app::intake) by_id: HashMap<Uuid, Candidate>,
}

impl Gatekeeper {
    /// Puts down what a measurement was judged to be.
    pub(super) fn judged(&mut self, judged: Judged, candidates: &mut Candidates<'_>, step: &mut Step) {
        let ReadingId::Unique(id) = judged.id else { return };
        let Some(candidate) = candidates.by_id.remove(&id) else {
            return;
        };
        match self.became(id, judged, &candidate, candidates) {
            Ok(became) => step.judged.push(crate::store::Judged {
                measurement: candidate.measurement,
                became,
            }),
            // It stays in the store as it came.
            Err(error) => error!(%error, cuff = %candidates.cuff.id, "a measurement could not be made a message"),
        }
    }

    fn became(
        &mut self,
        id: Uuid,
        judged: Judged,
        candidate: &Candidate,
        candidates: &Candidates<'_>,
    ) -> Result<Became, MessageError> {
        let digest = candidate.digest;
        let reasons = judged.fate.reasons().to_vec();
        if reasons.contains(&ReadingReason::Duplicate) {
            return Ok(Became::Duplicate);
        }
        let Some(patient) = judged.reading.patient.clone() else {
            return Ok(Became::Nobody { digest });
        };
        // What is told is told by the wall clock.
        let received_at = judged.reading.received_at;
        let reading = Reading {
            received_at: candidate.received_at,
            taken_at: judged.reading.taken_at.map(|at| candidate.by_wall(at, received_at)),
            offset_s: candidate.offset_s,
            reasons,
            ..judged.reading
        };
        let new = self.maker.reading(&Subject {
            id,
            cuff: candidates.cuff,
            description: candidates.description,
            reading: &reading,
            patient: &patient,
            octets: &candidate.octets,
            digest,
        })?;
        Ok(Became::Reading(Box::new(new)))
    }
}
