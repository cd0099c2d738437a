//! Where the log goes: the journal under systemd, a terminal, or JSON lines. Always stderr or the journal, never stdout.

use std::io::{self, IsTerminal};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::log::Format;

/// Starts logging. A second call, as in tests, changes nothing.
pub fn start(level: LevelFilter, format: Format) {
    let layer = match format {
        Format::Auto if under_journal() => journal(),
        Format::Journal => journal(),
        Format::Json => tracing_subscriber::fmt::layer().json().with_writer(io::stderr).boxed(),
        Format::Auto | Format::Text => text(),
    };
    let ours = Targets::new()
        .with_target("cuffd", level)
        // The demo's broker calls a port that was only looked at an error.
        .with_target("rumqttd", LevelFilter::OFF)
        .with_default(foreign(level));
    // The only error is that a subscriber stands already: then logging has been started.
    let _started = tracing_subscriber::registry().with(layer.with_filter(ours)).try_init();
}

/// Libraries speak up only when something is wrong; what they say at `debug` may hold octets and addresses.
fn foreign(level: LevelFilter) -> LevelFilter {
    level.min(LevelFilter::ERROR)
}

fn under_journal() -> bool {
    std::env::var_os("JOURNAL_STREAM").is_some() && !io::stderr().is_terminal()
}

fn journal<S>() -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    match tracing_journald::layer() {
        Ok(layer) => layer.with_syslog_identifier("cuffd".to_owned()).boxed(),
        Err(_no_journal) => text(),
    }
}

fn text<S>() -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt::layer()
        .with_target(false)
        .with_ansi(colour)
        .with_writer(io::stderr)
        .boxed()
}
