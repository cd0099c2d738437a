//! What a process costs: memory, and time on a processor.

use std::fs;
use std::time::Duration;

use rustix::process::Pid;

/// Ticks in a second, as Linux counts for programs.
const TICKS: u32 = 100;

/// What a process has used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// Memory that is its own, in KiB.
    pub(crate) memory: u64,
    /// On all processors together.
    pub(crate) processor: Duration,
}

impl Usage {
    pub(crate) fn of(pid: Pid) -> Self {
        let folder = format!("/proc/{}", pid.as_raw_nonzero());
        let status = fs::read_to_string(format!("{folder}/status")).unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let memory = resident.unwrap().trim().trim_end_matches(" kB").parse().unwrap();
        let stat = fs::read_to_string(format!("{folder}/stat")).unwrap();
        // The name in brackets may hold anything; after it come state and numbers (proc(5)).
        let (_, after) = stat.rsplit_once(')').unwrap();
        let numbers: Vec<&str> = after.split_whitespace().collect();
        let ticks: u64 = numbers[11].parse::<u64>().unwrap() + numbers[12].parse::<u64>().unwrap();
        let processor = Duration::from_secs(ticks) / TICKS;
        Self { memory, processor }
    }
}
