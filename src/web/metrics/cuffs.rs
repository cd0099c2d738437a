//! What is told of cuffs, the radio, and what cuffs measured.

use super::Seen;
use super::exposition::{Exposition, Kind};
use super::words::{HEALTHS, RADIOS, word};
use crate::core::state;

impl Seen<'_> {
    pub(super) fn cuffs(&self, to: &mut Exposition) {
        let cuffs = &self.state.cuffs;
        to.family(
            "cuffd_cuffs",
            Kind::Gauge,
            "Registered cuffs by how the way to them stands.",
        );
        for health in &HEALTHS {
            let count = cuffs.iter().filter(|cuff| cuff.health == *health).count();
            to.sample("cuffd_cuffs", Some(("health", &word(health))), count);
        }
        to.gauge(
            "cuffd_connected_cuffs",
            "Cuffs that are connected at this moment.",
            cuffs.iter().filter(|cuff| cuff.connected).count(),
        );
        let silence = |cuff: &state::CuffState| {
            cuff.heard_at
                .map_or(self.uptime.as_secs(), |heard_at| self.age_in_run(heard_at))
        };
        to.gauge_if_known(
            "cuffd_longest_cuff_silence_seconds",
            "Since the cuff that was not heard for the longest time was heard, or since this run began.",
            cuffs.iter().map(silence).max(),
        );
        let lowest = cuffs.iter().filter_map(|cuff| cuff.battery).min();
        to.gauge_if_known(
            "cuffd_lowest_cuff_battery_ratio",
            "The lowest charge that a cuff told when it was last read, 0 to 1.",
            lowest.map(|percent| f64::from(percent) / 100.0),
        );
        to.family(
            "cuffd_radio",
            Kind::Gauge,
            "How the radio stands: 1 for one of the states.",
        );
        let radio = word(&self.state.radio);
        for state in RADIOS.iter().map(word) {
            to.sample("cuffd_radio", Some(("state", &state)), u64::from(state == radio));
        }
    }

    pub(super) fn measurements(&self, to: &mut Exposition) {
        let cuffs = || self.state.cuffs.iter();
        to.gauge_if_known(
            "cuffd_last_measurement_age_seconds",
            "Since a measurement last arrived, in this run.",
            cuffs()
                .filter_map(|cuff| cuff.measured_at)
                .max()
                .map(|last| self.age_in_run(last)),
        );
        to.counter(
            "cuffd_duplicate_measurements_total",
            "Measurements of registered cuffs that came again, ever.",
            cuffs().map(|cuff| cuff.duplicates).sum(),
        );
        to.counter(
            "cuffd_unassigned_measurements_total",
            "Measurements of registered cuffs that were nobody's, ever.",
            cuffs().map(|cuff| cuff.unassigned).sum(),
        );
    }
}
