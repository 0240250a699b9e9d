//! File descriptors: each connection takes one, and the usual soft limit of 1,024 would be full of chat in a minute.

use rustix::process::{Resource, getrlimit, setrlimit};

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
