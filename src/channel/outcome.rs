//! The return types of callbacks: the outcome of a join, and of any other callback.

use std::future::Future;

use super::app_values::{AppValue, contained};
use super::refusal::JoinRefusal;
use super::reply::Reply;
use super::reply::Stop;
use super::reply::StopReason;
use super::socket::Socket;
use crate::broker::Retention;
use crate::credentials::{TokenRefusal, Verdict};
use crate::protocol::{IntoPayload, Object, PayloadBuf};
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

/// The answer to a join.
///
/// [`Join::ok`] lets the client in. [`Join::accept`] lets the client in within terms of your own.
/// [`Join::error`] refuses the client. [`Join::later`] waits for a future. Only a client that is
/// let in has terms:
///
/// ```compile_fail
/// let _ = lobbyd::Join::error(()).members_max(3);
/// ```
#[must_use = "a join callback returns it"]
pub struct Join(pub(crate) JoinOutcome);

pub(crate) enum JoinOutcome {
    Accepted(JoinAccept),
    Refused(JoinRefusal, PayloadBuf),
    Later(Job),
}

/// A client that is let in: the response to it, and its terms. [`Join::accept`] begins one;
/// `into()` makes it a [`Join`].
///
/// ```
/// # use lobbyd::{Join, object};
/// let join: Join = Join::accept().response(object! { "topic": "news" }).members_max(100).into();
/// # let _ = join;
/// ```
#[must_use = "`into()` makes it the answer to a join"]
pub struct JoinAccept {
    pub(crate) response: PayloadBuf,
    pub(crate) members_max: Option<u32>,
    pub(crate) retention: Option<Retention>,
}

impl JoinAccept {
    /// Sets the response to the client. Default: `{}`.
    pub fn response(mut self, response: impl IntoPayload) -> Self {
        self.response = response.into_payload();
        self
    }

    /// Lets the client in only if the topic then has at most `count` members, on all shards
    /// together. A full topic refuses with `{"reason": "room full"}`; 0 refuses all. Default: any
    /// number. The
    /// count is exact, however many clients join at once.
    ///
    /// The members are counted when the callback is over. If the client is then refused, its pushes
    /// and infos of the callback are dropped, as with [`Join::error`], and
    /// [`terminate`](super::channel::Channel::terminate) is not called. Broadcasts of the callback
    /// have gone out by then. A broadcast that greets the client therefore belongs in
    /// [`handle_info`](super::channel::Channel::handle_info), by [`Socket::send_info`]. A `count`
    /// that is lower than at earlier joins removes no member.
    pub fn members_max(mut self, count: u32) -> Self {
        self.members_max = Some(count);
        self
    }

    /// Sets how much log the topic keeps for members that are behind, from this join on, on the
    /// shard of this connection. Default: the server's limits
    /// [`RetentionBytes`](crate::Limit::RetentionBytes),
    /// [`RetentionMessages`](crate::Limit::RetentionMessages) and
    /// [`RetentionTime`](crate::Limit::RetentionTime). A later join without a retention goes back
    /// to that default.
    pub fn retention(mut self, retention: Retention) -> Self {
        self.retention = Some(retention);
        self
    }
}

impl From<JoinAccept> for Join {
    fn from(accept: JoinAccept) -> Self {
        Self(JoinOutcome::Accepted(accept))
    }
}

impl Join {
    /// Lets the client in; the reply carries `{}`.
    pub fn ok() -> Self {
        Self::accept().into()
    }

    /// Lets the client in; the reply carries `response`.
    pub fn ok_with(response: impl IntoPayload) -> Self {
        Self::accept().response(response).into()
    }

    /// Lets the client in, within terms that the methods of [`JoinAccept`] set.
    pub fn accept() -> JoinAccept {
        JoinAccept {
            response: ().into_payload(),
            members_max: None,
            retention: None,
        }
    }

    /// Refuses the client with `response`. The callback's pushes, infos and subscriptions are
    /// dropped; its broadcasts have gone out by then.
    pub fn error(response: impl IntoPayload) -> Self {
        Self(JoinOutcome::Refused(
            JoinRefusal::Denied,
            response.into_payload(),
        ))
    }

    /// Refuses a client without credentials with the words and the code of `refusal`, such as
    /// `{"reason": "token missing", "code": "token_missing"}`. [`Socket::lacks_token`] says which
    /// it is.
    pub fn lacks_token(refusal: TokenRefusal) -> Self {
        let response = refused_as(&refusal.to_string(), refusal.code());
        Self(JoinOutcome::Refused(JoinRefusal::Token, response))
    }

    /// Refuses a client whose credentials do not reach so far, with
    /// `{"reason": "forbidden", "code": "forbidden"}`.
    pub fn forbidden() -> Self {
        let response = refused_as("forbidden", "forbidden");
        Self(JoinOutcome::Refused(JoinRefusal::Forbidden, response))
    }

    /// Waits for `future`; `then` turns its output into the answer.
    ///
    /// Meanwhile the connection goes on with everything but this topic, whose messages wait in line
    /// behind the join. The future runs on the connection's thread, so it must not block, but it
    /// need not be `Send`. If it panics, or outlasts the server's deadline, the client is refused.
    /// If the connection ends, the future still runs, up to the same deadline, but `then` is not
    /// called.
    pub fn later<F: Future + 'static>(
        future: F,
        then: impl FnOnce(F::Output, &mut Socket<'_>) -> Join + 'static,
    ) -> Self {
        Self(JoinOutcome::Later(Job::joining(future, then)))
    }
}

