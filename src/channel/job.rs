//! What a callback waits for: a future, and how to go on with its output. The only boxes of the callback path.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::outcome::{Handled, Join};
use super::socket::Socket;

/// Work that a callback waits for. The shard runs it beside the session and hands its output to `Session::resume`.
///
/// A panic inside comes out as [`Lost::Panicked`], so whoever polls it needs no guard of its own.
pub struct Job(Pin<Box<dyn Future<Output = Resume>>>);

/// How a callback goes on after its [`Job`].
pub struct Resume(pub(crate) Continuation);

pub(crate) enum Continuation {
    Join(Box<JoinContinuation>),
    Handled(Box<HandledContinuation>),
}

type JoinContinuation = dyn FnOnce(&mut Socket<'_>) -> Join;
type HandledContinuation = dyn FnOnce(&mut Socket<'_>) -> Handled;

/// Why a [`Job`] has no output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// It panicked.
    Panicked,
    /// It was still not done at the shard's deadline.
    TimedOut,
}

impl Job {
    pub(crate) fn joining<F: Future + 'static>(
        future: F,
        then: impl FnOnce(F::Output, &mut Socket<'_>) -> Join + 'static,
    ) -> Self {
        Self(Box::pin(async move {
            let output = future.await;
            let then = Box::new(move |socket: &mut Socket<'_>| then(output, socket));
            Resume(Continuation::Join(then))
        }))
    }

    pub(crate) fn handling<F: Future + 'static>(
        future: F,
        then: impl FnOnce(F::Output, &mut Socket<'_>) -> Handled + 'static,
    ) -> Self {
        Self(Box::pin(async move {
            let output = future.await;
            let then = Box::new(move |socket: &mut Socket<'_>| then(output, socket));
            Resume(Continuation::Handled(then))
        }))
    }
}

impl Future for Job {
    type Output = Result<Resume, Lost>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // Whatever the future had borrowed or half changed is dropped with it, unseen by anybody.
        match catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => {
                tracing::error!(
                    panic = panic_text(&*panic),
                    "what a channel waited for panicked"
                );
                Poll::Ready(Err(Lost::Panicked))
            }
        }
    }
}

/// The words of a panic, if it has any.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&'static str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a text")
}
