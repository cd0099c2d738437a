//! The text that Prometheus reads (its exposition format 0.0.4).

use std::fmt::{Display, Write as _};

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Goes up and down.
    Gauge,
    /// Only goes up.
    Counter,
}

/// A text under construction.
#[derive(Debug, Default)]
pub(super) struct Exposition(String);

impl Exposition {
    /// Begins a metric; its samples follow.
    pub(super) fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
        };
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    pub(super) fn sample(&mut self, name: &str, label: Option<(&str, &str)>, value: impl Display) {
        let _infallible = match label {
            Some((label, text)) => writeln!(self.0, "{name}{{{label}=\"{}\"}} {value}", escape(text)),
            None => writeln!(self.0, "{name} {value}"),
        };
    }

    pub(super) fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, Kind::Gauge, help);
        self.sample(name, None, value);
    }

    /// Without a value there is no metric.
    pub(super) fn gauge_if_known(&mut self, name: &str, help: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.gauge(name, help, value);
        }
    }

    /// 1 for yes.
    pub(super) fn flag(&mut self, name: &str, help: &str, holds: bool) {
        self.gauge(name, help, u8::from(holds));
    }

    pub(super) fn counter(&mut self, name: &str, help: &str, count: u64) {
        self.family(name, Kind::Counter, help);
        self.sample(name, None, count);
    }

    pub(super) fn text(self) -> String {
        self.0
    }
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_ends_where_it_should_whatever_is_in_it() {
        let mut to = Exposition::default();
        to.sample("a", Some(("b", "c\"d\\e\nf")), 1);
        assert_eq!(to.text(), "a{b=\"c\\\"d\\\\e\\nf\"} 1\n");
    }

    #[test]
    fn what_is_not_known_is_not_there() {
        let mut to = Exposition::default();
        to.gauge_if_known("a", "Help.", None::<u64>);
        to.gauge_if_known("b", "Help.", Some(0));
        assert_eq!(to.text(), "# HELP b Help.\n# TYPE b gauge\nb 0\n");
    }
}
