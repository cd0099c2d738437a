//! What happens in a run, and when: everything is decided by its seed.

/// Whom a fault can strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Gateway,
    Broker,
    Platform,
}

/// How a link fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Every connection ends at once.
    Cut,
    /// Every connection ends after so many octets more, wherever in a packet that is.
    CutAfter(u64),
    /// Nothing goes on, and nobody is told.
    Stall,
    /// Everything is taken, and nothing arrives.
    Swallow,
}

/// What was done to the files of a gateway that does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    /// One octet of the database is another, at so many thousandths of it.
    Octet(u64),
    /// A whole page is filled with rubbish.
    Page(u64),
    /// The log ends at so many thousandths of it.
    ShortLog(u64),
}

/// What a cuff measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measured {
    Good,
    OutsideLimits,
    Crisis,
    Irregular,
    Moved,
}

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// One connection of a patient's cuff.
    Measure(usize, Vec<Measured>),
    /// The patient's session is closed, if there is one, and a new one is opened.
    Open(usize),
    Attest(usize),
    Report,
    Kill(Who),
    /// The gateway is told to end.
    Stop,
    Start(Who),
    Pause(Who),
    Continue(Who),
    Trouble(Trouble),
    Heal,
    Fill,
    Empty,
    /// The gateway is killed, and cannot write where its store is when it starts again; then it can.
    ReadOnly,
    /// The gateway is killed, and its files are damaged.
    Damage(Damage),
    /// The gateway's wall clock steps by so many seconds.
    Step(i64),
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// What happens, at which millisecond.
    pub(crate) acts: Vec<(u64, Act)>,
    /// In seconds; short ones run out.
    pub(crate) valid_for: u64,
    pub(crate) attest_for: u64,
    pub(crate) window: u64,
    /// The broker forgets what it has not written down, which is nearly everything.
    pub(crate) forgetful: bool,
    /// At its end the gateway is started anew, as somebody would who has lost patience.
    pub(crate) restarts_at_end: bool,
}

pub(crate) const PATIENTS: usize = 3;

/// How long faults go on, in milliseconds.
const LENGTH: u64 = 9_000;

/// Numbers that a seed decides (SplitMix64), the same with every version of everything.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From `low` up to but not `high`.
    fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low)
    }

    fn patient(&mut self) -> usize {
        usize::try_from(self.between(0, PATIENTS as u64)).expect("few")
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        let last = choices.len() as u64;
        choices[usize::try_from(self.between(0, last)).expect("few")]
    }
}

impl Plan {
    pub(crate) fn of(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let mut acts: Vec<(u64, Act)> = Vec::new();
        for patient in 0..PATIENTS {
            acts.push((0, Act::Open(patient)));
            acts.push((0, Act::Attest(patient)));
        }
        for _ in 0..dice.between(10, 20) {
            acts.push((dice.between(300, LENGTH), dice.clinic()));
        }
        for _ in 0..dice.between(3, 8) {
            dice.fault(&mut acts);
        }
        acts.sort_by_key(|(at, _)| *at);
        Self {
            seed,
            acts,
            valid_for: dice.one_of(&[3, 8, 600]),
            attest_for: dice.one_of(&[6, 1800, 1800]),
            window: dice.one_of(&[1, 5, 20]),
            forgetful: dice.between(0, 4) == 0,
            restarts_at_end: dice.between(0, 2) == 0,
        }
    }

    /// Whether a gateway may end by itself like this: where its disk is full, and where what it finds there is damaged; 75 leaves that
    /// to the next start.
    pub(crate) fn ends(&self, code: Option<i32>) -> bool {
        let is_damaged = self.damages().next().is_some();
        let is_full = self.acts.iter().any(|(_, act)| *act == Act::Fill);
        match code {
            Some(74) => is_full || is_damaged,
            Some(75) => is_damaged,
            _ => false,
        }
    }

    /// Whether the gateway's files were damaged in it, and how.
    pub(crate) fn damages(&self) -> impl Iterator<Item = Damage> {
        self.acts.iter().filter_map(|(_, act)| {
            if let Act::Damage(damage) = act {
                Some(*damage)
            } else {
                None
            }
        })
    }
}

