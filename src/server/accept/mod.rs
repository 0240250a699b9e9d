//! Accepting TCP connections, and the limit of open files.

pub(crate) mod accept_error;
pub(crate) mod acceptor;
pub(crate) mod arrivals;
pub(crate) mod open_files;
