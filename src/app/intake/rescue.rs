//! What arrived while the store failed for good: it goes into the store that takes the failed one's place.

use std::fmt;

use tracing::warn;

use crate::core::moment::Now;
use crate::core::name::Name;
use crate::store::{NewMeasurement, Opened, Settings, Store, StoreError};

/// A measurement that the cuff believes delivered and that is not stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Unsaved {
    /// Which cuff.
    pub cuff: Name,
    /// Whether its link was bonded.
    pub bonded: bool,
    /// The value as it came.
    pub octets: Vec<u8>,
    /// When it came.
    pub at: Now,
    /// Whether the gateway's clock could be believed then.
    pub synchronized: bool,
}

// What a cuff sent is health data.
impl fmt::Debug for Unsaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unsaved")
            .field("cuff", &self.cuff)
            .finish_non_exhaustive()
    }
}

/// Why the intake ended, and what it still held.
#[derive(Debug, thiserror::Error)]
#[error("measurements cannot be stored")]
pub struct IntakeError {
    /// What the store said.
    #[source]
    pub cause: StoreError,
    /// What arrived and is not stored.
    pub unsaved: Vec<Unsaved>,
}

/// Opens the store once more, which moves a damaged one aside, and stores what the last one did not take. It is judged at
/// the next start.
///
/// # Errors
/// The new store does not take it either.
pub async fn rescue(settings: Settings, unsaved: Vec<Unsaved>, now: Now) -> Result<(), StoreError> {
    if unsaved.is_empty() {
        return Ok(());
    }
    let count = unsaved.len();
    let Opened { store, mut thread, .. } = Store::open(settings, now)?;
    for Unsaved {
        cuff,
        bonded,
        octets,
        at,
        synchronized,
    } in unsaved
    {
        let connection = store.begin_connection(cuff, bonded, at).await?.connection;
        store
            .append(vec![NewMeasurement {
                connection,
                octets,
                at,
                synchronized,
            }])
            .await?;
        store.end_connection(connection, at.wall).await?;
    }
    store.close().await;
    thread.ended().await?;
    warn!(
        count,
        "measurements that the failed store did not take are in the new one"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::core::moment::Moment;

    #[tokio::test]
    async fn what_a_failed_store_did_not_take_waits_in_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cuffd.db");
        std::fs::write(&path, "no database at all").unwrap();
        let settings = Settings {
            path,
            keep: Duration::from_secs(60),
            keep_in_session: false,
            max_size: 1 << 20,
            reserve: 0,
            keep_ended: Duration::from_secs(60),
            keep_unassigned: false,
            boot: Uuid::nil(),
        };
        let at = Now {
            wall: Timestamp::UNIX_EPOCH,
            moment: Moment::from_boot(Duration::from_secs(1)),
        };
        let one = Unsaved {
            cuff: Name::parse("c1").unwrap(),
            bonded: true,
            octets: vec![0x16, 1, 2],
            at,
            synchronized: true,
        };
        rescue(settings.clone(), vec![one.clone()], at).await.unwrap();

        let store = Store::open(settings, at).unwrap().store;
        let unjudged = store.unjudged().await.unwrap();
        let [left] = unjudged.as_slice() else {
            panic!("one connection, not {}", unjudged.len())
        };
        assert_eq!((&left.connection.cuff, left.connection.bonded), (&one.cuff, true));
        assert_eq!(left.measurements.first().unwrap().octets, one.octets);
    }
}
