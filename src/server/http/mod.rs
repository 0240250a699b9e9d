//! HTTP before and beside WebSocket: the upgrade, the page, and the pages for operators.

pub(crate) mod admin_listener;
pub(crate) mod app;
pub(crate) mod connection;
pub(crate) mod handshake;
pub(crate) mod http_stream;
#[cfg(feature = "auth")]
pub(crate) mod identify;
pub(crate) mod identity;
pub(crate) mod keep_alive;
pub(crate) mod operator_pages;
pub(crate) mod pending;
pub(crate) mod request_fault;
pub(crate) mod request_host;
pub(crate) mod respond;
pub(crate) mod response;
pub(crate) mod serve;
#[cfg(feature = "program")]
pub(crate) mod static_files;
pub(crate) mod subprotocol;
pub(crate) mod upgrade;
