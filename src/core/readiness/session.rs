//! One open session: what it makes of readings and of time (contract 2.5 steps 5 and 6, 2.6).

use jiff::Timestamp;

use super::attestations::Attestations;
use super::findings;
use super::means;
use super::outcome::{Fate, JudgedRound};
use super::phase::{Clearance, Pass, Phase};
use super::policy::Policy;
use super::round::{Accepted, Counted, Round};
use super::timeline;
use crate::core::name::Name;
use crate::core::reading::{Reading, ReadingId};
use crate::core::reason::{ReadingReason, Reason};

/// One open session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Session {
    pub(super) id: Name,
    pub(super) patient: Name,
    /// The clinic's cuff that it named.
    pub(super) cuff: Option<Name>,
    pub(super) opened_at: Timestamp,
    /// When it was started, if it was.
    pub(super) started_at: Option<Timestamp>,
    pub(super) attestations: Attestations,
    pub(super) phase: Phase,
    /// When its last accepted reading was taken.
    last_accepted: Option<Timestamp>,
    failed_rounds: u64,
    /// A crisis may be approved once.
    pub(super) crisis_was_approved: bool,
}

impl Session {
    pub(super) fn open(id: Name, patient: Name, cuff: Option<Name>, at: Timestamp) -> Self {
        Self {
            id,
            patient,
            cuff,
            opened_at: at,
            started_at: None,
            attestations: Attestations::default(),
            phase: Phase::Collecting(Round::begin(at, Vec::new())),
            last_accepted: None,
            failed_rounds: 0,
            crisis_was_approved: false,
        }
    }

