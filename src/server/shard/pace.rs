//! Rates of connections (messages, bytes): the use of each, and the connections over a rate.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use super::clock::{Clock, Stamp};
use crate::server::limits::limit::Limit;
use crate::server::limits::token_bucket::{RefillRate, TokenBucket};
use crate::server::limits::values::ServerLimits;

/// One connection's use of its rates.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    pub(crate) messages: TokenBucket,
    pub(crate) bytes: TokenBucket,
    /// Start of the present time over the rate. `None` if the connection is not over its rate.
    pub(crate) over_since: Option<Stamp>,
}

/// The queue of connections that are not read for a while, and the timer for the next connection in
/// it: they were over their rate, or their Close frame is held back.
#[derive(Default)]
pub(crate) struct Throttled {
    queue: BinaryHeap<Reverse<(u64, u32)>>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Pace {
    /// Ends the time over the rate: a read left the connection within its rates, or found nothing
    /// to read.
    pub fn rests(&mut self) {
        self.over_since = None;
    }

    /// Leaves `ms` milliseconds out of the time over the rate, because for so long the connection
    /// was not read for another reason.
    pub fn waited(&mut self, ms: u64) {
        self.over_since = self.over_since.map(|since| since.later_by(ms));
    }

    /// Starts again under the rates of `charges`, and forgives all debts. A debt is kept as a time,
    /// which would mean another number of messages or bytes at another rate.
    pub(crate) fn begin_again(&mut self, now_ns: u64, charges: Charges) {
        self.messages.forgive(now_ns, charges.messages);
        self.bytes.forgive(now_ns, charges.bytes);
        self.over_since = None;
    }

    /// True if the connection is over its rate and `is_over` holds for the start of that time.
    pub fn is_over(&self, is_over: impl FnOnce(Stamp) -> bool) -> bool {
        self.over_since.is_some_and(is_over)
    }
}

/// The rates of [`ServerLimits`], in the form in which reads are charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Charges {
    pub(crate) messages: RefillRate,
    pub(crate) bytes: RefillRate,
}

impl From<&ServerLimits> for Charges {
    fn from(limits: &ServerLimits) -> Charges {
        Charges {
            messages: limits.rate(Limit::MessagesPerSecond),
            bytes: limits.rate(Limit::BytesPerSecond),
        }
    }
}

impl Throttled {
    pub fn push(&mut self, until_ns: u64, key: u32) {
        self.queue.push(Reverse((until_ns, key)));
    }

    /// Takes the next connection, if its wait is over. Returns the end of its wait (nanoseconds of
    /// the shard's clock) and its place.
    pub fn pop_due(&mut self, now_ns: u64) -> Option<(u64, u32)> {
        let Reverse(first) = *self.queue.peek()?;
        (first.0 <= now_ns).then(|| self.queue.pop())?;
        Some(first)
    }

    /// Has the shard woken for the next connection. True if the timer has fired already.
    pub fn next_is_due(&mut self, clock: &Clock, cx: &mut Context<'_>) -> bool {
        let Some(&Reverse((until_ns, _))) = self.queue.peek() else {
            self.timer = None;
            return false;
        };
        let at = Instant::from_std(clock.instant(until_ns));
        self.is_due(at, cx)
    }

    /// Has the shard woken at `at`. True if the timer has fired already.
    fn is_due(&mut self, at: Instant, cx: &mut Context<'_>) -> bool {
        // The timer has a resolution of 1 ms, so the wait is at least that long.
        let at = at.max(Instant::now() + Duration::from_millis(1));
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if timer.deadline() > at || timer.is_elapsed() {
            timer.as_mut().reset(at);
        }
        timer.as_mut().poll(cx).is_ready()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::shard::clock::Clock;

    #[test]
    fn pause_for_another_reason_is_no_time_over_the_rate() {
        let since = Clock::start().now();
        let mut pace = Pace {
            over_since: Some(since),
            ..Pace::default()
        };
        pace.waited(500);
        assert!(pace.is_over(|over| over == since.later_by(500)));
        pace.rests();
        pace.waited(500);
        assert!(!pace.is_over(|_| true), "it was not over");
    }

    #[test]
    fn connections_over_their_rate_are_read_again_in_order_of_their_times() {
        let mut throttled = Throttled::default();
        for (until_ns, key) in [(30, 1), (10, 2), (20, 3)] {
            throttled.push(until_ns, key);
        }
        assert_eq!(throttled.pop_due(9), None);
        let due = std::iter::from_fn(|| throttled.pop_due(20));
        assert_eq!(due.collect::<Vec<_>>(), [(10, 2), (20, 3)]);
        assert_eq!(throttled.pop_due(u64::MAX), Some((30, 1)));
        assert_eq!(throttled.pop_due(u64::MAX), None);
    }
}
