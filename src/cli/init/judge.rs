//! What is wrong with a draft, by the config's own rules: the same that `check` says.

use super::draft::{Draft, Key};
use crate::config::mistake::{Mistake, Mistakes};
use crate::config::{self, load_text};

/// The last names of keys that name files. What is wrong with a file may be mended after the config is written.
const FILES: [&str; 10] = [
    "file",
    "key_file",
    "ca_file",
    "client_cert",
    "client_key",
    "password_file",
    "access_code_file",
    "companion_code_file",
    "tls_cert",
    "tls_key",
];

/// What is asked for where it is missing.
const ASKED: [Key; 5] = [Key::SITE, Key::ID, Key::EMERGENCY, Key::CONTACT, Key::CRISIS];

/// Why the value of `key` is not taken; `None` if it is, whatever else the draft lacks.
pub(super) fn refusal(draft: &Draft, key: Key) -> Option<String> {
    let path = key.path();
    let is_about = |mistake: &Mistake| {
        let subject = mistake.subject();
        let rest = subject.strip_prefix(&path);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    mistakes(draft, "").iter().find(|mistake| is_about(mistake)).map(reason)
}

/// What was found and what is allowed, without the place, which is the answer itself.
fn reason(mistake: &Mistake) -> String {
    match mistake {
        Mistake::Value { found, allowed, .. } => format!("found {found}; allowed: {allowed}"),
        Mistake::Missing { allowed, .. } => format!("missing; allowed: {allowed}"),
        Mistake::Unreadable { .. }
        | Mistake::Syntax { .. }
        | Mistake::Variable { .. }
        | Mistake::Merge(_)
        | Mistake::Unknown { .. } => mistake.to_string(),
    }
}

/// What makes a draft unusable; mistakes call it `name`. What waits for a file is none of it, nor, where somebody can be
/// asked, what will be asked for.
pub(super) fn unusable(draft: &Draft, name: &str, asks: Asks) -> Option<Mistakes> {
    let is_answered =
        |mistake: &Mistake| asks == Asks::Somebody && ASKED.iter().any(|key| is_open(draft, *key, mistake));
    let found = mistakes(draft, name).into_iter();
    let found: Vec<Mistake> = found
        .filter(|mistake| !waits_for_a_file(mistake) && !is_answered(mistake))
        .collect();
    (!found.is_empty()).then(|| Mistakes::from(found))
}

/// Whether somebody sits at a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// Somebody does.
    Somebody,
    /// Nobody does.
    Nobody,
}

/// Whether a mistake says no more than that `key` is still to be filled in.
fn is_open(draft: &Draft, key: Key, mistake: &Mistake) -> bool {
    if mistake.subject() != key.path() {
        return false;
    }
    let is_blank = draft.get(key).is_some_and(|text| text.is_empty());
    // Texts for some of the languages and not for others.
    let lacks_one = key == Key::CRISIS && !draft.crisis_languages().is_empty();
    matches!(mistake, Mistake::Missing { .. }) || is_blank || lacks_one
}

fn waits_for_a_file(mistake: &Mistake) -> bool {
    match mistake {
        Mistake::Value { key, .. } => {
            let last = key.rsplit('.').next().unwrap_or_default();
            FILES.contains(&last)
        }
        // The cuffs beside the store: root's or the daemon's to read.
        Mistake::Unreadable { .. } => true,
        Mistake::Missing { key, .. } => *key == Key::CODE.path(),
        Mistake::Syntax { .. } | Mistake::Variable { .. } | Mistake::Merge(_) | Mistake::Unknown { .. } => false,
    }
}

