//! The limit of open files, which bounds connections: each connection takes one file.
//!
//! The usual soft limit is 1,024, which a busy server reaches in a minute.

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::server::admission::Admission;
use crate::server::limits::limit::Limit;

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
/// would wait unaccepted.
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
