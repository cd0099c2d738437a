//! Who may command: the keys that the clinic listed, each for what it may do (contract 3.5).

use std::collections::BTreeSet;

use super::form::{CommandName, Parsed};
use super::{Code, Refusal};
use crate::proof::{self, BadProof, Listed};

/// Who may do what.
#[derive(Clone, Debug, Default)]
pub struct Authority {
    unsigned: BTreeSet<CommandName>,
    powers: Vec<Power>,
}

/// Keys, and what they are good for.
#[derive(Clone, Debug)]
pub struct Power {
    /// Whoever has one of them.
    pub keys: Vec<Listed>,
    /// May do this.
    pub may: BTreeSet<CommandName>,
}

/// `decide` may never be taken without a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("decide may not stand in unsigned_commands")]
pub struct UnsignedDecide;

impl Authority {
    /// Commands that need no proof, and the keys that prove the others.
    ///
    /// # Errors
    /// If `decide` is among those that need none.
    pub fn new(unsigned: impl IntoIterator<Item = CommandName>, powers: Vec<Power>) -> Result<Self, UnsignedDecide> {
        let unsigned: BTreeSet<_> = unsigned.into_iter().collect();
        if unsigned.contains(&CommandName::Decide) {
            return Err(UnsignedDecide);
        }
        Ok(Self { unsigned, powers })
    }

    /// Whether this command may be carried out.
    ///
    /// # Errors
    /// `not_authorized`, with what is wrong with its proof.
    pub(super) fn permits(&self, parsed: &Parsed) -> Result<(), Refusal> {
        let name = parsed.command.name();
        if self.unsigned.contains(&name) {
            return Ok(());
        }
        let may = self.powers.iter().filter(|power| power.may.contains(&name));
        let Err(bad) = proof::verify(&parsed.written, may.flat_map(|power| &power.keys)) else {
            return Ok(());
        };
        let any = self.powers.iter().flat_map(|power| &power.keys);
        let is_known = proof::verify(&parsed.written, any).is_ok();
        let why = match bad {
            _ if is_known => "the key that signed it may not do this",
            BadProof::Missing => "it needs a proof and has none",
            BadProof::Malformed => "its proof is no detached JWS",
            BadProof::Algorithm => "its proof is not by Ed25519",
            BadProof::UnknownKey => "its proof names no key that may do this",
            BadProof::Signature => "it is not what was signed, or another key signed it",
        };
        Err(Refusal::new(Code::NotAuthorized, why))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::parse;
    use super::*;
    use crate::proof::SigningKey;

    #[test]
    fn decide_is_never_taken_without_a_proof() {
        let names = [CommandName::Report, CommandName::Decide];
        assert_eq!(Authority::new(names, Vec::new()).unwrap_err(), UnsignedDecide);
    }

    /// A command signed by `key`, as it arrives.
    fn signed(key: &SigningKey, name: &str) -> Parsed {
        let command = json!({
            "schema": "cuffd.command/1", "id": "c1", "site": "north", "gateway": "gw", "session": "s1",
            "expires_at": "2026-11-21T18:05:00Z", "command": name,
        });
        let octets = proof::prove(key, command.to_string().as_bytes()).unwrap();
        parse(&octets).unwrap()
    }

    fn key() -> SigningKey {
        SigningKey::generate().unwrap().0
    }

    fn power(key: &SigningKey, may: &[CommandName]) -> Power {
        let jwk = key.public().jwk("platform", "clinicians");
        Power {
            keys: proof::public_keys(jwk.to_string().as_bytes()).unwrap(),
            may: may.iter().copied().collect(),
        }
    }

    #[test]
    fn a_key_may_do_what_it_is_listed_for_and_nothing_else() {
        let (clinicians, store, stranger) = (key(), key(), key());
        let powers = vec![
            power(&clinicians, &[CommandName::Start, CommandName::CloseSession]),
            power(&store, &[CommandName::Receipt, CommandName::Report]),
        ];
        let authority = Authority::new([], powers).unwrap();
        let told = |key: &SigningKey, name| authority.permits(&signed(key, name)).map_err(|refusal| refusal.message);
        assert_eq!(told(&clinicians, "start"), Ok(()));
        assert_eq!(told(&clinicians, "close_session"), Ok(()));
        assert_eq!(told(&store, "report"), Ok(()));
        let may_not = "the key that signed it may not do this".to_owned();
        assert_eq!(told(&store, "start"), Err(may_not.clone()));
        assert_eq!(told(&clinicians, "report"), Err(may_not));
        let unknown = "its proof names no key that may do this".to_owned();
        assert_eq!(told(&stranger, "start"), Err(unknown));
    }

    #[test]
    fn what_is_changed_after_signing_or_signed_anew_is_refused() {
        let (clinicians, stranger) = (key(), key());
        let authority = Authority::new([], vec![power(&clinicians, &[CommandName::Start])]).unwrap();
        let mut changed = signed(&clinicians, "start");
        changed.written.insert("session".to_owned(), json!("s2"));
        let mut without = signed(&clinicians, "start");
        without.written.remove("proof");
        let mut lent = signed(&stranger, "start");
        let proof = signed(&clinicians, "start").written["proof"].clone();
        lent.written.insert("proof".to_owned(), proof);
        lent.written.insert("id".to_owned(), json!("c2"));
        for refused in [changed, without, lent] {
            let refusal = authority.permits(&refused).unwrap_err();
            assert_eq!(refusal.code, Code::NotAuthorized, "{}", refusal.message);
        }
    }
}