impl Dice {
    /// What a clinic and its patients do.
    fn clinic(&mut self) -> Act {
        let patient = self.patient();
        match self.between(0, 20) {
            0..3 => Act::Open(patient),
            3..5 => Act::Attest(patient),
            5 => Act::Report,
            _ => {
                let count = self.between(1, 4);
                Act::Measure(patient, (0..count).map(|_| self.measured()).collect())
            }
        }
    }

    fn measured(&mut self) -> Measured {
        match self.between(0, 30) {
            0..3 => Measured::OutsideLimits,
            3 => Measured::Crisis,
            4 => Measured::Irregular,
            5 => Measured::Moved,
            _ => Measured::Good,
        }
    }

    /// A fault, and its end.
    fn fault(&mut self, acts: &mut Vec<(u64, Act)>) {
        let at = self.between(500, LENGTH);
        let after = at + self.between(50, 2_500);
        let who = self.one_of(&[Who::Gateway, Who::Gateway, Who::Broker, Who::Platform]);
        match self.between(0, 24) {
            0 if who == Who::Gateway => acts.extend([(at, Act::Stop), (after, Act::Start(who))]),
            0..8 => acts.extend([(at, Act::Kill(who)), (after, Act::Start(who))]),
            8..12 => acts.extend([(at, Act::Pause(who)), (after, Act::Continue(who))]),
            12..17 => {
                let octets = self.between(0, 3_000);
                let trouble = self.one_of(&[
                    Trouble::Cut,
                    Trouble::CutAfter(octets),
                    Trouble::Stall,
                    Trouble::Swallow,
                ]);
                acts.extend([(at, Act::Trouble(trouble)), (after, Act::Heal)]);
            }
            17..19 => acts.extend([(at, Act::Fill), (after, Act::Empty)]),
            19 => acts.push((at, Act::ReadOnly)),
            20..22 => {
                let place = self.between(0, 1_000);
                let damage = self.one_of(&[Damage::Octet(place), Damage::Page(place), Damage::ShortLog(place)]);
                acts.extend([(at, Act::Damage(damage)), (after, Act::Start(Who::Gateway))]);
            }
            _ => {
                let seconds = i64::try_from(self.between(2, 4_000)).expect("small");
                acts.push((at, Act::Step(self.one_of(&[seconds, -seconds]))));
            }
        }
    }
}

#[test]
fn a_seed_decides_everything() {
    assert_eq!(Plan::of(7), Plan::of(7));
    assert_ne!(Plan::of(7).acts, Plan::of(8).acts);
    let all: Vec<Act> = (0..300)
        .flat_map(|seed| Plan::of(seed).acts)
        .map(|(_, act)| act)
        .collect();
    for who in [Who::Gateway, Who::Broker, Who::Platform] {
        assert!(
            all.contains(&Act::Kill(who)) && all.contains(&Act::Pause(who)),
            "{who:?}"
        );
    }
    let is_in = |wanted: fn(&Act) -> bool| all.iter().any(wanted);
    assert!(is_in(|act| matches!(act, Act::Trouble(Trouble::CutAfter(_)))));
    for trouble in [Trouble::Cut, Trouble::Stall, Trouble::Swallow] {
        assert!(all.contains(&Act::Trouble(trouble)), "{trouble:?}");
    }
    assert!(is_in(|act| matches!(act, Act::Damage(Damage::Octet(_)))));
    assert!(is_in(|act| matches!(act, Act::Damage(Damage::Page(_)))));
    assert!(is_in(|act| matches!(act, Act::Damage(Damage::ShortLog(_)))));
    assert!(is_in(|act| matches!(act, Act::Step(seconds) if *seconds < 0)));
    assert!(is_in(|act| matches!(act, Act::Step(seconds) if *seconds > 0)));
    assert!(all.contains(&Act::Fill) && all.contains(&Act::ReadOnly) && all.contains(&Act::Stop));
}
