//! Public keys: an Ed25519 JWK (RFC 8037) or a set of them (RFC 7517).

use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::BASE64URL;

/// Octets of an Ed25519 public key.
const LENGTH: usize = 32;

/// Digits in a group of a fingerprint, and groups: as much as can be read over the telephone.
const GROUP: usize = 4;
const GROUPS: usize = 8;

/// An Ed25519 public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; LENGTH]);

/// A key of a list, with what the list says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The key.
    pub key: PublicKey,
    /// What the list calls it, if anything; a proof may name it so instead of by its thumbprint.
    pub kid: Option<String>,
    /// The gateway that it is enrolled for, as `SITE/GATEWAY`.
    pub gateway: Option<String>,
}

/// Why octets are no list of keys; said without the text, which may be a secret put in the wrong place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    /// No JSON.
    #[error("which is not JSON")]
    Json,
    /// A set without a key.
    #[error("which is a JWKS without a key")]
    Empty,
    /// No key and no set of keys.
    #[error("in which there is no key: a JWK has kty, a JWKS has keys")]
    NoKey,
    /// A private key where a public one belongs.
    #[error("which has a private key in it")]
    Private,
    /// Another kind of key.
    #[error("which is not an Ed25519 key")]
    Kind,
    /// The key itself.
    #[error("in which x is not 32 octets in base64url")]
    Octets,
}

impl PublicKey {
    /// A key of these octets.
    #[must_use]
    pub const fn new(octets: [u8; LENGTH]) -> Self {
        Self(octets)
    }

    /// Its octets.
    #[must_use]
    pub const fn octets(&self) -> &[u8; LENGTH] {
        &self.0
    }

    /// Its JWK thumbprint (RFC 7638), which is the `kid` of our proofs.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        BASE64URL.encode(self.hash().as_ref())
    }

    /// Its fingerprint to be compared over the telephone: the first 128 bits of the thumbprint in 8 groups of 4 digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let digits = crate::core::notation::hex(self.hash().as_ref());
        let groups = digits.as_bytes().chunks(GROUP).take(GROUPS);
        let groups: Vec<_> = groups.map(String::from_utf8_lossy).collect();
        groups.join(" ")
    }

    /// The JWK, with the gateway that it is enrolled for.
    #[must_use]
    pub fn jwk(&self, site: &str, gateway: &str) -> Value {
        json!({
            "kty": "OKP", "crv": "Ed25519", "x": BASE64URL.encode(&self.0), "kid": self.thumbprint(),
            "use": "sig", "cuffd_gateway": format!("{site}/{gateway}"),
        })
    }

    /// The hash that RFC 7638 takes of the required members, in their order and without white space.
    fn hash(&self) -> ring::digest::Digest {
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, BASE64URL.encode(&self.0));
        digest(&SHA256, members.as_bytes())
    }
}

/// Reads one JWK or a JWKS.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn public_keys(octets: &[u8]) -> Result<Vec<Listed>, JwkError> {
    let value: Value = serde_json::from_slice(octets).map_err(|_| JwkError::Json)?;
    match value.get("keys") {
        None => Ok(vec![listed(&value)?]),
        Some(Value::Array(keys)) => among_others(keys),
        Some(_) => Err(JwkError::Empty),
    }
}

/// Keys of other kinds in a list are somebody else's (RFC 7517, section 5), as long as one is for here.
fn among_others(keys: &[Value]) -> Result<Vec<Listed>, JwkError> {
    let mut ours = Vec::new();
    let mut other = JwkError::Empty;
    for jwk in keys {
        match listed(jwk) {
            Ok(key) => ours.push(key),
            Err(JwkError::Kind) => other = JwkError::Kind,
            Err(error) => return Err(error),
        }
    }
    if ours.is_empty() { Err(other) } else { Ok(ours) }
}

