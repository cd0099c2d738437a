//! Messages with proofs: no octets panic the verifier, and none is good that the key has not signed.
#![no_main]

use std::sync::LazyLock;

use cuffd::core::json;
use cuffd::proof::{self, Listed};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// RFC 8037, appendix A.2.
static KEYS: LazyLock<Vec<Listed>> = LazyLock::new(|| {
    let jwk = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    proof::public_keys(jwk.as_bytes()).expect("the key of the RFC")
});

fuzz_target!(|octets: &[u8]| {
    if let Ok(Value::Object(message)) = json::read(octets) {
        assert!(proof::verify(&message, KEYS.iter()).is_err());
    }
    let _ = proof::public_keys(octets);
});
