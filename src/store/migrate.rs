//! Schema versions: what a file was written by, and the steps from there to now.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// `application_id` of our databases: the letters "cuff".
const APPLICATION: i64 = 0x6375_6666;

/// The step to version 1, to version 2, and so on. A step that was ever released never changes.
const STEPS: &[&str] = &[include_str!("schema.sql")];

/// Refuses what is not ours to write to: a newer schema, another program's database. Changes nothing.
pub(super) fn examine(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let found = version(connection)?;
    let known = newest();
    if application == APPLICATION && found > known {
        return Err(StoreError::Newer {
            path: path.into(),
            found,
            known,
        });
    }
    let empty = connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))?;
    if application == APPLICATION || (application == 0 && found == 0 && empty) {
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
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

fn newest() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

fn version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}
