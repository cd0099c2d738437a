//! `cuffd.info/1`: what the gateway is. Retained.

use serde::Serialize;

use super::{LARGEST, MessageError, Origin, encode};
use crate::core::name::Name;

/// The schema's name.
pub const SCHEMA: &str = "cuffd.info/1";

/// What the gateway is.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Facts {
    /// The registered cuffs.
    pub cuffs: Vec<Cuff>,
    /// The policy in force; `None` where only readings are carried.
    pub policy: Option<Policy>,
    /// The public key as a JWK, for comparing. `None` until messages are signed.
    pub public_key: Option<serde_json::Value>,
}

/// One registered cuff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cuff {
    /// Its id.
    pub id: Name,
    /// Its row in the table of models.
    pub model: String,
}

/// The policy in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Policy {
    /// What the clinic calls it.
    pub name: String,
    /// SHA-256 of its canonical form, hexadecimal.
    pub sha256: String,
}

#[derive(Serialize)]
struct Info<'a> {
    schema: &'static str,
    site: &'a Name,
    gateway: &'a Name,
    version: &'static str,
    #[serde(flatten)]
    facts: &'a Facts,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    test: bool,
}

/// The octets of an info.
///
/// # Errors
/// With so many cuffs that it would be larger than a message may be.
pub fn info(origin: &Origin, facts: &Facts) -> Result<Vec<u8>, MessageError> {
    let info = Info {
        schema: SCHEMA,
        site: &origin.site,
        gateway: &origin.gateway,
        version: env!("CARGO_PKG_VERSION"),
        facts,
        test: origin.test,
    };
    encode(SCHEMA, &info, LARGEST)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn info_names_cuffs_and_policy() {
        let origin = Origin {
            site: Name::parse("north").unwrap(),
            gateway: Name::parse("gw").unwrap(),
            run: Uuid::nil(),
            test: true,
        };
        let facts = Facts {
            cuffs: vec![Cuff {
                id: Name::parse("living-room").unwrap(),
                model: "standard".to_owned(),
            }],
            policy: Some(Policy {
                name: "clinic-2026-03".to_owned(),
                sha256: "00".to_owned(),
            }),
            public_key: None,
        };
        let octets = info(&origin, &facts).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&octets).unwrap();
        let expected = serde_json::json!({
            "schema": "cuffd.info/1", "site": "north", "gateway": "gw", "version": env!("CARGO_PKG_VERSION"),
            "cuffs": [{"id": "living-room", "model": "standard"}],
            "policy": {"name": "clinic-2026-03", "sha256": "00"}, "public_key": null, "test": true,
        });
        assert_eq!(value, expected);
    }
}
