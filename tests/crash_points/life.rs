//! The life of a store, deed by deed, as the daemon does them; and the lives that are tried.

use std::fs;
use std::path::Path;

use cuffd::core::delivery::{Kind, Mark, NewMessage, Wait};
use cuffd::core::source::{ClockNote, Description};
use cuffd::private::Private;
use cuffd::store::{
    AlertChange, Became, ConnectionId, MeasurementId, NewEvent, NewMeasurement, OpenAlert, Reply, Resend,
    SessionChanges, Settings, Step, Store, StoreError, StoreThread,
};
use uuid::Uuid;

use crate::rig::{at, cuff, id, judged, message, name, reading, settings, time};
use crate::shim;
use crate::state::{State, state_of};

/// Seconds. Whoever opens the store does so after all that happens in the life: a clock that was set back would end waits.
pub(crate) const LATER: i64 = 1_000;

/// Where a life begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// There is no store.
    Nothing,
    /// There is one, and its database is damaged: it is moved aside and replaced.
    Damaged,
}

/// One call of the store's.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    Open,
    Bind,
    Describe,
    Connect,
    NoteClock,
    Append,
    OpenSession,
    JudgeReading,
    JudgeNobodys,
    JudgeDouble,
    Disconnect,
    Queue,
    Sent,
    Receipt,
    Remember,
    NextConnection,
    DateAnew,
    EndSession,
    Prune,
    ResendOne,
    Close,
}

use Deed::{
    Append, Bind, Close, Connect, DateAnew, Describe, Disconnect, EndSession, JudgeDouble, JudgeNobodys, JudgeReading,
    NextConnection, NoteClock, Open, OpenSession, Prune, Queue, Receipt, Remember, ResendOne, Sent,
};

impl Beginning {
    /// By which a child is told.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Damaged => "damaged",
        }
    }

    pub(crate) fn of(word: &str) -> Self {
        let all = [Self::Nothing, Self::Damaged];
        all.into_iter().find(|one| one.word() == word).unwrap()
    }

    /// What is done from there on.
    pub(crate) const fn deeds(self) -> &'static [Deed] {
        match self {
            Self::Nothing => &[
                Open,
                Bind,
                Describe,
                Connect,
                NoteClock,
                Append,
                OpenSession,
                JudgeReading,
                JudgeNobodys,
                JudgeDouble,
                Disconnect,
                NextConnection,
                Queue,
                Sent,
                Receipt,
                Remember,
                DateAnew,
                EndSession,
                Close,
                Open,
                Prune,
                Prune,
                ResendOne,
                Connect,
                Append,
                Disconnect,
                Close,
            ],
            Self::Damaged => &[Open, NextConnection, Close],
        }
    }

    /// Makes it so in an empty folder.
    pub(crate) async fn lay(self, folder: &Path) {
        if self == Self::Nothing {
            return;
        }
        let mut life = Life::new(folder);
        for deed in [Open, Bind, Connect, Append, Queue, JudgeReading, Sent, Close] {
            life.take(deed).await.unwrap();
        }
        let path = folder.join("cuffd.db");
        let mut octets = fs::read(&path).unwrap();
        octets.truncate(octets.len() / 8_192 * 4_096);
        fs::write(&path, octets).unwrap();
    }

    /// What is held after so many deeds, where nothing fails. Before the first it is as after it: it is made in between.
    pub(crate) async fn states(self) -> Vec<State> {
        let folder = shim::folder();
        self.lay(folder.path()).await;
        let mut life = Life::new(folder.path());
        let mut states = Vec::new();
        for deed in self.deeds() {
            life.take(*deed).await.unwrap();
            states.push(state_of(folder.path()));
        }
        states.insert(0, states[0].clone());
        states
    }
}

/// A life being led.
pub(crate) struct Life {
    settings: Settings,
    opened: Option<(Store, StoreThread)>,
    connection: Option<ConnectionId>,
    measurements: Vec<MeasurementId>,
}

