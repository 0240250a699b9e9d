//! The server: threads, sockets and HTTP round the broker and the channels.
//!
//! What an app needs of it is also at the crate's root. [`serve_http`] and what belongs to it are engine, public for benches
//! and tests: no promise is made that they stay as they are.
//!
//! An acceptor hands each TCP connection to the shard with the fewest (`acceptor`). A shard is one thread with all that
//! its connections need; there a connection speaks HTTP first (`http`) and becomes a WebSocket (`shard`).

mod acceptor;
mod addresses;
mod admin;
mod answering;
mod arriving;
mod clock;
mod closes;
mod closing;
mod connection;
mod descriptors;
mod door;
mod draining;
mod endpoint;
mod figures;
mod handshake;
mod held_joins;
mod histogram;
mod host;
mod http;
mod http_app;
mod in_flight;
mod inbox;
mod limit;
mod limit_meters;
mod limits;
mod listen;
mod live;
mod metering;
mod metrics;
mod outcomes;
mod pages;
mod pausing;
mod proxies;
mod proxy_header;
mod publish;
mod rate;
mod reading;
mod refusals;
mod reloading;
mod response;
mod running;
mod sessions;
mod shard;
mod sockets;
mod static_files;
mod status;
mod subprotocol;
mod sweep;
mod taking;
mod throttling;
mod upgrade_request;
mod visit;

pub use closes::CloseCounts;
pub use descriptors::raise_descriptor_limit;
pub use draining::Drain;
pub use endpoint::Endpoint;
pub use handshake::{Accepted, Refusal};
pub use http::{Upgraded, serve_http};
pub use http_app::{HttpApp, HttpLimits};
pub use limit::{Limit, LimitSet};
pub use limit_meters::LimitMeters;
pub use limits::{Admission, Rates, ServerLimits};
pub use listen::{Bound, Running, Server, Summary};
pub use live::Reload;
pub use proxies::Proxies;
pub use proxy_header::ProxyHeader;
pub use refusals::RefusalCounts;
pub use status::{Phase, Status};
pub use upgrade_request::NotAnUpgrade;
