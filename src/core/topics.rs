//! Where things are published (contract 3): `{prefix}/v1/{site}/{gateway}/…`.

use super::name::{self, Name};

/// The prefix of everything that says `"test":true`, whatever the config says.
pub const TEST_PREFIX: &str = "cuffd-test";

/// The longest topic, in octets.
pub const LONGEST: usize = 128;

/// Octets of the longest topic that can occur under these names: a readiness of a session with the longest id.
#[must_use]
pub fn longest(prefix: &str, site: &str, gateway: &str) -> usize {
    base(prefix, site, gateway).len() + "/session//readiness".len() + name::LONGEST
}

fn base(prefix: &str, site: &str, gateway: &str) -> String {
    format!("{prefix}/v1/{site}/{gateway}")
}

/// The topics of one gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topics {
    base: String,
}

impl Topics {
    /// The topics under `prefix` (one or two levels). The caller has checked that the [`longest`] fits.
    #[must_use]
    pub fn new(prefix: &str, site: &Name, gateway: &Name) -> Self {
        Self {
            base: base(prefix, site.as_str(), gateway.as_str()),
        }
    }

    /// What they all begin with, without the last slash.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Retained: how the gateway stands; also the will.
    #[must_use]
    pub fn status(&self) -> String {
        self.under("status")
    }

    /// Retained: what the gateway is.
    #[must_use]
    pub fn info(&self) -> String {
        self.under("info")
    }

    /// Readings.
    #[must_use]
    pub fn reading(&self) -> String {
        self.under("reading")
    }

    /// Answers of the gate in one session.
    #[must_use]
    pub fn readiness(&self, session: &Name) -> String {
        format!("{}/session/{session}/readiness", self.base)
    }

    /// Alerts.
    #[must_use]
    pub fn alert(&self) -> String {
        self.under("alert")
    }

    /// FHIR Bundles.
    #[must_use]
    pub fn fhir(&self) -> String {
        self.under("fhir")
    }

    /// Commands to this gateway.
    #[must_use]
    pub fn command(&self) -> String {
        self.under("command")
    }

    /// Answers to commands that name no response topic of ours.
    #[must_use]
    pub fn reply(&self) -> String {
        self.under("reply")
    }

    fn under(&self, leaf: &str) -> String {
        format!("{}/{leaf}", self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    fn topics() -> Topics {
        Topics::new("cuffd", &named("north"), &named("gw-0042"))
    }

    #[test]
    fn topics_are_those_of_the_contract() {
        let topics = topics();
        let leaves = [
            topics.status(),
            topics.info(),
            topics.reading(),
            topics.alert(),
            topics.fhir(),
            topics.command(),
            topics.reply(),
        ];
        for (topic, leaf) in leaves
            .iter()
            .zip(["status", "info", "reading", "alert", "fhir", "command", "reply"])
        {
            assert_eq!(*topic, format!("cuffd/v1/north/gw-0042/{leaf}"));
        }
        assert_eq!(
            topics.readiness(&named("s1")),
            "cuffd/v1/north/gw-0042/session/s1/readiness"
        );
    }

    #[test]
    fn longest_is_the_readiness_of_the_longest_session() {
        let longest_session = named(&"s".repeat(name::LONGEST));
        let longest = longest("cuffd", "north", "gw-0042");
        assert_eq!(longest, topics().readiness(&longest_session).len());
    }

    #[test]
    fn two_levels_of_prefix_make_seven_slashes() {
        let topics = Topics::new("a/b", &named("north"), &named("gw"));
        let slashes = topics.readiness(&named("s1")).matches('/').count();
        assert_eq!(slashes, 7);
    }
}
