//! Channels: what an app writes, and the session that speaks the protocol for one connection.

mod assigns;
mod connect;
mod origin;
mod params;
mod router;
mod routes_stand_in;
mod user_socket;

pub use assigns::Assigns;
pub(crate) use connect::{Accepted as ConnectAccepted, request_host};
pub use connect::{Connect, ConnectInfo, ConnectUri};
pub use hyper::http::{HeaderValue, StatusCode};
pub use origin::{CheckOrigin, Origin, OriginError};
pub(crate) use params::decode_segment;
pub use params::{NESTING_MAX, PAIRS_MAX, Params, QUERY_BYTES_MAX, QueryError, Value};
pub(crate) use router::Matched;
pub use router::Router;
use routes_stand_in::Routes;
pub use user_socket::{SocketLimits, UserSocket};
