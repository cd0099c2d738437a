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
    cuffs: &'a [Cuff],
    /// Cuffs are left out for want of room.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    shortened: bool,
    policy: Option<&'a Policy>,
    public_key: Option<&'a serde_json::Value>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    test: bool,
}

/// The octets of an info. Of more cuffs than there is room for it names the first, and says that it is shortened.
///
/// # Errors
/// Where it would be larger than a message may be although it names no cuff.
pub fn info(origin: &Origin, facts: &Facts) -> Result<Vec<u8>, MessageError> {
    let of_the_first = |count: usize| {
        let info = Info {
            schema: SCHEMA,
            site: &origin.site,
            gateway: &origin.gateway,
            version: env!("CARGO_PKG_VERSION"),
            cuffs: facts.cuffs.get(..count).unwrap_or_default(),
            shortened: count < facts.cuffs.len(),
            policy: facts.policy.as_ref(),
            public_key: facts.public_key.as_ref(),
            test: origin.test,
        };
        encode(SCHEMA, &info, LARGEST)
    };
    match of_the_first(facts.cuffs.len()) {
        Err(MessageError::TooLarge { .. }) => {}
        whole => return whole,
    }
    let (mut fitting, mut too_many) = (0, facts.cuffs.len());
    while fitting + 1 < too_many {
        let middle = fitting.midpoint(too_many);
        match of_the_first(middle) {
            Ok(_) => fitting = middle,
            Err(_) => too_many = middle,
        }
    }
    of_the_first(fitting)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn origin() -> Origin {
        Origin {
            site: Name::parse("north").unwrap(),
            gateway: Name::parse("gw").unwrap(),
            run: Uuid::nil(),
            test: true,
        }
    }

    #[test]
    fn an_info_of_more_cuffs_than_there_is_room_for_names_the_first_and_says_so() {
        let cuff = |number| Cuff {
            id: Name::parse(&format!("c{number:03}")).unwrap(),
            model: "and-ua-651ble".to_owned(),
        };
        // 38 octets each, with the comma.
        for (cuffs, shortened) in [(400, false), (500, true), (3_000, true)] {
            let facts = Facts {
                cuffs: (0..cuffs).map(cuff).collect(),
                ..Facts::default()
            };
            let octets = info(&origin(), &facts).unwrap();
            let value: serde_json::Value = serde_json::from_slice(&octets).unwrap();
            assert_eq!(value["shortened"] == true, shortened, "{cuffs}");
            let named = value["cuffs"].as_array().unwrap();
            assert_eq!(named[0]["id"], "c000");
            if shortened {
                assert!(
                    (LARGEST - 40..=LARGEST).contains(&octets.len()),
                    "{} octets",
                    octets.len()
                );
            } else {
                assert_eq!((named.len(), value.get("shortened")), (cuffs, None));
            }
        }
    }

    #[test]
    fn info_names_cuffs_and_policy() {
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
        let octets = info(&origin(), &facts).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&octets).unwrap();
        let expected = serde_json::json!({
            "schema": "cuffd.info/1", "site": "north", "gateway": "gw", "version": env!("CARGO_PKG_VERSION"),
            "cuffs": [{"id": "living-room", "model": "standard"}],
            "policy": {"name": "clinic-2026-03", "sha256": "00"}, "public_key": null, "test": true,
        });
        assert_eq!(value, expected);
    }
}
