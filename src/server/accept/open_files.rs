//! File descriptors: each connection takes one, and the usual soft limit of 1,024 would be full of chat in a minute.

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::server::admission::Admission;

/// Raises this process's limit of open files to the highest that the system lets it have, and returns that;
/// `None` if there is no limit. Meant for the start of a program; what it cannot raise stays as it was.
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

/// Warns where the limit of open files does not allow for as many connections as may be, which would wait unaccepted.
pub(crate) fn warn_of_few_descriptors(admission: &Admission) {
    let connections_max = admission.limits().0.connections_max as u64;
    if let Some(open_files) = getrlimit(Resource::Nofile).current
        && open_files < connections_max
    {
        tracing::warn!(
            open_files,
            connections_max,
            "the limit of open files is below that of connections, each of which takes one: raise it, or lower that of connections"
        );
    }
}
