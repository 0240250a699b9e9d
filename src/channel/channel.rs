//! The trait that an app implements for each kind of topic, and why a channel ends.

use std::sync::Arc;

use super::mail::Info;
use super::outcome::{Handled, Join};
use super::reply::StopReason;
use super::socket::Socket;
use crate::credentials::Credentials;
use crate::protocol::Payload;

/// The app's code for one kind of topic, like a channel module of Phoenix.
///
/// One instance serves every client of its route, so it holds the data that clients share, such as
/// a database pool. The data of one client is in its socket's [assigns](Socket::assign).
///
/// A callback runs on the thread that owns the connection and must not block it: work that has to
/// wait goes into [`Handled::later`] or [`Join::later`]. Callbacks of one client in one topic never
/// overlap.
///
/// A callback that panics ends that client's channel, as an exception does in Phoenix: the client
/// gets `phx_error` and joins again. A panic in `join` refuses the join with `join crashed`, and a
/// panic in `terminate` is only logged. The connection and the server go on.
pub trait Channel: Send + Sync + 'static {
    /// Decides whether a client may join `topic`. `params` is the payload of the client's
    /// `phx_join`, any JSON value or bytes.
    fn join(&self, topic: &str, params: Payload<'_>, socket: &mut Socket<'_>) -> Join;

    /// Handles an event from the client. An event that the channel does not know is best answered
    /// with [`Handled::error`].
    fn handle_in(&self, event: &str, payload: Payload<'_>, socket: &mut Socket<'_>) -> Handled;

    /// Handles a message of the app, sent with
    /// [`SocketHandle::send`](super::handle::SocketHandle::send) or [`Socket::send_info`]. Handles
    /// as well each [`Broadcast`](super::mail::Broadcast) on a topic that the channel follows
    /// through [`Socket::subscribe`]. There is nobody to reply to: a reply is a mistake that ends
    /// the channel.
    fn handle_info(&self, info: Info, socket: &mut Socket<'_>) -> Handled {
        let _ = (info, socket);
        Handled::no_reply()
    }

    /// Returns the events whose broadcasts go to [`handle_out`](Self::handle_out) instead of
    /// straight to the client. Is called once for each join that the app accepts. The answer holds
    /// until that channel ends.
    fn intercept(&self) -> &'static [&'static str] {
        &[]
    }

    /// Handles a broadcast of an intercepted event, once for each client: pushes the event on,
    /// changes it or drops it. Each client costs a callback and an encoding. As in `handle_info`,
    /// there is nobody to reply to.
    fn handle_out(&self, event: &str, payload: Payload<'_>, socket: &mut Socket<'_>) -> Handled {
        socket.push(event, payload);
        Handled::no_reply()
    }

    /// True if a client with these credentials may be in `topic`. Is called for its members, not
    /// for a join: when a client hands over a newer token, and with `None` when its token is over.
    /// A member that may not be there any longer is removed. Default: it may stay.
    fn allows(&self, topic: &str, credentials: Option<&Credentials>) -> bool {
        let _ = (topic, credentials);
        true
    }

    /// Is called last for this client in this topic, whatever ended the channel. The call comes for
    /// every join that was accepted, also after a panic. Events that the callback pushes still go
    /// out, unless the whole connection ends. Events that it broadcasts no longer reach its own
    /// client. They reach nobody if the server ends.
    fn terminate(&self, reason: &TerminateReason, socket: &mut Socket<'_>) {
        let _ = (reason, socket);
    }
}

/// A shared channel: one instance may serve several patterns, or be kept by the app as well.
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

    fn allows(&self, topic: &str, credentials: Option<&Credentials>) -> bool {
        (**self).allows(topic, credentials)
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
    /// The client's token is over, or a newer one does not let it in here any longer
    /// ([`Channel::allows`]).
    NotAllowed,
    /// The client joined the topic again on the same connection; the new join follows.
    JoinedAgain,
    /// A callback, or [`SocketHandle::stop`](super::handle::SocketHandle::stop), ended the channel.
    Stopped(StopReason),
    /// A callback panicked or did something that is not allowed; the text is for a log.
    Crashed(String),
}
