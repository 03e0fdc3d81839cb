//! What the machine does meanwhile: CPU time of ours and of others, and the memory of a process.
//!
//! Read from `/proc`; where there is none the figures say so by their absence.

use std::collections::BTreeMap;
use std::fs;

/// CPU time since start-up, in ticks of the kernel's clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticks {
    all: u64,
    busy: u64,
    ours: u64,
}

/// Reads the clock of this process and everything it started, and that of the machine.
pub(crate) fn ticks() -> Option<Ticks> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    // user nice system idle iowait irq softirq steal; guest time is in user time already.
    let times: Vec<u64> = stat
        .lines()
        .next()?
        .split_whitespace()
        .skip(1)
        .take(8)
        .map_while(|field| field.parse().ok())
        .collect();
    let all = times.iter().sum();
    let idle = times.get(3)? + times.get(4)?;
    Some(Ticks {
        all,
        busy: all - idle,
        ours: ours(),
    })
}

/// The share of the machine's CPU time that others used since `before`.
#[expect(clippy::cast_precision_loss, reason = "ticks are far below 2^52")]
pub(crate) fn foreign_share(before: Option<Ticks>) -> Option<f64> {
    let (before, after) = (before?, ticks()?);
    let all = after.all.saturating_sub(before.all);
    let busy = after.busy.saturating_sub(before.busy);
    let ours = after.ours.saturating_sub(before.ours);
    (all > 0).then(|| busy.saturating_sub(ours) as f64 / all as f64)
}

/// Time of this process and its descendants, those that ended included.
fn ours() -> u64 {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let mut spent = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let id = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok());
        let Some(id) = id else { continue };
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        if let Some((parent, time)) = parent_and_time(&stat) {
            children.entry(parent).or_default().push(id);
            spent.insert(id, time);
        }
    }
    let mut family = vec![std::process::id()];
    let mut total = 0;
    while let Some(id) = family.pop() {
        total += spent.get(&id).copied().unwrap_or_default();
        family.extend(children.remove(&id).into_iter().flatten());
    }
    total
}

/// Of a line of `/proc/PID/stat`: the parent, and the time of the process and of its children that ended.
fn parent_and_time(stat: &str) -> Option<(u32, u64)> {
    // The name may hold anything; what follows the last bracket does not.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let time = fields
        .get(11..15)?
        .iter()
        .map_while(|field| field.parse::<u64>().ok())
        .sum();
    Some((fields.get(1)?.parse().ok()?, time))
}

/// Memory of a process in KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Memory {
    /// What is in memory, mapped files included.
    pub(crate) resident: u64,
    /// What is its own.
    pub(crate) anonymous: u64,
}

/// The memory of a process now.
pub(crate) fn memory(process: u32) -> Option<Memory> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    Some(Memory {
        resident: kibibytes(&status, "VmRSS:")?,
        anonymous: kibibytes(&status, "RssAnon:")?,
    })
}

/// The most memory that a process ever had, in KiB; none where it is gone or there is no `/proc`.
pub(crate) fn peak(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    kibibytes(&status, "VmHWM:")
}

fn kibibytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_is_passed_over() {
        let stat = "7 (a) b) S 3 7 7 0 -1 4194304 1 0 0 0 10 20 30 40 20 0 1 0";

        assert_eq!(parent_and_time(stat), Some((3, 100)));
        assert_eq!(parent_and_time("nonsense"), None);
    }

    #[test]
    fn memory_is_found_by_its_name() {
        let status = "Name:\tx\nVmRSS:\t    5120 kB\nRssAnon:\t 1024 kB\n";

        assert_eq!(kibibytes(status, "VmRSS:"), Some(5_120));
        assert_eq!(kibibytes(status, "RssAnon:"), Some(1_024));
        assert_eq!(kibibytes(status, "VmHWM:"), None);
    }
}
