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
use crate::server::limits::values::ServerLimits;
use crate::session::Session;
use crate::websocket::{CloseReason, FrameReader};

/// A connection after its upgrade. What waits to be written to it is the fan-out's.
pub(crate) struct Connection {
    /// Its name for the app's handles: never reused, unlike its place in the slab. Shown as a [`Name`].
    pub id: u64,
    pub stream: TcpStream,
    pub waker: Waker,
    pub reader: FrameReader,
    pub session: Session,
    pub socket: Arc<UserSocket>,
    pub state: Stage,
    /// When bytes last came from the client.
    pub heard: Stamp,
    /// When the message that is incomplete now began. Of no meaning otherwise.
    pub partial_since: Stamp,
    /// Which of these two deadlines have passed while they only count, and been counted.
    pub overdue: Overdue,
    /// Milliseconds of that in which it was not read since it sent too much in a second.
    pub partial_throttled_ms: u64,
    /// The socket took less than it was given: waiting for room.
    pub write_blocked: bool,
    /// On its shard's ready list. Once at most, or a connection would be read more often than others.
    pub ready: bool,
    /// Not read until it takes what waits for it: on its shard's list of those.
    pub held: bool,
    /// How much it sends, for the limits of that.
    pub pace: Pace,
    /// Its place among the connections of its address.
    #[expect(
        dead_code,
        reason = "it counts until it is dropped with the connection"
    )]
    pub counted: Option<Counted>,
}

/// What has been counted already, so that one silence counts once however long it is.
#[derive(Clone, Copy, Default)]
pub(crate) struct Overdue {
    /// Nothing has come for too long.
    pub idle: bool,
    /// The message has been incomplete for too long.
    pub partial: bool,
}

/// Where a connection stands in its life.
pub(crate) enum Stage {
    /// Reading and writing.
    Open,
    /// It published more than the shards can take: not read until they have caught up.
    Paused { since: Stamp },
    /// It sent more than it may in a second: not read until then, in nanoseconds of the shard's clock.
    Throttled { since: Stamp, until_ns: u64 },
    /// Its Close frame is on its way or sent; input is thrown away until the peer's end.
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

impl Connection {
    pub fn is_open(&self) -> bool {
        !matches!(self.state, Stage::Closing(_))
    }

    /// Something came, or its deadlines begin anew for another reason.
    pub fn is_heard(&mut self, now: Stamp) {
        self.heard = now;
        self.overdue.idle = false;
    }

    /// What is incomplete from now on began now.
    pub fn begins_message(&mut self, now: Stamp) {
        self.partial_since = now;
        self.partial_throttled_ms = 0;
        self.overdue.partial = false;
    }

    /// Puts it on the list `ready`, unless it is there.
    pub fn make_ready(&mut self, key: u32, ready: &mut Vec<u32>) {
        if !std::mem::replace(&mut self.ready, true) {
            ready.push(key);
        }
    }

    /// It is read again. The wait was ours, so it counts against no deadline of the client's.
    pub fn reopen(&mut self, clock: &Clock) {
        match std::mem::replace(&mut self.state, Stage::Open) {
            Stage::Paused { since } => {
                let waited_ms = clock.since_ms(since);
                self.heard = self.heard.later_by(waited_ms);
                self.partial_since = self.partial_since.later_by(waited_ms);
                self.pace.waited(waited_ms);
            }
            Stage::Throttled { since, .. } => {
                let waited_ms = clock.since_ms(since);
                self.heard = self.heard.later_by(waited_ms);
                self.partial_throttled_ms += waited_ms;
            }
            other @ (Stage::Open | Stage::Closing(_)) => self.state = other,
        }
    }

    /// How long what is incomplete may take, in milliseconds.
    pub fn partial_ms_max(&self, clock: &Clock, limits: &ServerLimits) -> u64 {
        let paused_ms = match self.state {
            Stage::Throttled { since, .. } => clock.since_ms(since),
            _ => 0,
        };
        limits.partial_ms_max(self.partial_throttled_ms + paused_ms)
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

    /// Tells tokio what a short read or write told us: asking again now would only cost a system call.
    pub fn is_exhausted_for(&self, interest: Interest) {
        let would_block = || Err::<(), _>(std::io::ErrorKind::WouldBlock.into());
        let _ = self.stream.try_io(interest, would_block);
    }
}

/// Puts a connection on its shard's ready list. Holds the list alone, so a waker kept by the runtime keeps no
/// connection alive.
pub(crate) struct ConnectionWaker {
    pub key: u32,
    pub ready: Arc<Mailbox<u32>>,
}

impl Wake for ConnectionWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ready.post(self.key, 1);
    }
}

impl ServerLimits {
    /// How long a message may be incomplete whose client was not read for `throttled_ms` of that since it sent too much: as
    /// much longer as it may be over in a row, at most. Without that end, who has a pause before each look at the deadline has none.
    fn partial_ms_max(&self, throttled_ms: u64) -> u64 {
        let more_ms = throttled_ms.min(self.rates.over_rate_ms_max);
        self.partial_timeout_ms.saturating_add(more_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_put_off_the_end_of_an_unfinished_message_but_not_for_good() {
        let mut limits = ServerLimits {
            partial_timeout_ms: 500,
            ..ServerLimits::default()
        };
        limits.rates.over_rate_ms_max = 2_000;
        let ms_max = [0, 300, 2_000, 1_000_000].map(|ms| limits.partial_ms_max(ms));
        assert_eq!(ms_max, [500, 800, 2_500, 2_500]);
    }
}
