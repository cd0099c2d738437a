//! `scan`: the cuffs on the air.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use clap::Args as ClapArgs;
use tokio::time::MissedTickBehavior;

use super::operator::{Daemon, with_daemon};
use super::{Failure, Global, exit};
use crate::config::duration;
use crate::control::operator::SeenLine;
use crate::core::pairing::Listed;

/// Without a terminal nobody is there to end it.
const FOR: Duration = Duration::from_secs(30);
/// Between two pictures of the list.
const REDRAW_EVERY: Duration = Duration::from_millis(500);
/// Columns for a name.
const NAME: usize = 20;

/// Lists cuffs on the air, live, with signal strength, and whether each is registered.
///
/// A cuff is heard only while it advertises: in pairing mode, or just after a measurement. On a terminal the list goes on until
/// Ctrl-C; else each cuff is one line, and it ends after 30 s.
#[derive(Clone, Debug, ClapArgs)]
pub struct Args {
    /// How long to listen, like 30s.
    #[arg(long = "for", value_name = "DURATION", value_parser = patience)]
    for_: Option<Duration>,
    /// Every device that is heard, not only those with the Blood Pressure Service.
    #[arg(long)]
    all: bool,
    /// As JSON, an object a line, once for each device.
    #[arg(long)]
    json: bool,
}

fn patience(text: &str) -> Result<Duration, String> {
    duration::parse(text).ok_or_else(|| "a duration like 30s or 2m".to_owned())
}

/// Runs the subcommand.
#[must_use]
pub fn run(global: &Global, args: &Args) -> u8 {
    let scanned = with_daemon(global, async |daemon| {
        daemon.radio().await?;
        scan(&daemon, args).await
    });
    match scanned {
        Ok(()) => exit::OK,
        Err(failure) => failure.tell(),
    }
}

async fn scan(daemon: &Daemon, args: &Args) -> Result<(), Failure> {
    let live = io::stdout().is_terminal() && !args.json;
    let patience = args.for_.or((!live).then_some(FOR));
    let mut list = List::new(daemon.get("/control/v1/cuffs").await?, args.all);
    if !args.json {
        eprintln!("Listening. Put the cuff into pairing mode, or take a measurement.");
    }
    let listening = async {
        let mut lines = daemon.follow("/control/v1/scan").await?;
        let mut screen = Screen::default();
        let mut redraw = tokio::time::interval(REDRAW_EVERY);
        redraw.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                line = lines.next::<SeenLine>() => match line? {
                    Some(seen) => {
                        if let Some(new) = list.take(seen).filter(|_| !live) {
                            let text = if args.json { list.json(&new)? } else { list.row(&new) };
                            writeln!(io::stdout(), "{text}")?;
                        }
                    }
                    None => return Err(Failure::Interrupted),
                },
                _ = tokio::signal::ctrl_c() => return Ok(()),
                _ = redraw.tick(), if live => screen.show(&list.table())?,
            }
        }
    };
    match patience {
        None => listening.await,
        Some(patience) => tokio::time::timeout(patience, listening).await.unwrap_or(Ok(())),
    }
}

/// What was heard so far, the loudest first.
pub(super) struct List {
    registered: BTreeMap<String, String>,
    all: bool,
    heard: Vec<SeenLine>,
}

impl List {
    /// Nothing heard yet; `all` also lists what is no cuff.
    pub(super) fn new(registered: Vec<Listed>, all: bool) -> Self {
        let registered = registered.into_iter();
        Self {
            registered: registered.map(|cuff| (cuff.address, cuff.id.to_string())).collect(),
            all,
            heard: Vec::new(),
        }
    }

    /// Takes in what was heard; gives it back if it is new and belongs on the list.
    pub(super) fn take(&mut self, seen: SeenLine) -> Option<SeenLine> {
        if !self.all && !seen.is_cuff && !self.registered.contains_key(&seen.address) {
            return None;
        }
        let known = self.heard.iter_mut().find(|known| known.address == seen.address);
        if let Some(known) = known {
            // A scan response may bring the name after the rest.
            let rssi = seen.rssi.or(known.rssi);
            *known = SeenLine { rssi, ..seen };
            return None;
        }
        self.heard.push(seen.clone());
        Some(seen)
    }

