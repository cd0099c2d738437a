//! What the README shows is what stands in the repository, and works.

use std::fs;

use cuffd::proof::{SigningKey, prove};
use serde_json::{Value, json};

use super::others::{node, python, verdicts};
use super::rig::in_project;
use crate::rig::Gateway;

/// RFC 8037, appendix A.1.
const JWK: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

fn read(path: &str) -> String {
    fs::read_to_string(in_project(path)).unwrap()
}

/// The first block of the README in this language.
fn block(language: &str) -> String {
    let readme = read("README.md");
    let (_, after) = readme.split_once(&format!("```{language}\n")).expect("such a block");
    let (block, _) = after.split_once("```").expect("its end");
    block.to_owned()
}

#[test]
fn the_verifiers_in_the_readme_are_those_that_are_tested() {
    assert_eq!(block("python"), read("docs/proofs/verify.py"));
    assert_eq!(block("js"), read("docs/proofs/verify.mjs"));
}

#[tokio::test]
async fn the_vector_of_the_readme_is_signed_and_checked_the_same_everywhere() {
    let vector = block("json");
    let key = SigningKey::read(JWK.as_bytes()).unwrap();
    let (unproved, _) = vector.trim_end().split_once(r#","proof":"#).unwrap();
    let ours = prove(&key, format!("{unproved}}}").as_bytes()).unwrap();
    assert_eq!(String::from_utf8(ours).unwrap(), vector.trim_end());
    let gateway = Gateway::with("");
    let list = gateway.path("list.jwks");
    fs::write(
        &list,
        json!({"keys": [key.public().jwk("north", "gw-0042")]}).to_string(),
    )
    .unwrap();
    let id = serde_json::from_str::<Value>(&vector).unwrap()["id"].clone();
    let good = [format!("ok {}", id.as_str().unwrap())];
    let arguments = ["verify", "--keys", list.to_str().unwrap()];
    assert_eq!(
        verdicts(&gateway.ask_with_input(&arguments, &vector).await.good()),
        good
    );
    let scripts = (
        in_project("docs/proofs/verify.py"),
        in_project("docs/proofs/verify.mjs"),
    );
    assert_eq!(verdicts(&python(&scripts.0, &[&list], &vector).await.good()), good);
    assert_eq!(verdicts(&node(&scripts.1, &[&list], &vector).await.good()), good);
}
