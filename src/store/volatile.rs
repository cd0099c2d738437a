//! A store in memory, for gateways that are invented: it has no file and no thread, and is gone with the process.

use rusqlite::Connection;
use tokio::sync::watch;

use super::database::Database;
use super::{Opened, Settings, Store, StoreError, migrate, thread};

/// Fewer statements than there are stay compiled, and small pages hold the many tables with few rows: one process holds
/// thousands of such stores.
const STATEMENTS: usize = 24;
const SETUP: &str = "
    PRAGMA page_size = 1024;
    PRAGMA foreign_keys = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA temp_store = MEMORY;
";

impl Store {
    /// Opens a new store in memory. Its work is done where the future is polled, until the store is closed.
    ///
    /// Of the path in `settings` only the directory counts: how much room there is, is looked up there.
    ///
    /// # Errors
    /// There is no memory.
    pub fn in_memory(settings: Settings) -> Result<(Opened, impl Future<Output = ()> + Send), StoreError> {
        let mut connection = Connection::open_in_memory()?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.execute_batch(SETUP)?;
        migrate::bring_up(&mut connection)?;
        let (announce, queued) = watch::channel(0);
        let database = Database {
            connection,
            settings,
            queued: announce,
            forget_wal: false,
            high_water: None,
            lock: None,
        };
        let (jobs, thread, serve) = thread::share(database);
        let opened = Opened {
            store: Self { jobs, queued },
            thread,
            aside: None,
        };
        Ok((opened, serve))
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;
    use crate::core::name::Name;

    fn settings() -> Settings {
        Settings {
            path: PathBuf::from("/tmp/none.db"),
            keep: Duration::ZERO,
            keep_in_session: false,
            max_size: u64::MAX,
            reserve: 0,
            keep_ended: Duration::ZERO,
            keep_unassigned: false,
            boot: Uuid::nil(),
        }
    }

    #[tokio::test]
    async fn two_in_one_process_know_nothing_of_each_other_and_leave_no_file() {
        let (one, serve_one) = Store::in_memory(settings()).expect("memory");
        let (other, serve_other) = Store::in_memory(settings()).expect("memory");
        let name = |text| Name::parse(text).expect("a name");
        let used = async {
            for (mut opened, gateway) in [(one, "gw-1"), (other, "gw-2")] {
                let store = opened.store;
                let last = store.clone();
                store
                    .bind_for_tests(name("north"), name(gateway))
                    .await
                    .expect("nobody's yet");
                let health = store.health().await.expect("its directory is there");
                assert_eq!((health.size, health.nearly_full), (0, false));
                store.close().await;
                opened.thread.ended().await.expect("closed in order");
                assert!(matches!(last.heads().await, Err(StoreError::Closed)));
            }
        };
        tokio::join!(used, serve_one, serve_other);
        assert!(!settings().path.exists());
    }
}
