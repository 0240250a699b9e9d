//! What this machine and the server's process use while a measurement goes on.

pub mod host;
pub mod watch;