fn listed(jwk: &Value) -> Result<Listed, JwkError> {
    if jwk.get("d").is_some() {
        return Err(JwkError::Private);
    }
    let text = |name| jwk.get(name).and_then(Value::as_str).map(str::to_owned);
    Ok(Listed {
        key: key_of(jwk)?,
        kid: text("kid"),
        gateway: text("cuffd_gateway"),
    })
}

/// The public key in a JWK, be it a private or a public one.
pub(super) fn key_of(jwk: &Value) -> Result<PublicKey, JwkError> {
    let member = |name| jwk.get(name).and_then(Value::as_str);
    if jwk.get("kty").is_none() {
        return Err(JwkError::NoKey);
    }
    let signs = matches!(member("alg"), None | Some("Ed25519" | "EdDSA"));
    if member("kty") != Some("OKP") || member("crv") != Some("Ed25519") || !signs {
        return Err(JwkError::Kind);
    }
    member("x").and_then(octets).map(PublicKey).ok_or(JwkError::Octets)
}

/// 32 octets in base64url.
pub(super) fn octets(text: &str) -> Option<[u8; LENGTH]> {
    BASE64URL.decode(text.as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, appendix A.2.
    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn read(value: &Value) -> Result<Vec<Listed>, JwkError> {
        public_keys(value.to_string().as_bytes())
    }

    fn key() -> PublicKey {
        PublicKey::new(octets(X).expect("32 octets"))
    }

    /// RFC 8037, appendix A.3.
    #[test]
    fn the_thumbprint_is_that_of_the_rfc() {
        assert_eq!(key().thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_fingerprint_is_the_beginning_of_the_thumbprint_in_groups() {
        assert_eq!(key().fingerprint(), "90fa cafe a9b1 5566 9854 0f70 c011 7a22");
    }

    #[test]
    fn a_key_that_is_printed_is_read_again_with_its_gateway() {
        let jwk = key().jwk("north", "gw-0042");
        let expected = Listed {
            key: key(),
            kid: Some(key().thumbprint()),
            gateway: Some("north/gw-0042".to_owned()),
        };
        assert_eq!(read(&jwk), Ok(vec![expected.clone()]));
        assert_eq!(
            read(&json!({"keys": [jwk.clone(), jwk]})),
            Ok(vec![expected.clone(), expected])
        );
    }

    #[test]
    fn anything_else_is_refused() {
        let good = json!({"kty": "OKP", "crv": "Ed25519", "x": X});
        assert!(read(&good).is_ok());
        let with = |name: &str, value: Value| {
            let mut jwk = good.clone();
            jwk[name] = value;
            jwk
        };
        for bad in [
            json!(null),
            json!([]),
            json!({"keys": []}),
            json!({"keys": {}}),
            json!({"keys": [good, {}]}),
            with("d", json!("secret")),
            with("d", json!(null)),
            with("kty", json!("EC")),
            with("crv", json!("X25519")),
            with("alg", json!("ES256")),
            with("x", json!(1)),
            with("x", json!(X[..42])),
            with("x", json!(format!("{X}A"))),
            with("x", json!(format!("{X}="))),
            with("x", json!(X.replace('_', "/"))),
            // Bits that mean nothing must be zero, or one key would have several names.
            with("x", json!(X.replace('o', "p"))),
        ] {
            assert!(read(&bad).is_err(), "{bad}");
        }
        assert_eq!(public_keys(b"{"), Err(JwkError::Json));
        for none in [json!({}), json!(null), json!([]), json!({"x": X})] {
            assert_eq!(read(&none), Err(JwkError::NoKey), "{none}");
        }
    }

    #[test]
    fn keys_of_other_kinds_in_a_list_are_somebody_elses() {
        let ours = json!({"kty": "OKP", "crv": "Ed25519", "x": X});
        let other = json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"});
        let listed = read(&json!({"keys": [other, ours]})).expect("one is for here");
        assert_eq!(listed.len(), 1);
        assert!(matches!(read(&json!({"keys": [other]})), Err(JwkError::Kind)));
        assert!(matches!(read(&json!({"keys": []})), Err(JwkError::Empty)));
    }
}