/// Each mistake of the draft by itself: the environment of whoever writes it is not that of the daemon.
fn mistakes(draft: &Draft, name: &str) -> Vec<Mistake> {
    let credentials = config::environment().into_iter();
    let credentials = credentials.filter(|(name, _)| !name.starts_with("CUFFD__"));
    match load_text(draft.text(), name, credentials) {
        Ok(_) => Vec::new(),
        Err(mistakes) => mistakes.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(text: &str) -> Draft {
        Draft::of(text.to_owned()).expect("TOML")
    }

    fn subjects(text: &str, asks: Asks) -> Vec<String> {
        let mistakes = unusable(&draft(text), "clinic.toml", asks);
        mistakes.iter().flat_map(Mistakes::iter).map(Mistake::subject).collect()
    }

    const POLICY: &str = "[readiness]\nsystolic = { min = 90, max = 140 }\ndiastolic = { min = 50, max = 90 }\n\
        crisis = { systolic = 180, diastolic = 120 }\nreadings = 2\nvalid_for = \"30m\"\n";

    #[test]
    fn an_answer_is_refused_with_what_is_allowed_whatever_else_is_missing() {
        let shipped = Draft::shipped();
        assert!(refusal(&shipped, Key::SITE).is_some_and(|why| why.starts_with("found \"\"; allowed: 1 to 24")));
        assert_eq!(refusal(&shipped.with(Key::SITE, "north"), Key::SITE), None);
        let url = refusal(&shipped.with(Key::URL, "https://a"), Key::URL);
        assert!(url.is_some_and(|why| why.contains("mqtts://HOST")));
    }

    #[test]
    fn what_is_missing_is_a_mistake_only_where_nobody_can_be_asked() {
        for text in ["", "[gateway]\nsite = \"\"\n", "[gateway]\nid = \"\"\n"] {
            assert_eq!(subjects(text, Asks::Somebody), [""; 0], "{text}");
            assert_eq!(subjects(text, Asks::Nobody), ["gateway.site", "gateway.id"], "{text}");
        }
        let policy = format!("[gateway]\nsite = \"north\"\nid = \"gw\"\n{POLICY}");
        assert_eq!(subjects(&policy, Asks::Somebody), [""; 0]);
        let needed = ["web.emergency_number", "web.clinic_contact", "web.crisis_text"];
        assert_eq!(subjects(&policy, Asks::Nobody), needed);
        let one = format!(
            "{policy}[web]\nlanguages = [\"en\", \"de\"]\nemergency_number = \"112\"\nclinic_contact = \"555\"\n\
             crisis_text = {{ en = \"Call.\" }}\n"
        );
        assert_eq!(subjects(&one, Asks::Somebody), [""; 0]);
        assert_eq!(subjects(&one, Asks::Nobody), ["web.crisis_text"]);
    }

    #[test]
    fn what_is_wrong_stays_wrong_whoever_can_be_asked() {
        for (text, subject) in [
            ("[gateway]\nsite = \"nor th\"\n", "gateway.site"),
            ("[gateway]\nsight = \"north\"\n", "gateway.sight"),
            ("[gatway]\n", "gatway"),
            ("[mqtt]\n", "mqtt.brokers"),
            ("[[mqtt.brokers]]\nurl = \"mqtt://10.0.0.1\"\n", "mqtt.brokers[0].url"),
            ("[readiness]\nreadings = 2\n", "readiness.systolic"),
        ] {
            assert!(subjects(text, Asks::Somebody).contains(&subject.to_owned()), "{text}");
        }
    }

    #[test]
    fn files_may_still_come() {
        let text = "[gateway]\nsite = \"north\"\nid = \"gw\"\nkey_file = \"cred:key\"\n[[mqtt.brokers]]\n\
            url = \"mqtts://a.example.org\"\nca_file = \"/none\"\nclient_cert = \"/none\"\nclient_key = \"/none\"\n\
            password_file = \"/none\"\n[[mqtt.command_keys]]\nfile = \"/none\"\nmay = [\"start\"]\n[web]\n\
            listen = \"0.0.0.0:8377\"\ntls_cert = \"/none\"\ntls_key = \"/none\"\ncompanion_code_file = \"/none\"\n";
        assert_eq!(subjects(text, Asks::Nobody), [""; 0]);
    }
}
