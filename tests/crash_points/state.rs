//! Everything that a store holds, to be compared.

use std::fs;
use std::path::Path;

use cuffd::core::delivery::{Kind, Mark};
use cuffd::store::{Became, Opened, Step, Store};
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use crate::disk::{Files, files, lay};
use crate::life::LATER;
use crate::rig::{at, close, id, judged, measure, reading, settings, time};
use crate::shim;

/// Every row of every table, and what the database says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State(Vec<String>);

impl State {
    /// In what it differs from what it was to be.
    pub(crate) fn beside(&self, wanted: &Self) -> String {
        let without = |rows: &Self, of: &Self| rows.0.iter().filter(|row| !of.0.contains(row)).cloned().collect();
        let (lacks, has): (Vec<_>, Vec<_>) = (without(wanted, self), without(self, wanted));
        format!("lacks {lacks:#?}, has {has:#?}")
    }
}

/// What stands in the database at `path`, also while the store has it open; it is not changed.
pub(crate) fn state_at(path: &Path) -> State {
    let connection = Connection::open(path).unwrap();
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .unwrap();
    let whole: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(whole, "ok");
    let strays: Option<String> = connection
        .query_row("PRAGMA foreign_key_check", [], |row| row.get(0))
        .ok();
    assert_eq!(strays, None);
    let mut said = Vec::new();
    for pragma in ["user_version", "application_id"] {
        let number: i64 = connection.pragma_query_value(None, pragma, |row| row.get(0)).unwrap();
        said.push(format!("{pragma} {number}"));
    }
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let tables: Vec<String> = connection
        .prepare(sql)
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    for table in tables {
        let mut rows: Vec<String> = connection
            .prepare(&format!("SELECT * FROM {table}"))
            .unwrap()
            .query_map([], |row| Ok(text(&table, row)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        rows.sort();
        said.extend(rows);
    }
    State(said)
}

fn text(table: &str, row: &Row<'_>) -> String {
    let mut text = table.to_owned();
    for index in 0.. {
        match row.get_ref(index) {
            Ok(ValueRef::Text(octets)) => text += &format!(" {:?}", String::from_utf8_lossy(octets)),
            Ok(value) => text += &format!(" {value:?}"),
            Err(_) => break,
        }
    }
    text
}

/// What a folder holds of which nobody has the database open.
pub(crate) fn state_of(folder: &Path) -> State {
    // Looking changes the log.
    let aside = shim::folder();
    lay(&files(folder), aside.path());
    state_at(&aside.path().join("cuffd.db"))
}

/// Opens a store in a folder of these files and expects one of these states; then it must go on working.
///
/// Returns what the folder holds at the end.
pub(crate) async fn expect(left: &Files, allowed: &[&State], what: &str) -> Files {
    let folder = shim::folder();
    lay(left, folder.path());
    let settings = settings(&folder.path().join("cuffd.db"));
    let opened = Store::open(settings, at(LATER)).unwrap_or_else(|error| panic!("{what}: {error:?}"));
    let found = state_at(&folder.path().join("cuffd.db"));
    if !allowed.contains(&&found) {
        panic!(
            "{what}: {} (aside: {:?})",
            found.beside(allowed.last().unwrap()),
            opened.aside
        );
    }
    goes_on(opened).await;
    let at_the_end = files(folder.path());
    fs::remove_dir_all(folder.path()).unwrap();
    at_the_end
}

/// Stores a measurement, makes a reading of it under the next number, and notes that it was sent.
async fn goes_on(opened: Opened) {
    let Opened { store, thread, .. } = opened;
    let seq = store.heads().await.unwrap()[&Kind::Reading] + 1;
    let (_, measurement) = measure(&store, b"after the fault").await;
    let step = Step {
        judged: vec![judged(measurement, Became::Reading(Box::new(reading(seq))))],
        ..Step::default()
    };
    store.commit(step).await.unwrap();
    let sent = Mark::Sent {
        id: id(Kind::Reading, seq),
        at: time(0),
        again: None,
    };
    store.apply(vec![sent]).await.unwrap();
    close((store, thread)).await;
}
