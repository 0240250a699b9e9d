//! Metrics of the process as the system sees it, with the names that Prometheus's own clients use.
//!
//! Metrics from `/proc` are left out where there is no `/proc`.

use std::fmt;
use std::fs;
use std::sync::OnceLock;

use rustix::param::clock_ticks_per_second;
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, Timespec, clock_gettime};

use super::page::Page;
use crate::server::log::log_writer::lines_dropped;

pub(super) fn write(page: &mut Page<'_>) -> fmt::Result {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    let used_seconds = seconds(used);
    page.counter(
        "process_cpu_seconds",
        "Processor time of the process, user and system, in seconds.",
        used_seconds,
    )?;
    let memory = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let table = [
        (
            "process_resident_memory_bytes",
            "Memory of the process that is in RAM.",
            bytes_of(&memory, "VmRSS:"),
        ),
        (
            "process_virtual_memory_bytes",
            "Address space of the process.",
            bytes_of(&memory, "VmSize:"),
        ),
        (
            "process_open_fds",
            "Open file descriptors: one for each connection, and some dozens.",
            open_fds(),
        ),
        (
            "process_max_fds",
            "Most file descriptors that may be open.",
            getrlimit(Resource::Nofile).current,
        ),
    ];
    for (name, help, value) in table {
        if let Some(value) = value {
            page.gauge(name, help, value)?;
        }
    }
    page.counter(
        "lobbyd_log_lines_dropped",
        "Lines of the log that were dropped, because whoever reads it was too slow or had gone.",
        lines_dropped(),
    )?;
    if let Some(started) = started_seconds() {
        let help = "When the process started, in seconds since 1970.";
        page.gauge("process_start_time_seconds", help, started)?;
    }
    Ok(())
}

/// Returns the bytes in a line `NAME 123 kB` of `/proc/self/status`.
fn bytes_of(status: &str, name: &str) -> Option<u64> {
    let rest = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = rest.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// Returns the number of open file descriptors. Since Linux 6.2 it is the size of the folder;
/// before, the entries have to be counted.
fn open_fds() -> Option<u64> {
    let folder = "/proc/self/fd";
    match fs::metadata(folder).ok()?.len() {
        // The entries include the descriptor with which the folder is read.
        0 => Some((fs::read_dir(folder).ok()?.count() as u64).saturating_sub(1)),
        len => Some(len),
    }
}

/// Returns the start of the process in seconds since 1970. The value is kept, because it must not
/// seem to change. Only the process's own part of `/proc` is read, because a service may see no
/// other.
fn started_seconds() -> Option<f64> {
    static STARTED: OnceLock<Option<f64>> = OnceLock::new();
    *STARTED.get_or_init(|| {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        // The name of the program comes before the fields, in brackets, and may hold any
        // characters.
        let (_, fields) = stat.rsplit_once(") ")?;
        let ticks: f64 = fields.split(' ').nth(19)?.parse().ok()?;
        let since_boot = ticks / clock_ticks_per_second() as f64;
        let age = seconds(clock_gettime(ClockId::Boottime)) - since_boot;
        Some(seconds(clock_gettime(ClockId::Realtime)) - age)
    })
}

fn seconds(time: Timespec) -> f64 {
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn process_start_time_agrees_with_the_boot_time_of_the_system() {
        let stat = fs::read_to_string("/proc/stat").unwrap();
        let booted = stat.lines().find_map(|line| line.strip_prefix("btime "));
        let own = fs::read_to_string("/proc/self/stat").unwrap();
        let ticks = own.rsplit_once(") ").unwrap().1.split(' ').nth(19);
        let ticks: f64 = ticks.unwrap().parse().unwrap();
        let booted: f64 = booted.unwrap().trim().parse().unwrap();
        let expected = booted + ticks / clock_ticks_per_second() as f64;
        // The system gives the time of the boot in whole seconds, by its present clock.
        assert!((started_seconds().unwrap() - expected).abs() < 10.0);
    }
}
