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

/// A channel made of handlers: one for the join, one for each event, and whatever else is needed.
///
/// A handler of an event takes its payload as a type that is [`Deserialize`](serde::Deserialize).
/// What does not fit never comes to it: the client gets an error reply that names event and field,
/// such as ``{"reason": "new_msg: missing field `body`"}``. So does an event without a handler.
/// Both are counted in `lobbyd_pushes_refused_total`.
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
/// For `intercept` and `handle_out` write a [`Channel`] of your own, which may hand the rest on to
/// handlers that it holds.
pub struct Handlers {
    join: Box<JoinHandler>,
    events: Vec<(Box<str>, Box<EventHandler>)>,
    fallback: Option<Box<Fallback>>,
    infos: Vec<(TypeId, Box<InfoHandler>)>,
    terminate: Option<Box<TerminateHandler>>,
}

type JoinHandler = dyn Fn(&str, Payload<'_>, &mut Socket<'_>) -> Join + Send + Sync;
/// Err is why the payload does not fit.
type EventHandler = dyn Fn(Payload<'_>, &mut Socket<'_>) -> Result<Handled, String> + Send + Sync;
type Fallback = dyn Fn(&str, Payload<'_>, &mut Socket<'_>) -> Handled + Send + Sync;
type InfoHandler = dyn Fn(Info, &mut Socket<'_>) -> Handled + Send + Sync;
type TerminateHandler = dyn Fn(&TerminateReason, &mut Socket<'_>) + Send + Sync;

/// What a handler may return: [`Handled`], or nothing, which is [`Handled::no_reply`].
///
/// A value is no answer yet, and the compiler says what to do with it:
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
    /// As a callback of [`Channel`] returns it.
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
    /// Begins with the one handler that there has to be: who may join, as [`Channel::join`] is
    /// asked.
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

    /// The same for a join whose parameters are a type of the app's. A join that brings others is
    /// refused with a reason, such as ``{"reason": "join: missing field `token`"}``.
    pub fn join_with<T: DeserializeOwned + 'static>(
        join: impl Fn(&str, T, &mut Socket<'_>) -> Join + Send + Sync + 'static,
    ) -> Handlers {
        Handlers::join(move |topic, params, socket| match misfit::parse(params) {
            Ok(params) => join(topic, params, socket),
            Err(why) => Join::error(reason(&format!("join: {why}"))),
        })
    }

    /// Handles `event`, whose payload is a `T`. A payload that is none gets an error reply, and so
    /// do bytes.
    ///
    /// # Panics
    /// If `event` has a handler already: a mistake in the program, reported at its start.
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

    /// Handles `event` with its payload as it came: any JSON, or bytes. For what is relayed and not
    /// looked into.
    ///
    /// # Panics
    /// If `event` has a handler already.
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

    /// Handles what comes to [`Channel::handle_info`] and is a `T`, a
    /// [`Broadcast`](super::mail::Broadcast) of a topic that is followed among them. What no
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

    /// The last call for a client in a topic: see [`Channel::terminate`].
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
        self.events.push((event.into(), handler));
        self
    }

    /// They are few: to compare them all is faster than to hash one.
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
