//! CPU and memory: of the server with all its processes, and of this process.

use std::fs;
use std::io::{self, ErrorKind};
use std::time::Duration;

use rustix::process::Pid;
use rustix::time::{ClockId, clock_gettime};

use super::cores::Cores;
use super::process::Process;

/// A process and all its descendants, as they are at the time of each call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessTree {
    root: u32,
}

/// The CPU time that a process tree has used since its start, and the memory that it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU time in user mode, in steps of the clock (10 ms), with that of children that ended.
    pub user: Duration,
    /// CPU time in the kernel, in the same steps and with the same children.
    pub system: Duration,
    /// Resident memory in bytes. Memory that processes share is counted for each of them.
    pub rss_bytes: u64,
    /// Number of threads.
    pub threads: u64,
}

impl ProcessTree {
    /// Returns the tree under a process, which need not exist yet.
    pub fn of(pid: u32) -> ProcessTree {
        ProcessTree { root: pid }
    }

    /// Returns the process at the root of the tree.
    pub fn pid(&self) -> u32 {
        self.root
    }

    /// Adds up the use of all processes of the tree. It reads every process of the machine, some 10
    /// µs each, so a measured thread cannot afford it.
    ///
    /// # Errors
    ///
    /// `NotFound` when the root process has gone. Other processes of the tree may go meanwhile.
    pub fn usage(&self) -> io::Result<Usage> {
        let processes = self.processes()?.into_iter();
        Ok(processes.fold(Usage::default(), Usage::with))
    }

    /// Returns the processes of the tree, for [`usage_of`](ProcessTree::usage_of).
    ///
    /// # Errors
    ///
    /// `NotFound` when the root process has gone.
    pub fn members(&self) -> io::Result<Vec<u32>> {
        let processes = self.processes()?;
        Ok(processes.iter().map(|process| process.pid).collect())
    }

    /// Adds up the use of `members`. It reads only these processes, some 20 µs each, so a measured
    /// loop can afford it. Processes that have gone are left out.
    pub fn usage_of(members: &[u32]) -> Usage {
        let there = members.iter().filter_map(|pid| Process::of(*pid));
        there.fold(Usage::default(), Usage::with)
    }

    /// Returns how many cores the tree can use: the cores it is bound to, but no more than its
    /// threads. The quota of a container is ignored.
    ///
    /// # Errors
    ///
    /// `NotFound` when the root process has gone.
    pub fn cores_available(&self) -> io::Result<f64> {
        let threads = self.usage()?.threads;
        let pid = i32::try_from(self.root).ok().and_then(Pid::from_raw);
        let bound = Cores::allowed_to(Some(pid.ok_or_else(|| self.gone())?))?;
        Ok((bound.count() as f64).min(threads as f64))
    }

    fn processes(&self) -> io::Result<Vec<Process>> {
        let (mut tree, mut others): (Vec<_>, Vec<_>) = Process::all()?
            .into_iter()
            .partition(|process| process.pid == self.root);
        if tree.is_empty() || tree[0].is_zombie {
            return Err(self.gone());
        }
        let mut looked_at = 0;
        while let Some(parent) = tree.get(looked_at).map(|process| process.pid) {
            tree.extend(others.extract_if(.., |process| process.parent == parent));
            looked_at += 1;
        }
        Ok(tree)
    }

    fn gone(&self) -> io::Error {
        let text = format!("there is no process {}; it may have ended", self.root);
        io::Error::new(ErrorKind::NotFound, text)
    }
}

impl Usage {
    fn with(self, process: Process) -> Usage {
        Usage {
            user: self.user + process.user,
            system: self.system + process.system,
            rss_bytes: self.rss_bytes + process.rss_bytes(),
            threads: self.threads + process.threads,
        }
    }
}

/// CPU time of this process since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnUsage {
    /// CPU time of all threads, with threads that ended.
    pub cpu: Duration,
    /// How long the present threads were ready to run but had no core. Zero if the kernel does not
    /// count that time.
    pub waiting: Duration,
}

impl OwnUsage {
    /// Reads the use until now.
    pub fn now() -> OwnUsage {
        let cpu = clock_gettime(ClockId::ProcessCPUTime);
        let cpu = Duration::new(
            cpu.tv_sec.try_into().unwrap_or(0),
            cpu.tv_nsec.try_into().unwrap_or(0),
        );
        let waiting = run_delay().unwrap_or_default();
        OwnUsage { cpu, waiting }
    }
}

/// Returns the sum over all threads of the second field of schedstat, in nanoseconds. A thread that
/// ends meanwhile is left out.
fn run_delay() -> io::Result<Duration> {
    let threads = fs::read_dir("/proc/self/task")?.filter_map(Result::ok);
    let delays = threads.filter_map(|thread| {
        let schedstat = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        let delay_ns = schedstat.split_ascii_whitespace().nth(1)?.parse().ok()?;
        Some(Duration::from_nanos(delay_ns))
    });
    Ok(delays.sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::host::wait::within_10_s;
    use std::process::{Child, Command};

    /// A process tree that ends with the test.
    struct Started(Child);

    impl Started {
        fn sh(script: &str) -> Started {
            Started(Command::new("sh").args(["-c", script]).spawn().unwrap())
        }
    }

    impl Drop for Started {
        fn drop(&mut self) {
            for process in ProcessTree::of(self.0.id()).processes().unwrap_or_default() {
                let pid = Pid::from_raw(process.pid as i32).unwrap();
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
            self.0.wait().unwrap();
        }
    }

    #[test]
    fn children_and_their_children_are_counted() {
        let started = Started::sh("sh -c 'sleep 60 & while :; do :; done' & wait");
        let tree = ProcessTree::of(started.0.id());
        within_10_s("three processes", || tree.usage().unwrap().threads == 3);
        within_10_s("a grandchild's CPU", || {
            let usage = tree.usage().unwrap();
            usage.user + usage.system >= Duration::from_millis(50)
        });
        let alone = Process::of(started.0.id()).unwrap();
        assert!(alone.user + alone.system < Duration::from_millis(50));
        assert!(tree.usage().unwrap().rss_bytes > alone.rss_bytes());
    }

    #[test]
    fn process_has_no_more_cores_than_threads_or_than_it_is_bound_to() {
        let started = Started::sh("exec sleep 60");
        let tree = ProcessTree::of(started.0.id());
        assert_eq!(tree.cores_available().unwrap(), 1.0);
        let mine = ProcessTree::of(std::process::id())
            .cores_available()
            .unwrap();
        assert!(mine <= Cores::allowed().unwrap().count() as f64);
    }

    #[test]
    fn process_that_is_not_there_is_not_found() {
        let gone = ProcessTree::of(u32::MAX);
        assert_eq!(gone.usage().unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(
            gone.cores_available().unwrap_err().kind(),
            ErrorKind::NotFound
        );
    }

    #[test]
    fn own_cpu_time_grows_with_work() {
        let before = OwnUsage::now();
        within_10_s("20 ms of CPU", || {
            OwnUsage::now().cpu - before.cpu > Duration::from_millis(20)
        });
    }
}
