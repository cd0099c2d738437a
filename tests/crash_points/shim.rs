//! Building the shim, starting a child under it, and steering it from inside that child.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// Tells a child what it is to do.
const CHILD: &str = "CUFFD_CRASH_CHILD";

/// Built once for all tests.
static LIBRARY: LazyLock<PathBuf> = LazyLock::new(|| {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crash_points/shim.c");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let built = folder.join(format!("crash-points-{}.so", std::process::id()));
    let done = Command::new("cc")
        .args([
            "-std=gnu11",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-O1",
            "-shared",
            "-fPIC",
            "-o",
        ])
        .args([&built, &source])
        .status()
        .expect("a C compiler");
    assert!(done.success(), "{} compiles", source.display());
    let library = folder.join("crash-points.so");
    fs::rename(built, &library).unwrap();
    library
});

/// This program again, under the shim, doing this test with these words.
pub(crate) fn child(test: &str, words: &str) -> Command {
    let mut child = Command::new(env::current_exe().unwrap());
    child
        .args(["--ignored", "--exact", test, "--nocapture"])
        .env("LD_PRELOAD", &*LIBRARY)
        .env(CHILD, words);
    child
}

/// What this child is to do; `None`: it is none.
pub(crate) fn words() -> Option<String> {
    env::var(CHILD).ok()
}

/// A folder in memory where there is such a file system: its syncs are as real, and quick.
pub(crate) fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let base = if memory.is_dir() {
        memory.into()
    } else {
        env::temp_dir()
    };
    tempfile::Builder::new()
        .prefix("cuffd-crash-")
        .tempdir_in(base)
        .unwrap()
}

/// Has what happens in `folder` written down in `log`.
pub(crate) fn watch(folder: &Path, log: &Path) {
    steer(&format!("watch {} {}", folder.display(), log.display()));
}

/// Steers the shim; its words stand there.
pub(crate) fn steer(words: &str) {
    let control = Path::new("/faults.control");
    fs::write(control, words).unwrap();
    assert!(!control.exists(), "the shim is loaded");
}
