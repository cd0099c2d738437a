//! Somebody to whom files of the mode 0600 of whoever runs the tests are closed.

use std::fs;
use std::path::{Path, PathBuf};

/// The words that start a program as nobody. Root may open everything; anyone else is a stranger to what they have closed to themselves.
pub(crate) fn as_nobody() -> &'static [&'static str] {
    if rustix::process::geteuid().is_root() {
        &["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    } else {
        &[]
    }
}

/// The program where anybody may start it, in this folder: the build may lie in a home that is closed to others.
pub(crate) fn within_reach(program: &str, folder: &Path) -> PathBuf {
    let reached = folder.join("cuffd");
    if !reached.exists() && fs::hard_link(program, &reached).is_err() {
        fs::copy(program, &reached).unwrap();
    }
    reached
}
