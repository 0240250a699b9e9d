//! The program: its command line and configuration, and deploys with a drain or a passed listener.
//!
//! The tests use real sockets, and the real binary where an operator would use it.

mod authentication;
mod command_line;
mod config;
mod drain;
mod features;
mod fixture;
mod inherited_socket;
mod restart;
mod service_manager;
mod start_and_end_logs;
mod token_commands;
mod token_usage;
mod units;
mod unread_log;
