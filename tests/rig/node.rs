//! The Node that drives a browser.

use std::path::{Path, PathBuf};

/// The one that `tests/tools/setup` has brought into `modules`, where the machine's is too old; else the machine's.
pub(crate) fn node(modules: &Path) -> PathBuf {
    let own = modules.join(".bin/node");
    if own.exists() { own } else { "node".into() }
}