impl Life {
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            settings: settings(&folder.join("cuffd.db")),
            opened: None,
            connection: None,
            measurements: Vec::new(),
        }
    }

    /// Where the database is, if it is open.
    pub(crate) fn open_at(&self) -> Option<&Path> {
        self.opened.as_ref().map(|_| self.settings.path.as_path())
    }

    /// Does the deed. One that has failed may be done again.
    pub(crate) async fn take(&mut self, deed: Deed) -> Result<(), StoreError> {
        match deed {
            Open => {
                let opened = Store::open(self.settings.clone(), at(LATER))?;
                self.opened = Some((opened.store, opened.thread));
            }
            Close => {
                if let Some((store, mut thread)) = self.opened.take() {
                    store.close().await;
                    thread.ended().await?;
                }
            }
            other => {
                let store = self.opened.as_ref().unwrap().0.clone();
                self.use_of(&store, other).await?;
            }
        }
        Ok(())
    }

    async fn use_of(&mut self, store: &Store, deed: Deed) -> Result<(), StoreError> {
        match deed {
            Connect => {
                let opening = store.begin_connection(cuff(), true, at(0)).await?;
                self.connection = Some(opening.connection);
            }
            Append => self.measurements = store.append(self.brought()).await?,
            Disconnect => store.end_connection(self.connection.unwrap(), time(9)).await?,
            NoteClock => store.note_clock(self.connection.unwrap(), clock_note()).await?,
            JudgeReading => {
                store
                    .commit(self.judgement(0, Became::Reading(Box::new(reading(1)))))
                    .await?
            }
            JudgeNobodys => {
                let digest = Some([9; 32]);
                store.commit(self.judgement(1, Became::Nobody { digest })).await?;
            }
            JudgeDouble => store.commit(self.judgement(2, Became::Duplicate)).await?,
            other => without_cuff(store, other).await?,
        }
        Ok(())
    }

    /// Three measurements.
    fn brought(&self) -> Vec<NewMeasurement> {
        let new = |number: u8| NewMeasurement {
            connection: self.connection.unwrap(),
            octets: vec![number; 19],
            at: at(number.into()),
            synchronized: true,
        };
        (1..=3).map(new).collect()
    }

    /// What one of them became, with an alert and an event of the session.
    fn judgement(&self, number: usize, became: Became) -> Step {
        let seq = number as u64 + 1;
        let alert = OpenAlert {
            id: Uuid::from_u128(seq.into()),
            code: format!("code-{seq}"),
            cuff: Some(cuff()),
        };
        Step {
            judged: vec![judged(self.measurements[number], became)],
            messages: vec![message(Kind::Alert, seq)],
            alerts: vec![AlertChange::Raised(alert)],
            ..Step::default()
        }
    }
}

/// What has to do with neither connections nor measurements.
async fn without_cuff(store: &Store, deed: Deed) -> Result<(), StoreError> {
    let reading = |seq| id(Kind::Reading, seq);
    match deed {
        Bind => store.bind(name("north"), name("gw")).await?,
        Describe => store.describe(cuff(), description()).await?,
        OpenSession => store.commit(session_opened()).await?,
        EndSession => store.commit(session_ended()).await?,
        Queue => store.queue((2..=15).map(padded).collect()).await?,
        Sent => store.apply((2..=15).map(mark).collect()).await?,
        Receipt => drop(store.receipt(vec![reading(10), reading(11)], time(70)).await?),
        Remember => store.remember_command("c1".into(), reply()).await?,
        NextConnection => drop(store.next_connection().await?),
        DateAnew => store.date_anew(at(20)).await?,
        Prune => drop(store.prune(time(40 * 24 * 3_600)).await?),
        ResendOne => drop(store.resend(Resend::Ids(vec![reading(13)])).await?),
        other => panic!("{other:?} was done before"),
    }
    Ok(())
}

fn description() -> Description {
    Description {
        serial: Some("123".into()),
        battery: Some(80),
        ..Description::default()
    }
}

fn clock_note() -> ClockNote {
    ClockNote::Set {
        to: "2026-11-21T18:00:02".parse().unwrap(),
        at: at(2),
    }
}

fn reply() -> Reply {
    Reply {
        json: "{}".into(),
        expires_at: time(60),
    }
}

fn session_opened() -> Step {
    let told = NewEvent {
        at: time(3),
        moment: at(3).moment,
        synchronized: true,
        told: Private::new(r#"{"event":"opened"}"#.into()),
        sessions: vec![name("s1")],
    };
    Step {
        messages: vec![message(Kind::Readiness, 1)],
        sessions: SessionChanges {
            opened: Some((name("s1"), time(3))),
            told: vec![told],
            ended: Vec::new(),
        },
        ..Step::default()
    }
}

fn session_ended() -> Step {
    Step {
        messages: vec![message(Kind::Readiness, 2)],
        sessions: SessionChanges {
            ended: vec![(name("s1"), time(30))],
            ..SessionChanges::default()
        },
        alerts: vec![AlertChange::Cleared(Uuid::from_u128(1))],
        reply: Some(("c2".into(), reply())),
        ..Step::default()
    }
}

/// A message of more than a page: when it goes, the file shrinks.
fn padded(seq: u64) -> NewMessage {
    NewMessage {
        payload: format!("{{\"seq\":{seq},\"pad\":\"{}\"}}", "x".repeat(5_000)).into_bytes(),
        ..message(Kind::Reading, seq)
    }
}

/// Most are taken by the broker; of the last ones a receipt is awaited, or they are refused for now or for good.
fn mark(seq: u64) -> Mark {
    let id = id(Kind::Reading, seq);
    let why = || "PUBACK 0x97".to_owned();
    let wait = |until| Wait {
        since: time(60),
        until: time(until),
    };
    let sent = |again| Mark::Sent {
        id,
        at: time(60),
        again,
    };
    match seq {
        ..=9 => sent(None),
        10..=11 => sent(Some(wait(180))),
        12 => Mark::Later {
            id,
            wait: wait(90),
            why: why(),
        },
        13 => Mark::SetAside { id, why: why() },
        _ => Mark::Attempt { id },
    }
}
