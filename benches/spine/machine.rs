//! On what the figures were measured.

use std::fs;

use cuffd::clock;
use rustix::system::uname;

/// Name, processor, kernel and day.
pub(crate) fn describe() -> String {
    let system = uname();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "{}: {cores} × {}, Linux {}, {:.0}; {}",
        system.nodename().to_string_lossy(),
        processor().unwrap_or_else(|| system.machine().to_string_lossy().into_owned()),
        system.release().to_string_lossy(),
        clock::wall(),
        load(),
    )
}

/// What else the machine had to do.
pub(crate) fn load() -> String {
    let averages = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let averages: Vec<&str> = averages.split_whitespace().take(3).collect();
    format!("load of 1, 5 and 15 minutes: {}", averages.join(" "))
}

fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(": ").map(|(_, name)| name.to_owned())
}
