//! Troubles that were alerted and are not over: after a restart they are cleared under the id that they were raised with.

use rusqlite::{Connection, params};
use uuid::Uuid;

use super::column::{Id, NameText};
use super::{Store, StoreError};
use crate::core::name::Name;

/// An alerted trouble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenAlert {
    /// The alert's id.
    pub id: Uuid,
    /// The trouble's code.
    pub code: String,
    /// Of which cuff, if of one.
    pub cuff: Option<Name>,
}

/// What changes of alerted troubles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlertChange {
    /// It is alerted from now on.
    Raised(OpenAlert),
    /// It is over.
    Cleared(Uuid),
}

impl Store {
    /// The troubles that were alerted and not cleared.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn open_alerts(&self) -> Result<Vec<OpenAlert>, StoreError> {
        self.run(|database| {
            let mut stored = database
                .connection
                .prepare_cached("SELECT id, code, cuff FROM open_alert")?;
            let alerts = stored.query_map([], |row| {
                Ok(OpenAlert {
                    id: row.get::<_, Id>(0)?.0,
                    code: row.get(1)?,
                    cuff: row.get::<_, Option<NameText>>(2)?.map(|name| name.0),
                })
            })?;
            Ok(alerts.collect::<Result<_, _>>()?)
        })
        .await
    }
}

pub(super) fn change(connection: &Connection, changes: &[AlertChange]) -> Result<(), StoreError> {
    for change in changes {
        match change {
            AlertChange::Raised(OpenAlert { id, code, cuff }) => connection
                .prepare_cached("INSERT INTO open_alert (id, code, cuff) VALUES (?1, ?2, ?3)")?
                .execute(params![Id(*id), code, cuff.as_ref().map(Name::as_str)])?,
            AlertChange::Cleared(id) => connection
                .prepare_cached("DELETE FROM open_alert WHERE id = ?1")?
                .execute([Id(*id)])?,
        };
    }
    Ok(())
}
