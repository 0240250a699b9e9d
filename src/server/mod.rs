//! Threads, sockets and HTTP round the broker and the channels: accept, serve, shed load, drain.
//!
//! The items that every app needs are also at the crate's root. `serve_http` and the items around
//! it are public only with the feature `engine`, for benches and tests. They may change at any
//! time.
//!
//! An acceptor hands each TCP connection to the shard with the fewest connections (`accept`). A
//! shard is one thread with all that its connections need. On it a connection first speaks HTTP
//! (`http`), then becomes a WebSocket (`shard`).

mod accept;
mod admission;
#[cfg(feature = "auth")]
mod background;
mod builder;
mod endpoint;
mod http;
mod limits;
mod log;
mod metrics;
mod node;
mod reload;
mod run;
mod shard;

pub use accept::open_files::raise_descriptor_limit;
pub use admission::forwarded_for::Proxies;
#[cfg(feature = "engine")]
pub use admission::proxy_protocol::{Announced, ProxyHeader};
pub use admission::refusal::NotAnUpgrade;
pub use admission::refusal::Refusal;
pub use admission::refusal::RefusalCounts;
pub use builder::{Bound, Server};
pub use endpoint::Endpoint;
#[cfg(feature = "engine")]
pub use http::app::HttpApp;
#[cfg(feature = "engine")]
pub use http::handshake::Accepted;
#[cfg(feature = "engine")]
pub use http::serve::{Upgraded, serve_http};
pub use limits::limit::{Limit, LimitSet};
pub use limits::meters::LimitMeters;
#[cfg(feature = "program")]
pub(crate) use limits::row::{Key, LimitNumber, MOST, Owner};
pub(crate) use limits::token_bucket::{RefillRate, TokenBucket};
pub use limits::values::Drain;
#[cfg(feature = "program")]
pub(crate) use limits::values::FAULT_DELAY_MS_MAX;
pub use limits::values::ServerLimits;
pub use log::log_writer::{LogEnd, LogWriter};
pub use node::closes::CloseCounts;
pub use node::status::{Phase, Status};
pub use reload::Reload;
pub use run::{Running, Summary};
#[cfg(feature = "engine")]
pub use shard::idle_shard::IdleShard;

pub use crate::websocket::Overrun;
