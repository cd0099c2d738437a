//! The folder of a gateway: its config and its store outlive its daemons.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;

use tempfile::TempDir;

/// Where every config begins. The clock of the machine is trusted, and no reserve is kept free.
const GATEWAY: &str = include_str!("gateway.toml");

/// One cuff, a policy of two readings a round, and whom to call. It ends in `[web]`.
const ROOM: &str = concat!(
    include_str!("cuff.toml"),
    include_str!("policy.toml"),
    "readings = 2\nretry_after = \"5m\"\nattempts = 2\n",
    "attestations = [\"companion_present\", \"medications_held\", \"safe_setting\"]\n",
    include_str!("contacts.toml"),
);

/// An address of the loopback that nobody else uses: its port is still free when the daemon wants it.
pub(crate) fn own_address() -> Ipv4Addr {
    let id = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, 77, id[2], id[3].max(1))
}

/// It is gone when it is dropped.
pub(crate) struct Folder(TempDir);

impl Folder {
    /// One with these lines of config beside the usual ones; `@` in them is the folder.
    pub(crate) fn with(lines: &str) -> Self {
        let folder = Self(tempfile::tempdir().expect("a temporary folder"));
        fs::create_dir(folder.path("store")).expect("an empty folder");
        folder.configure(lines);
        folder
    }

    /// One of a room where a session can be prepared, with these lines in `[web]`, and a free port of this address for its page.
    pub(crate) fn with_page(address: Ipv4Addr, lines: &str) -> (Self, SocketAddr) {
        let listener = TcpListener::bind((address, 0)).expect("a port");
        let address = listener.local_addr().expect("bound");
        (Self::with(&format!("{ROOM}listen = \"{address}\"\n{lines}")), address)
    }

    /// Writes the config anew.
    pub(crate) fn configure(&self, lines: &str) {
        let text = format!("{GATEWAY}{lines}").replace('@', &self.0.path().display().to_string());
        fs::write(self.path("cuffd.toml"), text).expect("a folder of its own");
    }

    /// The file of this name.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}
