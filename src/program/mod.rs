//! The process round the server: log, signals, inherited sockets, service manager, hot reload.

mod exit;
mod inherited_sockets;
mod log;
mod reload;
mod service_manager;
mod signals;

pub use exit::{CannotListen, Exit};
pub use inherited_sockets::{InheritedSockets, Unusable};
pub use log::{Logger, WrongFilter};
pub use reload::ReloadOnSighup;
pub use service_manager::ServiceManager;
pub use signals::{Signals, asked_again, asked_to_end};
