//! Numbers of connections to brokers.

use super::{Store, StoreError};

impl Store {
    /// The number of the connection that begins now: one more than the last, over restarts.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn next_connection(&self) -> Result<u64, StoreError> {
        self.write(|transaction| {
            let sql = "INSERT INTO link (one, connections) VALUES (1, 1)
                       ON CONFLICT (one) DO UPDATE SET connections = connections + 1 RETURNING connections";
            let number: i64 = transaction.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
            Ok(number.unsigned_abs())
        })
        .await
    }
}
