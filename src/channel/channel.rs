//! What an app writes: one `Channel` for each kind of topic.

use std::sync::Arc;

use super::mail::Info;
use super::outcome::{Handled, Join};
use super::reply::StopReason;
use super::socket::Socket;
use crate::protocol::Payload;

/// The app's side of a kind of topic, as Phoenix's channel module is.
///
/// One instance serves every client of its route, so it holds what they share (a database pool,
/// say); what belongs to one client lives in its socket's [assigns](Socket::assign). A callback
/// runs on the thread that owns the connection and must not block it: what has to wait goes into
/// [`Handled::later`] or [`Join::later`]. Callbacks of one client in one topic never overlap. A
/// callback that panics ends that client's channel, as an exception does in Phoenix (the client
/// gets `phx_error` and joins again); connection and server live on.
pub trait Channel: Send + Sync + 'static {
    /// Asked when a client wants to join `topic`. `params` is the payload of its `phx_join`, any
    /// JSON value or bytes.
    fn join(&self, topic: &str, params: Payload<'_>, socket: &mut Socket<'_>) -> Join;

    /// An event from the client. Whatever has no meaning here is best answered with
    /// [`Handled::error`].
    fn handle_in(&self, event: &str, payload: Payload<'_>, socket: &mut Socket<'_>) -> Handled;

    /// Something the app sent to this channel with
    /// [`SocketHandle::send`](super::handle::SocketHandle::send) or [`Socket::send_info`], or a
    /// [`Broadcast`](super::mail::Broadcast) on a topic it follows through [`Socket::subscribe`].
    /// There is nobody to reply to: to return a reply is a mistake that ends the channel.
    fn handle_info(&self, info: Info, socket: &mut Socket<'_>) -> Handled {
        let _ = (info, socket);
        Handled::no_reply()
    }

    /// The events that come to [`handle_out`](Self::handle_out) when broadcast, instead of straight
    /// to the client.
    fn intercept(&self) -> &'static [&'static str] {
        &[]
    }

    /// A broadcast of an intercepted event, once for each client, which pushes it on, changes it or
    /// keeps it back. Costs a callback and an encoding for each client. As in `handle_info`, there
    /// is nobody to reply to.
    fn handle_out(&self, event: &str, payload: Payload<'_>, socket: &mut Socket<'_>) -> Handled {
        socket.push(event, payload);
        Handled::no_reply()
    }

    /// The last call for this client in this topic, whatever ended it. It comes for every join that
    /// was accepted, also after a panic; what it pushes still goes out, what it broadcasts no
    /// longer comes back to itself.
    fn terminate(&self, reason: &TerminateReason, socket: &mut Socket<'_>) {
        let _ = (reason, socket);
    }
}

/// One instance may serve several patterns, or be kept by the app as well.
impl<C: Channel + ?Sized> Channel for Arc<C> {
    fn join(&self, topic: &str, params: Payload<'_>, socket: &mut Socket<'_>) -> Join {
        (**self).join(topic, params, socket)
    }

    fn handle_in(&self, event: &str, payload: Payload<'_>, socket: &mut Socket<'_>) -> Handled {
        (**self).handle_in(event, payload, socket)
    }

    fn handle_info(&self, info: Info, socket: &mut Socket<'_>) -> Handled {
        (**self).handle_info(info, socket)
    }

    fn intercept(&self) -> &'static [&'static str] {
        (**self).intercept()
    }

    fn handle_out(&self, event: &str, payload: Payload<'_>, socket: &mut Socket<'_>) -> Handled {
        (**self).handle_out(event, payload, socket)
    }

    fn terminate(&self, reason: &TerminateReason, socket: &mut Socket<'_>) {
        (**self).terminate(reason, socket);
    }
}

/// Why a channel ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TerminateReason {
    /// The client left the topic.
    Left,
    /// The connection ended.
    Closed,
    /// The client joined the topic again on the same connection; the new join follows.
    JoinedAgain,
    /// A callback asked for it, or [`SocketHandle::stop`](super::handle::SocketHandle::stop) did.
    Stopped(StopReason),
    /// A callback panicked or did what it may not; the text is for a log.
    Crashed(String),
}
