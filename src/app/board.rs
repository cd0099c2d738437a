//! What is known of each cuff and of the radio now, from what the source tells.

use jiff::Timestamp;
use uuid::Uuid;

use crate::core::bls::cuff_pressure::CuffPressure;
use crate::core::bls::measurement::Unit;
use crate::core::cuff::Cuff;
use crate::core::name::Name;
use crate::core::source::{self, Description, Ending, Event, RadioHealth};
use crate::core::state::{CuffHealth, CuffState, RadioState, SessionState};

/// The cuffs and the radio as they stand now.
#[derive(Clone, Debug, PartialEq)]
pub struct Board {
    /// Registered cuffs, in the order of the config.
    pub cuffs: Vec<CuffState>,
    /// The radio.
    pub radio: RadioState,
    /// The open sessions, in order of opening, and one that ended a while ago.
    pub sessions: Vec<SessionState>,
    /// The newest message about each open session's present answer.
    pub answers: Vec<(Name, Uuid)>,
}

impl Board {
    /// A board on which nothing has been heard yet.
    #[must_use]
    pub fn new(cuffs: &[Cuff], radio: RadioState) -> Self {
        Self {
            cuffs: cuffs.iter().map(unheard).collect(),
            radio,
            sessions: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// Takes over another register: what is known of a cuff that stays is kept.
    pub fn register(&mut self, cuffs: &[Cuff]) {
        let mut known = std::mem::take(&mut self.cuffs);
        let mut take = |cuff: &Cuff| {
            let place = known
                .iter()
                .position(|known| known.id == cuff.id && known.model == cuff.model.name)?;
            Some(known.swap_remove(place))
        };
        self.cuffs = cuffs
            .iter()
            .map(|cuff| take(cuff).unwrap_or_else(|| unheard(cuff)))
            .collect();
    }

    /// The cuff of this name, if it is registered.
    pub fn cuff(&mut self, id: &Name) -> Option<&mut CuffState> {
        self.cuffs.iter_mut().find(|cuff| cuff.id == *id)
    }

    /// Takes in what the source told.
    pub fn take(&mut self, event: &Event) {
        match event {
            // Virtual cuffs have no radio, whatever their source says of it.
            Event::Radio(health) if self.radio != RadioState::Virtual => self.radio = radio(*health),
            Event::Radio(_) => {}
            Event::Connected { cuff, at, .. } => self.on(cuff, |cuff| {
                cuff.connected = true;
                cuff.heard_at = Some(at.wall);
            }),
            Event::Measurement { cuff, at, .. } => self.on(cuff, |cuff| cuff.measured_at = Some(at.wall)),
            Event::CuffPressure { cuff, octets, .. } => {
                let shown = CuffPressure::decode(octets).ok().and_then(|live| show(&live));
                self.on(cuff, |cuff| cuff.cuff_pressure = shown);
            }
            Event::Described { cuff, description } => self.describe(cuff, description),
            Event::Over { cuff, ending, .. } => self.on(cuff, |cuff| {
                cuff.connected = false;
                cuff.cuff_pressure = None;
                if *ending == Ending::Delivered {
                    cuff.health = CuffHealth::Ok;
                }
            }),
            Event::Cuff { cuff, health } => self.on(cuff, |cuff| note(cuff, *health)),
            Event::Clock { .. } | Event::ClockSettled { .. } => {}
        }
    }

    /// Shows what was read of a cuff, now or in an earlier run.
    pub fn describe(&mut self, id: &Name, description: &Description) {
        self.on(id, |cuff| {
            let Description {
                manufacturer,
                model,
                serial,
                firmware,
                battery,
                features: _,
            } = description.clone();
            cuff.manufacturer = manufacturer.or(cuff.manufacturer.take());
            cuff.model_number = model.or(cuff.model_number.take());
            cuff.serial = serial.or(cuff.serial.take());
            cuff.firmware = firmware.or(cuff.firmware.take());
            cuff.battery = battery.or(cuff.battery);
        });
    }

    /// A measurement came again.
    pub fn count_duplicate(&mut self, id: &Name) {
        self.on(id, |cuff| cuff.duplicates += 1);
    }

    /// A measurement was nobody's.
    pub fn count_unassigned(&mut self, id: &Name) {
        self.on(id, |cuff| cuff.unassigned += 1);
    }

    fn on(&mut self, id: &Name, change: impl FnOnce(&mut CuffState)) {
        if let Some(cuff) = self.cuff(id) {
            change(cuff);
        }
    }
}

fn unheard(cuff: &Cuff) -> CuffState {
    CuffState {
        id: cuff.id.clone(),
        model: cuff.model.name.clone(),
        manufacturer: None,
        model_number: None,
        serial: None,
        firmware: None,
        battery: None,
        connected: false,
        cuff_pressure: None,
        heard_at: None,
        rssi: None,
        measured_at: None,
        health: CuffHealth::NotHeard,
        duplicates: 0,
        unassigned: 0,
    }
}

/// Takes over what was read; what was not read stays as it was.
pub(super) fn merge(known: &mut Description, new: &Description) {
    let Description {
        manufacturer,
        model,
        serial,
        firmware,
        battery,
        features,
    } = new.clone();
    known.manufacturer = manufacturer.or(known.manufacturer.take());
    known.model = model.or(known.model.take());
    known.serial = serial.or(known.serial.take());
    known.firmware = firmware.or(known.firmware.take());
    known.battery = battery.or(known.battery);
    known.features = features.or(known.features);
}

fn note(cuff: &mut CuffState, health: source::CuffHealth) {
    match health {
        source::CuffHealth::Heard { rssi, at } => heard(cuff, rssi, at.wall),
        source::CuffHealth::Unreachable { .. } => cuff.health = CuffHealth::Unreachable,
        source::CuffHealth::Reachable => cuff.health = CuffHealth::Ok,
        source::CuffHealth::BondLost => cuff.health = CuffHealth::BondLost,
    }
}

fn heard(cuff: &mut CuffState, rssi: Option<i16>, at: Timestamp) {
    cuff.heard_at = Some(at);
    cuff.rssi = rssi.or(cuff.rssi);
    if cuff.health == CuffHealth::NotHeard {
        cuff.health = CuffHealth::Ok;
    }
}

const fn radio(health: RadioHealth) -> RadioState {
    match health {
        RadioHealth::Scanning => RadioState::Scanning,
        RadioHealth::NoAdapter => RadioState::NoAdapter,
        RadioHealth::AdapterOff => RadioState::AdapterOff,
        RadioHealth::NoStack => RadioState::NoStack,
        RadioHealth::NoBus => RadioState::NoBus,
        RadioHealth::Deaf { .. } => RadioState::Deaf,
    }
}

/// The live pressure as it is shown; `None` where the sensor has no number.
fn show(live: &CuffPressure) -> Option<String> {
    let unit = match live.unit {
        Unit::MmHg => "mmHg",
        Unit::KPa => "kPa",
    };
    live.cuff_pressure
        .number()
        .map(|pressure| format!("{} {unit}", pressure.normalize()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::core::cuff::{Address, Wearer};
    use crate::core::models::Model;
    use crate::core::moment::{Moment, Now};

    fn name() -> Name {
        Name::parse("c1").unwrap()
    }

    fn now() -> Now {
        Now {
            wall: Timestamp::UNIX_EPOCH,
            moment: Moment::from_boot(Duration::ZERO),
        }
    }

    fn board() -> Board {
        let cuff = Cuff {
            id: name(),
            address: Address::new([1; 6]),
            model: Model::standard(),
            trust_clock: false,
            wearer: Wearer::Session,
            since: None,
        };
        Board::new(&[cuff], RadioState::Starting)
    }

    fn after(events: &[Event]) -> CuffState {
        let mut board = board();
        events.iter().for_each(|event| board.take(event));
        board.cuff(&name()).unwrap().clone()
    }

    fn health(health: source::CuffHealth) -> Event {
        Event::Cuff { cuff: name(), health }
    }

    #[test]
    fn a_lost_bond_stays_told_until_the_cuff_delivers() {
        let lost = health(source::CuffHealth::BondLost);
        let heard = health(source::CuffHealth::Heard {
            rssi: Some(-60),
            at: now(),
        });
        let over = |ending| Event::Over {
            cuff: name(),
            ending,
            at: now(),
        };
        assert_eq!(after(std::slice::from_ref(&heard)).health, CuffHealth::Ok);
        for (last, told) in [
            (heard, CuffHealth::BondLost),
            (over(Ending::Empty), CuffHealth::BondLost),
            (over(Ending::Delivered), CuffHealth::Ok),
            (health(source::CuffHealth::Reachable), CuffHealth::Ok),
        ] {
            assert_eq!(after(&[lost.clone(), last]).health, told);
        }
    }

    #[test]
    fn live_pressure_is_shown_while_the_cuff_measures_and_gone_with_the_connection() {
        let pressure = Event::CuffPressure {
            cuff: name(),
            octets: vec![0, 135, 0, 0xFF, 7, 0xFF, 7],
            at: now(),
        };
        let broken = Event::CuffPressure {
            cuff: name(),
            octets: vec![0],
            at: now(),
        };
        let over = Event::Over {
            cuff: name(),
            ending: Ending::Empty,
            at: now(),
        };
        assert_eq!(
            after(std::slice::from_ref(&pressure)).cuff_pressure.as_deref(),
            Some("135 mmHg")
        );
        assert_eq!(after(&[pressure.clone(), broken]).cuff_pressure, None);
        assert_eq!(after(&[pressure, over]).cuff_pressure, None);
    }

    #[test]
    fn what_was_not_read_does_not_wipe_what_was() {
        let described = |description| Event::Described {
            cuff: name(),
            description,
        };
        let first = Description {
            manufacturer: Some("ACME".to_owned()),
            battery: Some(80),
            ..Description::default()
        };
        let second = Description {
            battery: Some(70),
            ..Description::default()
        };
        let cuff = after(&[described(first), described(second)]);
        assert_eq!((cuff.manufacturer.as_deref(), cuff.battery), (Some("ACME"), Some(70)));
    }
}
