//! Who this process runs as.

use rustix::process::geteuid;

/// The user that this process runs as, for messages: its name, where the machine's own list has one, and its number.
#[must_use]
pub fn describe() -> String {
    let number = geteuid().as_raw().to_string();
    let list = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    match name_of(&number, &list) {
        Some(name) => format!("user {name} ({number})"),
        None => format!("user {number}"),
    }
}

/// The numbers of a user and of its group, where the machine's own list has the name.
#[must_use]
pub fn numbers(name: &str) -> Option<(u32, u32)> {
    numbers_of(name, &std::fs::read_to_string("/etc/passwd").ok()?)
}

fn numbers_of(name: &str, list: &str) -> Option<(u32, u32)> {
    let fields = list.lines().map(|line| line.split(':').collect::<Vec<_>>());
    fields.into_iter().find_map(|fields| match fields.as_slice() {
        [found, _password, user, group, ..] if *found == name => Some((user.parse().ok()?, group.parse().ok()?)),
        _ => None,
    })
}

/// The name of the user of this number in a list of the form of `/etc/passwd`.
fn name_of<'a>(number: &str, list: &'a str) -> Option<&'a str> {
    list.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let _password = fields.next()?;
        (fields.next()? == number).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_named_by_the_list_of_the_machine() {
        let list = "root:x:0:0:root:/root:/bin/sh\n\n# a note\ncuffd:x:997:996::/:/usr/sbin/nologin\n";
        for (number, name) in [("0", Some("root")), ("997", Some("cuffd")), ("996", None), ("x", None)] {
            assert_eq!(name_of(number, list), name, "{number}");
        }
    }

    #[test]
    fn the_numbers_of_a_user_are_found_by_its_name() {
        let list = "root:x:0:0:root:/root:/bin/sh\n\nbad:x:y:0::/:\ncuffd:x:997:996::/:/usr/sbin/nologin\n";
        for (name, numbers) in [
            ("cuffd", Some((997, 996))),
            ("root", Some((0, 0))),
            ("bad", None),
            ("x", None),
        ] {
            assert_eq!(numbers_of(name, list), numbers, "{name}");
        }
    }
}
