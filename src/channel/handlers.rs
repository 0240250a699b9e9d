//! A channel made of one handler for each event, whose payloads are types of the app's.

use std::any::{Any, TypeId, type_name};
use std::fmt;

use serde::de::DeserializeOwned;

use super::channel::{Channel, TerminateReason};
use super::mail::Info;
use super::misfit;
use super::outcome::{Handled, Join};
use super::refusal::PushRefusal;
use super::socket::Socket;
use crate::protocol::{Payload, reason};

/// A channel made of handlers: for the join, for each event, and if need be for infos and the end.
///
/// A handler of an event takes its payload as a type that is [`Deserialize`](serde::Deserialize). A
/// payload that does not fit never comes to the handler. The client gets an error reply that names
/// event and field, such as ``{"reason": "new_msg: missing field `body`"}``. An event without a
/// handler gets an error reply as well. `lobbyd_pushes_refused_total` counts both.
///
/// ```
/// use lobbyd::{Handled, Handlers, Join, Router, UserSocket, object, reason};
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct NewMsg {
///     body: String,
/// }
///
/// #[derive(Deserialize)]
/// struct Dice {
///     sides: u32,
/// }
///
/// let room = Handlers::join(|topic, _params, _socket| match topic {
///     "room:lobby" => Join::ok(),
///     _ => Join::error(reason("authorized")),
/// })
/// .on("new_msg", |msg: NewMsg, socket| {
///     socket.broadcast("new_msg", object! { "body": msg.body });
/// })
/// .on("roll", |dice: Dice, _socket| match dice.sides {
///     0 => Handled::error(reason("a dice has sides")),
///     sides => Handled::ok(object! { "rolled": sides / 2 + 1 }),
/// });
/// let router = Router::new().socket("/socket", UserSocket::new().channel("room:*", room));
/// # let _ = router;
/// ```
///
/// For `intercept` and `handle_out` write a [`Channel`] of your own, which may hand the other
/// callbacks on to a `Handlers` that it holds.
pub struct Handlers {
    join: Box<JoinHandler>,
    events: Vec<(Box<str>, Box<EventHandler>)>,
    fallback: Option<Box<Fallback>>,
    infos: Vec<(TypeId, Box<InfoHandler>)>,
    terminate: Option<Box<TerminateHandler>>,
}

type JoinHandler = dyn Fn(&str, Payload<'_>, &mut Socket<'_>) -> Join + Send + Sync;
/// The handler of one event. Err is the reason why the payload does not fit.
type EventHandler = dyn Fn(Payload<'_>, &mut Socket<'_>) -> Result<Handled, String> + Send + Sync;
type Fallback = dyn Fn(&str, Payload<'_>, &mut Socket<'_>) -> Handled + Send + Sync;
type InfoHandler = dyn Fn(Info, &mut Socket<'_>) -> Handled + Send + Sync;
type TerminateHandler = dyn Fn(&TerminateReason, &mut Socket<'_>) + Send + Sync;

/// The return type of a handler: [`Handled`], or nothing, which is [`Handled::no_reply`].
///
/// A value of another type is no answer, and the compiler says what to do with it:
///
/// ```compile_fail
/// # use lobbyd::{Handlers, Join};
/// Handlers::join(|_, _, _| Join::ok()).on("add_one", |n: u32, _| n + 1);
/// ```
#[diagnostic::on_unimplemented(
    message = "a handler returns `Handled` or nothing, not `{Self}`",
    label = "this handler returns `{Self}`",
    note = "a handler of an event is `|payload: T, socket: &mut Socket<'_>| -> Handled`, where T is `Deserialize`",
    note = "`Handled::ok`, `Handled::error` and `Handled::reply` answer the client; end the last line with `;` to answer nothing"
)]
pub trait IntoHandled {
    /// Converts the value into the [`Handled`] that a callback of [`Channel`] returns.
    fn into_handled(self) -> Handled;
}

impl IntoHandled for Handled {
    fn into_handled(self) -> Handled {
        self
    }
}

impl IntoHandled for () {
    fn into_handled(self) -> Handled {
        Handled::no_reply()
    }
}

impl Handlers {
    /// Makes a channel of the only handler that is required: the decision who may join, like
    /// [`Channel::join`].
    pub fn join(
        join: impl Fn(&str, Payload<'_>, &mut Socket<'_>) -> Join + Send + Sync + 'static,
    ) -> Handlers {
        Handlers {
            join: Box::new(join),
            events: Vec::new(),
            fallback: None,
            infos: Vec::new(),
            terminate: None,
        }
    }

    /// Makes a channel of a join handler that takes the parameters as a type of the app's. A join
    /// with other parameters is refused with a reason, such as ``{"reason": "join: missing field
    /// `token`"}``.
    pub fn join_with<T: DeserializeOwned + 'static>(
        join: impl Fn(&str, T, &mut Socket<'_>) -> Join + Send + Sync + 'static,
    ) -> Handlers {
        Handlers::join(move |topic, params, socket| match misfit::parse(params) {
            Ok(params) => join(topic, params, socket),
            Err(why) => Join::error(reason(&format!("join: {why}"))),
        })
    }

    /// Handles `event`, whose payload is a `T`. Any other payload gets an error reply, and so do
    /// bytes.
    ///
    /// # Panics
    /// If `event` has a handler already, or is `phx_join` or `phx_leave`, which never reach a
    /// channel: a mistake in the program, reported at its start.
    pub fn on<T: DeserializeOwned + 'static, R: IntoHandled>(
        self,
        event: &str,
        handler: impl Fn(T, &mut Socket<'_>) -> R + Send + Sync + 'static,
    ) -> Handlers {
        let handler = move |payload: Payload<'_>, socket: &mut Socket<'_>| {
            let message = misfit::parse(payload)?;
            Ok(handler(message, socket).into_handled())
        };
        self.put(event, Box::new(handler))
    }

    /// Handles `event` with its payload as it came: any JSON, or bytes. This is for payloads that
    /// are relayed without a look into them.
    ///
    /// # Panics
    /// As [`on`](Self::on) does.
    pub fn on_payload<R: IntoHandled>(
        self,
        event: &str,
        handler: impl Fn(Payload<'_>, &mut Socket<'_>) -> R + Send + Sync + 'static,
    ) -> Handlers {
        let handler = move |payload: Payload<'_>, socket: &mut Socket<'_>| {
            Ok(handler(payload, socket).into_handled())
        };
        self.put(event, Box::new(handler))
    }

    /// Handles events that have no handler of their own. Default: an error reply.
    pub fn fallback<R: IntoHandled>(
        mut self,
        handler: impl Fn(&str, Payload<'_>, &mut Socket<'_>) -> R + Send + Sync + 'static,
    ) -> Handlers {
        let handler = move |event: &str, payload: Payload<'_>, socket: &mut Socket<'_>| {
            handler(event, payload, socket).into_handled()
        };
        self.fallback = Some(Box::new(handler));
        self
    }

    /// Handles each info that comes to [`Channel::handle_info`] and is a `T`. An info may be a
    /// [`Broadcast`](super::mail::Broadcast) of a topic that the channel follows. An info that no
    /// handler takes is dropped.
    ///
    /// # Panics
    /// If `T` has a handler already.
    pub fn on_info<T: Any + Send, R: IntoHandled>(
        mut self,
        handler: impl Fn(T, &mut Socket<'_>) -> R + Send + Sync + 'static,
    ) -> Handlers {
        let of = TypeId::of::<T>();
        let twice = self.infos.iter().any(|(taken, _)| *taken == of);
        assert!(!twice, "infos of {} have two handlers", type_name::<T>());
        let handler = move |info: Info, socket: &mut Socket<'_>| match info.downcast::<T>() {
            Ok(info) => handler(*info, socket).into_handled(),
            Err(_) => Handled::no_reply(),
        };
        self.infos.push((of, Box::new(handler)));
        self
    }

    /// Handles the end of a client's channel, like [`Channel::terminate`].
    pub fn on_terminate(
        mut self,
        handler: impl Fn(&TerminateReason, &mut Socket<'_>) + Send + Sync + 'static,
    ) -> Handlers {
        self.terminate = Some(Box::new(handler));
        self
    }

    fn put(mut self, event: &str, handler: Box<EventHandler>) -> Handlers {
        let twice = self.handler_of(event).is_some();
        assert!(!twice, "the event {event:?} has two handlers");
        let is_ours = matches!(event, "phx_join" | "phx_leave");
        assert!(!is_ours, "the event {event:?} never reaches a channel");
        self.events.push((event.into(), handler));
        self
    }

    /// Returns the handler of `event`. Comparing all names is faster than hashing, because a
    /// channel has few events.
    fn handler_of(&self, event: &str) -> Option<&EventHandler> {
        let mut events = self.events.iter();
        let found = events.find(|(name, _)| **name == *event);
        found.map(|(_, handler)| &**handler)
    }
}

impl Channel for Handlers {
    fn join(&self, topic: &str, params: Payload<'_>, socket: &mut Socket<'_>) -> Join {
        (self.join)(topic, params, socket)
    }

    fn handle_in(&self, event: &str, payload: Payload<'_>, socket: &mut Socket<'_>) -> Handled {
        let (refusal, why) = match (self.handler_of(event), &self.fallback) {
            (Some(handler), _) => match handler(payload, socket) {
                Ok(handled) => return handled,
                Err(why) => (PushRefusal::BadPayload, format!("{event}: {why}")),
            },
            (None, Some(fallback)) => return fallback(event, payload, socket),
            (None, None) => (
                PushRefusal::UnknownEvent,
                format!("unknown event {event:?}"),
            ),
        };
        socket.count_refused(refusal);
        Handled::error(reason(&why))
    }

    fn handle_info(&self, info: Info, socket: &mut Socket<'_>) -> Handled {
        let of = (*info).type_id();
        let handler = self.infos.iter().find(|(taken, _)| *taken == of);
        match handler {
            Some((_, handler)) => handler(info, socket),
            None => Handled::no_reply(),
        }
    }

    fn terminate(&self, reason: &TerminateReason, socket: &mut Socket<'_>) {
        if let Some(terminate) = &self.terminate {
            terminate(reason, socket);
        }
    }
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events: Vec<_> = self.events.iter().map(|(event, _)| event).collect();
        f.debug_struct("Handlers")
            .field("events", &events)
            .finish_non_exhaustive()
    }
}
