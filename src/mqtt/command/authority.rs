//! Who may command. Proofs are not judged yet: this is the one place where they will be.

use std::collections::BTreeSet;

use super::form::{CommandName, Parsed};

/// Who may do what.
#[derive(Clone, Debug, Default)]
pub struct Authority {
    unsigned: BTreeSet<CommandName>,
}

/// `decide` may never be taken without a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("decide may not stand in unsigned_commands")]
pub struct UnsignedDecide;

impl Authority {
    /// Commands that need no proof.
    ///
    /// # Errors
    /// If `decide` is among them.
    pub fn new(unsigned: impl IntoIterator<Item = CommandName>) -> Result<Self, UnsignedDecide> {
        let unsigned: BTreeSet<_> = unsigned.into_iter().collect();
        if unsigned.contains(&CommandName::Decide) {
            return Err(UnsignedDecide);
        }
        Ok(Self { unsigned })
    }

    /// Whether this command may be carried out. No key is known yet, so a proof convinces nobody.
    #[must_use]
    pub(super) fn permits(&self, parsed: &Parsed) -> bool {
        self.unsigned.contains(&parsed.command.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decide_is_never_taken_without_a_proof() {
        let names = [CommandName::Report, CommandName::Decide];
        assert_eq!(Authority::new(names).unwrap_err(), UnsignedDecide);
    }
}
