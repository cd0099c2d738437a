//! What is told of the way to the clinic.

use super::Seen;
use super::exposition::{Exposition, Kind};

impl Seen<'_> {
    pub(super) fn link(&self, to: &mut Exposition) {
        let delivery = &self.state.delivery;
        to.flag(
            "cuffd_broker_configured",
            "Whether anything is to be published at all.",
            delivery.enabled,
        );
        to.flag(
            "cuffd_broker_connected",
            "Whether a broker is connected.",
            delivery.connected,
        );
        to.gauge_if_known(
            "cuffd_broker_connection_age_seconds",
            "How long the present connection to a broker has stood.",
            delivery.since.map(|since| self.age_in_run(since)),
        );
        to.gauge_if_known(
            "cuffd_last_sent_age_seconds",
            "Since a broker last took a message, in any run.",
            delivery.last_sent_at.map(|sent_at| self.age(sent_at)),
        );
    }

    pub(super) fn messages(&self, to: &mut Exposition) {
        let delivery = &self.state.delivery;
        let (seq, queued) = (delivery.seq, delivery.queued);
        let name = "cuffd_messages_total";
        to.family(name, Kind::Counter, "Messages made, ever, by kind.");
        for (kind, count) in [
            ("alert", seq.alert),
            ("readiness", seq.readiness),
            ("reading", seq.reading),
        ] {
            to.sample(name, Some(("kind", kind)), count);
        }
        let name = "cuffd_queued_messages";
        to.family(name, Kind::Gauge, "Messages that no broker has taken yet, by kind.");
        for (kind, count) in [
            ("alert", queued.alert),
            ("readiness", queued.readiness),
            ("reading", queued.reading),
            ("fhir", queued.fhir),
        ] {
            to.sample(name, Some(("kind", kind)), count);
        }
        to.gauge(
            "cuffd_oldest_queued_age_seconds",
            "Age of the oldest message that no broker has taken yet; 0 if none waits.",
            delivery.oldest_queued_at.map_or(0, |oldest| self.age(oldest)),
        );
        to.gauge(
            "cuffd_set_aside_messages",
            "Messages that a broker refused for good; they are kept.",
            delivery.set_aside_count,
        );
        to.gauge_if_known(
            "cuffd_unconfirmed_messages",
            "Messages that a broker took and the clinic's system has not confirmed; where receipts are awaited.",
            delivery.awaiting_receipt,
        );
    }
}
