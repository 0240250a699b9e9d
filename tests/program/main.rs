//! Deploys: a drain, a listener passed on, and messages to the service manager.
//!
//! The tests use real sockets, and the real binary where an operator would use it.

mod command_line;
mod config;
mod drain;
mod features;
mod fixture;
mod inherited_socket;
mod restart;
mod service_manager;
mod start_and_end_logs;
mod units;