    /// The devices, in the order in which they were first heard.
    pub(super) fn heard(&self) -> &[SeenLine] {
        &self.heard
    }

    /// The newest, as a row.
    pub(super) fn last_row(&self) -> Option<String> {
        self.heard.last().map(|seen| self.row(seen))
    }

    fn json(&self, seen: &SeenLine) -> Result<String, Failure> {
        let mut line = serde_json::to_value(seen).map_err(Failure::NotAReading)?;
        if let Some(fields) = line.as_object_mut() {
            let registered = self.registered.get(&seen.address);
            fields.insert("registered".to_owned(), registered.map(String::as_str).into());
        }
        Ok(line.to_string())
    }

    fn row(&self, seen: &SeenLine) -> String {
        let name: String = seen
            .name
            .as_deref()
            .unwrap_or("-")
            .chars()
            .filter(|c| !c.is_control())
            .take(NAME)
            .collect();
        let standing = match (self.registered.get(&seen.address), seen.bonded) {
            (Some(id), true) => id.clone(),
            (Some(id), false) => format!("{id} (no bond)"),
            (None, true) => "no (but bonded)".to_owned(),
            (None, false) => "no".to_owned(),
        };
        let row = format!("{}  {:<12}  {name:<NAME$}  {standing}", seen.address, signal(seen.rssi));
        row.trim_end().to_owned()
    }

    fn table(&self) -> String {
        let mut text = format!(
            "{:<17}  {:<12}  {:<NAME$}  {}\n",
            "ADDRESS", "SIGNAL", "NAME", "REGISTERED"
        );
        for seen in &self.heard {
            // Writing to a `String` cannot fail.
            let _infallible = writeln!(text, "{}", self.row(seen));
        }
        if self.heard.is_empty() {
            text.push_str("(nothing heard yet)\n");
        }
        text
    }
}

/// Strength in words for a person who walks about with a cuff, and as the radio tells it.
fn signal(rssi: Option<i16>) -> String {
    let Some(rssi) = rssi else { return "-".to_owned() };
    let word = match rssi {
        -60.. => "good",
        -75..=-61 => "fair",
        _ => "weak",
    };
    format!("{word:<4} {rssi} dBm")
}

/// A picture on a terminal that is drawn over the one before.
#[derive(Default)]
struct Screen {
    lines: usize,
    shown: String,
}

impl Screen {
    fn show(&mut self, text: &str) -> io::Result<()> {
        if text == self.shown {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        if self.lines > 0 {
            write!(out, "\x1b[{}A\x1b[J", self.lines)?;
        }
        write!(out, "{text}")?;
        out.flush()?;
        self.lines = text.lines().count();
        text.clone_into(&mut self.shown);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::pairing::WearerKind;

    fn seen(address: &str, is_cuff: bool, name: Option<&str>) -> SeenLine {
        SeenLine {
            address: address.to_owned(),
            name: name.map(str::to_owned),
            rssi: Some(-58),
            is_cuff,
            bonded: false,
        }
    }

    #[test]
    fn a_list_reads_well_at_80_columns_and_names_each_device_once() {
        let known = Listed {
            id: crate::core::name::Name::parse("living-room").expect("a name"),
            address: "C0:FF:EE:00:00:01".to_owned(),
            model: "standard".to_owned(),
            wearer: WearerKind::Patient,
            in_config: false,
            since: None,
        };
        let mut list = List::new(vec![known], false);
        let long = "A\u{1b}[31m name that is far longer than a column";
        assert!(list.take(seen("C0:FF:EE:00:00:01", false, Some(long))).is_some());
        assert!(list.take(seen("C0:FF:EE:00:00:01", false, None)).is_none());
        assert!(list.take(seen("C0:FF:EE:00:00:02", true, None)).is_some());
        assert!(list.take(seen("C0:FF:EE:00:00:03", false, Some("a lamp"))).is_none());
        let table = list.table();
        assert_eq!(table.lines().count(), 3, "{table}");
        assert!(table.contains("living-room (no bond)"), "{table}");
        assert!(!table.contains('\u{1b}'), "no device draws on the terminal");
        for line in table.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
