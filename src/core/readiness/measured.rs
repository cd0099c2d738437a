//! What the gate does with the measurements of a connection (contract 2.2 `measurement`, 3.3 alerts of a crisis).

use super::event::{Arrived, Connection};
use super::findings;
use super::gate::Gate;
use super::outcome::{Alert, Fate, Judged, Outcome};
use super::policy::Policy;
use super::round::Counted;
use super::sessions::Place;
use crate::core::models::Model;
use crate::core::name::Name;
use crate::core::reading::{self, Circumstances, Reading, ReadingId};

impl Gate {
    /// Judges a connection's measurements where no session can be.
    pub(super) fn measure_without_policy(&self, connection: &Connection, outcomes: &mut Vec<Outcome>) {
        for (id, reading) in self.in_order_taken(connection) {
            let fate = Fate::NotCounted(reading.reasons.clone());
            outcomes.push(judged(id, &connection.cuff, reading, fate));
        }
    }

    /// Judges a connection's measurements, and returns the sessions that they went to.
    pub(super) fn measure(
        &mut self,
        connection: &Connection,
        policy: &Policy,
        outcomes: &mut Vec<Outcome>,
    ) -> Vec<Place> {
        let mut touched = Vec::new();
        for (id, reading) in self.in_order_taken(connection) {
            let fate = match reading
                .session
                .as_ref()
                .and_then(|session| self.sessions.place_of(session))
            {
                Some(place) => {
                    touched.push(place);
                    self.take(place, id, &reading, policy)
                }
                None => Fate::NotCounted(reading.reasons.clone()),
            };
            outcomes.extend(
                self.alert(id, &connection.cuff, &reading, &fate, policy)
                    .map(Outcome::Alert),
            );
            outcomes.push(judged(id, &connection.cuff, reading, fate));
        }
        touched.sort_unstable();
        touched.dedup();
        touched
    }

    /// The open session that a measurement would go to if it were judged now.
    #[must_use]
    pub fn session_of(&self, connection: &Connection, arrived: &Arrived) -> Option<Name> {
        self.evaluate(connection, arrived).session
    }

    fn take(&mut self, place: Place, id: ReadingId, reading: &Reading, policy: &Policy) -> Fate {
        match self.sessions.get_mut(place) {
            Some(open) => open.session.take(id, reading, policy),
            None => Fate::NotCounted(reading.reasons.clone()),
        }
    }

    fn alert(&self, id: ReadingId, cuff: &Name, reading: &Reading, fate: &Fate, policy: &Policy) -> Option<Alert> {
        let verification = reading.verification;
        if *fate == Fate::Crisis {
            return Some(Alert::Crisis {
                session: reading.session.clone()?,
                patient: reading.patient.clone()?,
                reading: id,
                verification,
            });
        }
        let is_nobodys = self.has_open_session() && reading.patient.is_none() && reading.is_evidence_of_someone();
        let values = Counted::of(id, reading).filter(|_| is_nobodys)?;
        (!findings::crisis(&values, policy).is_empty()).then(|| Alert::CrisisUnassigned {
            cuff: cuff.clone(),
            verification,
        })
    }

    /// A connection's measurements, judged by steps 1 to 4, in the order taken: those of unknown time last, equal ones in
    /// order of arrival.
    fn in_order_taken(&self, connection: &Connection) -> Vec<(ReadingId, Reading)> {
        let arrived = connection.arrived.iter();
        let mut readings: Vec<(ReadingId, Reading)> = arrived
            .map(|arrived| (arrived.id, self.evaluate(connection, arrived)))
            .collect();
        readings.sort_by_key(|(_, reading)| (reading.taken_at.is_none(), reading.taken_at));
        readings
    }

    fn evaluate(&self, connection: &Connection, arrived: &Arrived) -> Reading {
        let cuff = self.cuffs.cuff(&connection.cuff);
        let model = cuff.map_or_else(Model::standard, |cuff| cuff.model);
        let measurement = model.decode(&arrived.octets).ok();
        let circumstances = Circumstances {
            cuff,
            rules: &self.rules,
            zone: &self.zone,
            received_at: arrived.received_at,
            offset_s: arrived.offset_s,
            bonded: connection.bonded,
            first_connection: connection.first,
            alone: connection.brought == 1,
            seen_before: arrived.seen_before,
            clock_synchronized: arrived.clock_synchronized,
        };
        reading::evaluate(measurement, &circumstances, &self.sessions)
    }
}

fn judged(id: ReadingId, cuff: &Name, reading: Reading, fate: Fate) -> Outcome {
    Outcome::Judged(Box::new(Judged {
        id,
        cuff: cuff.clone(),
        reading,
        fate,
    }))
}
