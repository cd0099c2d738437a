//! What is asked of a cuff when it has time for it: what it is, how full its battery is, what it can detect.

use std::collections::VecDeque;

use super::{Catalogue, Characteristic};
use crate::core::source::Description;

/// The longest text that is kept of a cuff's own words.
const LONGEST_TEXT: usize = 64;

/// The values to read in one connection, and what was read.
#[derive(Clone, Debug, Default)]
pub(super) struct Reads {
    waiting: VecDeque<Characteristic>,
    found: Description,
}

impl Reads {
    /// What to read: the battery each time, the rest once.
    pub(super) fn plan(catalogue: &Catalogue, known: &Description) -> Self {
        let wanted = [
            (Characteristic::Feature, known.features.is_none()),
            (Characteristic::Battery, true),
            (Characteristic::Manufacturer, known.manufacturer.is_none()),
            (Characteristic::Model, known.model.is_none()),
            (Characteristic::Serial, known.serial.is_none()),
            (Characteristic::Firmware, known.firmware.is_none()),
        ];
        let waiting = wanted
            .into_iter()
            .filter(|(which, wanted)| *wanted && catalogue.access(*which).read)
            .map(|(which, _)| which)
            .collect();
        Self {
            waiting,
            found: Description::default(),
        }
    }

    /// Whether something is still to be read.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The next value to read.
    pub(super) fn take_next(&mut self) -> Option<Characteristic> {
        self.waiting.pop_front()
    }

    /// Takes in a value; one that makes no sense is as if it had not been read.
    pub(super) fn read(&mut self, which: Characteristic, octets: &[u8]) {
        match which {
            Characteristic::Feature => self.found.features = features(octets),
            Characteristic::Battery => self.found.battery = octets.first().copied().filter(|percent| *percent <= 100),
            Characteristic::Manufacturer => self.found.manufacturer = text(octets),
            Characteristic::Model => self.found.model = text(octets),
            Characteristic::Serial => self.found.serial = text(octets),
            Characteristic::Firmware => self.found.firmware = text(octets),
            Characteristic::Measurement
            | Characteristic::CuffPressure
            | Characteristic::DateTime
            | Characteristic::CurrentTime => {}
        }
    }

    /// What was read in this connection; `None` if nothing was, or it was taken already.
    pub(super) fn take_found(&mut self) -> Option<Description> {
        let found = std::mem::take(&mut self.found);
        (found != Description::default()).then_some(found)
    }
}

/// Adds to what is known of a cuff what was read now.
pub(super) fn learn(known: &mut Description, read: &Description) {
    fn newer<T: Clone>(old: &mut Option<T>, new: &Option<T>) {
        if new.is_some() {
            old.clone_from(new);
        }
    }
    newer(&mut known.manufacturer, &read.manufacturer);
    newer(&mut known.model, &read.model);
    newer(&mut known.serial, &read.serial);
    newer(&mut known.firmware, &read.firmware);
    newer(&mut known.battery, &read.battery);
    newer(&mut known.features, &read.features);
}

fn features(octets: &[u8]) -> Option<u16> {
    octets.first_chunk().copied().map(u16::from_le_bytes)
}

/// A cuff's own words, without padding and control characters; they end up in messages and on a page.
fn text(octets: &[u8]) -> Option<String> {
    let words: String = String::from_utf8_lossy(octets)
        .chars()
        .filter(|character| !character.is_control())
        .take(LONGEST_TEXT)
        .collect();
    let words = words.trim();
    (!words.is_empty()).then(|| words.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::Access;
    use super::*;

    fn everything() -> Catalogue {
        let readable = Access {
            read: true,
            write: false,
        };
        Characteristic::ALL.into_iter().map(|which| (which, readable)).collect()
    }

    fn order(mut reads: Reads) -> Vec<Characteristic> {
        std::iter::from_fn(|| reads.take_next()).collect()
    }

    #[test]
    fn only_the_battery_is_read_again() {
        let known = Description {
            manufacturer: Some("M".into()),
            model: Some("N".into()),
            serial: Some("S".into()),
            firmware: Some("F".into()),
            battery: Some(80),
            features: Some(0),
        };
        assert_eq!(order(Reads::plan(&everything(), &known)), [Characteristic::Battery]);
        assert_eq!(order(Reads::plan(&everything(), &Description::default())).len(), 6);
        assert!(!Reads::plan(&Catalogue::default(), &known).is_waiting());
    }

    #[test]
    fn values_that_make_no_sense_are_as_if_not_read() {
        let mut reads = Reads::default();
        reads.read(Characteristic::Battery, &[101]);
        reads.read(Characteristic::Feature, &[1]);
        reads.read(Characteristic::Model, b"\0\0 ");
        assert_eq!(reads.take_found(), None);
        reads.read(Characteristic::Battery, &[100]);
        reads.read(Characteristic::Feature, &[0x23, 0x01, 0xFF]);
        reads.read(Characteristic::Model, b"BP-1\n\0");
        let found = reads.take_found().expect("three values");
        assert_eq!((found.battery, found.features), (Some(100), Some(0x0123)));
        assert_eq!(found.model.as_deref(), Some("BP-1"));
        assert_eq!(reads.take_found(), None, "told once");
    }

    #[test]
    fn a_text_is_cut_at_its_longest() {
        assert_eq!(text(&[b'x'; 500]).map(|words| words.len()), Some(LONGEST_TEXT));
    }
}
