//! Accepting TCP connections, and the limit of open files.

pub(crate) mod acceptor;
pub(crate) mod open_files;
