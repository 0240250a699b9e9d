//! Channels: what an app writes, and the session that speaks the protocol for one connection.
//!
//! `channel`, `outcome`, `socket` and `handle` are the app's side; `session` is the protocol's; `host` is the seam to the
//! shard that does what a session decides.

mod assigns;
#[expect(
    clippy::module_inception,
    reason = "the trait of that name is what the module is about"
)]
mod channel;
mod handle;
mod host;
mod job;
mod outcome;
mod routes;
mod session;
mod socket;

pub use assigns::Assigns;
pub use channel::{Channel, TerminateReason};
pub use handle::{MailMessage, ReplyHandle, SocketHandle};
pub use host::{Address, Broadcast, Host, Info, Mail, Postbox};
pub use job::{Job, Lost, Resume};
pub use outcome::{Handled, Join, Reply, Stop, StopReason};
pub use routes::Routes;
pub use session::{Session, SessionSettings};
pub use socket::Socket;
