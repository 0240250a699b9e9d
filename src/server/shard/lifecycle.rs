//! Whether a shard serves, drains or is cut, and the signal to its HTTP tasks that it ends.

use std::future::Future;
use std::ops::Range;

use tokio::sync::watch;

use super::clock::{Clock, Stamp};
use super::drain_plan::{DrainPlan, HTTP_GRACE_MS};

pub(crate) struct Lifecycle {
    course: Course,
    /// Signals to the connections in HTTP, which are tasks of their own, that the shard ends.
    stops: watch::Sender<bool>,
}

enum Course {
    Serving,
    Draining(DrainPlan),
    /// The shard cuts its connections and waits for none.
    Cut {
        /// The place of the connection that is cut next.
        next: usize,
    },
}

impl Lifecycle {
    pub fn new() -> Lifecycle {
        Lifecycle {
            course: Course::Serving,
            stops: watch::Sender::new(false),
        }
    }

    pub fn is_ending(&self) -> bool {
        !matches!(self.course, Course::Serving)
    }

    /// Returns a future that is ready when the shard begins to end.
    pub fn stop(&self) -> impl Future<Output = ()> + use<> {
        let mut stops = self.stops.subscribe();
        async move {
            let _ = stops.wait_for(|stops| *stops).await;
        }
    }

    /// Begins to drain the connections with these ids, the last id first. Only for a shard that
    /// serves.
    pub fn drain(&mut self, now: Stamp, window_ms: u64, ids: Vec<u64>) {
        self.stops.send_replace(true);
        self.course = Course::Draining(DrainPlan::new(now, window_ms, ids));
    }

    pub fn cut(&mut self) {
        self.stops.send_replace(true);
        self.course = Course::Cut { next: 0 };
    }

    /// Returns the state of the drain. `None` if the shard does not drain.
    pub fn draining(&mut self) -> Option<&mut DrainPlan> {
        match &mut self.course {
            Course::Draining(draining) => Some(draining),
            Course::Serving | Course::Cut { .. } => None,
        }
    }

    /// Returns the next of `places` whose connections this turn cuts, at most `count` of them.
    /// After the last place the first is next. `None` if the shard does not cut.
    pub fn cut_next(&mut self, places: usize, count: usize) -> Option<Range<usize>> {
        let Course::Cut { next } = &mut self.course else {
            return None;
        };
        let from = if *next < places { *next } else { 0 };
        *next = (from + count).min(places);
        Some(from..*next)
    }

    /// True if a shard without WebSockets may end while `http_connections` connections are in HTTP.
    pub fn may_end(&self, clock: &Clock, http_connections: usize) -> bool {
        match &self.course {
            Course::Serving => false,
            Course::Draining(draining) => {
                http_connections == 0 || clock.is_over(draining.since, HTTP_GRACE_MS)
            }
            Course::Cut { .. } => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::{Context, Waker};

    #[tokio::test]
    async fn drain_waits_for_connections_in_http_and_a_cut_does_not() {
        let (mut lifecycle, clock) = (Lifecycle::new(), Clock::start());
        let mut stop = pin!(lifecycle.stop());
        let mut cx = Context::from_waker(Waker::noop());
        assert!(!lifecycle.is_ending() && !lifecycle.may_end(&clock, 0));
        assert!(stop.as_mut().poll(&mut cx).is_pending());
        lifecycle.drain(clock.now(), 0, Vec::new());
        assert!(lifecycle.is_ending() && stop.as_mut().poll(&mut cx).is_ready());
        assert!(!lifecycle.may_end(&clock, 1) && lifecycle.may_end(&clock, 0));
        lifecycle.cut();
        assert!(lifecycle.is_ending() && lifecycle.may_end(&clock, 1));
        assert!(lifecycle.draining().is_none());
        let cut = [0; 4].map(|_| lifecycle.cut_next(5, 2));
        assert_eq!(cut, [Some(0..2), Some(2..4), Some(4..5), Some(0..2)]);
    }
}
