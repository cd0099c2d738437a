//! A message's proof: signed, and checked.

use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::{Map, Value, json};

use super::BASE64URL;
use super::jwk::Listed;
use super::key::SigningKey;
use crate::core::{jcs, json};

/// Where a message has its proof.
const MEMBER: &str = "proof";

/// RFC 9864; the older name is still read.
const ALGORITHM: &str = "Ed25519";
const OLD_ALGORITHM: &str = "EdDSA";

/// Why octets cannot be signed: they are not one JSON object without a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a JSON object without a proof")]
pub struct Unproved;

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadProof {
    /// There is none.
    #[error("no_proof")]
    Missing,
    /// It is no detached JWS, or asks for what this verifier does not know.
    #[error("malformed_proof")]
    Malformed,
    /// It names another algorithm.
    #[error("wrong_algorithm")]
    Algorithm,
    /// It names a key that is not in the list.
    #[error("unknown_key")]
    UnknownKey,
    /// The message is not what was signed, or another key signed it.
    #[error("bad_signature")]
    Signature,
}

/// The proof of a message that has none yet.
#[must_use]
pub fn sign(key: &SigningKey, message: &Value) -> String {
    let header = header(&key.public().thumbprint());
    let signature = key.sign(&signing_input(&header, message));
    format!("{header}..{}", BASE64URL.encode(&signature))
}

/// The message with its proof as the last member; what comes before it stays octet for octet.
///
/// # Errors
/// The octets are no JSON object, or have a proof.
pub fn prove(key: &SigningKey, octets: &[u8]) -> Result<Vec<u8>, Unproved> {
    let message = json::read(octets).map_err(|_| Unproved)?;
    let members = message.as_object().ok_or(Unproved)?;
    let open = octets.strip_suffix(b"}").ok_or(Unproved)?;
    if members.contains_key(MEMBER) || members.is_empty() {
        return Err(Unproved);
    }
    let proof = sign(key, &message);
    let member = format!(r#","{MEMBER}":"{proof}"}}"#);
    Ok([open, member.as_bytes()].concat())
}

/// The keys of the list by which the message is proved: the same key may be listed for several gateways.
///
/// # Errors
/// Why the proof proves nothing.
pub fn verify<'a>(
    message: &Map<String, Value>,
    keys: impl IntoIterator<Item = &'a Listed>,
) -> Result<Vec<&'a Listed>, BadProof> {
    let proof = match message.get(MEMBER) {
        None | Some(Value::Null) => return Err(BadProof::Missing),
        Some(Value::String(proof)) => proof,
        Some(_) => return Err(BadProof::Malformed),
    };
    let (header, signature) = proof.split_once("..").ok_or(BadProof::Malformed)?;
    let kid = read_header(header)?;
    let signature = BASE64URL
        .decode(signature.as_bytes())
        .map_err(|_| BadProof::Malformed)?;
    let mut message = message.clone();
    message.remove(MEMBER);
    let signed = signing_input(header, &Value::Object(message));
    let named: Vec<&Listed> = keys
        .into_iter()
        .filter(|listed| is_named(listed, kid.as_deref()))
        .collect();
    if named.is_empty() {
        return Err(BadProof::UnknownKey);
    }
    let good = |listed: &&Listed| {
        let key = UnparsedPublicKey::new(&ED25519, listed.key.octets());
        key.verify(&signed, &signature).is_ok()
    };
    let proved: Vec<&Listed> = named.into_iter().filter(good).collect();
    if proved.is_empty() {
        return Err(BadProof::Signature);
    }
    Ok(proved)
}

/// A proof that names no key is tried with each of the list.
fn is_named(listed: &Listed, kid: Option<&str>) -> bool {
    kid.is_none_or(|kid| listed.kid.as_deref() == Some(kid) || listed.key.thumbprint() == kid)
}

fn header(kid: &str) -> String {
    let header = json!({"alg": ALGORITHM, "kid": kid});
    BASE64URL.encode(jcs::canonical(&header).as_bytes())
}

/// RFC 7515, section 5.1, step 5.
fn signing_input(header: &str, message: &Value) -> Vec<u8> {
    let payload = BASE64URL.encode(jcs::canonical(message).as_bytes());
    [header.as_bytes(), b".", payload.as_bytes()].concat()
}

/// The key that the header names. What a header asks for and this verifier does not know must not be passed over (RFC 7515,
/// section 4.1.11).
fn read_header(text: &str) -> Result<Option<String>, BadProof> {
    let octets = BASE64URL.decode(text.as_bytes()).map_err(|_| BadProof::Malformed)?;
    let header = json::read(&octets).map_err(|_| BadProof::Malformed)?;
    let header = header.as_object().ok_or(BadProof::Malformed)?;
    if header.contains_key("crit") || header.contains_key("b64") {
        return Err(BadProof::Malformed);
    }
    match header.get("alg").and_then(Value::as_str) {
        Some(ALGORITHM | OLD_ALGORITHM) => {}
        _ => return Err(BadProof::Algorithm),
    }
    match header.get("kid") {
        None => Ok(None),
        Some(Value::String(kid)) => Ok(Some(kid.clone())),
        Some(_) => Err(BadProof::Malformed),
    }
}

#[cfg(test)]
mod tests;
