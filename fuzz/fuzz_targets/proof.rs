//! Messages with proofs: no octets panic the verifier, and none is good that the key has not signed.
#![no_main]

use std::sync::LazyLock;

use cuffd::core::json;
use cuffd::proof::{self, Listed, SigningKey};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// RFC 8037, appendix A.1; the seeds are signed with it.
static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
    let jwk = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    SigningKey::read(jwk.as_bytes()).expect("the key of the RFC")
});

static KEYS: LazyLock<Vec<Listed>> = LazyLock::new(|| {
    let jwk = KEY.public().jwk("north", "gw-0042").to_string();
    proof::public_keys(jwk.as_bytes()).expect("the key of the RFC")
});

fuzz_target!(|octets: &[u8]| {
    if let Ok(Value::Object(mut message)) = json::read(octets)
        && proof::verify(&message, KEYS.iter()).is_ok()
    {
        // Written otherwise than the seed, perhaps, but the same message: an Ed25519 key signs it in one way.
        let told = message.remove("proof");
        assert_eq!(told, Some(proof::sign(&KEY, &Value::Object(message)).into()));
    }
    let _ = proof::public_keys(octets);
});
