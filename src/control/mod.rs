//! The control socket: how the other subcommands ask the running daemon. HTTP on a Unix socket, no code asked: who may open
//! the socket may ask.

pub mod client;
pub mod history;
pub mod key;
pub mod operator;
pub mod server;

use std::path::PathBuf;

/// Where the socket is: `$CUFFD_SOCKET`, else in systemd's runtime directory, else `/run/cuffd/cuffd.sock`.
#[must_use]
pub fn socket_path() -> PathBuf {
    if let Some(path) = std::env::var_os("CUFFD_SOCKET") {
        return PathBuf::from(path);
    }
    let runtime = std::env::var_os("RUNTIME_DIRECTORY").map_or_else(|| PathBuf::from("/run/cuffd"), PathBuf::from);
    runtime.join("cuffd.sock")
}
