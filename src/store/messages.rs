//! Messages as they are made: stored once, their octets never changed.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::column::{self, At, Id, KindText};
use super::{Store, StoreError};
use crate::core::delivery::{Kind, NewMessage};

/// How a stored message stands (contract 3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// There was no broker when it was made: kept, sent only by resend.
    Local,
    /// Waits to be sent.
    Queued,
    /// The broker took it.
    Sent,
    /// A receipt named it.
    Done,
    /// Refused for good; sent again only by resend.
    SetAside,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Local, Self::Queued, Self::Sent, Self::Done, Self::SetAside];

    /// The word for it, in the store and in listings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Done => "done",
            Self::SetAside => "set_aside",
        }
    }
}

impl Store {
    /// Stores messages, all or none, and queues those to be published.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if an id or a `seq` of its kind was used before; else any failure of the disk or the database.
    pub async fn queue(&self, messages: Vec<NewMessage>) -> Result<(), StoreError> {
        self.run(move |database| {
            database.write(|transaction| {
                for message in &messages {
                    insert(transaction, message)?;
                }
                Ok(())
            })?;
            database.note(messages.iter());
            database.announce();
            Ok(())
        })
        .await
    }

    /// The octets of a stored message; `None` if it is not kept.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn payload(&self, id: Uuid) -> Result<Option<Vec<u8>>, StoreError> {
        self.run(move |database| payload(&database.connection, id)).await
    }

    /// The highest `seq` given out, of every kind; 0 where there was none. The next message of a kind has the one after it.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn heads(&self) -> Result<BTreeMap<Kind, u64>, StoreError> {
        self.run(|database| heads(&database.connection)).await
    }
}

impl Store {
    /// How these messages stand; `None` for one that is not kept any more.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn standing_of(&self, ids: Vec<Uuid>) -> Result<Vec<(Uuid, Option<State>)>, StoreError> {
        self.run(move |database| {
            let mut find = database
                .connection
                .prepare_cached("SELECT state FROM message WHERE id = ?1")?;
            let standing = ids.into_iter().map(|id| {
                let state = find.query_row([Id(id)], |row| row.get(0)).optional()?;
                Ok((id, state))
            });
            standing.collect()
        })
        .await
    }
}

/// Stores one message and returns its row.
pub(super) fn insert(connection: &Connection, message: &NewMessage) -> Result<i64, StoreError> {
    let state = if message.publish { State::Queued } else { State::Local };
    let (kind, seq) = (message.kind.as_str(), column::integer(message.seq));
    let sql = "INSERT INTO message (id, kind, seq, created_at, state) VALUES (?1, ?2, ?3, ?4, ?5)";
    let row = connection.prepare_cached(sql)?.insert(params![
        Id(message.id),
        kind,
        seq,
        At(message.created_at),
        state.as_str()
    ])?;
    let sql = "INSERT INTO content (message, topic, schema, octets) VALUES (?1, ?2, ?3, ?4)";
    connection
        .prepare_cached(sql)?
        .execute(params![row, message.topic, message.schema, message.payload])?;
    let sql = "UPDATE counter SET highest = max(highest, ?2) WHERE kind = ?1";
    connection.prepare_cached(sql)?.execute(params![kind, seq])?;
    Ok(row)
}

fn payload(connection: &Connection, id: Uuid) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT octets FROM content JOIN message ON message.row = content.message WHERE id = ?1";
    let octets = connection
        .prepare_cached(sql)?
        .query_row([Id(id)], |row| row.get(0))
        .optional()?;
    Ok(octets)
}

fn heads(connection: &Connection) -> Result<BTreeMap<Kind, u64>, StoreError> {
    let mut stored = connection.prepare_cached("SELECT kind, highest FROM counter")?;
    let heads = stored.query_map([], |row| {
        let KindText(kind) = row.get(0)?;
        Ok((kind, column::count(row.get(1)?)))
    })?;
    Ok(heads.collect::<Result<_, _>>()?)
}
