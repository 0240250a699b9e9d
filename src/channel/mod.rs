//! Channels: what an app writes, and the session that speaks the protocol for one connection.

mod assigns;
mod host;

pub use assigns::Assigns;
pub use host::{Address, Host, Mail, Postbox};
