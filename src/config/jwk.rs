//! Public keys of those who may command: an Ed25519 JWK (RFC 8037) or a set of them (RFC 7517).

use serde_json::Value;

/// An Ed25519 public key, its 32 octets.
pub type PublicKey = [u8; 32];

/// Reads one JWK or a JWKS. What is wrong is said in a few words, without the text.
pub(super) fn public_keys(octets: &[u8]) -> Result<Vec<PublicKey>, &'static str> {
    let value: Value = serde_json::from_slice(octets).map_err(|_| "which is not JSON")?;
    match value.get("keys") {
        None => Ok(vec![public_key(&value)?]),
        Some(Value::Array(keys)) if !keys.is_empty() => keys.iter().map(public_key).collect(),
        Some(_) => Err("which is a JWKS without a key"),
    }
}

fn public_key(jwk: &Value) -> Result<PublicKey, &'static str> {
    let member = |name| jwk.get(name).and_then(Value::as_str);
    if jwk.get("d").is_some() {
        return Err("which has a private key in it");
    }
    if member("kty") != Some("OKP") || member("crv") != Some("Ed25519") {
        return Err("which is not an Ed25519 key");
    }
    member("x")
        .and_then(decode)
        .ok_or("in which x is not 32 octets in base64url")
}

/// 43 characters of base64url without padding as 32 octets.
fn decode(text: &str) -> Option<PublicKey> {
    if text.len() != 43 {
        return None;
    }
    let mut octets = Vec::with_capacity(33);
    for group in text.as_bytes().chunks(4) {
        let sextets: Option<Vec<u32>> = group.iter().copied().map(sextet).collect();
        let bits = sextets?.into_iter().fold(0, |bits, sextet| bits << 6 | sextet);
        // The last group has three characters: 18 bits, of which the last two mean nothing.
        let bits = if group.len() == 3 { bits << 6 } else { bits };
        let [_, high, middle, low] = bits.to_be_bytes();
        octets.extend([high, middle, low]);
    }
    let (last, octets) = octets.split_last()?;
    if *last == 0 { octets.try_into().ok() } else { None }
}

fn sextet(character: u8) -> Option<u32> {
    let value = match character {
        b'A'..=b'Z' => character - b'A',
        b'a'..=b'z' => character - b'a' + 26,
        b'0'..=b'9' => character - b'0' + 52,
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// RFC 8037, appendix A.2.
    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn read(value: &Value) -> Result<Vec<PublicKey>, &'static str> {
        public_keys(value.to_string().as_bytes())
    }

    #[test]
    fn a_key_or_a_set_of_keys_is_read() {
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": X, "kid": "any", "cuffd_gateway": "north/gw-0042"});
        let keys = read(&jwk).expect("a key");
        assert_eq!(keys.len(), 1);
        assert_eq!(keys[0][..4], [0xd7, 0x5a, 0x98, 0x01]);
        assert_eq!(keys[0][29..], [0x07, 0x51, 0x1a]);
        assert_eq!(read(&json!({"keys": [jwk.clone(), jwk]})).map(|keys| keys.len()), Ok(2));
    }

    #[test]
    fn anything_else_is_refused() {
        let good = json!({"kty": "OKP", "crv": "Ed25519", "x": X});
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
            with("x", json!(1)),
            with("x", json!(X[..42])),
            with("x", json!(format!("{X}A"))),
            with("x", json!(X.replace('_', "/"))),
            with("x", json!(X.replace('o', "p"))),
        ] {
            assert!(read(&bad).is_err(), "{bad}");
        }
        assert!(public_keys(b"{").is_err());
    }
}
