//! CPU and memory of the server, read from /proc, and of this process.
//!
//! Samples are taken at the ends of intervals and of phases; figures are differences between two of
//! them.

use std::time::Duration;

use super::host::{OwnUsage, ProcessTree, Usage};
use crate::clock::{SECOND_NS, now_ns};

/// Who is watched.
#[derive(Debug, Default)]
pub struct Watch {
    server: Option<ProcessTree>,
    /// The processes of the server, as they were when all were last looked for.
    members: Vec<u32>,
    /// What the server had used when it was last there.
    known: Option<Usage>,
    /// CPU of the servers before this one.
    before: (Duration, Duration),
    last: Option<Sample>,
}

/// What both sides had used at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// When.
    pub at_ns: u64,
    /// This process.
    pub own: OwnUsage,
    /// The server, if its process is known and still there.
    pub server: Option<Usage>,
}

/// What both sides used between two samples.
#[derive(Clone, Copy, Debug)]
pub struct Used {
    /// How long that was, in seconds.
    pub seconds: f64,
    /// CPU of this process, in seconds.
    pub own_cpu: f64,
    /// Time that this process waited for a core, in seconds.
    pub own_waiting: f64,
    /// CPU of the server, in seconds: all, and the system's part.
    pub server_cpu: Option<(f64, f64)>,
}

/// What the system says at the end of an interval.
#[derive(Clone, Copy, Debug, Default)]
pub struct Surroundings {
    /// Joined connections.
    pub joined: u64,
    /// Server CPU in the interval, in cores.
    pub server_cores: Option<f64>,
    /// The server's resident memory.
    pub server_rss_bytes: Option<u64>,
    /// The load generator's CPU in the interval, in cores.
    pub load_cores: f64,
}

impl Watch {
    /// Over `server`, or over this process alone.
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

    /// The server was started anew, as `server`. CPU goes on from what the old one had used.
    pub fn succeed(&mut self, server: Option<ProcessTree>) {
        if let Some(known) = self.known {
            self.before = (known.user, known.system);
        }
        (self.server, self.members) = (server, Vec::new());
    }

    /// The server's process, if it is known.
    pub fn server(&self) -> Option<&ProcessTree> {
        self.server.as_ref()
    }

    /// What both have used until now. Looks at every process of the machine, so it is for the ends
    /// of phases.
    pub fn sample(&mut self) -> Sample {
        let members = self
            .server
            .as_ref()
            .and_then(|server| server.members().ok());
        // Of a server that has ended, the last that is known stands.
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

    /// What was used since the last look, for the interval that ends now. Looks only at the
    /// processes that were there at the last sample.
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
    /// What was used from `earlier` until this.
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
