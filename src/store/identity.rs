//! Which gateway the store belongs to, and whether what stands in it was measured on people or invented.

use rusqlite::{Connection, OptionalExtension};

use super::migrate::{self, Purpose};
use super::{Store, StoreError, summary};
use crate::core::name::Name;

impl Store {
    /// Binds the store to this gateway. A change is allowed only while nothing made in the old name is unsent.
    ///
    /// # Errors
    /// [`StoreError::GatewayChanged`], [`StoreError::OfTests`], or any failure of the disk or the database.
    pub async fn bind(&self, site: Name, gateway: Name) -> Result<(), StoreError> {
        self.bind_for(Purpose::Care, site, gateway).await
    }

    /// As [`Store::bind`], for a gateway whose messages all say `"test":true`.
    ///
    /// # Errors
    /// [`StoreError::GatewayChanged`], [`StoreError::NotOfTests`], or any failure of the disk or the database.
    pub async fn bind_for_tests(&self, site: Name, gateway: Name) -> Result<(), StoreError> {
        self.bind_for(Purpose::Tests, site, gateway).await
    }

    async fn bind_for(&self, purpose: Purpose, site: Name, gateway: Name) -> Result<(), StoreError> {
        self.run(move |database| {
            let path = database.settings.path.clone();
            database.write(|transaction| {
                if !keeps_to(purpose, transaction)? {
                    return Err(match purpose {
                        Purpose::Care => StoreError::OfTests { path },
                        Purpose::Tests => StoreError::NotOfTests { path },
                    });
                }
                bind(transaction, &site, &gateway)
            })
        })
        .await
    }
}

/// Whether the store is for this purpose. One that nobody has used yet is from now on.
fn keeps_to(purpose: Purpose, connection: &Connection) -> Result<bool, StoreError> {
    let used = connection.prepare("SELECT 1 FROM identity")?.exists([])?;
    if !used {
        migrate::dedicate(connection, purpose)?;
    }
    Ok(migrate::purpose(connection)? == purpose)
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
