//! Schema versions: what a file was written by, and the steps from there to now.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// `application_id` of our databases: the letters "cuff".
const APPLICATION: i64 = 0x6375_6666;

/// `application_id` of those that only tests have used: the letters "cuft".
const OF_TESTS: i64 = 0x6375_6674;

/// What is stored in a database: invented readings and a clinic's never stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// What was measured on people.
    Care,
    /// What says `"test":true`.
    Tests,
}

/// The step to version 1, to version 2, and so on. A step that was ever released never changes.
const STEPS: &[&str] = &[include_str!("schema.sql")];

/// Refuses what is not ours to write to: a newer schema, another program's database. Changes nothing.
pub(super) fn examine(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let application = application(connection)?;
    let ours = is_ours(application);
    let found = version(connection)?;
    let known = newest();
    if ours && found > known {
        return Err(StoreError::Newer {
            path: path.into(),
            found,
            known,
        });
    }
    let empty = connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))?;
    if ours || (application == 0 && found == 0 && empty) {
        Ok(())
    } else {
        Err(StoreError::Foreign { path: path.into() })
    }
}

/// Takes the schema to the newest version, each step in one transaction with its number.
pub(super) fn bring_up(connection: &mut Connection) -> Result<(), StoreError> {
    for (step, number) in STEPS.iter().zip(1..) {
        if version(connection)? >= number {
            continue;
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        if !is_ours(application(&transaction)?) {
            transaction.pragma_update(None, "application_id", APPLICATION)?;
        }
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

/// What the database is for.
pub(super) fn purpose(connection: &Connection) -> Result<Purpose, StoreError> {
    Ok(match application(connection)? {
        OF_TESTS => Purpose::Tests,
        _ => Purpose::Care,
    })
}

/// Marks a database that nobody has used yet, or the replacement of a damaged one.
pub(super) fn dedicate(connection: &Connection, purpose: Purpose) -> Result<(), StoreError> {
    let id = match purpose {
        Purpose::Care => APPLICATION,
        Purpose::Tests => OF_TESTS,
    };
    Ok(connection.pragma_update(None, "application_id", id)?)
}

const fn is_ours(application: i64) -> bool {
    matches!(application, APPLICATION | OF_TESTS)
}

fn application(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.pragma_query_value(None, "application_id", |row| row.get(0))?)
}

fn newest() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

fn version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}
