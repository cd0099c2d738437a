//! A clinic with keys: who signs commands, and with what others check what the gateway signs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use cuffd::proof::{SigningKey, prove};
use serde_json::{Value, json};

use crate::rig::Gateway;

/// The folder with other people's libraries; filled at first use.
pub(super) static TOOLS: LazyLock<PathBuf> = LazyLock::new(|| {
    let script = in_project("tests/tools/setup");
    let setup = Command::new(script).output().expect("the set-up script starts");
    let errors = String::from_utf8_lossy(&setup.stderr).into_owned();
    assert!(setup.status.success(), "tests/tools/setup: {errors}");
    PathBuf::from(String::from_utf8(setup.stdout).expect("UTF-8").trim())
});

pub(super) fn in_project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A key of the platform; its public half stands in the gateway's folder.
pub(super) struct PlatformKey {
    name: &'static str,
    key: SigningKey,
    private: String,
}

impl PlatformKey {
    pub(super) fn new(name: &'static str) -> Self {
        let (key, private) = SigningKey::generate().expect("random numbers");
        let private = private.expose().clone();
        Self { name, key, private }
    }

    /// The lines of the config that let it do this; its public half is written where they say.
    pub(super) fn may(&self, gateway: &Gateway, commands: &[&str]) -> String {
        let file = gateway.path(&format!("{}.jwk", self.name));
        let jwk = self.key.public().jwk("platform", self.name);
        fs::write(&file, jwk.to_string()).expect("the gateway's folder can be written");
        format!("[[mqtt.command_keys]]\nfile = {file:?}\nmay = {commands:?}\n")
    }

    /// The file of its private half, for those who sign with other libraries.
    pub(super) fn private_in(&self, gateway: &Gateway) -> PathBuf {
        let file = gateway.path(&format!("{}.private.jwk", self.name));
        fs::write(&file, &self.private).expect("the gateway's folder can be written");
        file
    }

    /// The command with its proof.
    pub(super) fn sign(&self, command: &Value) -> Value {
        let proved = prove(&self.key, command.to_string().as_bytes()).expect("an object");
        serde_json::from_slice(&proved).expect("JSON")
    }
}

/// The clinic's list, of this one gateway's key.
pub(super) async fn enrol(gateway: &Gateway) -> PathBuf {
    let jwk: Value = serde_json::from_str(&gateway.ask(&["key"]).await.good()).expect("a JWK");
    let list = gateway.path("enrolled.jwks");
    fs::write(&list, json!({ "keys": [jwk] }).to_string()).expect("the gateway's folder can be written");
    list
}
