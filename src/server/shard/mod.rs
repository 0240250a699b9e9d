//! One thread's connections and its half of the broker: a future, of which one poll is one turn.
//!
//! A turn takes in new work: commands, upgraded connections, and one read of each ready socket.
//! Then it hands broadcasts to the channels that look at broadcasts themselves, and writes to
//! sockets within a budget. If no work is left, the shard goes to sleep. If work is left, the shard
//! yields, and the runtime looks at the sockets before the next turn. Messages that arrive
//! meanwhile go out in the same writes.

pub(crate) mod backpressure;
pub(crate) mod clock;
pub(crate) mod close;
pub(crate) mod connection;
pub(crate) mod connections;
pub(crate) mod deadlines;
pub(crate) mod deadlines_round;
pub(crate) mod deliver;
pub(crate) mod drain;
pub(crate) mod drain_plan;
pub(crate) mod ended;
pub(crate) mod events;
pub(crate) mod held_bytes;
pub(crate) mod host;
#[cfg(feature = "engine")]
pub(crate) mod idle_shard;
pub(crate) mod join_queue;
pub(crate) mod lifecycle;
pub(crate) mod limit_watch;
pub(crate) mod link;
pub(crate) mod open;
pub(crate) mod pace;
pub(crate) mod rate_limit;
pub(crate) mod read;
pub(crate) mod reload;
pub(crate) mod room_rate;
pub(crate) mod services;
pub(crate) mod socket_write;
pub(crate) mod timers;

use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use crate::broker::Budget;
use crate::protocol::DecodeScratch;
use crate::server::http::app::HttpApp;
use crate::server::http::pending::Pending;
use crate::server::limits::values::ServerLimits;
use crate::websocket::ReadBuffer;
use connections::Connections;
use lifecycle::Lifecycle;
use link::ShardLink;
use services::Services;
use timers::Timers;

/// The connections of one thread, and all that the thread serves them with.
pub(crate) struct Shard {
    pub services: Services,
    pub connections: Connections,
    pub timers: Timers,
    pub lifecycle: Lifecycle,
    pub scratch: ReadScratch,
    /// Connections in HTTP (not upgraded yet), without the connections that were cut.
    pub pending: Rc<Pending>,
    /// Number of connections whose HTTP task has not ended, cut connections included.
    pub http_connections: usize,
}

/// Buffers that all reads of the shard share, and the number of bytes read in this turn.
#[derive(Default)]
pub(crate) struct ReadScratch {
    pub buffer: ReadBuffer,
    pub decode: DecodeScratch,
    /// Bytes read so far in this turn from one of the two lists: connections that were woken, or
    /// connections with more to read.
    pub bytes_read: usize,
    /// What this turn may still write to connections that are far behind, before it reads them.
    pub catch_up: Budget,
}

impl Shard {
    /// Returns a shard on the runtime of the calling thread.
    pub fn new(link: Arc<ShardLink>, app: Arc<HttpApp>, limits: ServerLimits) -> Shard {
        Shard {
            timers: Timers::new(&limits, &app),
            pending: Rc::new(Pending::new(Arc::clone(&link.in_http))),
            services: Services::new(link, app, limits),
            connections: Connections::default(),
            lifecycle: Lifecycle::new(),
            scratch: ReadScratch::default(),
            http_connections: 0,
        }
    }

    fn turn(&mut self, cx: &mut Context<'_>) -> bool {
        let now = self.timers.clock.refresh();
        let link = &self.services.link;
        link.status.turns(link.number, now);
        link.stats.turn_time.turns(now);
        self.services.fanout.begin_turn(now);
        self.connections.begin_turn(self.timers.clock.now());
        let heard = self.timers.clock.heard();
        self.pending.begin_turn(heard);
        self.services.joins.begin_turn(now, heard.until_look());
        self.services.earning_ns = self.timers.clock.earning_ns();
        // Taking the mail also marks the shard as awake, so no publish in this turn has to wake it.
        self.services.fanout.take_mail();
        self.take_commands();
        self.take_events();
        self.read_ready();
        self.hand_on_heard();
        let fanout = &mut self.services.fanout;
        let mut work_left = fanout.flush(&mut self.connections, Budget::default());
        work_left |= self.close_failed() | self.close_overdue() | self.see_to_ended();
        work_left |= self.take_notified();
        self.resume_paused();
        work_left |= self.connections.resume_throttled(&self.timers.clock, cx);
        work_left |= self.send_held_back(cx);
        work_left |= self.answer_held_joins(cx);
        work_left |= self.connections.has_paused() && self.timers.looks_again(cx);
        work_left |= self.sweep(cx);
        work_left |= self.go_on_draining(cx) | self.go_on_cutting();
        self.show();
        work_left || self.connections.has_queued()
    }

    /// Publishes the shard's counts to the metrics at the end of a turn.
    fn show(&mut self) {
        let now = Instant::now();
        let (stats, fanout) = (&self.services.link.stats, &mut self.services.fanout);
        stats.http.set(self.http_connections as u64);
        stats.websockets.set(self.connections.len() as u64);
        stats.channels.set(fanout.members_len() as u64);
        stats.retained_bytes.set(fanout.retained_bytes() as u64);
        let broken = fanout.broken_invariants();
        stats.gaps.set(broken.gaps);
        stats.shortfalls.set(broken.shortfalls);
        fanout.take_laps(now, |waited| stats.laps.observe(waited));
    }

    /// Marks the shard as asleep, to be woken through `cx`. False if mail, a command or a woken
    /// connection came in meanwhile.
    fn sleep(&self, cx: &Context<'_>) -> bool {
        let (waker, link) = (cx.waker(), &self.services.link);
        self.services.events.wake_by(waker);
        let mail = link.hub.mailbox(link.number);
        mail.sleep(waker) && link.inbox.sleep(waker) && self.connections.sleep(waker)
    }
}

impl Future for Shard {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let work_left = self.turn(cx);
        if self.is_over() {
            let link = &self.services.link;
            link.status.ends(link.number);
            return Poll::Ready(());
        }
        if work_left || !self.sleep(cx) {
            // `yield_now` wakes the shard after the runtime has looked at the sockets. A bare
            // wake-up could run many turns before the runtime looks.
            let _ = pin!(tokio::task::yield_now()).poll(cx);
        }
        Poll::Pending
    }
}
