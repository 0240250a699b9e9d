//! The figures of one process in /proc/PID/stat (proc_pid_stat(5)) and statm.

use std::fs;
use std::time::Duration;

/// The figures of one process at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub pid: u32,
    pub parent: u32,
    pub group: u32,
    /// True if the process has ended and its parent has not yet waited for it.
    pub is_zombie: bool,
    /// CPU time in user mode, with that of children that ended and were waited for.
    pub user: Duration,
    /// CPU time in the kernel, of the same processes.
    pub system: Duration,
    pub threads: u64,
    /// The start in clock ticks since boot. Together with the pid it identifies a process for good.
    pub started: u64,
}

impl Process {
    /// Reads a process. `None` if no process has this pid.
    pub fn of(pid: u32) -> Option<Process> {
        parse(&fs::read(format!("/proc/{pid}/stat")).ok()?)
    }

    /// Reads all processes. A process that ends meanwhile may be missing. The cost is some 10 µs
    /// per process.
    pub fn all() -> std::io::Result<Vec<Process>> {
        let entries = fs::read_dir("/proc")?.filter_map(Result::ok);
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        Ok(pids.filter_map(Process::of).collect())
    }

    /// Returns the resident memory in bytes; 0 if the process has gone. The source is statm, which
    /// Linux adds up exactly from 6.18 on. The same figure in stat leaves out the pages that each
    /// core has not yet reported, a quarter of a mebibyte on two cores.
    pub fn rss_bytes(&self) -> u64 {
        let statm = fs::read_to_string(format!("/proc/{}/statm", self.pid)).unwrap_or_default();
        let resident = statm.split_ascii_whitespace().nth(1).map(str::parse::<u64>);
        let pages = resident.and_then(Result::ok).unwrap_or(0);
        pages * rustix::param::page_size() as u64
    }
}

/// Parses a line of stat. Fields are counted from the last parenthesis, because the name before it
/// may hold anything, even parentheses and blanks.
fn parse(stat: &[u8]) -> Option<Process> {
    let name_end = stat.iter().rposition(|&byte| byte == b')')?;
    let name_begin = stat.iter().position(|&byte| byte == b'(')?;
    let pid = std::str::from_utf8(&stat[..name_begin]).ok()?.trim();
    let rest = std::str::from_utf8(&stat[name_end + 1..]).ok()?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    // The manual numbers fields from 1; the first field after the name is 3, the state.
    let field = |number: usize| fields.get(number - 3).copied();
    let count = |number| field(number)?.parse::<u64>().ok();
    Some(Process {
        pid: pid.parse().ok()?,
        parent: field(4)?.parse().ok()?,
        group: field(5)?.parse().ok()?,
        is_zombie: matches!(field(3)?, "Z" | "X"),
        user: ticks(count(14)? + count(16)?),
        system: ticks(count(15)? + count(17)?),
        threads: count(20)?,
        started: count(22)?,
    })
}

fn ticks(ticks: u64) -> Duration {
    Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn process_name_may_hold_parentheses_and_blanks() {
        let stat = b"4711 (a) S (1 2) R 17 18 18 0 -1 4194304 1 0 0 0 100 50 20 10 20 0 3 0 9999 1000000 25 1 1 1";
        let process = parse(stat).unwrap();
        assert_eq!((process.pid, process.parent, process.group), (4711, 17, 18));
        assert!(!process.is_zombie);
        assert_eq!(process.user, ticks(120));
        assert_eq!(process.system, ticks(60));
        assert_eq!((process.threads, process.started), (3, 9999));
    }

    #[test]
    fn stat_that_is_cut_off_is_no_process() {
        let stat = fs::read("/proc/self/stat").unwrap();
        assert!(parse(&stat).is_some());
        for length in [0, 1, 5, 20] {
            assert_eq!(parse(&stat[..length]), None);
        }
    }

    #[test]
    fn own_process_is_among_all() {
        let pid = std::process::id();
        let all = Process::all().unwrap();
        let me = all.iter().find(|process| process.pid == pid).unwrap();
        assert!(me.threads >= 1 && me.rss_bytes() > 0 && !me.is_zombie);
        assert_eq!(me.started, Process::of(pid).unwrap().started);
    }

    /// The leeway is for other tests that allocate, and for older kernels, which are inexact.
    #[test]
    fn memory_that_is_touched_is_resident() {
        const BYTES: u64 = 64 << 20;
        let me = Process::of(std::process::id()).unwrap();
        let before = me.rss_bytes();
        let touched = vec![1u8; BYTES as usize];
        let grown = me.rss_bytes().saturating_sub(before);
        assert!((BYTES / 2..2 * BYTES).contains(&grown), "{grown}");
        drop(std::hint::black_box(touched));
    }
}
