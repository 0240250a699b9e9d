//! A shard: one thread's connections and its half of the broker. Its root future is the shard, one poll of it one turn.
//!
//! A turn takes in what came (commands, upgraded connections, one read of each ready socket), hands on what the broker
//! has for channels, flushes one slice, and goes to sleep unless work is left. If some is, it has itself woken again
//! only after the runtime has looked at the sockets: what arrives meanwhile leaves in the same writes.

use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use slab::Slab;
use tokio::time::{Interval, MissedTickBehavior};

use super::clock::{Clock, Stamp};
use super::connection::{Connection, ConnectionWaker, State};
use super::host::ShardHost;
use super::inbox::{Command, Event, Events, ShardLink};
use super::listen::ServerLimits;
use super::publish::class_of;
use super::sockets::Sockets;
use super::{HttpApp, Upgraded, serve_http};
use crate::broker::{Budget, Failure, Fanout, Heard, HeardBy, Mailbox};
use crate::channel::{Broadcast, Mail, Session};
use crate::protocol::{DecodeScratch, Json, Payload};
use crate::websocket::{CloseReason, FrameReader, ReadBuffer};

/// How often a shard with paused publishers looks at what all shards have before them.
const PAUSE_CHECK: Duration = Duration::from_millis(5);

/// Broadcasts handed to channels that look at them themselves in one turn.
const HEARD_PER_TURN: usize = 256;

pub(super) struct Shard {
    pub link: Arc<ShardLink>,
    pub app: Arc<HttpApp>,
    pub limits: ServerLimits,
    pub connections: Slab<Connection>,
    pub fanout: Fanout,
    pub events: Rc<Events>,
    /// Connections whose wakers were called, by place in the slab.
    pub woken: Arc<Mailbox<u32>>,
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
    /// Connections that are not read because too much waits for them.
    pub held: Vec<u32>,
    /// Bytes of incomplete messages that connections keep.
    pub partial_bytes: usize,
    /// Since when it is stopping.
    pub stopping: Option<Stamp>,
    /// Nobody is waited for any more.
    pub is_cut: bool,
    sweep: Interval,
    /// When to look again whether publishers that were paused may go on: it may be another shard that they wait for.
    look_again: Interval,
    pub http_connections: usize,
    next_connection: u64,
}

impl Shard {
    /// A shard on the present thread's runtime.
    pub fn new(link: Arc<ShardLink>, app: Arc<HttpApp>, limits: ServerLimits) -> Shard {
        let fanout = Fanout::new(link.number, Arc::clone(&link.hub), limits.fanout);
        let mut sweep = tokio::time::interval(limits.sweep_interval(&app));
        // After a long turn one sweep does what the missed ones would have done.
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut look_again = tokio::time::interval(PAUSE_CHECK);
        look_again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Shard {
            link,
            app,
            limits,
            connections: Slab::new(),
            fanout,
            events: Rc::default(),
            woken: Arc::default(),
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
            stopping: None,
            is_cut: false,
            sweep,
            look_again,
            http_connections: 0,
            next_connection: 0,
        }
    }

    fn turn(&mut self, cx: &mut Context<'_>) -> bool {
        self.clock.refresh();
        self.take_commands();
        self.take_events();
        self.read_ready();
        self.hand_on_heard();
        let mut sockets = Sockets {
            connections: &mut self.connections,
            ready: &mut self.ready,
        };
        let mut work_left = self.fanout.flush(&mut sockets, Budget::default());
        self.close_failed();
        self.go_on_closing();
        self.read_held();
        self.resume_paused();
        if !self.paused.is_empty() && self.look_again.poll_tick(cx).is_ready() {
            work_left |= self.look_again.poll_tick(cx).is_ready();
        }
        if self.sweep.poll_tick(cx).is_ready() {
            self.sweep();
            // Registers the timer for the next one.
            work_left |= self.sweep.poll_tick(cx).is_ready();
        }
        work_left || !self.ready.is_empty() || !self.awake.is_empty()
    }

    fn take_commands(&mut self) {
        let mut commands = Vec::new();
        self.link.inbox.take(&mut commands);
        for command in commands {
            match command {
                Command::Accept(stream, peer) => self.serve_http(stream, peer),
                Command::Mail(mail) => self.deliver(mail),
                Command::Stop => self.stop(),
                Command::Cut => self.cut(),
            }
        }
    }

    /// HTTP runs as a task of its own until the upgrade.
    fn serve_http(&mut self, stream: std::net::TcpStream, peer: std::net::SocketAddr) {
        let stream = match tokio::net::TcpStream::from_std(stream) {
            Ok(stream) => stream,
            Err(error) => {
                tracing::warn!(%error, "cannot watch a new socket");
                return self.link.connection_gone();
            }
        };
        let (app, events) = (Arc::clone(&self.app), Rc::clone(&self.events));
        self.http_connections += 1;
        tokio::task::spawn_local(async move {
            let upgraded = serve_http(stream, peer, app).await;
            events.push(upgraded.map_or(Event::HttpEnded, |u| Event::Upgraded(Box::new(u))));
        });
    }

