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
use crate::server::limits::fair_queue::Party;
use crate::server::limits::limit::Limit;
use crate::server::limits::values::ServerLimits;
use crate::session::Session;
use crate::websocket::{CloseReason, FrameReader};

/// A connection after its upgrade. The fan-out keeps the bytes that wait to be written.
pub(crate) struct Connection {
    /// Name of the connection for the app's handles. Never reused, unlike its place in the slab.
    pub id: u64,
    pub stream: TcpStream,
    pub waker: Waker,
    pub reader: FrameReader,
    pub session: Session,
    pub socket: Arc<UserSocket>,
    pub stage: Stage,
    /// The moment since which the connection is on one of its shard's two queues of connections to
    /// read. `None` if it is on none. A second entry would have the connection read more often than
    /// other connections.
    pub queued_since: Option<Stamp>,
    /// True while the shard waits for room in the socket, because the socket took less than it was
    /// given.
    pub write_blocked: bool,
    /// The client's silence, which began with its last bytes.
    pub idle: Deadline,
    /// The time that the incomplete message has taken. Without meaning if no message is incomplete.
    pub partial: Deadline,
    /// Milliseconds of the time in `partial` in which the connection was not read, because it was
    /// over its rate.
    pub partial_throttled_ms: u32,
    /// The connection's use of its rates.
    pub pace: Pace,
    /// The connection's share in the count of connections from its address.
    pub counted: Option<Counted>,
}

/// The start of a silence or of an incomplete message, neither of which may last too long.
#[derive(Clone, Copy)]
pub(crate) struct Deadline {
    pub since: Stamp,
    /// True if the limit is only observed and has been counted as exceeded since `since`. A silence
    /// counts once, however long it lasts.
    pub is_counted: bool,
}

/// The stage of a connection. A connection in `Paused` or `Throttled` is on the shard's list with
/// the name of the stage. An entry on a list is stale, and is skipped, if its connection is in
/// another stage. The fan-out reports a connection in `Held` or `Closing` when its wait is over.
pub(crate) enum Stage {
    /// The connection is read and written.
    Open,
    /// Too many bytes wait for the client: the connection is not read until its client takes enough
    /// of them.
    Held,
    /// The connection published more than the shards can take: it is not read until the shards have
    /// caught up.
    Paused { since: Stamp },
    /// The connection sent more than its rate: it is not read until `until_ns` of the shard's
    /// clock.
    Throttled { since: Stamp, until_ns: u64 },
    /// The client has ended the connection, or broke a rule: it is on the shard's list of ended
    /// connections, and is not read.
    Ended,
    /// The Close frame waits or is sent. Input is thrown away until the peer's end, but waits while
    /// the Close frame is held back.
    Closing(CloseState),
}

/// The state of a connection that is being closed.
pub(crate) struct CloseState {
    pub reason: CloseReason,
    pub since: Stamp,
    /// While the Close frame is held back, for [`ServerLimits::fault_delay_ms`]: the end of that
    /// time, in nanoseconds of the shard's clock.
    pub held_until_ns: Option<u64>,
    /// True once the Close frame is out and our side of the socket is shut.
    pub sent: bool,
    /// Bytes thrown away since the closing began.
    pub discarded: usize,
}

impl Deadline {
    pub fn begin(now: Stamp) -> Deadline {
        Deadline {
            since: now,
            is_counted: false,
        }
    }

    /// Moves the start later by `ms` milliseconds, so that they do not count.
    pub fn put_off(&mut self, ms: u64) {
        self.since = self.since.later_by(ms);
    }
}

impl Connection {
    /// Returns an open connection, whose address is not counted. `name` is its name and its waker.
    pub fn new(
        name: (u64, Waker),
        stream: TcpStream,
        session: Session,
        socket: Arc<UserSocket>,
        now: Stamp,
    ) -> Connection {
        let (id, waker) = name;
        Connection {
            id,
            stream,
            waker,
            reader: FrameReader::new(),
            session,
            socket,
            stage: Stage::Open,
            queued_since: None,
            write_blocked: false,
            idle: Deadline::begin(now),
            partial: Deadline::begin(now),
            partial_throttled_ms: 0,
            pace: Pace::default(),
            counted: None,
        }
    }

    pub fn is_open(&self) -> bool {
        !matches!(self.stage, Stage::Closing(_))
    }

