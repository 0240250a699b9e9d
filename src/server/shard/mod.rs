//! A shard: one thread's connections and its half of the broker. Its root future is the shard, one poll of it one turn.
//!
//! A turn takes in what came (commands, upgraded connections, one read of each ready socket), hands on what the broker
//! has for channels, flushes one slice, and goes to sleep unless work is left. If some is, it has itself woken again
//! only after the runtime has looked at the sockets: what arrives meanwhile leaves in the same writes.

pub(crate) mod admit_joins;
pub(crate) mod backpressure;
pub(crate) mod clock;
pub(crate) mod close;
pub(crate) mod connection;
pub(crate) mod deadlines;
pub(crate) mod deliver;
pub(crate) mod drain;
pub(crate) mod drain_plan;
pub(crate) mod events;
pub(crate) mod host;
pub(crate) mod join_queue;
pub(crate) mod limit_watch;
pub(crate) mod link;
pub(crate) mod open;
pub(crate) mod pace;
pub(crate) mod rate_limit;
pub(crate) mod read;
pub(crate) mod receive;
pub(crate) mod reload;
pub(crate) mod sink;

use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use slab::Slab;
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior};

use crate::broker::{Budget, Fanout, Mailbox};
use crate::protocol::DecodeScratch;
use crate::server::http::app::HttpApp;
use crate::server::http::pending::Pending;
use crate::server::limits::observe::with_observed;
use crate::server::limits::values::ServerLimits;
use crate::websocket::ReadBuffer;
use clock::Clock;
use connection::Connection;
use drain_plan::Draining;
use events::Events;
use join_queue::JoinQueue;
use link::ShardLink;
use pace::{Charges, Throttled};
use sink::SocketSink;

/// How often a shard with paused publishers looks at what all shards have before them.
const PAUSE_CHECK: Duration = Duration::from_millis(5);

pub(crate) struct Shard {
    pub link: Arc<ShardLink>,
    pub app: Arc<HttpApp>,
    pub limits: ServerLimits,
    /// Of these, what every read is charged by.
    pub charges: Charges,
    pub connections: Slab<Connection>,
    pub fanout: Fanout,
    pub events: Rc<Events>,
    /// Connections whose wakers were called, by place in the slab.
    pub woken: Arc<Mailbox<u32>>,
    /// What was taken from there; empty but for its memory.
    pub just_woken: Vec<u32>,
    /// Those of them that were not seen to yet. With those in `ready`, each connection once.
    pub awake: Vec<u32>,
    /// Connections that could not be read out, to be seen to again.
    pub ready: Vec<u32>,
    /// Bytes read in this turn.
    pub bytes_read: usize,
    pub buffer: ReadBuffer,
    pub decode: DecodeScratch,
    pub clock: Clock,
    /// Closing connections whose Close frame is not out yet.
    pub closing: Vec<u32>,
    /// Connections that publish more than the shards can take.
    pub paused: Vec<u32>,
    /// Connections that sent more than they may in a second.
    pub throttled: Throttled,
    /// Joins that wait for their turn.
    pub held_joins: JoinQueue,
    /// Connections that are in HTTP.
    pub pending: Rc<Pending>,
    /// Connections that are not read because too much waits for them.
    pub held: Vec<u32>,
    /// Bytes of incomplete messages that connections keep.
    pub partial_bytes: usize,
    /// It was told to end.
    pub draining: Option<Draining>,
    /// Tells that to the connections in HTTP, which are tasks of their own.
    pub stops: watch::Sender<bool>,
    /// Nobody is waited for any more.
    pub is_cut: bool,
    pub sweep: Interval,
    /// When to look again whether publishers that were paused may go on: it may be another shard that they wait for.
    look_again: Interval,
    pub http_connections: usize,
    pub next_connection: u64,
}

