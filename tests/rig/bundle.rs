//! Looking things up in a FHIR Bundle.

use serde_json::Value;

/// The entries of this type, in order.
pub(crate) fn resources<'a>(bundle: &'a Value, kind: &str) -> Vec<&'a Value> {
    each(&bundle["entry"], "/resource")
        .into_iter()
        .filter(|resource| resource["resourceType"] == kind)
        .collect()
}

/// What stands at this place in each of a list.
pub(crate) fn each<'a>(list: &'a Value, place: &str) -> Vec<&'a Value> {
    let list = list.as_array().expect("a list").iter();
    list.map(|one| one.pointer(place).expect("it has that")).collect()
}
