//! FHIR Bundles, stored in one transaction with what they are made of: one of each reading, one of each judged round.

use serde::Deserialize;
use tracing::error;

use super::maker::Maker;
use crate::app::persist::Persist;
use crate::clock;
use crate::core::delivery::{Kind, NewMessage};
use crate::core::notation::Printed;
use crate::core::readiness::outcome::JudgedRound;
use crate::core::reading::ReadingId;
use crate::mqtt::message::fhir::{self, Bundle, FhirError, Round};
use crate::store::{Became, Step, StoreError};

/// Adds to a step the Bundles of its readings, and of the rounds that were judged with them; none where the config wants none.
pub(super) async fn add(
    store: &Persist,
    maker: &mut Maker,
    rounds: &[JudgedRound],
    step: &mut Step,
) -> Result<(), StoreError> {
    let Some(patient_system) = maker.patient_system.clone() else {
        return Ok(());
    };
    let mut bundles: Vec<NewMessage> = readings(step)
        .filter_map(|reading| maker.bundle(fhir::reading(&reading.payload, &patient_system)))
        .collect();
    for round in rounds {
        let messages = messages_of(store, round, step).await?;
        let means = (Printed(round.means.systolic), Printed(round.means.diastolic));
        let (Some(messages), (Some(systolic), Some(diastolic))) = (messages, (means.0.number(), means.1.number()))
        else {
            error!("the average of a round could not be made a message: what it is of is not kept");
            continue;
        };
        let round = Round {
            readings: messages.iter().map(Vec::as_slice).collect(),
            systolic,
            diastolic,
            answer: answer_of(round, step),
        };
        bundles.extend(maker.bundle(fhir::average(&round, &patient_system)));
    }
    step.messages.extend(bundles);
    Ok(())
}

impl Maker {
    /// The message of a Bundle; `None`, and that is logged, if it could not be made.
    fn bundle(&mut self, made: Result<Option<Bundle>, FhirError>) -> Option<NewMessage> {
        let bundle = match made {
            Ok(bundle) => bundle?,
            Err(error) => {
                // The reading itself is told all the same. What caused it may quote values, which do not belong in a log.
                error!(%error, "a FHIR Bundle could not be made");
                return None;
            }
        };
        self.last.fhir += 1;
        Some(NewMessage {
            id: bundle.id,
            kind: Kind::Fhir,
            seq: self.last.fhir,
            topic: self.topics.fhir(),
            schema: fhir::SCHEMA,
            payload: bundle.octets,
            created_at: clock::wall(),
            publish: self.publish,
        })
    }
}

/// The messages of the step's readings.
fn readings(step: &Step) -> impl Iterator<Item = &NewMessage> {
    step.judged.iter().filter_map(|judged| match &judged.became {
        Became::Reading(new) => Some(&new.message),
        Became::Duplicate | Became::Nobody { .. } => None,
    })
}

/// The messages of a round's readings: of this step, or stored before. `None` if one is not kept.
async fn messages_of(store: &Persist, round: &JudgedRound, step: &Step) -> Result<Option<Vec<Vec<u8>>>, StoreError> {
    let mut messages = Vec::with_capacity(round.counted.len());
    for reading in &round.counted {
        let ReadingId::Unique(id) = *reading else {
            return Ok(None);
        };
        let of_this_step = readings(step).find(|message| message.id == id);
        let message = match of_this_step {
            Some(message) => Some(message.payload.clone()),
            None => store.payload(id).await?,
        };
        let Some(message) = message else { return Ok(None) };
        messages.push(message);
    }
    Ok(Some(messages))
}

/// The message of the step that tells the round's means, if there is one.
fn answer_of<'a>(round: &JudgedRound, step: &'a Step) -> Option<&'a [u8]> {
    #[derive(Deserialize)]
    struct Answer {
        counted: Vec<String>,
    }
    let counted: Vec<String> = round.counted.iter().map(ToString::to_string).collect();
    let answers = step.messages.iter().filter(|message| message.kind == Kind::Readiness);
    answers
        .map(|message| message.payload.as_slice())
        .find(|payload| serde_json::from_slice(payload).is_ok_and(|answer: Answer| answer.counted == counted))
}
