//! A WebSocket broker that speaks the Phoenix Channels protocol: one message in, many sockets out.
//!
//! Clients are phoenix.js, unchanged. The app's side has Phoenix's words. A [`Router`] mounts a
//! [`UserSocket`] at a path, and the socket says which [`Channel`] serves which topics. The
//! channel's callbacks see one client in one topic as a [`Socket`]. Callbacks are plain functions,
//! not async: they run on the thread that owns the client's connection, and no message costs a
//! task. A callback that has to wait, for a database say, returns a `later` with a future
//! ([`Handled::later`], [`Join::later`], [`Connect::later`]). Until the future is done, only that
//! topic of the client waits, or, at a connect, only that client's connection.
//!
//! This is the whole chat of Phoenix's channels tutorial. [`rooms::RoomChannel`] is the same code,
//! and the `lobbyd` binary runs the same rooms [by rules](rooms::tutorial). The reason `authorized`
//! is no slip for "unauthorized": see [`rooms::tutorial`].
//!
//! ```
//! use lobbyd::{Channel, Handled, Join, Payload, Router, Socket, UserSocket, object, reason};
//!
//! struct RoomChannel;
//!
//! impl Channel for RoomChannel {
//!     fn join(&self, topic: &str, _params: Payload<'_>, _socket: &mut Socket<'_>) -> Join {
//!         match topic {
//!             "room:lobby" => Join::ok(),
//!             _ => Join::error(reason("authorized")),
//!         }
//!     }
//!
//!     fn handle_in(&self, event: &str, payload: Payload<'_>, socket: &mut Socket<'_>) -> Handled {
//!         match (event, payload.get("body")) {
//!             ("new_msg", Some(body)) => {
//!                 socket.broadcast("new_msg", object! { "body": body });
//!                 Handled::no_reply()
//!             }
//!             ("new_msg", None) => Handled::error(reason("new_msg needs an object with a body")),
//!             _ => Handled::error(reason(&format!("unknown event {event:?}"))),
//!         }
//!     }
//! }
//!
//! fn router() -> Router {
//!     Router::new().socket("/socket", UserSocket::new().channel("room:*", RoomChannel))
//! }
//! # router();
//! ```
//!
//! [`Handlers`] is a channel with one typed handler for each event. It refuses malformed payloads
//! by itself:
//!
//! ```
//! use lobbyd::{Handlers, Join, object};
//!
//! #[derive(serde::Deserialize)]
//! struct NewMsg {
//!     body: String,
//! }
//!
//! let room = Handlers::join(|_topic, _params, _socket| Join::ok())
//!     .on("new_msg", |msg: NewMsg, socket| {
//!         socket.broadcast("new_msg", object! { "body": msg.body });
//!     });
//! # let _ = room;
//! ```
//!
//! A [`Server`] serves a router. The server is bound before it runs, so that a port in use is an
//! error and not half a start. Port 0 takes any free port:
//!
//! ```no_run
//! use lobbyd::{Server, object};
//! # use lobbyd::{Router, UserSocket, rooms::RoomChannel};
//! # fn router() -> Router {
//! #     Router::new().socket("/socket", UserSocket::new().channel("room:*", RoomChannel))
//! # }
//!
//! fn main() -> std::io::Result<()> {
//!     let server = Server::new(router()).bind(([127, 0, 0, 1], 4000).into())?;
//!     let endpoint = server.endpoint(); // for any thread
//!     std::thread::spawn(move || {
//!         endpoint.broadcast("room:lobby", "new_msg", object! { "body": "hello from outside" })
//!     });
//!     let summary = server.run(async {
//!         let _ = tokio::signal::ctrl_c().await; // or whatever future of yours ends it
//!     })?;
//!     println!("{} connections had to be cut off", summary.cut_off);
//!     Ok(())
//! }
//! ```
//!
//! A [`Server`] has threads and a listener of its own, and cannot be mounted in an axum or tower
//! app. Such an app runs a [`Server`] as well, on another port, by [`Bound::start`], and broadcasts
//! by the [`Endpoint`].
//!
//! lobbyd logs with [`tracing`], so an app should install a subscriber, such as
//! `tracing_subscriber::fmt().init()`, first thing in its `main`. Without a subscriber nobody sees
//! which channel crashed (`error`) and why a socket was refused (`warn`). Lines that clients cause
//! are summed, so that no client can flood a log. An app that logs to stderr should log by
//! [`server::LogWriter`], so that no shard waits for whoever reads it.
//!
//! # Phoenix's words, and ours
//!
//! | in Phoenix | here |
//! |---|---|
//! | `socket "/socket", UserSocket` in the endpoint | [`Router::socket`] |
//! | `channel "room:*", RoomChannel` | [`UserSocket::channel`] |
//! | `check_origin`, `timeout`, `max_channels_per_transport`, … | [`UserSocket::check_origin`], [`UserSocket::idle_timeout_ms`], [`UserSocket::channels_max`], … |
//! | `connect/3`, `connect_info` | [`UserSocket::connect`] with [`Params`] and [`ConnectInfo`] |
//! | `{:ok, socket}`, `:error`, `{:error, reason}` of `connect/3` | [`Connect::ok`], [`Connect::refuse`], [`Connect::refuse_with`]; [`Connect::later`] if it has to wait |
//! | `id/1` | [`ConnectAccept::id`], of [`Connect::accept`] |
//! | `assign/3`, `socket.assigns` | [`ConnectAccept::assign`], [`Socket::assign`], [`Socket::assigns`]: found by type |
//! | `join/3` | [`Channel::join`] |
//! | `{:ok, socket}`, `{:ok, response, socket}`, `{:error, response}` of `join/3` | [`Join::ok`], [`Join::ok_with`], [`Join::error`]; [`Join::later`] if it has to wait |
//! | a join that is refused where a room is full | [`JoinAccept::members_max`], of [`Join::accept`] |
//! | `send(self(), :after_join)` | [`Socket::send_info`] |
//! | `handle_in/3`, one clause for each event | [`Channel::handle_in`]; [`Handlers::on`] |
//! | `{:noreply, socket}` | [`Handled::no_reply`] |
//! | `{:reply, {status, response}, socket}` | [`Handled::ok`], [`Handled::error`], [`Handled::reply`]; [`Handled::later`] if it has to wait |
//! | `{:stop, reason, socket}`, `{:stop, reason, reply, socket}` | [`Handled::stop`], [`Handled::stop_with_reply`] |
//! | `push/3` | [`Socket::push`] |
//! | `broadcast/3`, `broadcast_from/3` | [`Socket::broadcast`], [`Socket::broadcast_from`], which return a [`Published`] |
//! | `socket_ref/1`, `reply/2` | [`Socket::reply_handle`], [`ReplyHandle::reply`] |
//! | `self()`, `send/2` to a channel's process | [`Socket::handle`], [`SocketHandle::send`] |
//! | `handle_info/2` | [`Channel::handle_info`] |
//! | `intercept/1`, `handle_out/3` | [`Channel::intercept`], [`Channel::handle_out`] |
//! | `Endpoint.subscribe/1` in a channel, `%Broadcast{}` | [`Socket::subscribe`], [`Broadcast`] |
//! | `terminate/2` | [`Channel::terminate`] with a [`TerminateReason`] |
//! | `Endpoint.broadcast/3` | [`Endpoint::broadcast`] |
//! | `Endpoint.config_change/2`, new code loaded | [`Endpoint::reload`] |
//! | `Endpoint.broadcast("users:1", "disconnect", %{})` | [`Endpoint::disconnect`] |
//! | a map as payload, `{:binary, data}` | [`object!`], [`serde_json::Value`] or [`PayloadBuf`]; [`Bytes`](bytes::Bytes) or `Vec<u8>` |
//!
//! Where a callback of Phoenix would raise, a callback here panics. The outcome is the same: that
//! client's channel ends with `phx_error`, and the client joins again. A channel is no process
//! here: one instance serves all clients of its route. Callbacks run on the thread that owns the
//! client's connection, so a callback must not block. A `Display` that panics while the message of
//! another panic is formatted aborts the process: so Rust has it, and nothing can catch it.
//!
//! Structs and enums of this API are `#[non_exhaustive]` where they may grow. A struct of settings
//! is made by its `default`, or by a constructor such as [`rooms::RoomRules::open`]. A `match` on a
//! reason needs an arm for reasons to come.
//!
//! # Features
//!
//! | feature | in default | brings |
//! |---|---|---|
//! | `program` | yes | the `lobbyd` binary, its configuration (`config`), and the chat page that `Router::static_files` serves |
//! | `auth` | yes | checks of JWTs and of `Phoenix.Token` in [`credentials`], and the keys of issuers from their URLs. Without it `Credentials` and `Grants` are there for an app that checks tokens itself |
//! | `engine` | no | `broker`, `protocol`, `session` and `websocket` as public modules, and `server::serve_http`, for benches and tests |
//! | `shuttle` | no | locks that a test schedules; never for production |
//!
//! An app that writes channels and checks no tokens needs none of these features:
//! `default-features = false` leaves at most 100 crates to compile. `engine` and `config` may
//! change with any version.
//!
//! # Layout
//!
//! The modules are in the order of the data path. The modules of the engine are public with the
//! feature `engine` alone.
//!
//! - `websocket` (engine): bytes of a socket become whole messages, answers become frames, and the
//!   end of a connection gets a reason.
//! - `protocol` (engine): reads and writes messages, in versions 1 and 2, text and binary.
//! - [`channel`]: the app's side.
//! - `session` (engine): the topics that one connection has joined, and the protocol's answers.
//! - `broker` (engine): one order per topic, logs and cursors, and the passes that write them to
//!   sockets.
//! - [`server`]: threads, sockets and HTTP around the other modules.
//! - [`credentials`]: tokens, and what they say of a client. The server asks for none: an app does,
//!   in its [`UserSocket::connect`].
//! - [`rooms`]: rooms by rules, the tutorial's among them, written with the public API alone.
//! - `config` (program): the binary's configuration by flags, environment and file.
//!
//! `docs/architecture.md` says how the modules work together and which invariants hold.
//! `docs/protocol.md` says what is spoken on the wire.

