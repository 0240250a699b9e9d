//! The app's side: routes, channels and their answers, and the interface to the shard.
//!
//! `router`, `user_socket`, `connect`, `params` and `origin` are the app's side before a socket is
//! open; `channel`, `outcome`, `socket` and `handle` after it. `host` is the interface to the
//! shard, which carries out the decisions of a session.
//!
//! That interface is part of the engine, public with the feature `engine` alone, for benches and
//! tests. The interface may change with any version.

mod app_values;
mod assigns;
mod authority;
#[expect(
    clippy::module_inception,
    reason = "the trait of that name is what the module is about"
)]
mod channel;
mod connect;
pub(crate) mod frames;
mod handle;
mod handlers;
mod host;
mod mail;
mod misfit;
mod origin;
mod outcome;
mod params;
mod published;
mod refusal;
mod reply;
mod router;
mod routes;
mod session_settings;
mod socket;
mod standing;
mod topic_rate;
mod user_socket;

pub(crate) use app_values::{AppValue, contained};
pub use assigns::Assigns;
pub(crate) use authority::RequestHost;
pub use channel::{Channel, TerminateReason};
pub(crate) use connect::request_host;
pub use connect::{Connect, ConnectAccept, ConnectInfo, ConnectUri};
pub use handle::{ReplyHandle, SocketHandle};
pub use handlers::{Handlers, IntoHandled};
pub use host::TokenEvent;
pub use http::{HeaderValue, StatusCode};
pub(crate) use mail::ConnectionName;
pub use mail::{Broadcast, Info};
pub use origin::{CheckOrigin, Origin, OriginError};
pub(crate) use outcome::{Continuation, HandledOutcome, JoinOutcome, refused_as};
pub use outcome::{Handled, Join, JoinAccept};
#[cfg(feature = "program")]
pub(crate) use params::decode_segment;
pub use params::{NESTING_MAX, PAIRS_MAX, Params, QUERY_BYTES_MAX, QueryError, Value};
pub use published::{NotPublished, Published};
pub use refusal::{JoinRefusal, PushRefusal};
pub use reply::StopReason;
pub(crate) use reply::{Reply, Stop};
pub(crate) use router::Matched;
pub use router::Router;
pub(crate) use routes::Route;
pub(crate) use session_settings::CHANNELS_MAX;
pub use socket::Socket;
pub(crate) use socket::check_broadcast;
pub(crate) use standing::{Early, HandledEvent, JoinPhase, JoinRefs, Standing, TopicCredentials};
pub use topic_rate::{Rate, TopicRates};
pub(crate) use user_socket::MESSAGE_BYTES_LEAST;
pub use user_socket::{SocketLimits, UserSocket};

#[cfg(feature = "engine")]
pub use {
    host::{Crashed, Host},
    mail::{Address, Mail, MailMessage, Postbox},
    outcome::{Job, Lost, Resume},
    routes::Routes,
    session_settings::SessionSettings,
};
#[cfg(not(feature = "engine"))]
pub(crate) use {
    host::{Crashed, Host},
    mail::{Address, Mail, MailMessage, Postbox},
    outcome::{Job, Lost, Resume},
    session_settings::SessionSettings,
};
