//! Which measurements came before: a digest of each, for a million of them in some tens of megabytes.

use std::collections::HashSet;

use ring::digest::{Context, SHA256};

use crate::core::name::Name;

/// Octets that are kept of a digest: no two of a cuff's measurements share them by chance.
const KEPT: usize = 16;

/// The measurements that came before.
#[derive(Debug, Default)]
pub(super) struct Seen(HashSet<[u8; KEPT]>);

impl Seen {
    /// Remembers a measurement, and tells whether it came from this cuff before.
    pub(super) fn before(&mut self, cuff: &Name, octets: &[u8]) -> bool {
        let mut context = Context::new(&SHA256);
        context.update(cuff.as_str().as_bytes());
        // No name has a zero octet: where the name ends is part of the digest.
        context.update(&[0]);
        context.update(octets);
        let digest = context.finish();
        let mut kept = [0; KEPT];
        kept.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
        !self.0.insert(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_octets_are_seen_before_only_of_the_same_cuff() {
        let name = |text| Name::parse(text).expect("a name");
        let mut seen = Seen::default();
        assert!(!seen.before(&name("a"), b"bc"));
        assert!(!seen.before(&name("a"), b"bd"));
        assert!(!seen.before(&name("ab"), b"c"));
        assert!(seen.before(&name("a"), b"bc"));
        assert!(seen.before(&name("ab"), b"c"));
    }
}
