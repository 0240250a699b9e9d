//! How long a connection in HTTP is waited for: for a head, for its answer, and between requests.
//!
//! Load balancers keep connections for 60 to 75 s between two requests, and write into one that is
//! just being closed. So a connection between two requests has a longer time than a head has, and
//! its stages are told apart here. hyper knows one time for both.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::server::limits::step_timer::StepSleep;

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

/// The present stage of a connection, and how long it may last.
pub(crate) struct KeepAlive {
    times: StageTimes,
    /// The stage, and how many times began before its own.
    stage: Cell<(HttpStage, u64)>,
}

/// The timer of one connection's stages.
pub(crate) struct StageTimer {
    wait: StepSleep,
    /// The number of the time that it waits for.
    time: Option<u64>,
}

impl StageTimer {
    /// Returns a timer with the steps of `wait`.
    pub fn new(wait: StepSleep) -> StageTimer {
        StageTimer { wait, time: None }
    }
}

impl KeepAlive {
    /// Begins with a connection whose first head is awaited from now on.
    pub fn begin(times: StageTimes) -> KeepAlive {
        let stage = Cell::new((HttpStage::Head, 0));
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

    /// Becomes ready when the time of the present stage is over. `timer` is for this alone, and is
    /// polled as soon as a stage has begun.
    pub fn poll_over(&self, timer: &mut StageTimer, cx: &mut Context<'_>) -> Poll<HttpStage> {
        let (stage, time) = self.stage.get();
        if timer.time != Some(time) {
            timer.wait.restart(self.time(stage));
            timer.time = Some(time);
        }
        Pin::new(&mut timer.wait).poll(cx).map(|()| stage)
    }

    fn enter(&self, stage: HttpStage) {
        let (_, time) = self.stage.get();
        self.stage.set((stage, time + 1));
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

    #[tokio::test]
    async fn standstill_in_the_middle_of_a_stage_is_one_step_of_its_time() {
        let step = Duration::from_millis(40);
        let [head, answer, idle] = [4 * step; 3];
        let alive = KeepAlive::begin(StageTimes { head, answer, idle });
        let mut timer = StageTimer::new(StepSleep::in_steps(head, step));
        let first = std::future::poll_fn(|cx| Poll::Ready(alive.poll_over(&mut timer, cx)));
        assert!(first.await.is_pending());
        std::thread::sleep(3 * step);
        let goes_on = std::time::Instant::now();
        let over = std::future::poll_fn(|cx| alive.poll_over(&mut timer, cx));
        assert_eq!(over.await, HttpStage::Head);
        assert!(goes_on.elapsed() >= 3 * step);
    }

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
