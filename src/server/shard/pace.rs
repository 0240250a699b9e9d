//! How much a connection sent, what that is charged by, and who has to wait for it.

use super::clock::Stamp;
use crate::server::limits::token_bucket::RefillRate;
use crate::server::limits::token_bucket::TokenBucket;
use crate::server::limits::values::Rates;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;
use tokio::time::Instant;
use tokio::time::Sleep;

/// What one connection has sent of late.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    pub(crate) messages: TokenBucket,
    pub(crate) bytes: TokenBucket,
    /// Since when it has been over without a moment in which it was not.
    pub(crate) over_since: Option<Stamp>,
}

/// Those that are not read for it, and when the next of them is.
#[derive(Default)]
pub(crate) struct Throttled {
    pub(crate) queue: BinaryHeap<Reverse<(u64, u32)>>,
    pub(crate) timer: Option<Pin<Box<Sleep>>>,
}

impl Pace {
    /// It sends nothing at the moment, though it is read.
    pub fn rests(&mut self) {
        self.over_since = None;
    }

    /// It was not read for so long, for another reason.
    pub fn waited(&mut self, ms: u64) {
        self.over_since = self.over_since.map(|since| since.later_by(ms));
    }

    /// Begins under other rates, by which what is missing now would be something else: empty at most, and with no debt.
    pub(crate) fn begin_again(&mut self, now_ns: u64, charges: Charges) {
        self.messages.forgive(now_ns, charges.messages);
        self.bytes.forgive(now_ns, charges.bytes);
        self.over_since = None;
    }

    /// Whether it has been over for longer than that is waited for.
    pub fn is_over(&self, is_over: impl FnOnce(Stamp) -> bool) -> bool {
        self.over_since.is_some_and(is_over)
    }
}

/// [`Rates`], worked out for charging reads by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Charges {
    pub(crate) messages: RefillRate,
    pub(crate) bytes: RefillRate,
}

impl From<Rates> for Charges {
    fn from(rates: Rates) -> Charges {
        Charges {
            messages: RefillRate::new(rates.messages_per_second, rates.messages_burst),
            bytes: RefillRate::new(rates.bytes_per_second, rates.bytes_burst),
        }
    }
}

impl Throttled {
    /// Has the shard woken at `at`. True if that is now.
    pub(crate) fn is_due(&mut self, at: Instant, cx: &mut Context<'_>) -> bool {
        // Not sooner than the timer could tell apart.
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
    fn a_wait_for_another_reason_is_no_time_of_being_over() {
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
}
