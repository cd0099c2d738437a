//! Sessions, and what the gate was told of them: told again, it comes to the same answers.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::column::{At, Id, NameText, SinceBoot};
use super::{Store, StoreError};
use crate::core::moment::{Moment, Now};
use crate::core::name::Name;
use crate::private::Private;

/// Something that the gate was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// By the gate's clock.
    pub at: Timestamp,
    /// By boottime.
    pub moment: Moment,
    /// Whether the gateway's clock was synchronized, as the gate knew it.
    pub synchronized: bool,
    /// The event as JSON: health data.
    pub told: Private<String>,
    /// Which sessions it concerns; at least one.
    pub sessions: Vec<Name>,
}

/// Something that the gate was told, as it is told again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// When, by the gate's clock as it is dated now.
    pub at: Timestamp,
    /// When, by the gate's clock as it was dated then.
    pub told_at: Timestamp,
    /// The boot that `moment` belongs to.
    pub boot: Uuid,
    /// By the boottime of that boot.
    pub moment: Moment,
    /// Whether the gateway's clock was synchronized, as the gate knew it.
    pub synchronized: bool,
    /// The event as JSON: health data.
    pub told: Private<String>,
}

/// What the store knows of sessions at the start of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredSessions {
    /// The open ones, in order of opening.
    pub open: Vec<Name>,
    /// The ids of those that have ended, ever.
    pub ended: Vec<Name>,
    /// What the gate was told of the open ones, in order.
    pub events: Vec<StoredEvent>,
}

/// A stored session, to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionHistory {
    /// When it ended; `None` while it is open.
    pub ended_at: Option<Timestamp>,
    /// What the gate was told of it, in order; empty if that was kept long enough.
    pub events: Vec<StoredEvent>,
}

/// What changes of sessions in one step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionChanges {
    /// Opened now, and when.
    pub opened: Option<(Name, Timestamp)>,
    /// What the gate was told, in order.
    pub told: Vec<NewEvent>,
    /// Ended, and when.
    pub ended: Vec<(Name, Timestamp)>,
}

impl Store {
    /// What is known of sessions.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn sessions(&self) -> Result<StoredSessions, StoreError> {
        self.run(|database| {
            let connection = &database.connection;
            Ok(StoredSessions {
                open: names(
                    connection,
                    "SELECT id FROM session WHERE ended_at IS NULL ORDER BY opened_at, id",
                )?,
                ended: names(connection, "SELECT id FROM session WHERE ended_at IS NOT NULL")?,
                events: events(connection, OF_OPEN_SESSIONS, [])?,
            })
        })
        .await
    }

    /// The number of these settings, which are stored if they are new.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn setting(&self, config: Private<String>) -> Result<i64, StoreError> {
        self.write(move |transaction| {
            let config = config.expose();
            transaction
                .prepare_cached("INSERT OR IGNORE INTO setting (config) VALUES (?1)")?
                .execute([config])?;
            let mut known = transaction.prepare_cached("SELECT row FROM setting WHERE config = ?1")?;
            Ok(known.query_row([config], |row| row.get(0))?)
        })
        .await
    }

    /// Settings by their number.
    ///
    /// # Errors
    /// There are none of this number; any failure of the disk or the database.
    pub async fn setting_of(&self, number: i64) -> Result<Private<String>, StoreError> {
        self.run(move |database| {
            let mut known = database
                .connection
                .prepare_cached("SELECT config FROM setting WHERE row = ?1")?;
            Ok(Private::new(known.query_row([number], |row| row.get(0))?))
        })
        .await
    }

    /// What is known of one session; `None` if there never was one of this id.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn session(&self, session: Name) -> Result<Option<SessionHistory>, StoreError> {
        self.run(move |database| history(&database.connection, &session)).await
    }

    /// Dates what the gate was told in this boot anew, by a wall clock that has stepped; nothing before what it was told in
    /// earlier boots.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn date_anew(&self, now: Now) -> Result<(), StoreError> {
        self.run(move |database| {
            let boot = database.settings.boot;
            database.write(|transaction| date_anew(transaction, boot, now))
        })
        .await
    }
}

const OF_OPEN_SESSIONS: &str = "SELECT DISTINCT event.* FROM event
    JOIN concerns ON concerns.event = event.row JOIN session ON session.id = concerns.session
    WHERE session.ended_at IS NULL ORDER BY event.row";

const OF_ONE_SESSION: &str = "SELECT event.* FROM event JOIN concerns ON concerns.event = event.row
    WHERE concerns.session = ?1 ORDER BY event.row";

