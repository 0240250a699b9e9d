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
pub(crate) mod frames;
mod handle;
mod host;
mod job;
mod origin;
mod outcome;
mod params;
mod refusal;
mod router;
mod routes;
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
pub(crate) use job::{Continuation, panic_text};
#[doc(hidden)]
pub use job::{Job, Lost, Resume};
pub use origin::{CheckOrigin, Origin, OriginError};
pub(crate) use outcome::{Acceptance, JoinOutcome};
pub use outcome::{Handled, Join, Reply, Stop, StopReason};
pub(crate) use params::decode_segment;
pub use params::{NESTING_MAX, PAIRS_MAX, Params, QUERY_BYTES_MAX, QueryError, Value};
#[doc(hidden)]
pub use refusal::JoinRefusal;
pub use refusal::PushRefusal;
pub(crate) use router::Matched;
pub use router::Router;
pub(crate) use routes::Route;
#[doc(hidden)]
pub use routes::Routes;
pub use socket::Socket;
pub(crate) use socket::{Early, Phase, Standing};
pub use user_socket::{SocketLimits, UserSocket};
