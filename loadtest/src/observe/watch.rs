//! Samples of the CPU and memory of both sides while a run goes on, and their differences.
//!
//! Samples are taken at the ends of intervals and of phases.

use std::time::Duration;

use super::host::{OwnUsage, ProcessTree, Usage};
use crate::clock::{SECOND_NS, now_ns};

/// The watch over the server's processes and this process.
#[derive(Debug, Default)]
pub struct Watch {
    server: Option<ProcessTree>,
    /// The server's processes at the last full sample.
    members: Vec<u32>,
    /// The server's use when a process of it was last seen.
    known: Option<Usage>,
    /// CPU of earlier servers, in user mode and in the kernel.
    before: (Duration, Duration),
    last: Option<Sample>,
}

/// The use of both sides until a moment.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// The moment of the sample.
    pub at_ns: u64,
    /// The use of this process.
    pub own: OwnUsage,
    /// The use of the server, if its process is known. After its end, the last known use.
    pub server: Option<Usage>,
}

/// The use of both sides between two samples.
#[derive(Clone, Copy, Debug)]
pub struct Used {
    /// Time between the samples in seconds.
    pub seconds: f64,
    /// CPU of this process, in seconds.
    pub own_cpu: f64,
    /// Time that this process waited for a core, in seconds.
    pub own_waiting: f64,
    /// CPU of the server, in seconds: in all, and in the kernel.
    pub server_cpu: Option<(f64, f64)>,
}

/// Figures of the system at the end of an interval.
#[derive(Clone, Copy, Debug, Default)]
pub struct Surroundings {
    /// Joined connections.
    pub joined: u64,
    /// Server CPU in the interval, in cores.
    pub server_cores: Option<f64>,
    /// The server's resident memory in bytes.
    pub server_rss_bytes: Option<u64>,
    /// The load generator's CPU in the interval, in cores.
    pub load_cores: f64,
}

impl Watch {
    /// Returns a watch over `server`, or over this process alone.
    pub fn new(server: Option<ProcessTree>) -> Watch {
        let members = Vec::new();
        Watch {
            server,
            members,
            known: None,
            before: Default::default(),
            last: None,
        }
    }

    /// Notes that the server was started again, as `server`. The old server's CPU is kept.
    pub fn succeed(&mut self, server: Option<ProcessTree>) {
        if let Some(known) = self.known {
            self.before = (known.user, known.system);
        }
        (self.server, self.members) = (server, Vec::new());
    }

    /// Returns the server's process tree, if it is known.
    pub fn server(&self) -> Option<&ProcessTree> {
        self.server.as_ref()
    }

    /// Reads the use of both sides until now. It reads every process of the machine, so it is for
    /// the ends of phases.
    pub fn sample(&mut self) -> Sample {
        let members = self
            .server
            .as_ref()
            .and_then(|server| server.members().ok());
        // If the server has ended, its last known use stands.
        self.members = members.unwrap_or_default();
        self.sample_members()
    }

    fn sample_members(&mut self) -> Sample {
        let mut usage = ProcessTree::usage_of(&self.members);
        if usage.threads > 0 {
            usage.user += self.before.0;
            usage.system += self.before.1;
            self.known = Some(usage);
        }
        Sample {
            at_ns: now_ns(),
            own: OwnUsage::now(),
            server: self.known,
        }
    }

    /// Returns the use since the last call, for the interval that ends now. It reads only the
    /// processes that were there at the last full sample.
    pub fn look(&mut self, joined: u64) -> Surroundings {
        let sample = self.sample_members();
        let last = self.last.replace(sample).unwrap_or(sample);
        let used = sample.since(&last);
        let cores = |cpu: f64| {
            if used.seconds > 0.0 {
                cpu / used.seconds
            } else {
                0.0
            }
        };
        Surroundings {
            joined,
            server_cores: used.server_cpu.map(|(cpu, _)| cores(cpu)),
            server_rss_bytes: sample.server.map(|server| server.rss_bytes),
            load_cores: cores(used.own_cpu),
        }
    }
}

impl Sample {
    /// Returns the use between `earlier` and this sample.
    pub fn since(&self, earlier: &Sample) -> Used {
        let spent = |now: Duration, then: Duration| now.saturating_sub(then).as_secs_f64();
        let server = self.server.zip(earlier.server).map(|(now, then)| {
            let system = spent(now.system, then.system);
            (spent(now.user, then.user) + system, system)
        });
        Used {
            seconds: self.at_ns.saturating_sub(earlier.at_ns) as f64 / SECOND_NS as f64,
            own_cpu: spent(self.own.cpu, earlier.own.cpu),
            own_waiting: spent(self.own.waiting, earlier.own.waiting),
            server_cpu: server,
        }
    }
}
