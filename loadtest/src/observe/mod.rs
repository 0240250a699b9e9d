//! Use of this machine and of the server's process while a measurement goes on.

pub mod host;
pub mod watch;
