//! The intake on a store of its own, told by hand what a source would tell it.

mod bundles;
mod clocks;
mod connections;
mod register;

use std::path::Path;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::ask::{NotDone, Want};
use super::*;
use crate::app::report::{self, Identity};
use crate::core::cuff::{Cuff, Wearer};
use crate::core::moment::Now;
use crate::core::readiness::policy::Policy;
use crate::core::readiness::rig::{cuff, minutes, name, octets, policy};
use crate::core::source::{ClockNote, Ending};
use crate::core::state::RadioState;
use crate::core::topics::Topics;
use crate::mqtt::message::Origin;
use crate::proof::SigningKey;
use crate::store::{self, Reply, Store};
use crate::systemd::Watchdog;

const FIRST: Uuid = Uuid::from_u128(1);
const SECOND: Uuid = Uuid::from_u128(2);

/// A folder with a store, and what the intake of one run is told from outside.
struct Run {
    folder: TempDir,
    policy: Policy,
    intake: Intake,
    synchronized: watch::Sender<bool>,
    /// Kept open.
    register: watch::Sender<Arc<[Cuff]>>,
    _others: Others,
}

/// Nothing to attest, and all at once; a pass holds for three minutes, a session for eight.
fn at_once() -> Policy {
    Policy {
        rest: Duration::ZERO,
        spacing: Duration::ZERO,
        attestations: Vec::new(),
        ..policy()
    }
}

/// A cuff whose clock is read, and one whose clock is trusted.
fn cuffs() -> Vec<Cuff> {
    let trusted = Cuff {
        trust_clock: true,
        ..cuff("trusted", Wearer::Patient(name("p1")))
    };
    vec![cuff("own", Wearer::Patient(name("p1"))), trusted]
}

impl Run {
    /// The first run of a boot.
    async fn first() -> Self {
        Self::first_by(at_once()).await
    }

    /// The same, by another policy.
    async fn first_by(policy: Policy) -> Self {
        Self::begin(tempfile::tempdir().unwrap(), policy, FIRST, true).await
    }

    /// A power cut, and the next run.
    async fn again(self, boot: Uuid, synchronized: bool) -> Self {
        let Self {
            folder, policy, intake, ..
        } = self;
        drop(intake);
        // The store's thread gives the lock back when nobody can ask it any more.
        while Store::open(settings(folder.path(), boot), clock::now()).is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Self::begin(folder, policy, boot, synchronized).await
    }

