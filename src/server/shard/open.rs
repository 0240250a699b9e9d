//! Arriving: what other threads and the shard's own tasks have for it, and how a connection becomes one of its own.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Waker;
use std::time::Duration;

use super::Shard;
use super::connection::{Connection, ConnectionWaker, Overdue, Stage};
use super::events::Event;
use super::link::Command;
use super::pace::Pace;
use crate::channel::ConnectionName as Name;
use crate::server::http::serve::{Outcome, Upgraded, serve};
use crate::server::limits::limit::Limit;
use crate::session::Session;
use crate::session::class_of;
use crate::websocket::{CloseReason, FrameReader};

/// How long a connection has for its request at least when others wait for its place: who waited in the backlog has sent
/// it already, and who did not is a packet away.
const ROOM_GRACE: Duration = Duration::from_millis(100);

/// Of so many connections that wait for their request one is cut at a time, so that a storm of silent ones is got over fast.
const CUT_OF: usize = 16;

impl Shard {
    pub(crate) fn take_commands(&mut self) {
        let mut commands = Vec::new();
        self.link.inbox.take(&mut commands);
        for command in commands {
            match command {
                Command::Accept(stream, peer) => self.serve_http(stream, peer),
                Command::MakeRoom => self.make_room_for_newcomers(),
                Command::Mail(mail) => self.deliver(mail),
                Command::Reload(serving) => self.reload(&serving),
                Command::Drain => self.drain(),
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
        let mut stops = self.stops.subscribe();
        self.http_connections += 1;
        let entry = self.pending.enter();
        self.make_room_in_flight();
        tokio::task::spawn_local(async move {
            let stop = async move {
                let _ = stops.wait_for(|stops| *stops).await;
            };
            let outcome = serve(stream, peer, app, entry, stop).await;
            events.push(Event::HttpEnded(outcome));
        });
    }

    /// Cuts who waits longest for a request while too many are in HTTP.
    fn make_room_in_flight(&self) {
        let admission = &self.link.admission;
        let (_, observe) = admission.limits();
        let (limit, max) = (Limit::UpgradesInFlight, admission.upgrades_in_flight_max());
        let len = self.pending.len() as u64;
        if admission.meters.judge(observe, limit, len, max) {
            self.pending.cut_longest();
        }
    }

    /// The server is full, and somebody waits to be accepted.
    fn make_room_for_newcomers(&self) {
        self.link.is_to_make_room.store(false, Ordering::Relaxed);
        let len = self.pending.len();
        // Those that were cut are not gone before their tasks have ended: each of them is room already.
        if self.http_connections == len {
            let waiting = self.link.in_http.waiting.load(Ordering::Relaxed);
            for _ in 0..waiting.div_ceil(CUT_OF) {
                self.pending.cut_overdue(ROOM_GRACE);
            }
        }
    }

    pub(crate) fn take_events(&mut self) {
        for event in self.events.take() {
            match event {
                Event::HttpEnded(outcome) => {
                    self.http_connections -= 1;
                    match outcome {
                        Outcome::Upgraded(upgraded) => self.open(*upgraded),
                        Outcome::Ended => self.link.connection_gone(),
                    }
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
            peer,
            client,
            counted,
            leftover,
            accepted,
        } = upgraded;
        // Its mount may have been reloaded while it was let in.
        let socket = self.app.router().successor_of(&accepted.socket);
        let socket = Arc::clone(socket.unwrap_or(&accepted.socket));
        let key = self.connections.vacant_key() as u32;
        let ready = Arc::clone(&self.woken);
        self.next_connection += 1;
        // The place is in the name, so that mail finds it without a map.
        let id = self.next_connection << 32 | u64::from(key);
        let settings = Arc::clone(&socket.session);
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
            socket,
            state: Stage::Open,
            heard: self.clock.now(),
            partial_since: self.clock.now(),
            overdue: Overdue::default(),
            partial_throttled_ms: 0,
            write_blocked: false,
            // The one before it in this place may have left its entry.
            ready: self.ready.contains(&key) || self.awake.contains(&key),
            held: false,
            pace: Pace::default(),
            counted,
        });
        tracing::debug!(connection = %Name(id), shard = self.link.number, %client, %peer, "connected");
        self.read_leftover(key, &leftover);
        self.make_ready(key);
        if self.draining.is_some() {
            self.close(key, CloseReason::ServiceRestart);
        }
    }
}
