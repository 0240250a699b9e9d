//! Commands and events of a shard: HTTP on new sockets, and WebSockets after their upgrade.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Shard;
use super::connection::{Connection, Deadline, Stage};
use super::events::Event;
use super::link::Command;
use super::pace::Pace;
use crate::channel::ConnectionName as Name;
use crate::server::http::serve::{Outcome, Upgraded, serve};
use crate::server::limits::limit::Limit;
use crate::server::log::notice::summed;
use crate::session::{Session, class_of};
use crate::websocket::{CloseReason, FrameReader};

/// Least time that a connection has to send its request while the server is full and other clients
/// wait to be accepted. A client from the backlog has sent its request already. The request of any
/// other client is in its next packet.
const ROOM_GRACE: Duration = Duration::from_millis(100);

/// When the acceptor asks for room, one in 16 of the connections that wait for their HTTP request
/// is cut, rounded up. A connection whose address is within its limit is spared if it has waited
/// for less than [`ROOM_GRACE`]. So a storm of connections that send nothing ends fast.
const CUT_OF: usize = 16;

impl Shard {
    pub(crate) fn take_commands(&mut self) {
        let mut commands = Vec::new();
        self.services.link.inbox.take(&mut commands);
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

    /// Serves HTTP on a new connection, in a task of its own until the upgrade.
    fn serve_http(&mut self, stream: std::net::TcpStream, peer: std::net::SocketAddr) {
        let stream = match tokio::net::TcpStream::from_std(stream) {
            Ok(stream) => stream,
            Err(error) => {
                summed!(self.services.link.admission.sums, SocketUnwatched, "", %error);
                return self.services.link.connection_gone();
            }
        };
        let (app, events) = (
            Arc::clone(&self.services.app),
            Rc::clone(&self.services.events),
        );
        let stop = self.lifecycle.stop();
        self.http_connections += 1;
        let entry = self.pending.enter();
        self.make_room_in_flight();
        tokio::task::spawn_local(async move {
            let outcome = serve(stream, peer, app, entry, stop).await;
            events.push(Event::HttpEnded(outcome));
        });
    }

    /// Cuts the connection that has waited longest for a request if too many connections are in
    /// HTTP.
    fn make_room_in_flight(&self) {
        let admission = &self.services.link.admission;
        let observe = admission.observe();
        let (limit, max) = (Limit::UpgradesInFlight, admission.upgrades_in_flight_max());
        let len = self.pending.len() as u64;
        if admission.meters.judge(observe, limit, len, max) {
            self.pending.cut_longest();
        }
    }

    /// Cuts connections that have waited too long for their requests, because the server is full
    /// and clients wait to be accepted.
    fn make_room_for_newcomers(&self) {
        self.services
            .link
            .is_to_make_room
            .store(false, Ordering::Relaxed);
        let len = self.pending.len();
        // A cut connection counts in `http_connections` until its task has ended. While such a task
        // runs, its room is being made already, and no further connection is cut.
        if self.http_connections == len {
            let waiting = self.services.link.in_http.waiting.load(Ordering::Relaxed);
            for _ in 0..waiting.div_ceil(CUT_OF) {
                self.pending.cut_overdue(ROOM_GRACE);
            }
        }
    }

    pub(crate) fn take_events(&mut self) {
        for event in self.services.events.take() {
            match event {
                Event::HttpEnded(outcome) => {
                    self.http_connections -= 1;
                    match outcome {
                        Outcome::Upgraded(upgraded) => self.open(*upgraded),
                        Outcome::Ended => self.services.link.connection_gone(),
                    }
                }
                Event::Resumed {
                    connection,
                    channel,
                    result,
                } => {
                    let key = self.connections.place_of(connection);
                    if let Some((session, mut host)) = key.and_then(|k| self.session_and_host(k)) {
                        session.resume(channel, result, &mut host);
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
        // A reload may have replaced the mount since the handshake.
        let socket = self.services.app.router().successor_of(&accepted.socket);
        let socket = Arc::clone(socket.unwrap_or(&accepted.socket));
        let (key, id, waker) = self.connections.next();
        let settings = Arc::clone(&socket.session);
        self.services.fanout.open(key, class_of(accepted.version));
        if let Some(socket_id) = &accepted.socket_id {
            let subscription = self.services.fanout.new_id();
            self.services
                .fanout
                .listen_as_socket_id(key, subscription, socket_id);
        }
        let now = self.timers.clock.now();
        self.connections.insert(Connection {
            id,
            stream,
            waker,
            reader: FrameReader::new(),
            session: Session::new(accepted.version, settings, accepted.assigns),
            socket,
            stage: Stage::Open,
            is_queued: false,
            write_blocked: false,
            idle: Deadline::begin(now),
            partial: Deadline::begin(now),
            partial_throttled_ms: 0,
            pace: Pace::default(),
            counted,
        });
        tracing::debug!(connection = %Name(id), shard = self.services.link.number, %client, %peer, "connected");
        self.read_leftover(key, &leftover);
        self.connections.make_ready(key);
        if self.lifecycle.is_ending() {
            self.close(key, CloseReason::ServiceRestart);
        }
    }
}
