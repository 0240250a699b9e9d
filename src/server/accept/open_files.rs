//! The limit of open files, which bounds connections: each connection takes one file.
//!
//! The usual soft limit is 1,024, which a busy server reaches in a minute.

use std::net::TcpListener;
use std::os::fd::AsRawFd;

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::server::admission::Admission;
use crate::server::limits::limit::Limit;

/// Open files that connections leave for operators: the admin listener, reloads and metrics. A
/// quarter of a small limit.
const FOR_OPERATORS: u64 = 64;

/// Whether open files are left for connections. The system gives the lowest free number to each new
/// file.
#[derive(Default)]
pub(crate) struct Descriptors {
    /// The highest number of a socket that was accepted. The last one would not do: it may be that
    /// of a connection that has just gone, between others that are all in use.
    highest: u64,
}

impl Descriptors {
    /// Notes the number of a socket that was just accepted.
    pub fn opened(&mut self, stream: &impl AsRawFd) {
        self.highest = self.highest.max(stream.as_raw_fd() as u64);
    }

    /// True if the next open file would be one of those for operators.
    pub fn are_for_operators(&self, listener: &TcpListener) -> bool {
        let Some(limit) = getrlimit(Resource::Nofile).current else {
            return false;
        };
        let first = limit - FOR_OPERATORS.min(limit / 4);
        // A look at the lowest free number costs two system calls, so it is not made while the
        // numbers are low.
        if self.highest + 1 < first {
            return false;
        }
        let next = rustix::io::fcntl_dupfd_cloexec(listener, 0);
        next.map_or(true, |next| next.as_raw_fd() as u64 >= first)
    }
}

/// Raises this process's limit of open files to the highest that the system allows, and returns it.
/// `None` if there is no limit. Meant for the start of a program. A limit that cannot be raised
/// stays as it was, and is returned.
pub fn raise_descriptor_limit() -> Option<u64> {
    let mut limit = getrlimit(Resource::Nofile);
    let before = limit.current;
    limit.current = limit.maximum;
    match setrlimit(Resource::Nofile, limit) {
        Ok(()) => limit.current,
        Err(error) => {
            tracing::warn!(%error, limit = before, "cannot raise the limit of open files");
            before
        }
    }
}

/// Warns if more connections are allowed than open files. Connections over the limit of open files
/// wait unaccepted.
pub(crate) fn warn_of_few_descriptors(admission: &Admission) {
    let connections_max = admission.limits().max(Limit::Connections);
    if let Some(open_files) = getrlimit(Resource::Nofile).current
        && open_files < connections_max
    {
        tracing::warn!(
            open_files,
            connections_max,
            "the limit of open files is below the limit of connections, and each connection takes an open file: raise the first, or lower the second"
        );
    }
}