#![forbid(unsafe_code)]

#[cfg(feature = "engine")]
pub mod broker;
#[cfg(not(feature = "engine"))]
mod broker;
pub mod channel;
#[cfg(feature = "program")]
pub mod config;
pub mod credentials;
#[cfg(feature = "engine")]
pub mod protocol;
#[cfg(not(feature = "engine"))]
mod protocol;
pub mod rooms;
pub mod server;
#[cfg(feature = "engine")]
pub mod session;
#[cfg(not(feature = "engine"))]
mod session;
#[cfg(feature = "engine")]
pub mod websocket;
#[cfg(not(feature = "engine"))]
mod websocket;

pub use broker::{FlushCounts, HubCounts, Position, Retention};
pub use channel::{
    Assigns, Broadcast, Channel, CheckOrigin, Connect, ConnectAccept, ConnectInfo, Handled,
    Handlers, Info, IntoHandled, Join, JoinAccept, NotPublished, Origin, Params, Published,
    PushRefusal, ReplyHandle, Router, Socket, SocketHandle, SocketLimits, StatusCode, StopReason,
    TerminateReason, UserSocket,
};
pub use protocol::{
    IntoPayload, Json, JsonBuf, Mismatch, Object, Payload, PayloadBuf, ToJson, Undecodable, reason,
};
pub use server::{Bound, Drain, Endpoint, Limit, Reload, Running, Server, ServerLimits, Summary};

/// Keeps the example of the README compiling.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