    pub(super) const fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended { .. })
    }

    /// When the rest is over.
    pub(super) fn rested_at(&self, policy: &Policy) -> Timestamp {
        timeline::after(self.opened_at, policy.rest)
    }

    /// When the next reading may be taken, as far as rest and spacing go.
    pub(super) fn next_reading_at(&self, policy: &Policy) -> Timestamp {
        let spaced = self.last_accepted.map(|last| timeline::after(last, policy.spacing));
        spaced.map_or_else(|| self.rested_at(policy), |spaced| spaced.max(self.rested_at(policy)))
    }

    /// When it ends by itself.
    pub(super) fn ends_at(&self, policy: &Policy) -> Timestamp {
        timeline::after(self.opened_at, policy.session_limit)
    }

    /// When time alone changes its answer next, after `now`.
    pub(super) fn deadline(&self, policy: &Policy, now: Timestamp) -> Option<Timestamp> {
        let rested_at = Some(self.rested_at(policy));
        [
            Some(self.ends_at(policy)),
            self.phase.over_at(policy),
            self.attestations.first_end(),
            rested_at.filter(|rested_at| *rested_at > now),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Lets time pass until `now`. The session's end goes before every other change of the same instant.
    pub(super) fn advance(&mut self, now: Timestamp, policy: &Policy) {
        if self.ends_at(policy) <= now {
            self.end(Reason::SessionOver);
            return;
        }
        self.leave_what_is_over(now, policy);
        self.attestations.lapse(now);
    }

    /// Once is enough: a round that has just begun has accepted nothing, and so has no end yet.
    fn leave_what_is_over(&mut self, now: Timestamp, policy: &Policy) {
        if let Some(over_at) = self.phase.over_at(policy).filter(|over_at| *over_at <= now) {
            let left = self.phase.left_by_time();
            self.begin_round(over_at, left);
        }
    }

    pub(super) fn begin_round(&mut self, at: Timestamp, left: Vec<Reason>) {
        self.phase = Phase::Collecting(Round::begin(at, left));
    }

    /// Ends it, unless it has ended.
    pub(super) fn end(&mut self, why: Reason) {
        if !self.has_ended() {
            let counted = self.phase.counted().to_vec();
            self.phase = Phase::Ended { why, counted };
        }
    }

    /// Starts it. That it is ready is the caller's to know.
    pub(super) fn start(&mut self, at: Timestamp) {
        self.started_at = Some(at);
        self.phase = Phase::Started {
            crisis: Vec::new(),
            counted: self.phase.counted().to_vec(),
        };
    }

    /// Judges a reading of its patient.
    pub(super) fn take(&mut self, id: ReadingId, reading: &Reading, policy: &Policy) -> Fate {
        if let Some(values) = Counted::of(id, reading).filter(|_| reading.is_evidence()) {
            if let Some(finding) = self.find(values, reading, policy) {
                return finding;
            }
            self.take_back_pass(values, reading, policy);
            if reading.counts_so_far()
                && let Some(taken_at) = reading.taken_at
            {
                return self.count(values, taken_at, reading.received_at, policy);
            }
        }
        Fate::NotCounted(reading.reasons.clone())
    }

    /// A crisis, or an irregular pulse that is referred: it ends the round.
    fn find(&mut self, values: Counted, reading: &Reading, policy: &Policy) -> Option<Fate> {
        let mut why = findings::crisis(&values, policy);
        let is_crisis = !why.is_empty();
        if findings::refers(reading, policy) {
            why.push(Reason::IrregularPulse);
        }
        if is_crisis {
            self.enter_crisis(why, values);
            Some(Fate::Crisis)
        } else if !why.is_empty() && self.may_be_referred() {
            let counted = vec![values];
            self.phase = Phase::Referred { why, counted };
            Some(Fate::IrregularPulse)
        } else {
            None
        }
    }

    /// From any state; one that has started stays so, and gives the reason. A later crisis reading replaces the earlier.
    fn enter_crisis(&mut self, why: Vec<Reason>, reading: Counted) {
        self.phase = match self.phase {
            Phase::Started { .. } => Phase::Started {
                crisis: why,
                counted: vec![reading],
            },
            Phase::Collecting(_)
            | Phase::Passed(_)
            | Phase::Blocked { .. }
            | Phase::Referred { .. }
            | Phase::Crisis { .. }
            | Phase::Ended { .. } => Phase::Crisis { why, reading },
        };
    }

    /// Not where a clinician decides already (a passed round that waits for approval is not that), nor after the start.
    const fn may_be_referred(&self) -> bool {
        match self.phase {
            Phase::Collecting(_) | Phase::Passed(_) | Phase::Blocked { .. } => true,
            Phase::Referred { .. } | Phase::Crisis { .. } | Phase::Started { .. } | Phase::Ended { .. } => false,
        }
    }

    /// A reading that is outside a limit by itself takes a pass back, whether or not it counts.
    fn take_back_pass(&mut self, values: Counted, reading: &Reading, policy: &Policy) {
        if matches!(self.phase, Phase::Passed(_)) {
            let outside = means::outside(&[values], policy);
            if !outside.is_empty() {
                self.begin_round(reading.taken_at.unwrap_or(reading.received_at), outside);
            }
        }
    }

    /// Steps 5 and 6.
    fn count(&mut self, values: Counted, taken_at: Timestamp, received_at: Timestamp, policy: &Policy) -> Fate {
        let reasons = self.step_5(taken_at, policy);
        let Phase::Collecting(round) = &mut self.phase else {
            return Fate::NotCounted(reasons);
        };
        if !reasons.is_empty() {
            return Fate::NotCounted(reasons);
        }
        self.last_accepted = Some(taken_at);
        match round.accept(values, received_at, policy) {
            Accepted::Discarded => Fate::NotCounted(vec![ReadingReason::DiscardedFirst]),
            Accepted::Counted => Fate::Counted,
            Accepted::Complete => {
                let counted = std::mem::take(&mut round.counted);
                let judged = JudgedRound::of(&counted);
                self.judge(counted, taken_at, received_at, policy);
                judged.map_or(Fate::Counted, |round| Fate::Completed(Box::new(round)))
            }
        }
    }

    fn step_5(&self, taken_at: Timestamp, policy: &Policy) -> Vec<ReadingReason> {
        let too_soon = |last| taken_at < timeline::after(last, policy.spacing);
        let round_over = match &self.phase {
            Phase::Collecting(round) => taken_at < round.began_at,
            Phase::Passed(_)
            | Phase::Blocked { .. }
            | Phase::Referred { .. }
            | Phase::Crisis { .. }
            | Phase::Started { .. }
            | Phase::Ended { .. } => true,
        };
        [
            (taken_at < self.rested_at(policy), ReadingReason::RestIncomplete),
            (self.last_accepted.is_some_and(too_soon), ReadingReason::TooSoon),
            (round_over, ReadingReason::RoundOver),
        ]
        .into_iter()
        .filter_map(|(applies, reason)| applies.then_some(reason))
        .collect()
    }

    /// Judges a complete round by its means. The last reading was taken and received at these times.
    fn judge(&mut self, counted: Vec<Counted>, taken_at: Timestamp, received_at: Timestamp, policy: &Policy) {
        let outside = means::outside(&counted, policy);
        if outside.is_empty() {
            self.pass(
                counted,
                timeline::after(taken_at, policy.valid_for),
                Clearance::needed(policy),
            );
            // A pass whose end is not after its last reading's receipt is over at once.
            self.leave_what_is_over(received_at, policy);
        } else {
            self.fail(outside, counted, received_at, policy);
        }
    }

    pub(super) fn pass(&mut self, counted: Vec<Counted>, until: Timestamp, clearance: Clearance) {
        self.phase = Phase::Passed(Pass {
            until,
            counted,
            clearance,
        });
    }

    fn fail(&mut self, mut why: Vec<Reason>, counted: Vec<Counted>, received_at: Timestamp, policy: &Policy) {
        self.failed_rounds += 1;
        self.phase = if self.failed_rounds >= u64::from(policy.attempts) {
            why.push(Reason::AttemptsUsed);
            Phase::Referred { why, counted }
        } else {
            Phase::Blocked {
                why,
                counted,
                next_at: timeline::after(received_at, policy.retry_after),
            }
        };
    }
}
