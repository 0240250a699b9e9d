//! The charge for one read: for its messages and bytes, and for the lag that its broadcasts left.
//!
//! A read is charged as a whole, so each message only adds 1 to a count. A connection that owes
//! tokens is not read again until they have been refilled.

use std::sync::Arc;

use super::Shard;
use super::clock::Clock;
use super::connection::Connection;
use super::services::Services;
use crate::broker::Topic;
use crate::server::limits::limit::Limit;
use crate::websocket::CloseReason;

/// Counts of the frames in one read.
pub(crate) struct Taken {
    /// True if the read completed a message, or a control frame that is not inside a fragmented
    /// message.
    pub is_whole: bool,
    /// Messages, control frames, and fragments of messages that are not the last. Each takes one
    /// token of [`Limit::MessagesPerSecond`].
    pub frames: u32,
    /// Bytes of the largest message.
    pub largest: usize,
    /// Largest lag of any shard, in bytes, after a broadcast of this read.
    pub lag_bytes: usize,
    /// The topic of a broadcast of this read that has more of that lag than it may.
    pub lagging: Option<Arc<Topic>>,
}

/// The decision about a connection after a read.
pub(crate) enum Verdict {
    GoOn,
    /// The connection published more to this topic than the shards can take: it is paused.
    Pause(Arc<Topic>),
    /// The connection is over its rate: it is not read until `until_ns` of the shard's clock.
    Throttle {
        until_ns: u64,
    },
    Close(CloseReason),
}

impl Shard {
    /// Charges the connection at `key` for a read of `read` bytes.
    pub(crate) fn charge_read(&mut self, key: u32, read: usize, taken: Taken) -> Verdict {
        let (services, clock) = (&self.services, &self.timers.clock);
        let Some(connection) = self.connections.get_mut(key) else {
            return Verdict::GoOn;
        };
        let message_bytes_max = connection.socket.limits().message_bytes_max as u64;
        services.judge(Limit::MessageBytes, taken.largest as u64, message_bytes_max);
        let limits = &services.limits;
        if taken.lag_bytes > 0 {
            let (used, max) = (taken.lag_bytes as u64, limits.max(Limit::LagBytes));
            let meters = &services.link.meters;
            meters.note(limits.observe, Limit::LagBytes, used, max);
        }
        let wait_ns = charge_rates(connection, services, clock, taken.frames, read);
        if wait_ns == 0 {
            connection.pace.rests();
        } else {
            let since = *connection.pace.over_since.get_or_insert(clock.now());
            if clock.is_over(since, limits.over_ms()) {
                return Verdict::Close(CloseReason::RateExceeded);
            }
        }
        match (taken.lagging, wait_ns) {
            (Some(topic), _) if services.has_to_wait(&topic) => Verdict::Pause(topic),
            (_, 0) => Verdict::GoOn,
            (_, _) => Verdict::Throttle {
                until_ns: clock.now_ns() + wait_ns,
            },
        }
    }
}

impl Shard {
    /// Throttles a connection that is paused no more and still owes tokens for its last read. Its
    /// pauses would otherwise take the place of its rates.
    pub(crate) fn throttle_debtor(&mut self, key: u32) {
        let (services, clock) = (&self.services, &self.timers.clock);
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        let wait_ns = charge_rates(connection, services, clock, 0, 0);
        if wait_ns > 0 {
            let until_ns = clock.now_ns() + wait_ns;
            self.connections.throttle(key, clock.now(), until_ns);
        }
    }
}

/// The part of the bytes of incomplete messages, as one in so many, that is given back at once when
/// there are too many. So the look at all connections is seldom.
const GIVEN_BACK_OF: u64 = 16;

impl Shard {
    /// Closes connections whose incomplete messages are too many bytes together with those of all
    /// others, after one of them grew: of the address that keeps most, those that keep most. So
    /// whoever fills the bound pays, and not whoever comes next.
    pub(crate) fn bound_incomplete(&mut self) {
        let (services, limit) = (&self.services, Limit::PartialBytes);
        let bytes = self.connections.partial_bytes() as u64;
        if !services.judge(limit, bytes, services.limits.max(limit)) {
            return;
        }
        let most = services.limits.bites_above(limit);
        let left = most - most / GIVEN_BACK_OF;
        for key in self.connections.most_incomplete(left as usize) {
            self.close(key, CloseReason::PartialTimeout);
        }
    }
}

/// Takes messages and bytes out of the connection's buckets. Returns how long the connection has to
/// wait, in nanoseconds: 0 if it is within its rates.
fn charge_rates(
    connection: &mut Connection,
    services: &Services,
    clock: &Clock,
    messages: u32,
    bytes: usize,
) -> u64 {
    let (now_ns, from_ns) = (clock.now_ns(), clock.earning_from_ns());
    let (charges, pace) = (services.charges, &mut connection.pace);
    let (meters, observe) = (&services.link.meters, services.limits.observe);
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
        let debt_ns = bucket.take_since(from_ns, now_ns, count, rate);
        let (used_ns, burst_ns) = (bucket.used_ns(now_ns), rate.burst_ns());
        if debt_ns == 0 {
            meters.note(observe, limit, used_ns, burst_ns);
        } else if meters.exceeded(observe, limit) {
            meters.note(observe, limit, burst_ns, burst_ns);
            wait_ns = wait_ns.max(debt_ns);
        } else {
            meters.note(observe, limit, used_ns, burst_ns);
            bucket.forgive(now_ns, rate);
        }
    }
    wait_ns
}
