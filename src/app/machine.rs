//! Which machine the state belongs to: a copy of it must not run beside the original under the same name.
//!
//! Two gateways of one name would give the same numbers to different messages, and each would answer for the other's
//! sessions. A machine gives itself an id at its first start; a copy of a whole card that has started before brings that along,
//! and then only the numbers of its messages tell (`cuffd verify`).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tracing::{info, warn};

use crate::core::notation::hex;
use crate::directory;

/// See machine-id(5).
const MACHINE_ID: &str = "/etc/machine-id";

/// Why the state may not be used here.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// It was another machine's.
    #[error(
        "the state here was made on another machine ({} names it): two gateways of one name would answer for each other. A \
         new machine needs a gateway.id and a state directory of its own; if this one takes the place of the other for good, \
         remove that file",
        mark.display()
    )]
    Another {
        /// The file that names the other.
        mark: PathBuf,
    },
    /// The mark cannot be read or made.
    #[error("cannot read or write {}", mark.display())]
    Mark {
        /// The file.
        mark: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
}

/// Takes the state at `store` for this machine, or finds that it is this machine's already.
///
/// # Errors
/// It is another's, or cannot be marked.
pub(super) fn claim(store: &Path) -> Result<(), MachineError> {
    match fs::read_to_string(MACHINE_ID) {
        Ok(id) if id.trim().len() == 32 => claim_for(store, id.trim()),
        Ok(_) | Err(_) => {
            warn!("this machine has no id ({MACHINE_ID}): a copy of its state would not be noticed");
            Ok(())
        }
    }
}

fn claim_for(store: &Path, machine_id: &str) -> Result<(), MachineError> {
    let mark = mark_beside(store);
    let failed = |cause| MachineError::Mark {
        mark: mark.clone(),
        cause,
    };
    let own = digest(machine_id);
    match fs::read_to_string(&mark) {
        Ok(found) if found.trim() == own => return Ok(()),
        Ok(found) if found.trim().len() == own.len() => return Err(MachineError::Another { mark }),
        // It names nobody: a disk that was full, or somebody's editor.
        Ok(_) => fs::remove_file(&mark).map_err(failed)?,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
        Err(cause) => return Err(failed(cause)),
    }
    directory::write_new(&mark, &own).map_err(failed)?;
    info!(mark = %mark.display(), "the state belongs to this machine from here on");
    Ok(())
}

fn mark_beside(store: &Path) -> PathBuf {
    let mut name = store.to_path_buf().into_os_string();
    name.push(".machine");
    PathBuf::from(name)
}

/// The id itself is not to be shown to others (machine-id(5)).
fn digest(machine_id: &str) -> String {
    let salted = format!("cuffd machine {machine_id}");
    hex(ring::digest::digest(&ring::digest::SHA256, salted.as_bytes()).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "0123456789abcdef0123456789abcdef";
    const OTHER: &str = "fedcba9876543210fedcba9876543210";

    #[test]
    fn a_mark_that_names_nobody_is_made_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = folder.path().join("cuffd.db");
        for left in ["", "0123"] {
            fs::write(mark_beside(&store), left).expect("as after a power cut");
            claim_for(&store, ONE).expect("nobody else's");
            assert!(matches!(claim_for(&store, OTHER), Err(MachineError::Another { .. })));
            fs::remove_file(mark_beside(&store)).expect("it is there");
        }
    }

    #[test]
    fn a_copy_of_the_state_is_refused_until_it_is_taken_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = folder.path().join("cuffd.db");
        for _start in 0..2 {
            claim_for(&store, ONE).expect("the first machine's");
        }
        let Err(MachineError::Another { mark }) = claim_for(&store, OTHER) else {
            panic!("it is refused")
        };
        let written = fs::read_to_string(&mark).expect("the mark");
        assert!(!written.contains(ONE), "the id itself is not shown");
        fs::remove_file(mark).expect("it is taken over");
        claim_for(&store, OTHER).expect("the second machine's");
        assert!(matches!(claim_for(&store, ONE), Err(MachineError::Another { .. })));
    }
}
