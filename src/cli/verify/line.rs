//! One message: whether its proof holds, and where it stands among its gateway's.

use serde_json::{Map, Value};

use super::sequence::Place;
use crate::core::json;
use crate::proof::{self, Listed};

/// The longest id that is repeated.
const LONGEST_ID: usize = 64;

/// What stands for the id of a line that has none.
const NO_ID: &str = "-";

/// A line, judged.
pub(super) struct Judged {
    /// The message's id, or `-`.
    pub(super) id: String,
    /// Where it stands, if it says so; or one word for why it is bad.
    pub(super) verdict: Result<Option<Place>, String>,
}

pub(super) fn judge(text: &[u8], keys: &[Listed]) -> Judged {
    let Ok(Value::Object(message)) = json::read(text) else {
        return malformed(written_id(text));
    };
    let Some(id) = id_of(&message) else {
        return malformed(None);
    };
    let verdict = prove(&message, keys).map(|()| Place::of(&message));
    Judged { id, verdict }
}

fn malformed(id: Option<String>) -> Judged {
    Judged {
        id: id.unwrap_or_else(|| NO_ID.to_owned()),
        verdict: Err("malformed".to_owned()),
    }
}

/// What is no strict JSON may still be JSON, and have an id to name it by.
fn written_id(text: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(text).ok()?;
    id_of(value.as_object()?)
}

/// An id that can stand in a line of three words.
fn id_of(message: &Map<String, Value>) -> Option<String> {
    let id = message.get("id")?.as_str()?;
    let fits = (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|octet| octet.is_ascii_graphic());
    fits.then(|| id.to_owned())
}

fn prove(message: &Map<String, Value>, keys: &[Listed]) -> Result<(), String> {
    let proved = proof::verify(message, keys).map_err(|bad| bad.to_string())?;
    let name = |member| message.get(member).and_then(Value::as_str);
    let (Some(site), Some(gateway)) = (name("site"), name("gateway")) else {
        return Err("malformed".to_owned());
    };
    let named = format!("{site}/{gateway}");
    let is_enrolled = |listed: &&Listed| listed.gateway.as_deref() == Some(named.as_str());
    if proved.iter().any(is_enrolled) {
        Ok(())
    } else {
        Err("wrong_gateway".to_owned())
    }
}
