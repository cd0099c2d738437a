//! A store in a directory of its own, and the values that the tests put into it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cuffd::core::delivery::{Kind, NewMessage, Wait};
use cuffd::core::moment::{Moment, Now};
use cuffd::core::name::Name;
use cuffd::private::Private;
use cuffd::store::{
    Became, ConnectionId, Judged, MeasurementId, NewMeasurement, NewReading, Opened, Settings, Store, StoreError,
    StoreThread,
};
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Uuid;

/// A directory, and the settings of the store in it.
pub(crate) struct Rig {
    directory: TempDir,
    pub(crate) settings: Settings,
}

impl Rig {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let settings = settings(&directory.path().join("cuffd.db"));
        Self { directory, settings }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.settings.path
    }

    /// The file beside the database whose name goes on with `suffix`.
    pub(crate) fn beside(&self, suffix: &str) -> PathBuf {
        self.directory.path().join(format!("cuffd.db{suffix}"))
    }

    pub(crate) fn try_open(&self) -> Result<Opened, StoreError> {
        Store::open(self.settings.clone(), at(0))
    }

    /// Opens the store, which must be whole.
    pub(crate) fn open(&self) -> (Store, StoreThread) {
        let opened = self.try_open().unwrap();
        assert_eq!(opened.aside, None);
        (opened.store, opened.thread)
    }

    /// The names of the files that were moved aside, without their logs.
    pub(crate) fn aside(&self) -> Vec<String> {
        let entries = self.directory.path().read_dir().unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.contains(".damaged-") && !name.ends_with("-wal") && !name.ends_with("-shm"))
            .collect();
        names.sort();
        names
    }

    /// Looks into the closed database file.
    pub(crate) fn look(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }
}

pub(crate) fn settings(path: &Path) -> Settings {
    Settings {
        path: path.into(),
        keep: Duration::from_secs(30 * 24 * 3600),
        keep_in_session: false,
        max_size: 256 << 20,
        reserve: 0,
        keep_ended: Duration::from_secs(60),
        keep_unassigned: false,
        boot: Uuid::from_u128(0xb007),
    }
}

/// Closes the store and waits until its files are closed too.
pub(crate) async fn close((store, mut thread): (Store, StoreThread)) {
    store.close().await;
    thread.ended().await.unwrap();
}

/// Some evening, and so many seconds.
pub(crate) fn time(seconds: i64) -> Timestamp {
    let start: Timestamp = "2026-11-21T18:00:00Z".parse().unwrap();
    start + SignedDuration::from_secs(seconds)
}

/// A wait from then until then, in seconds after the start.
pub(crate) fn wait(since: i64, until: i64) -> Wait {
    Wait {
        since: time(since),
        until: time(until),
    }
}

/// Both clocks, so many seconds after the start.
pub(crate) fn at(seconds: i64) -> Now {
    Now {
        wall: time(seconds),
        moment: Moment::from_boot(Duration::from_secs(1_000 + seconds.unsigned_abs())),
    }
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

pub(crate) fn cuff() -> Name {
    name("living-room")
}

/// The message of this kind with this `seq`; its id tells both.
pub(crate) fn message(kind: Kind, seq: u64) -> NewMessage {
    NewMessage {
        id: id(kind, seq),
        kind,
        seq,
        topic: format!("cuffd/v1/north/gw-0042/{}", kind.as_str()),
        schema: "cuffd.test/1",
        payload: format!("{{\"kind\":\"{}\",\"seq\":{seq}}}", kind.as_str()).into_bytes(),
        created_at: time(seq.cast_signed()),
        publish: true,
    }
}

pub(crate) fn id(kind: Kind, seq: u64) -> Uuid {
    Uuid::from_u128(u128::from(seq) + ((kind as u128 + 1) << 64))
}

/// A reading of 120.5/80, with the message `reading` of this `seq`.
pub(crate) fn reading(seq: u64) -> NewReading {
    NewReading {
        message: message(Kind::Reading, seq),
        patient: Private::new(name("p1")),
        session: None,
        taken_at: Some(time(0)),
        systolic: Some("120.5".parse().unwrap()),
        diastolic: Some("80".parse().unwrap()),
        pulse_rate: None,
        counted: true,
        reasons: "[]".into(),
        digest: None,
    }
}

pub(crate) fn judged(measurement: MeasurementId, became: Became) -> Judged {
    Judged { measurement, became }
}

/// Begins a connection and stores one measurement in it.
pub(crate) async fn measure(store: &Store, octets: &[u8]) -> (ConnectionId, MeasurementId) {
    let connection = store.begin_connection(cuff(), true, at(0)).await.unwrap().connection;
    let new = NewMeasurement {
        connection,
        octets: octets.to_vec(),
        at: at(1),
        synchronized: true,
    };
    let stored = store.append(vec![new]).await.unwrap();
    (connection, stored[0])
}
