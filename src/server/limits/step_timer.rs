//! Waits that count time in steps, so that a thread's standstill counts as one step.
//!
//! A deadline of HTTP or of an app's future would otherwise be over in the moment in which a
//! stopped process goes on, before anything is read that came meanwhile.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// Longest step. Between two steps the thread looks at its sockets.
const STEP: Duration = Duration::from_secs(1);

/// Returns the output of `future`. `None` if it takes longer than `time`.
pub(crate) async fn within<F: Future>(time: Duration, future: F) -> Option<F::Output> {
    tokio::select! {
        biased;
        output = future => Some(output),
        () = StepSleep::new(time) => None,
    }
}

/// A wait, one step after the other.
pub(crate) struct StepSleep {
    step: Pin<Box<tokio::time::Sleep>>,
    /// The time behind the present step.
    left: Duration,
    longest: Duration,
}

impl StepSleep {
    pub fn new(time: Duration) -> StepSleep {
        StepSleep::in_steps(time, STEP)
    }

    /// Begins to wait for `time`, whatever is left of the wait before.
    pub fn restart(&mut self, time: Duration) {
        let first = time.min(self.longest);
        self.left = time - first;
        self.step
            .as_mut()
            .reset(tokio::time::Instant::now() + first);
    }

    /// Returns a wait whose steps take `longest` at most.
    pub fn in_steps(time: Duration, longest: Duration) -> StepSleep {
        let first = time.min(longest);
        StepSleep {
            step: Box::pin(tokio::time::sleep(first)),
            left: time - first,
            longest,
        }
    }
}

impl Future for StepSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.step.as_mut().poll(cx));
            if self.left.is_zero() {
                return Poll::Ready(());
            }
            let next = self.left.min(self.longest);
            self.left -= next;
            self.step.as_mut().reset(tokio::time::Instant::now() + next);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn standstill_is_one_step_of_a_wait() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        runtime.expect("a runtime").block_on(async {
            let step = Duration::from_millis(40);
            let mut wait = StepSleep::in_steps(4 * step, step);
            let first = std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut wait).poll(cx)));
            assert!(first.await.is_pending());
            std::thread::sleep(10 * step);
            let goes_on = Instant::now();
            wait.await;
            assert!(goes_on.elapsed() >= 3 * step);
        });
    }

    #[test]
    fn output_that_is_there_in_time_is_returned_and_a_late_one_is_not() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        runtime.expect("a runtime").block_on(async {
            assert_eq!(within(Duration::ZERO, async { 7 }).await, Some(7));
            let never = std::future::pending::<()>();
            assert_eq!(within(Duration::from_millis(2), never).await, None);
        });
    }
}