    /// True if the shard takes what the client sends, now or after a wait.
    pub fn is_read(&self) -> bool {
        !matches!(self.stage, Stage::Ended | Stage::Closing(_))
    }

    /// Returns whom the connection's share of a common budget is charged to.
    pub fn party(&self) -> Party {
        let alone = Party::Alone(self.id);
        self.counted.as_ref().map_or(alone, Counted::party)
    }

    /// Restarts the idle time, because bytes came from the client.
    pub fn is_heard(&mut self, now: Stamp) {
        self.idle = Deadline::begin(now);
    }

    /// Notes that a message began at `now`, which may stay incomplete.
    pub fn begins_message(&mut self, now: Stamp) {
        self.partial = Deadline::begin(now);
        self.partial_throttled_ms = 0;
    }

    /// Moves a connection from its wait to `Open`, so that it is read again. A pause counts against
    /// no deadline of the client. A wait for the rate does not count as silence, and the incomplete
    /// message gets more time for it. A closing connection stays as it is.
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
                let throttled_ms = u64::from(self.partial_throttled_ms) + waited_ms;
                self.partial_throttled_ms = throttled_ms.min(u32::MAX.into()) as u32;
            }
            // In `Held` the client did not take the frames that wait for it, so the wait was the
            // client's.
            Stage::Open | Stage::Held => {}
            ended @ (Stage::Ended | Stage::Closing(_)) => self.stage = ended,
        }
    }

    /// True if bytes of the client are here that the shard means to read and has not read yet. So a
    /// shard that is behind with its reads judges no client as silent. Takes a system call.
    pub fn is_to_be_heard(&self) -> bool {
        matches!(self.stage, Stage::Open) && self.has_unread()
    }

    /// True if bytes of the client are here that the shard has not read. Takes a system call.
    pub fn has_unread(&self) -> bool {
        rustix::io::ioctl_fionread(&self.stream).is_ok_and(|unread| unread > 0)
    }

    /// Returns how long the incomplete message may take, in milliseconds.
    pub fn partial_ms_max(&self, clock: &Clock, limits: &ServerLimits) -> u64 {
        let throttled_ms = match self.stage {
            Stage::Throttled { since, .. } => clock.since_ms(since),
            _ => 0,
        };
        limits.partial_ms_max(u64::from(self.partial_throttled_ms) + throttled_ms)
    }

    /// Has the connection woken when its socket has bytes to read. False if there are bytes now.
    pub fn wait_readable(&self) -> bool {
        let mut cx = Context::from_waker(&self.waker);
        self.stream.poll_read_ready(&mut cx).is_pending()
    }

    /// Has the connection woken when its socket takes bytes. False if the socket takes bytes now.
    pub fn wait_writable(&self) -> bool {
        let mut cx = Context::from_waker(&self.waker);
        self.stream.poll_write_ready(&mut cx).is_pending()
    }

    /// Reports to tokio that a read or write was short, so the socket is not ready for `interest`.
    /// Another attempt now would only cost a system call.
    pub fn is_exhausted_for(&self, interest: Interest) {
        let would_block = || Err::<(), _>(std::io::ErrorKind::WouldBlock.into());
        let _ = self.stream.try_io(interest, would_block);
    }
}

/// A waker that posts its connection's place to the shard. It holds the mailbox alone, so a waker
/// that the runtime keeps does not keep the connection alive.
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
    /// Returns how long a message may be incomplete, in milliseconds. `throttled_ms` is the part of
    /// that time in which the connection was over its rate and not read. `throttled_ms` is added to
    /// the limit, up to the time that a connection may be over its rate in a row. Without that
    /// bound, a client that is throttled before each look at the deadline would have no deadline.
    fn partial_ms_max(&self, throttled_ms: u64) -> u64 {
        let more_ms = throttled_ms.min(self.over_ms());
        self.max(Limit::PartialTime).saturating_add(more_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throttled_time_extends_an_incomplete_messages_limit_up_to_a_bound() {
        let limits = ServerLimits::default()
            .with_max(Limit::PartialTime, 500)
            .with_over_ms(2_000);
        let ms_max = [0, 300, 2_000, 1_000_000].map(|ms| limits.partial_ms_max(ms));
        assert_eq!(ms_max, [500, 800, 2_500, 2_500]);
    }
}
