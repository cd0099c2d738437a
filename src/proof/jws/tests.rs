use proptest::prelude::*;

use super::super::jwk::PublicKey;
use super::*;

/// RFC 8037, appendix A.1.
const JWK: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

fn key() -> SigningKey {
    SigningKey::read(JWK.as_bytes()).expect("a key")
}

fn list(key: PublicKey) -> Vec<Listed> {
    vec![Listed {
        key,
        kid: None,
        gateway: None,
    }]
}

fn check(octets: &[u8]) -> Result<usize, BadProof> {
    let Value::Object(message) = json::read(octets).expect("JSON") else {
        panic!("an object")
    };
    verify(&message, &list(key().public())).map(|keys| keys.len())
}

/// RFC 8037, appendix A.4 and A.5: the signature over octets that are no JSON.
#[test]
fn the_signature_of_the_rfc() {
    let input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert_eq!(BASE64URL.encode(&key().sign(input.as_bytes())), signature);
    let public = key().public();
    let listed = UnparsedPublicKey::new(&ED25519, public.octets());
    let octets = BASE64URL.decode(signature.as_bytes()).expect("base64url");
    assert!(listed.verify(input.as_bytes(), &octets).is_ok());
}

#[test]
fn a_proof_is_the_last_member_and_holds_for_every_way_to_write_the_message() {
    let octets = br#"{"b": 120.30, "a":null,"name":"Z\u00fcrich"}"#;
    let proved = prove(&key(), octets).expect("a proof");
    let text = String::from_utf8(proved.clone()).expect("UTF-8");
    assert!(
        text.starts_with(r#"{"b": 120.30, "a":null,"name":"Z\u00fcrich","proof":""#),
        "{text}"
    );
    assert_eq!(check(&proved), Ok(1));
    let rewritten: Value = serde_json::from_slice(&proved).expect("JSON");
    assert_eq!(check(&serde_json::to_vec_pretty(&rewritten).expect("JSON")), Ok(1));
}

#[test]
fn every_change_of_the_message_is_seen() {
    let proved = prove(&key(), br#"{"systolic":120.3,"reasons":[],"ready":true}"#).expect("a proof");
    let text = String::from_utf8(proved).expect("UTF-8");
    for (from, to) in [
        ("120.3", "120.4"),
        ("true", "false"),
        ("[]", "[0]"),
        ("systolic", "diastolic"),
        (r#"{"sys"#, r#"{"more":1,"sys"#),
    ] {
        assert_eq!(
            check(text.replace(from, to).as_bytes()),
            Err(BadProof::Signature),
            "{to}"
        );
    }
}

#[test]
fn what_has_a_proof_or_is_no_object_is_not_signed() {
    for octets in [
        &b"[]"[..],
        b"{}",
        b"{",
        br#"{"proof":"x"}"#,
        br#"{"a":1,"a":2}"#,
        b"{\"a\":1} ",
    ] {
        assert_eq!(prove(&key(), octets), Err(Unproved), "{octets:?}");
    }
}

#[test]
fn a_proof_says_why_it_proves_nothing() {
    let message = json!({"a": 1});
    let good = sign(&key(), &message);
    let (header, signature) = good.split_once("..").expect("detached");
    let with_header = |header: &Value| {
        let header = BASE64URL.encode(header.to_string().as_bytes());
        let signature = key().sign(&signing_input(&header, &message));
        format!("{header}..{}", BASE64URL.encode(&signature))
    };
    let kid = key().public().thumbprint();
    for (proof, expected) in [
        (json!(good), Ok(1)),
        (json!(with_header(&json!({"alg": "EdDSA"}))), Ok(1)),
        (
            json!(with_header(&json!({"alg": "Ed25519", "kid": kid, "typ": "x"}))),
            Ok(1),
        ),
        (json!(null), Err(BadProof::Missing)),
        (json!(7), Err(BadProof::Malformed)),
        (json!(""), Err(BadProof::Malformed)),
        (json!(".."), Err(BadProof::Malformed)),
        (json!(format!("{header}.e30.{signature}")), Err(BadProof::Malformed)),
        (json!(format!("{header}..{signature}=")), Err(BadProof::Malformed)),
        (json!(format!("{header}..")), Err(BadProof::Signature)),
        (json!(with_header(&json!({"alg": "none"}))), Err(BadProof::Algorithm)),
        (
            json!(with_header(&json!({"alg": "HS256", "kid": kid}))),
            Err(BadProof::Algorithm),
        ),
        (json!(with_header(&json!({"kid": kid}))), Err(BadProof::Algorithm)),
        (
            json!(with_header(&json!({"alg": "Ed25519", "kid": 1}))),
            Err(BadProof::Malformed),
        ),
        (
            json!(with_header(&json!({"alg": "Ed25519", "crit": ["exp"]}))),
            Err(BadProof::Malformed),
        ),
        (
            json!(with_header(&json!({"alg": "Ed25519", "b64": false}))),
            Err(BadProof::Malformed),
        ),
        (
            json!(with_header(&json!({"alg": "Ed25519", "kid": "other"}))),
            Err(BadProof::UnknownKey),
        ),
    ] {
        let proved = json!({"a": 1, "proof": proof});
        assert_eq!(check(proved.to_string().as_bytes()), expected, "{proof}");
    }
    assert_eq!(check(br#"{"a":1}"#), Err(BadProof::Missing));
}

#[test]
fn another_key_does_not_do_although_the_proof_names_the_right_one() {
    let (other, _) = SigningKey::generate().expect("random numbers");
    let message = json!({"a": 1});
    let header = header(&key().public().thumbprint());
    let signature = BASE64URL.encode(&other.sign(&signing_input(&header, &message)));
    let forged = json!({"a": 1, "proof": format!("{header}..{signature}")});
    assert_eq!(check(forged.to_string().as_bytes()), Err(BadProof::Signature));
}

proptest! {
    #[test]
    fn no_proof_panics(proof in r"[A-Za-z0-9_\-.=]{0,120}") {
        let message = json!({"a": 1, "proof": proof});
        prop_assert!(check(message.to_string().as_bytes()).is_err());
    }
}
