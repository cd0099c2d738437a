//! Commands already applied, so that the same one again gets the same reply (contract 3.5).

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::column::At;
use super::{Store, StoreError};

/// What was replied to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The reply's JSON, as it was published.
    pub json: String,
    /// Until when it is remembered.
    pub expires_at: Timestamp,
}

impl Store {
    /// The reply that the command with this id got; `None` if it is not known (any more).
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn command_reply(&self, id: String) -> Result<Option<Reply>, StoreError> {
        self.run(move |database| {
            let sql = "SELECT reply, expires_at FROM command WHERE id = ?1";
            let mut known = database.connection.prepare_cached(sql)?;
            let reply = known.query_row([id], |row| {
                Ok(Reply {
                    json: row.get(0)?,
                    expires_at: row.get::<_, At>(1)?.0,
                })
            });
            Ok(reply.optional()?)
        })
        .await
    }

    /// Remembers the reply to a command. The first reply to an id stays.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn remember_command(&self, id: String, reply: Reply) -> Result<(), StoreError> {
        self.write(move |transaction| remember(transaction, &id, &reply)).await
    }
}

pub(super) fn remember(connection: &Connection, id: &str, reply: &Reply) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO command (id, reply, expires_at) VALUES (?1, ?2, ?3)";
    connection
        .prepare_cached(sql)?
        .execute(params![id, reply.json, At(reply.expires_at)])?;
    Ok(())
}
