//! The key that signs: an Ed25519 private JWK (RFC 8037).

use std::fmt;

use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

use super::jwk::{self, JwkError, PublicKey};
use super::{BASE64URL, public_keys};
use crate::private::Private;

/// A key that signs. It prints as nothing but its public half.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

/// Why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a key of the right kind.
    #[error(transparent)]
    Jwk(JwkError),
    /// Only the public half.
    #[error("which has no private key in it")]
    Public,
    /// The private half is no key.
    #[error("in which d is not 32 octets in base64url")]
    Octets,
    /// The halves are of two keys.
    #[error("in which d and x are of different keys")]
    Mismatch,
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

impl SigningKey {
    /// A new key, of the system's random numbers.
    ///
    /// # Errors
    /// The system gives none.
    pub fn generate() -> Result<(Self, Private<String>), KeyError> {
        let seed: ring::rand::Random<[u8; 32]> =
            ring::rand::generate(&ring::rand::SystemRandom::new()).map_err(|_| KeyError::Random)?;
        let seed = seed.expose();
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| KeyError::Octets)?;
        let key = Self::of(pair)?;
        let (d, x) = (BASE64URL.encode(&seed), BASE64URL.encode(key.public.octets()));
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "d": d, "x": x});
        Ok((key, Private::new(jwk.to_string())))
    }

    /// The key in a private JWK.
    ///
    /// # Errors
    /// What is wrong with it, without its text.
    pub fn read(octets: &[u8]) -> Result<Self, KeyError> {
        let jwk: Value = serde_json::from_slice(octets).map_err(|_| KeyError::Jwk(JwkError::Json))?;
        let Some(d) = jwk.get("d") else {
            return Err(public_keys(octets).map_or_else(KeyError::Jwk, |_public| KeyError::Public));
        };
        let public = jwk::key_of(&jwk).map_err(KeyError::Jwk)?;
        let seed = d.as_str().and_then(jwk::octets).ok_or(KeyError::Octets)?;
        let pair = Ed25519KeyPair::from_seed_and_public_key(&seed, public.octets()).map_err(|_| KeyError::Mismatch)?;
        Self::of(pair)
    }

    fn of(pair: Ed25519KeyPair) -> Result<Self, KeyError> {
        let public = pair.public_key().as_ref().try_into().map_err(|_| KeyError::Octets)?;
        Ok(Self {
            pair,
            public: PublicKey::new(public),
        })
    }

    /// The half that others check with.
    #[must_use]
    pub const fn public(&self) -> PublicKey {
        self.public
    }

    /// The 64 octets of a signature.
    pub(super) fn sign(&self, octets: &[u8]) -> [u8; 64] {
        // An Ed25519 signature has 64 octets (RFC 8032, section 5.1.6).
        self.pair.sign(octets).as_ref().try_into().unwrap_or([0; 64])
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, appendix A.1.
    const JWK: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

    #[test]
    fn a_new_key_is_read_again_and_is_another_each_time() {
        let (key, jwk) = SigningKey::generate().expect("random numbers");
        let read = SigningKey::read(jwk.expose().as_bytes()).expect("a key");
        assert_eq!(read.public(), key.public());
        let (other, _) = SigningKey::generate().expect("random numbers");
        assert_ne!(other.public(), key.public());
    }

    #[test]
    fn what_is_no_private_key_is_refused_with_the_reason() {
        assert!(SigningKey::read(JWK.as_bytes()).is_ok());
        let public = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        for (bad, why) in [
            ("", KeyError::Jwk(JwkError::Json)),
            ("{}", KeyError::Jwk(JwkError::NoKey)),
            (public, KeyError::Public),
            (&JWK.replace("nWGx", "nWG"), KeyError::Octets),
            (&JWK.replace("nWGx", "nWGy"), KeyError::Mismatch),
            (&JWK.replace("Ed25519", "Ed448"), KeyError::Jwk(JwkError::Kind)),
        ] {
            assert_eq!(SigningKey::read(bad.as_bytes()).expect_err(bad), why);
        }
    }

    #[test]
    fn it_prints_without_its_private_half() {
        let key = SigningKey::read(JWK.as_bytes()).expect("a key");
        assert!(!format!("{key:?}").contains("pair"));
    }
}
