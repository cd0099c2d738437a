//! Proofs: who said a message, so that a third party can check it years later from the message alone (contract 3.4).
//!
//! A proof is a detached JWS (RFC 7515 appendix F) with Ed25519 (RFC 8037) over the RFC 8785 form of the message without it.
//! A verifier takes keys and algorithm from its own list, never from the message.

mod jwk;
mod jws;
mod key;
mod keyring;

pub use jwk::{JwkError, Listed, PublicKey, public_keys};
pub use jws::{BadProof, Unproved, prove, sign, verify};
pub use key::{KeyError, SigningKey};
pub use keyring::{Keyring, KeyringError};

/// Octets as base64url without padding (RFC 7515, section 2); nothing else is read as such.
use data_encoding::BASE64URL_NOPAD as BASE64URL;