impl Shard {
    /// A shard on the present thread's runtime.
    pub fn new(link: Arc<ShardLink>, app: Arc<HttpApp>, limits: ServerLimits) -> Shard {
        let fanout = Fanout::new(link.number, Arc::clone(&link.hub), with_observed(&limits));
        let sweep = limits.sweeps(&app);
        let mut look_again = tokio::time::interval(PAUSE_CHECK);
        look_again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let pending = Rc::new(Pending::new(Arc::clone(&link.in_http)));
        Shard {
            pending,
            throttled: Throttled::default(),
            held_joins: JoinQueue::default(),
            link,
            app,
            charges: limits.rates.into(),
            limits,
            connections: Slab::new(),
            fanout,
            events: Rc::default(),
            woken: Arc::default(),
            just_woken: Vec::new(),
            awake: Vec::new(),
            ready: Vec::new(),
            bytes_read: 0,
            buffer: ReadBuffer::default(),
            decode: DecodeScratch::default(),
            clock: Clock::start(),
            closing: Vec::new(),
            paused: Vec::new(),
            held: Vec::new(),
            partial_bytes: 0,
            draining: None,
            stops: watch::Sender::new(false),
            is_cut: false,
            sweep,
            look_again,
            http_connections: 0,
            next_connection: 0,
        }
    }

    fn turn(&mut self, cx: &mut Context<'_>) -> bool {
        let now = self.clock.refresh();
        self.link.status.turns(self.link.number, now);
        self.fanout.begin_turn(now);
        // Also says that it is awake: who publishes in this turn then need not wake it for another.
        self.fanout.take_mail();
        self.take_commands();
        self.take_events();
        self.read_ready();
        self.hand_on_heard();
        let mut sockets = SocketSink {
            connections: &mut self.connections,
            ready: &mut self.ready,
        };
        let mut work_left = self.fanout.flush(&mut sockets, Budget::default());
        self.close_failed();
        self.go_on_closing();
        self.read_held();
        self.resume_paused();
        work_left |= self.resume_throttled(cx);
        work_left |= self.answer_held_joins(cx);
        if !self.paused.is_empty() && self.look_again.poll_tick(cx).is_ready() {
            work_left |= self.look_again.poll_tick(cx).is_ready();
        }
        if self.sweep.poll_tick(cx).is_ready() {
            self.sweep();
            // Registers the timer for the next one.
            work_left |= self.sweep.poll_tick(cx).is_ready();
        }
        work_left |= self.go_on_draining(cx);
        self.show(now);
        work_left || !self.ready.is_empty() || !self.awake.is_empty()
    }

    /// Shows where it stands at the end of a turn that began at `begun`.
    fn show(&mut self, begun: Instant) {
        let now = Instant::now();
        let stats = &self.link.stats;
        stats.http.set(self.http_connections as u64);
        stats.websockets.set(self.connections.len() as u64);
        stats.channels.set(self.fanout.members_len() as u64);
        let retained = self.fanout.retained_bytes() as u64;
        stats.retained_bytes.set(retained);
        self.fanout
            .take_laps(now, |waited| stats.laps.observe(waited));
        stats.turned(now.duration_since(begun));
    }

    /// Goes to sleep, to be woken by `cx`. False if something came in meanwhile.
    fn sleep(&self, cx: &Context<'_>) -> bool {
        let waker = cx.waker();
        self.events.wake_by(waker);
        let mail = self.link.hub.mailbox(self.link.number);
        mail.sleep(waker) && self.link.inbox.sleep(waker) && self.woken.sleep(waker)
    }
}

impl Future for Shard {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let work_left = self.turn(cx);
        if self.is_over() {
            self.link.status.ends(self.link.number);
            return Poll::Ready(());
        }
        if work_left || !self.sleep(cx) {
            // A bare self-wake could run many turns before the runtime looks at the sockets; this one comes after.
            let _ = pin!(tokio::task::yield_now()).poll(cx);
        }
        Poll::Pending
    }
}
