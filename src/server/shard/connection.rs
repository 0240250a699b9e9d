//! One WebSocket on its shard: an entry in a slab and a waker, no task.

use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use tokio::io::Interest;
use tokio::net::TcpStream;

use super::clock::{Clock, Stamp};
use super::pace::Pace;
use crate::broker::Mailbox;
use crate::channel::UserSocket;
use crate::server::admission::addresses::Counted;
use crate::server::limits::limit::Limit;
use crate::server::limits::values::ServerLimits;
use crate::session::Session;
use crate::websocket::{CloseReason, FrameReader};

/// A connection after its upgrade. The bytes that wait to be written to it are the fan-out's.
pub(crate) struct Connection {
    /// Its name for the app's handles: never reused, unlike its place in the slab.
    pub id: u64,
    pub stream: TcpStream,
    pub waker: Waker,
    pub reader: FrameReader,
    pub session: Session,
    pub socket: Arc<UserSocket>,
    pub stage: Stage,
    /// It is on one of its shard's two lists of connections to be seen to. It stands on both
    /// together once at most, or it would be read more often than others.
    pub is_queued: bool,
    /// The socket took less than it was given: the shard waits for room in it.
    pub write_blocked: bool,
    /// Lasts since bytes last came from the client.
    pub idle: Deadline,
    /// Lasts since the message began that is incomplete now. Of no meaning without one.
    pub partial: Deadline,
    /// How much of that time, in milliseconds, the connection was not read because it was over its
    /// rate.
    pub partial_throttled_ms: u64,
    /// How much it sends, for the limits of its rate.
    pub pace: Pace,
    /// Its place among the connections of its address.
    #[expect(
        dead_code,
        reason = "it counts until it is dropped with the connection"
    )]
    pub counted: Option<Counted>,
}

/// Something that may not last too long.
#[derive(Clone, Copy)]
pub(crate) struct Deadline {
    pub since: Stamp,
    /// The limit is only observed, and was counted: one silence counts once, however long it is.
    pub is_counted: bool,
}

/// Where a connection stands in its life. In every stage but `Open` it is on the list of its shard
/// that has the stage's name; entries there without their stage are left over, and are passed over.
pub(crate) enum Stage {
    /// Reading and writing.
    Open,
    /// Too much waits to be written to it: not read until its client takes that.
    Held,
    /// It published more than the shards can take: not read until they have caught up.
    Paused { since: Stamp },
    /// It sent more than its rate: not read until then, in nanoseconds of the shard's clock.
    Throttled { since: Stamp, until_ns: u64 },
    /// Its Close frame waits or is sent; input is thrown away until the peer's end.
    Closing(Closing),
}

/// The end of a connection, which takes a while.
pub(crate) struct Closing {
    pub reason: CloseReason,
    pub since: Stamp,
    /// The Close frame is out and our side is shut.
    pub sent: bool,
    /// Bytes thrown away since.
    pub discarded: usize,
}

impl Deadline {
    pub fn begin(now: Stamp) -> Deadline {
        Deadline {
            since: now,
            is_counted: false,
        }
    }

    /// So many milliseconds do not count.
    pub fn put_off(&mut self, ms: u64) {
        self.since = self.since.later_by(ms);
    }
}

impl Connection {
    pub fn is_open(&self) -> bool {
        !matches!(self.stage, Stage::Closing(_))
    }

    /// Bytes came from the client.
    pub fn is_heard(&mut self, now: Stamp) {
        self.idle = Deadline::begin(now);
    }

    /// A message that is incomplete from now on began now.
    pub fn begins_message(&mut self, now: Stamp) {
        self.partial = Deadline::begin(now);
        self.partial_throttled_ms = 0;
    }

    /// It is read again. The wait was ours, so it counts against no deadline of the client's.
    pub fn reopen(&mut self, clock: &Clock) {
        match std::mem::replace(&mut self.stage, Stage::Open) {
            Stage::Paused { since } => {
                let waited_ms = clock.since_ms(since);
                self.idle.put_off(waited_ms);
                self.partial.put_off(waited_ms);
                self.pace.waited(waited_ms);
            }
            Stage::Throttled { since, .. } => {
                let waited_ms = clock.since_ms(since);
                self.idle.put_off(waited_ms);
                self.partial_throttled_ms += waited_ms;
            }
            // Its client did not take what waits for it, so the wait was the client's.
            Stage::Open | Stage::Held => {}
            closing @ Stage::Closing(_) => self.stage = closing,
        }
    }

    /// How long the message that is incomplete may take, in milliseconds.
    pub fn partial_ms_max(&self, clock: &Clock, limits: &ServerLimits) -> u64 {
        let throttled_ms = match self.stage {
            Stage::Throttled { since, .. } => clock.since_ms(since),
            _ => 0,
        };
        limits.partial_ms_max(self.partial_throttled_ms + throttled_ms)
    }

    /// Asks to be woken when there is something to read. False if there is something now.
    pub fn wait_readable(&self) -> bool {
        let mut cx = Context::from_waker(&self.waker);
        self.stream.poll_read_ready(&mut cx).is_pending()
    }

    /// Asks to be woken when the socket takes bytes. False if it does now.
    pub fn wait_writable(&self) -> bool {
        let mut cx = Context::from_waker(&self.waker);
        self.stream.poll_write_ready(&mut cx).is_pending()
    }

    /// Reports a short read or write to tokio: asking the socket again now would only cost a system
    /// call.
    pub fn is_exhausted_for(&self, interest: Interest) {
        let would_block = || Err::<(), _>(std::io::ErrorKind::WouldBlock.into());
        let _ = self.stream.try_io(interest, would_block);
    }
}

/// Posts a connection's place to its shard. Holds the mailbox alone, so a waker that the runtime
/// keeps does not keep the connection alive.
pub(crate) struct ConnectionWaker {
    pub key: u32,
    pub woken: Arc<Mailbox<u32>>,
}

impl Wake for ConnectionWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.post(self.key, 1);
    }
}

impl ServerLimits {
    /// How long a message may be incomplete if its connection was not read for `throttled_ms` of
    /// that time because it was over its rate. That adds as much as a connection may be over in a
    /// row, at most: otherwise a client that is paused before each look at the deadline would have
    /// none.
    fn partial_ms_max(&self, throttled_ms: u64) -> u64 {
        let more_ms = throttled_ms.min(self.over_ms());
        self.max(Limit::PartialTime).saturating_add(more_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_put_off_the_end_of_an_unfinished_message_but_not_for_good() {
        let limits = ServerLimits::default()
            .with_max(Limit::PartialTime, 500)
            .with_over_ms(2_000);
        let ms_max = [0, 300, 2_000, 1_000_000].map(|ms| limits.partial_ms_max(ms));
        assert_eq!(ms_max, [500, 800, 2_500, 2_500]);
    }
}
