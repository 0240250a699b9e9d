//! Accepting TCP connections, and how many open files there may be.

pub(crate) mod acceptor;
pub(crate) mod open_files;
