//! Which gateway the store belongs to.

use rusqlite::{Connection, OptionalExtension};

use super::{Store, StoreError, summary};
use crate::core::name::Name;

impl Store {
    /// Binds the store to this gateway. A change is allowed only while nothing made in the old name is unsent.
    ///
    /// # Errors
    /// [`StoreError::GatewayChanged`], or any failure of the disk or the database.
    pub async fn bind(&self, site: Name, gateway: Name) -> Result<(), StoreError> {
        self.write(move |transaction| bind(transaction, &site, &gateway)).await
    }
}

fn bind(connection: &Connection, site: &Name, gateway: &Name) -> Result<(), StoreError> {
    let wanted = format!("{site}/{gateway}");
    let bound: Option<String> = connection
        .query_row("SELECT site || '/' || gateway FROM identity", [], |row| row.get(0))
        .optional()?;
    let Some(bound) = bound else {
        let sql = "INSERT INTO identity (one, site, gateway) VALUES (1, ?1, ?2)";
        connection.execute(sql, [site.as_str(), gateway.as_str()])?;
        return Ok(());
    };
    if bound == wanted {
        return Ok(());
    }
    let unsent = summary::unsent(connection)?;
    if unsent > 0 {
        return Err(StoreError::GatewayChanged { bound, unsent });
    }
    let sql = "UPDATE identity SET site = ?1, gateway = ?2";
    connection.execute(sql, [site.as_str(), gateway.as_str()])?;
    Ok(())
}
