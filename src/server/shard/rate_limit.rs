//! What one connection may send in a second: who is over is read later, who stays over is closed.
//!
//! A read is charged as a whole, so a message costs an addition; the debt of one read is paid by a pause before the next.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use super::Shard;
use super::clock::Stamp;
use super::connection::State;
use crate::server::limits::limit::Limit;
use crate::server::limits::token_bucket::{Bucket, Rate};
use crate::server::limits::values::Rates;
use crate::websocket::CloseReason;

/// What one connection has sent of late.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    messages: Bucket,
    bytes: Bucket,
    /// Since when it has been over without a moment in which it was not.
    over_since: Option<Stamp>,
}

/// Those that are not read for it, and when the next of them is.
#[derive(Default)]
pub(crate) struct Throttled {
    queue: BinaryHeap<Reverse<(u64, u32)>>,
    timer: Option<Pin<Box<Sleep>>>,
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
    fn begin_again(&mut self, now_ns: u64, charges: Charges) {
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
    messages: Rate,
    bytes: Rate,
}

impl From<Rates> for Charges {
    fn from(rates: Rates) -> Charges {
        Charges {
            messages: Rate::new(rates.messages_per_second, rates.messages_burst),
            bytes: Rate::new(rates.bytes_per_second, rates.bytes_burst),
        }
    }
}

impl Shard {
    /// A read brought so many messages and bytes. Returns why the connection is to be closed, if so.
    pub(crate) fn charge(&mut self, key: u32, messages: u32, bytes: usize) -> Option<CloseReason> {
        let (charges, now_ns) = (self.charges, self.clock.now_ns());
        let pace = &mut self.connections.get_mut(key as usize)?.pace;
        let buckets = [
            (
                Limit::MessagesPerSecond,
                &mut pace.messages,
                messages,
                charges.messages,
            ),
            (
                Limit::BytesPerSecond,
                &mut pace.bytes,
                bytes as u32,
                charges.bytes,
            ),
        ];
        let mut wait_ns = 0;
        for (limit, bucket, count, rate) in buckets {
            let debt_ns = bucket.take(now_ns, count, rate);
            let (used_ns, burst_ns) = (bucket.used_ns(now_ns), rate.burst_ns());
            let observe = self.limits.observe;
            if debt_ns == 0 {
                self.link.meters.note(observe, limit, used_ns, burst_ns);
            } else if self.link.meters.exceeded(observe, limit) {
                self.link.meters.note(observe, limit, burst_ns, burst_ns);
                wait_ns = wait_ns.max(debt_ns);
            } else {
                self.link.meters.note(observe, limit, used_ns, burst_ns);
                bucket.forgive(now_ns, rate);
            }
        }
        if wait_ns == 0 {
            pace.rests();
            return None;
        }
        let since = *pace.over_since.get_or_insert(self.clock.now());
        if self
            .clock
            .is_over(since, self.limits.rates.over_rate_ms_max)
        {
            return Some(CloseReason::RateExceeded);
        }
        self.throttle(key, now_ns + wait_ns);
        None
    }

    /// Charges by `rates` from now on. What is owed at others is forgiven, and who waits for that is read.
    pub(crate) fn set_rates(&mut self, rates: Rates) {
        let charges = Charges::from(rates);
        if std::mem::replace(&mut self.charges, charges) == charges {
            return;
        }
        let now_ns = self.clock.now_ns();
        for (_, connection) in &mut self.connections {
            connection.pace.begin_again(now_ns, charges);
        }
        for Reverse((until_ns, key)) in std::mem::take(&mut self.throttled.queue) {
            self.resume_one(key, until_ns);
        }
    }

    fn throttle(&mut self, key: u32, until_ns: u64) {
        if let Some(connection) = self.connections.get_mut(key as usize)
            && matches!(connection.state, State::Open)
        {
            let since = self.clock.now();
            connection.state = State::Throttled { since, until_ns };
            self.throttled.queue.push(Reverse((until_ns, key)));
        }
    }

    /// Goes on reading those whose time has come. True if another is due before this turn ends.
    pub(crate) fn resume_throttled(&mut self, cx: &mut Context<'_>) -> bool {
        while let Some(&Reverse((until_ns, key))) = self.throttled.queue.peek() {
            if until_ns > self.clock.now_ns() {
                let at = Instant::from_std(self.clock.instant(until_ns));
                return self.throttled.is_due(at, cx);
            }
            self.throttled.queue.pop();
            self.resume_one(key, until_ns);
        }
        self.throttled.timer = None;
        false
    }

    /// Another connection may have its place by now.
    fn resume_one(&mut self, key: u32, until_ns: u64) {
        if let Some(connection) = self.connections.get_mut(key as usize)
            && matches!(connection.state, State::Throttled { until_ns: its, .. } if its == until_ns)
        {
            connection.reopen(&self.clock);
            connection.make_ready(key, &mut self.ready);
        }
    }
}

impl Throttled {
    /// Has the shard woken at `at`. True if that is now.
    fn is_due(&mut self, at: Instant, cx: &mut Context<'_>) -> bool {
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
