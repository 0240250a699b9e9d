//! Deploys: how a server ends without disturbing who is connected, how one takes over a listener from another, and what a
//! service manager is told of that. Through real sockets, and through the real binary where an operator would use it.

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