    fn take_events(&mut self) {
        for event in self.events.take() {
            match event {
                Event::HttpEnded => {
                    self.http_connections -= 1;
                    self.link.connection_gone();
                }
                Event::Upgraded(upgraded) => {
                    self.http_connections -= 1;
                    self.open(*upgraded);
                }
                Event::Resumed {
                    connection,
                    channel,
                    result,
                } => {
                    if let Some(key) = self.place_of(connection) {
                        self.with_session(key, |session, host| {
                            session.resume(channel, result, host)
                        });
                    }
                }
            }
        }
    }

    fn open(&mut self, upgraded: Upgraded) {
        let Upgraded {
            stream,
            leftover,
            accepted,
        } = upgraded;
        let key = self.connections.vacant_key() as u32;
        let ready = Arc::clone(&self.woken);
        self.next_connection += 1;
        // The place is in the name, so that mail finds it without a map.
        let id = self.next_connection << 32 | u64::from(key);
        let settings = Arc::clone(&accepted.socket.session);
        self.fanout.open(key, class_of(accepted.version));
        if let Some(socket_id) = &accepted.socket_id {
            let subscription = self.fanout.new_id();
            self.fanout
                .listen_as_socket_id(key, subscription, socket_id);
        }
        self.connections.insert(Connection {
            id,
            stream,
            waker: Waker::from(Arc::new(ConnectionWaker { key, ready })),
            reader: FrameReader::new(),
            session: Session::new(accepted.version, settings, accepted.assigns),
            socket: accepted.socket,
            state: State::Open,
            heard: self.clock.now(),
            partial_since: self.clock.now(),
            write_blocked: false,
            // The one before it in this place may have left its entry.
            ready: self.ready.contains(&key) || self.awake.contains(&key),
            held: false,
        });
        tracing::debug!(connection = id, shard = self.link.number, "connected");
        self.read_leftover(key, &leftover);
        self.make_ready(key);
        if self.stopping.is_some() {
            self.close(key, CloseReason::ServiceRestart);
        }
    }

    fn hand_on_heard(&mut self) {
        for _ in 0..HEARD_PER_TURN {
            let Some(heard) = self.fanout.take_heard() else {
                return;
            };
            self.hear(&heard);
        }
    }

    fn hear(&mut self, heard: &Heard) {
        let Some(original) = heard.entry.original() else {
            return;
        };
        if heard.by == HeardBy::SocketId {
            if &*original.event == super::endpoint::DISCONNECT {
                self.close(heard.outlet, CloseReason::Disconnected);
            }
            return;
        }
        let text = std::str::from_utf8(&original.payload).ok();
        let payload = match text.filter(|_| !original.binary) {
            Some(text) => Payload::Json(Json::trusted(text)),
            None => Payload::Binary(&original.payload),
        };
        self.with_session(heard.outlet, |session, host| match heard.by {
            HeardBy::Intercept => session.intercepted(heard.id, &original.event, payload, host),
            _ => {
                let (topic, event) = ((&*heard.topic).into(), original.event.clone());
                let payload = payload.to_buf();
                session.heard(
                    heard.id,
                    Broadcast {
                        topic,
                        event,
                        payload,
                    },
                    host,
                );
            }
        });
    }

    fn deliver(&mut self, mail: Mail) {
        if let Some(key) = self.place_of(mail.connection) {
            self.with_session(key, |session, host| {
                session.mail(mail.channel, mail.message, host);
            });
        }
    }

    /// Where a connection is, if it is there still and open.
    fn place_of(&self, connection: u64) -> Option<u32> {
        let key = connection as u32;
        let found = self.connections.get(key as usize)?;
        (found.id == connection && found.is_open()).then_some(key)
    }

    /// Calls into the session of an open connection.
    pub fn with_session(&mut self, key: u32, call: impl FnOnce(&mut Session, &mut ShardHost<'_>)) {
        let Some(connection) = self.connections.get_mut(key as usize) else {
            return;
        };
        if !connection.is_open() {
            return;
        }
        let mut host = ShardHost {
            fanout: &mut self.fanout,
            link: &self.link,
            events: &self.events,
            callback_timeout_ms: self.limits.callback_timeout_ms,
            key,
            connection: connection.id,
            muted: false,
            lag_bytes: 0,
        };
        call(&mut connection.session, &mut host);
    }

    fn close_failed(&mut self) {
        while let Some((key, failure)) = self.fanout.take_failed() {
            match failure {
                Failure::Io(_) => self.drop_connection(key, CloseReason::PeerGone),
                Failure::FellBehind | Failure::OutboxFull => {
                    self.close(key, CloseReason::SlowConsumer);
                }
            }
        }
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
            return Poll::Ready(());
        }
        if work_left || !self.sleep(cx) {
            // A bare self-wake could run many turns before the runtime looks at the sockets; this one comes after.
            let _ = pin!(tokio::task::yield_now()).poll(cx);
        }
        Poll::Pending
    }
}

impl ServerLimits {
    /// How often deadlines are looked at: often enough for the shortest, never more than it takes.
    fn sweep_interval(&self, app: &HttpApp) -> Duration {
        let idle = app.router().idle_timeout_ms_min();
        let shortest = [
            idle,
            self.partial_timeout_ms,
            self.closing_timeout_ms,
            self.pause_timeout_ms,
        ];
        let shortest = shortest.into_iter().min().unwrap_or(4000);
        Duration::from_millis((shortest / 4).clamp(5, 1000))
    }
}
