//! The process round the server: its log, its signals, its sockets from outside, its service manager, its reload.

pub mod exit;
pub mod inherited_sockets;
pub mod log;
pub mod reload;
pub mod service_manager;
pub mod signals;
