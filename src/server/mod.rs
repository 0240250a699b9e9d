//! STAND-IN for the server's own mod.rs: the lines of the HTTP side, and `Server` as main.rs calls it.

mod handshake;
mod http;
mod response;
mod stand_in;
mod static_files;
mod subprotocol;
mod upgrade_request;

pub use handshake::{Accepted, Refusal};
pub use http::{HttpApp, HttpLimits, Upgraded, serve_http};
pub use stand_in::{Bound, Ended, Server, shutdown_signal};
pub use upgrade_request::NotAnUpgrade;
