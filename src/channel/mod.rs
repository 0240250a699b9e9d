//! Channels: what an app writes, and the session that speaks the protocol for one connection.
//!
//! `router`, `user_socket`, `connect`, `params` and `origin` are the app's side before a socket is open; `channel`,
//! `outcome`, `socket` and `handle` after it; `session` is the protocol's; `host` is the seam to the shard that does
//! what a session decides.
//!
//! The session and that seam are engine, public for benches and tests and therefore not shown in these pages: no promise
//! is made that they stay as they are.

mod assigns;
#[expect(
    clippy::module_inception,
    reason = "the trait of that name is what the module is about"
)]
mod channel;
mod connect;
mod handle;
mod host;
mod job;
mod origin;
mod outcome;
mod params;
mod refused;
mod router;
mod routes;
mod session;
mod socket;
mod user_socket;

pub use assigns::Assigns;
pub use channel::{Channel, TerminateReason};
pub(crate) use connect::{Accepted as ConnectAccepted, request_host};
pub use connect::{Connect, ConnectInfo, ConnectUri};
#[doc(hidden)]
pub use handle::MailMessage;
pub use handle::{ReplyHandle, SocketHandle};
pub(crate) use host::ConnectionName;
#[doc(hidden)]
pub use host::{Address, Host, Mail, Postbox};
pub use host::{Broadcast, Info};
pub use hyper::http::{HeaderValue, StatusCode};
#[doc(hidden)]
pub use job::{Job, Lost, Resume};
pub use origin::{CheckOrigin, Origin, OriginError};
pub use outcome::{Handled, Join, Reply, Stop, StopReason};
pub(crate) use params::decode_segment;
pub use params::{NESTING_MAX, PAIRS_MAX, Params, QUERY_BYTES_MAX, QueryError, Value};
#[doc(hidden)]
pub use refused::JoinRefusal;
pub use refused::PushRefusal;
pub(crate) use router::Matched;
pub use router::Router;
#[doc(hidden)]
pub use routes::Routes;
#[doc(hidden)]
pub use session::{Session, SessionSettings};
pub use socket::Socket;
pub use user_socket::{SocketLimits, UserSocket};
