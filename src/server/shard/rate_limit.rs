//! What one connection may send in a second: who is over is read later, who stays over is closed.
//!
//! A read is charged as a whole, so a message costs an addition; the debt of one read is paid by a pause before the next.

use std::cmp::Reverse;
use std::task::Context;

use tokio::time::Instant;

use super::Shard;
use super::connection::Stage;
use super::pace::Charges;
use crate::server::limits::limit::Limit;
use crate::server::limits::values::Rates;
use crate::websocket::CloseReason;

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
            && matches!(connection.state, Stage::Open)
        {
            let since = self.clock.now();
            connection.state = Stage::Throttled { since, until_ns };
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
            && matches!(connection.state, Stage::Throttled { until_ns: its, .. } if its == until_ns)
        {
            connection.reopen(&self.clock);
            connection.make_ready(key, &mut self.ready);
        }
    }
}
