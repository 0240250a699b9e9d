//! STAND-IN for the server's own mod.rs: the lines of the HTTP side, and `Server` as main.rs calls it.

mod handshake;
mod http;
mod response;
mod static_files;
mod subprotocol;
mod upgrade_request;

pub use handshake::{Accepted, Refusal};
pub use http::{HttpApp, HttpLimits, Upgraded, serve_http};
pub use upgrade_request::NotAnUpgrade;
