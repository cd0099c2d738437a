//! What is validated already although nothing acts on it yet.

use config::{Value, ValueKind};

use super::source::typed;

/// The keys whose feature is still to come. A key leaves this table in the change that makes it work.
const NOT_YET: [&str; 2] = ["metrics", "web"];

/// Those of them that the config sets, to anything but `false`.
pub(super) fn not_in_force(tree: &Value) -> Vec<&'static str> {
    NOT_YET.into_iter().filter(|path| is_set(tree, path)).collect()
}

fn is_set(tree: &Value, path: &str) -> bool {
    let mut value = tree.clone();
    for key in path.split('.') {
        let ValueKind::Table(mut table) = value.kind else {
            return false;
        };
        let Some(inside) = table.remove(key) else { return false };
        value = typed(&inside);
    }
    value.kind != ValueKind::Boolean(false)
}