    async fn begin(folder: TempDir, policy: Policy, boot: Uuid, synchronized: bool) -> Self {
        let opened = loop {
            if let Ok(opened) = Store::open(settings(folder.path(), boot), clock::now()) {
                break opened;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        let heads = opened.store.heads().await.unwrap();
        let head = |kind| heads.get(&kind).copied().unwrap_or(0);
        let last = LastSeq {
            reading: head(crate::core::delivery::Kind::Reading),
            readiness: head(crate::core::delivery::Kind::Readiness),
            alert: head(crate::core::delivery::Kind::Alert),
            fhir: head(crate::core::delivery::Kind::Fhir),
        };
        let (synchronized, clock) = watch::channel(synchronized);
        let (intake, register, others) = intake(opened.store, policy.clone(), boot, clock, last);
        let mut run = Self {
            folder,
            policy,
            intake,
            synchronized,
            register,
            _others: others,
        };
        run.intake.resume().await.unwrap();
        run
    }

    /// Sends a command that is carried out.
    async fn ask(&mut self, want: Want) -> Result<(), NotDone> {
        let (answer, answered) = oneshot::channel();
        let ask = Ask {
            want,
            reply: None,
            answer,
        };
        self.intake.answer(ask).await.unwrap();
        answered.await.unwrap()
    }

    async fn open(&mut self) {
        self.open_as("s1").await;
    }

    async fn open_as(&mut self, session: &str) {
        let (session, patient) = (name(session), name("p1"));
        let opened = self.ask(Want::Open {
            session,
            patient,
            cuff: None,
            policy_sha256: None,
        });
        opened.await.unwrap();
    }

    /// A connection that brings readings of these systolic pressures, and is over.
    async fn measure(&mut self, cuff: &str, systolic: &[i64]) {
        let (cuff, at) = (name(cuff), clock::now());
        let mut events = vec![Event::Connected {
            cuff: cuff.clone(),
            bonded: true,
            at,
        }];
        if cuff.as_str() == "own" {
            let note = ClockNote::Read { offset_s: 0, at };
            let cuff = cuff.clone();
            events.push(Event::Clock { cuff, note });
        }
        for systolic in systolic {
            // By a clock that is a bit fast: taken at receipt.
            let octets = octets(*systolic, 80, 0, at.wall + Duration::from_secs(5));
            let cuff = cuff.clone();
            events.push(Event::Measurement { cuff, octets, at });
        }
        events.push(Event::Over {
            cuff,
            ending: Ending::Delivered,
            at,
        });
        self.intake.take(events).await.unwrap();
    }

    /// A session that is ready, and until when.
    async fn ready(&mut self, cuff: &str) -> Timestamp {
        // What a cuff's first connection brings does not count.
        self.measure(cuff, &[120]).await;
        self.open().await;
        self.measure(cuff, &[121, 122]).await;
        let said = self.said();
        let last = said.last().unwrap();
        assert_eq!(last["state"], "ready", "{last}");
        time(&last["valid_until"])
    }

    /// Lets time pass until both clocks show so much more than now.
    async fn pass(&mut self, wall: SignedDuration, boottime: Duration) {
        let now = clock::now();
        let later = Now {
            wall: now.wall + wall,
            moment: now.moment + boottime,
        };
        self.intake.let_time_pass(later).await.unwrap();
    }

    /// Every readiness message, in order.
    fn said(&self) -> Vec<Value> {
        self.stored("readiness")
    }

    /// Every message of this kind, in order.
    fn stored(&self, kind: &str) -> Vec<Value> {
        let store = Connection::open(self.folder.path().join("cuffd.db")).unwrap();
        let sql = "SELECT octets FROM content JOIN message ON message.row = content.message
                   WHERE kind = ?1 ORDER BY seq";
        let mut stored = store.prepare(sql).unwrap();
        let octets = stored.query_map([kind], |row| row.get::<_, Vec<u8>>(0)).unwrap();
        octets
            .map(|octets| serde_json::from_slice(&octets.unwrap()).unwrap())
            .collect()
    }

    /// State and first reason of the last so many messages.
    fn last(&self, count: usize) -> Vec<(String, String)> {
        let said = self.said();
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let last = said.iter().rev().take(count).rev();
        last.map(|one| (word(&one["state"]), word(&one["reasons"][0]["code"])))
            .collect()
    }
}

fn settings(folder: &Path, boot: Uuid) -> store::Settings {
    store::Settings {
        path: folder.join("cuffd.db"),
        keep: minutes(60),
        keep_in_session: false,
        max_size: 1 << 24,
        reserve: 0,
        keep_ended: minutes(60),
        keep_unassigned: false,
        boot,
    }
}

type Others = (watch::Sender<StoreState>, watch::Sender<Arc<State>>, mpsc::Sender<Ask>);

fn intake(
    store: Store,
    policy: Policy,
    boot: Uuid,
    clock: watch::Receiver<bool>,
    last: LastSeq,
) -> (Intake, watch::Sender<Arc<[Cuff]>>, Others) {
    let board = Board::new(&cuffs(), RadioState::Virtual);
    let identity = Identity {
        site: name("north"),
        gateway: name("gw"),
        run: Uuid::new_v4(),
        test: true,
        started_at: clock::wall(),
        brokers: Vec::new(),
        receipts: false,
    };
    let room = StoreState {
        available: true,
        nearly_full: false,
        size: 0,
        free: u64::MAX,
    };
    let state = report::at_start(&identity, &board, true, room);
    let (disk, disk_seen) = watch::channel(room);
    let (state, state_seen) = watch::channel(Arc::new(state));
    let (asks, asked) = mpsc::channel(1);
    let (register, registered) = watch::channel(Arc::from(cuffs()));
    let heart = Watchdog::default().heart("intake");
    let outside = Outside {
        shown: watch::Sender::new(Arc::new(board.clone())),
        clock,
        disk: disk_seen,
        state: state_seen,
        cuffs: registered,
        asks: asked,
        source: CancellationToken::new(),
        heart: heart.clone(),
    };
    let settings = Settings {
        terms: Terms {
            policy: Some(Arc::new(policy)),
            cuffs: cuffs().into(),
            zone: TimeZone::UTC,
        },
        descriptions: HashMap::new(),
        jump: Duration::from_secs(5),
        boot,
    };
    let persist = Persist::new(store, watch::Sender::new(false), heart);
    (
        Intake::new(persist, settings, maker(&identity, last), board, outside),
        register,
        (disk, state, asks),
    )
}

fn maker(identity: &Identity, last: LastSeq) -> Maker {
    let (site, gateway) = (identity.site.clone(), identity.gateway.clone());
    Maker {
        topics: Topics::new("cuffd-test", &site, &gateway),
        origin: Origin {
            site,
            gateway,
            run: identity.run,
            test: true,
        },
        publish: true,
        bond_required: true,
        patient_system: Some("urn:example:patients".to_owned()),
        last,
        key: watch::channel(Arc::new(SigningKey::generate().unwrap().0)).1,
    }
}

fn time(of: &Value) -> Timestamp {
    of.as_str().expect("a time").parse().unwrap()
}

fn pair(state: &str, reason: &str) -> (String, String) {
    (state.to_owned(), reason.to_owned())
}
