//! `[bluetooth]`: how cuffs are listened to.

use std::time::Duration;

use super::kind::{SOME_TIME, boolean, duration, text};
use super::reader::{Read, Table};

/// How cuffs are listened to.
#[derive(Clone, Debug)]
pub struct Bluetooth {
    /// Which adapter.
    pub adapter: Adapter,
    /// How long one try to connect may take.
    pub connect_for: Duration,
    /// The silence that ends a dump.
    pub idle_end: Duration,
    /// The longest connection.
    pub connection_cap: Duration,
    /// Whether cuffs' clocks are set.
    pub set_clock: bool,
    /// Whether a deaf adapter is power-cycled.
    pub recover: bool,
}

/// Which adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Adapter {
    /// The one that is there.
    Auto,
    /// The one of this name, like `hci0`.
    Named(String),
}

pub(super) fn read(table: &mut Table) -> Read<Bluetooth> {
    let adapter = table.or(
        "adapter",
        Adapter::Auto,
        text("\"auto\", or a name like \"hci0\"", adapter),
    );
    let connect_for = table.or("connect_for", Duration::from_secs(12), duration(SOME_TIME));
    let idle_end = table.or("idle_end", Duration::from_secs(10), duration(SOME_TIME));
    let connection_cap = table.or("connection_cap", Duration::from_secs(120), duration(SOME_TIME));
    let set_clock = table.or("set_clock", true, boolean);
    let recover = table.or("recover", true, boolean);
    Ok(Bluetooth {
        adapter: adapter?,
        connect_for: connect_for?,
        idle_end: idle_end?,
        connection_cap: connection_cap?,
        set_clock: set_clock?,
        recover: recover?,
    })
}

fn adapter(text: &str) -> Option<Adapter> {
    if text == "auto" {
        return Some(Adapter::Auto);
    }
    let number = text.strip_prefix("hci")?;
    let fits = (1..=4).contains(&number.len()) && number.bytes().all(|octet| octet.is_ascii_digit());
    fits.then(|| Adapter::Named(text.to_owned()))
}
