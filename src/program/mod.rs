//! The process round the server: log, signals, inherited sockets, service manager, hot reload.

mod environment;
mod exit;
mod explain_token;
mod inherited_sockets;
mod issuers;
mod log;
mod log_escape;
mod log_format;
mod service_manager;
mod sighup;
mod sign_token;
mod signals;
mod token_claims;
mod token_error;
mod token_form;
mod token_steps;

pub use exit::{CannotListen, Exit};
pub use explain_token::explain_token;
pub use inherited_sockets::{InheritedSockets, Unusable};
pub use issuers::{announce_issuers, revoke};
pub use log::{Logger, WrongFilter};
pub use service_manager::ServiceManager;
pub use sighup::{ReloadOnSighup, warn_of};
pub use sign_token::sign_token;
pub use signals::{Signals, asked_again, asked_to_end};
pub use token_error::TokenError;