/// Returns the answer to what is refused: words, and a code that is stable.
pub(crate) fn refused_as(words: &str, code: &str) -> PayloadBuf {
    let object = Object::new().put("reason", words);
    object.put("code", code).into_payload()
}

/// The outcome of a callback other than `join`.
#[must_use = "a callback returns it"]
pub struct Handled(pub(crate) HandledOutcome);

pub(crate) enum HandledOutcome {
    NoReply,
    Reply(Reply),
    Stop(Stop),
    Later(Job),
}

impl Handled {
    /// Does nothing more.
    pub fn no_reply() -> Self {
        Self(HandledOutcome::NoReply)
    }

    /// Replies with status `ok`.
    pub fn ok(payload: impl IntoPayload) -> Self {
        Self::reply("ok", payload)
    }

    /// Replies with status `error`; the channel goes on.
    pub fn error(payload: impl IntoPayload) -> Self {
        Self::reply("error", payload)
    }

    /// Replies with a status of your own, which phoenix.js hands to `receive(status, …)`.
    pub fn reply(status: &str, payload: impl IntoPayload) -> Self {
        Self(HandledOutcome::Reply(Reply::new(status, payload)))
    }

    /// Replies with status `error` and `{"reason": "forbidden", "code": "forbidden"}`, because the
    /// client's credentials do not reach so far.
    pub fn forbidden() -> Self {
        Self::error(refused_as("forbidden", "forbidden"))
    }

    /// Ends the channel.
    pub fn stop(reason: StopReason) -> Self {
        let reply = None;
        Self(HandledOutcome::Stop(Stop { reason, reply }))
    }

    /// Answers the event, then ends the channel.
    pub fn stop_with_reply(reason: StopReason, status: &str, payload: impl IntoPayload) -> Self {
        let reply = Some(Reply::new(status, payload));
        Self(HandledOutcome::Stop(Stop { reason, reply }))
    }

    /// Waits for `future`, then goes on with `then`, which can reply to the event as the callback
    /// itself could.
    ///
    /// Meanwhile the connection goes on with everything but this topic, whose messages wait in line
    /// behind this event. Broadcasts that are not intercepted still reach the client. The future
    /// runs on the connection's thread, so it must not block, but it need not be `Send`. If it
    /// panics, or outlasts the server's deadline, the channel ends with `phx_error`. If the
    /// connection ends, the future still runs, up to the same deadline, but `then` is not called.
    pub fn later<F: Future + 'static>(
        future: F,
        then: impl FnOnce(F::Output, &mut Socket<'_>) -> Handled + 'static,
    ) -> Self {
        Self(HandledOutcome::Later(Job::handling(future, then)))
    }
}

/// A future that a callback waits for. The shard runs it apart from the session and hands its
/// output to `Session::resume`.
///
/// A panic of the future comes out as [`Lost::Panicked`], so code that polls a job needs no guard
/// of its own.
pub struct Job(Pin<Box<dyn Future<Output = Resume>>>);

/// The rest of a callback, to run after its [`Job`].
pub struct Resume(pub(crate) AppValue<Continuation>);

pub(crate) enum Continuation {
    /// The verdict over a token, for the session itself.
    #[cfg_attr(not(feature = "auth"), expect(dead_code))]
    Token(Box<Verdict>),
    Join(Box<JoinContinuation>),
    Handled(Box<HandledContinuation>),
}

type JoinContinuation = dyn FnOnce(&mut Socket<'_>) -> Join;

type HandledContinuation = dyn FnOnce(&mut Socket<'_>) -> Handled;

/// Why a [`Job`] has no output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The job panicked.
    Panicked,
    /// The job was not done at the shard's deadline.
    TimedOut,
}

impl Job {
    /// Returns the wait for a verdict over a token.
    #[cfg(feature = "auth")]
    pub(crate) fn checking(verdict: impl Future<Output = Verdict> + 'static) -> Self {
        Self(Box::pin(async move {
            Resume(AppValue::new(Continuation::Token(Box::new(verdict.await))))
        }))
    }

    pub(crate) fn joining<F: Future + 'static>(
        future: F,
        then: impl FnOnce(F::Output, &mut Socket<'_>) -> Join + 'static,
    ) -> Self {
        Self(Box::pin(async move {
            let output = future.await;
            let then = Box::new(move |socket: &mut Socket<'_>| then(output, socket));
            Resume(AppValue::new(Continuation::Join(then)))
        }))
    }

    pub(crate) fn handling<F: Future + 'static>(
        future: F,
        then: impl FnOnce(F::Output, &mut Socket<'_>) -> Handled + 'static,
    ) -> Self {
        Self(Box::pin(async move {
            let output = future.await;
            let then = Box::new(move |socket: &mut Socket<'_>| then(output, socket));
            Resume(AppValue::new(Continuation::Handled(then)))
        }))
    }
}

impl Future for Job {
    type Output = Result<Resume, Lost>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // A job that panicked is not polled again. So nobody sees the data that the future owns and
        // had half changed.
        match contained(|| self.0.as_mut().poll(context)) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => {
                // The host logs that it came to this, in a sum.
                tracing::debug!(panic, "what a channel waited for panicked");
                Poll::Ready(Err(Lost::Panicked))
            }
        }
    }
}
