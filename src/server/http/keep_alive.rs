//! How long a connection in HTTP is waited for: for a head, for its answer, and between requests.
//!
//! Load balancers keep connections for 60 to 75 s between two requests, and write into one that is
//! just being closed. So a connection between two requests has a longer time than a head has, and
//! its stages are told apart here. hyper knows one time for both.

use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::Sleep;

/// The longest time of each [`HttpStage`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct StageTimes {
    pub head: Duration,
    pub answer: Duration,
    pub idle: Duration,
}

/// What a connection in HTTP is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HttpStage {
    /// A request head is awaited: the first one, or a further one of which a byte has come.
    Head,
    /// A request is answered.
    Answer,
    /// The answer is found, and is being written.
    Write,
    /// The client has taken all answers, and has sent nothing since.
    Idle,
}

/// A timer that fires later than this has waited for its thread. The stage then goes on for as
/// long.
const STANDSTILL: Duration = Duration::from_secs(1);

/// The present stage of a connection, and the moment at which its time is over.
pub(crate) struct KeepAlive {
    times: StageTimes,
    stage: Cell<(HttpStage, Instant)>,
}

impl KeepAlive {
    /// Begins with a connection whose first head is awaited from now on.
    pub fn begin(times: StageTimes) -> KeepAlive {
        let stage = Cell::new((HttpStage::Head, Instant::now()));
        KeepAlive { times, stage }
    }

    /// Returns the present stage.
    pub fn stage(&self) -> HttpStage {
        self.stage.get().0
    }

    /// Notes that bytes have come. True if they end a pause, so that they begin a head.
    pub fn bytes_came(&self) -> bool {
        let was_idle = self.stage() == HttpStage::Idle;
        if was_idle {
            self.enter(HttpStage::Head);
        }
        was_idle
    }

    /// Notes that a head is whole.
    pub fn is_asked(&self) {
        self.enter(HttpStage::Answer);
    }

    /// Notes that the answer is found.
    pub fn is_answered(&self) {
        if self.stage() == HttpStage::Answer {
            // The time goes on: it is one for the answer and its writing.
            self.stage.set((HttpStage::Write, self.stage.get().1));
        }
    }

    /// Notes that the client's socket has all that was written. True if an answer was.
    pub fn is_flushed(&self) -> bool {
        let was_written = self.stage() == HttpStage::Write;
        if was_written {
            self.enter(HttpStage::Idle);
        }
        was_written
    }

    /// Becomes ready when the time of the present stage is over. `sleep` is a timer for this alone.
    pub fn poll_over(&self, mut sleep: Pin<&mut Sleep>, cx: &mut Context<'_>) -> Poll<HttpStage> {
        loop {
            let (stage, since) = self.stage.get();
            let end = tokio::time::Instant::from_std(since + self.time(stage));
            if sleep.deadline() != end {
                sleep.as_mut().reset(end);
            }
            std::task::ready!(sleep.as_mut().poll(cx));
            let late = end.elapsed();
            if late < STANDSTILL {
                return Poll::Ready(stage);
            }
            // This thread stood still. What the client sent meanwhile is still to be read.
            self.stage.set((stage, since + late + STANDSTILL));
        }
    }

    fn enter(&self, stage: HttpStage) {
        self.stage.set((stage, Instant::now()));
    }

    fn time(&self, stage: HttpStage) -> Duration {
        match stage {
            HttpStage::Head => self.times.head,
            HttpStage::Answer | HttpStage::Write => self.times.answer,
            HttpStage::Idle => self.times.idle,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_follow_one_another_and_a_late_byte_begins_a_head() {
        let second = Duration::from_secs(1);
        let times = StageTimes {
            head: second,
            answer: second * 2,
            idle: second * 3,
        };
        let alive = KeepAlive::begin(times);
        assert_eq!(
            (alive.stage(), alive.time(alive.stage())),
            (HttpStage::Head, second)
        );
        assert!(!alive.bytes_came());
        assert!(!alive.is_flushed(), "nothing was answered");
        alive.is_asked();
        assert!(!alive.is_flushed(), "no answer is found yet");
        assert!(!alive.bytes_came());
        alive.is_answered();
        assert_eq!(alive.stage(), HttpStage::Write);
        assert!(alive.is_flushed() && !alive.is_flushed());
        assert_eq!(
            (alive.stage(), alive.time(alive.stage())),
            (HttpStage::Idle, second * 3)
        );
        assert!(alive.bytes_came());
        assert_eq!(alive.stage(), HttpStage::Head);
    }
}