fn history(connection: &Connection, session: &Name) -> Result<Option<SessionHistory>, StoreError> {
    let mut known = connection.prepare_cached("SELECT ended_at FROM session WHERE id = ?1")?;
    let mut rows = known.query([session.as_str()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(SessionHistory {
        ended_at: row.get::<_, Option<At>>(0)?.map(|at| at.0),
        events: events(connection, OF_ONE_SESSION, [session.as_str()])?,
    }))
}

/// Stores what changes.
pub(super) fn change(connection: &Connection, boot: Uuid, changes: &SessionChanges) -> Result<(), StoreError> {
    if let Some((id, at)) = &changes.opened {
        connection
            .prepare_cached("INSERT INTO session (id, opened_at) VALUES (?1, ?2)")?
            .execute(params![id.as_str(), At(*at)])?;
    }
    for event in &changes.told {
        tell(connection, boot, event)?;
    }
    for (id, at) in &changes.ended {
        connection
            .prepare_cached("UPDATE session SET ended_at = ?2 WHERE id = ?1 AND ended_at IS NULL")?
            .execute(params![id.as_str(), At(*at)])?;
    }
    Ok(())
}

fn tell(connection: &Connection, boot: Uuid, event: &NewEvent) -> Result<(), StoreError> {
    let sql = "INSERT INTO event (at, told_at, boot, moment, synchronized, told) VALUES (?1, ?1, ?2, ?3, ?4, ?5)";
    let row = connection.prepare_cached(sql)?.insert(params![
        At(event.at),
        Id(boot),
        SinceBoot(event.moment),
        event.synchronized,
        event.told.expose()
    ])?;
    for session in &event.sessions {
        connection
            .prepare_cached("INSERT INTO concerns (session, event) VALUES (?1, ?2)")?
            .execute(params![session.as_str(), row])?;
    }
    Ok(())
}

/// Told of every open session, and read by nobody: what stood there is lost. A session of which something cannot be read does
/// not go on.
const LOST: &str = r#"{"event":"lost"}"#;

/// Puts down that something which the gate was told of the open sessions may be missing.
pub(super) fn distrust_open(connection: &Connection, boot: Uuid, now: Now) -> Result<(), StoreError> {
    let open = names(connection, "SELECT id FROM session WHERE ended_at IS NULL")?;
    if open.is_empty() {
        return Ok(());
    }
    // Not before what it comes after, whatever the wall clock says.
    let latest: Option<At> = connection.query_row("SELECT max(at) FROM event", [], |row| row.get(0))?;
    let lost = NewEvent {
        at: latest.map_or(now.wall, |At(latest)| latest.max(now.wall)),
        moment: now.moment,
        synchronized: false,
        told: Private::new(LOST.to_owned()),
        sessions: open,
    };
    tell(connection, boot, &lost)
}

/// What is told of sessions that ended at `until` or before goes; their ids stay. At most `limit` of them.
pub(super) fn forget_ended(connection: &Connection, until: Timestamp, limit: i64) -> Result<usize, StoreError> {
    let sql = "SELECT id FROM session WHERE ended_at <= ?1 AND kept = 1 ORDER BY ended_at LIMIT ?2";
    let ended: Vec<String> = connection
        .prepare_cached(sql)?
        .query_map(params![At(until), limit], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for id in &ended {
        connection
            .prepare_cached("UPDATE session SET kept = 0 WHERE id = ?1")?
            .execute([id])?;
        let sql = "DELETE FROM event WHERE row IN (SELECT event FROM concerns WHERE session = ?1)
                     AND NOT EXISTS (SELECT 1 FROM concerns WHERE event = event.row AND session <> ?1)";
        connection.prepare_cached(sql)?.execute([id])?;
        connection
            .prepare_cached("DELETE FROM concerns WHERE session = ?1")?
            .execute([id])?;
    }
    Ok(ended.len())
}

fn date_anew(connection: &Connection, boot: Uuid, now: Now) -> Result<(), StoreError> {
    let sql = "UPDATE event SET at = max(
                   ?2 - (?3 - moment) / 1000,
                   coalesce((SELECT max(at) FROM event WHERE boot <> ?1), ?2 - (?3 - moment) / 1000))
               WHERE boot = ?1 AND row IN (
                   SELECT event FROM concerns JOIN session ON session.id = concerns.session WHERE ended_at IS NULL)";
    connection
        .prepare_cached(sql)?
        .execute(params![Id(boot), At(now.wall), SinceBoot(now.moment)])?;
    Ok(())
}

fn names(connection: &Connection, sql: &str) -> Result<Vec<Name>, StoreError> {
    let mut stored = connection.prepare_cached(sql)?;
    let names = stored.query_map([], |row| Ok(row.get::<_, NameText>(0)?.0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

fn events(connection: &Connection, sql: &str, of: impl rusqlite::Params) -> Result<Vec<StoredEvent>, StoreError> {
    let mut stored = connection.prepare_cached(sql)?;
    let events = stored.query_map(of, event)?;
    Ok(events.collect::<Result<_, _>>()?)
}

fn event(row: &Row<'_>) -> rusqlite::Result<StoredEvent> {
    Ok(StoredEvent {
        at: row.get::<_, At>("at")?.0,
        told_at: row.get::<_, At>("told_at")?.0,
        boot: row.get::<_, Id>("boot")?.0,
        moment: row.get::<_, SinceBoot>("moment")?.0,
        synchronized: row.get("synchronized")?,
        told: Private::new(row.get("told")?),
    })
}
