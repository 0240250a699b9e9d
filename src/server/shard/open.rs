//! Commands and events of a shard: HTTP on new sockets, and WebSockets after their upgrade.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Shard;
use super::connection::Connection;
use super::events::{Event, Events};
use super::link::{Command, ShardLink};
use crate::channel::ConnectionName as Name;
use crate::credentials::unix_ms;
use crate::server::http::serve::{Outcome, Upgraded, serve};
use crate::server::limits::limit::Limit;
use crate::server::log::notice::summed;
use crate::server::node::turn_time::in_steps;
use crate::session::{Session, class_of};
use crate::websocket::CloseReason;

/// When the acceptor asks for room, one in 16 of the connections that wait for their HTTP request
/// is cut, rounded up. So a storm of connections that send nothing ends fast.
const CUT_OF: usize = 16;

/// A connection that was handed to the shard, until the shard has begun with it. Dropped then, or
/// if its task panics.
struct Newcomer(Arc<ShardLink>);

impl Drop for Newcomer {
    fn drop(&mut self) {
        self.0.begins();
    }
}

/// The end of a connection's time in HTTP, reported when this value is dropped. So the connection
/// gives its place back even if its task panics.
struct HttpPlace {
    events: Rc<Events>,
    outcome: Outcome,
}

impl HttpPlace {
    fn comes(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for HttpPlace {
    fn drop(&mut self) {
        let outcome = std::mem::replace(&mut self.outcome, Outcome::Ended);
        self.events.push(Event::HttpEnded(outcome));
    }
}

impl Shard {
    pub(crate) fn take_commands(&mut self) {
        let mut commands = Vec::new();
        self.services.link.inbox.take(&mut commands);
        for command in commands {
            match command {
                Command::Accept(stream, peer) => self.serve_http(stream, peer),
                Command::MakeRoom(grace) => self.make_room_for_newcomers(grace),
                Command::Mail(mail) => self.deliver(mail),
                Command::Reload(serving) => self.reload(&serving),
                Command::Drain => self.drain(),
                Command::CloseRest => self.close_rest(),
                Command::Cut => self.cut(),
            }
        }
    }

    /// Serves HTTP on a new connection, in a task of its own until the upgrade.
    fn serve_http(&mut self, stream: std::net::TcpStream, peer: std::net::SocketAddr) {
        let stream = match tokio::net::TcpStream::from_std(stream) {
            Ok(stream) => stream,
            Err(error) => {
                summed!(
                    self.services.link.admission.sums, SocketUnwatched, "",
                    %error, hint = "raise fs.epoll.max_user_watches, or give it memory: see error"
                );
                self.services.link.begins();
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
        self.note_in_flight();
        let newcomer = Newcomer(Arc::clone(&self.services.link));
        let end = HttpPlace {
            events,
            outcome: Outcome::Ended,
        };
        let time = Arc::clone(&self.services.link.stats.turn_time);
        tokio::task::spawn_local(in_steps(time, async move {
            let mut serving = pin!(serve(stream, peer, app, entry, stop));
            let mut newcomer = Some(newcomer);
            let outcome = poll_fn(|cx| {
                let polled = serving.as_mut().poll(cx);
                drop(newcomer.take());
                polled
            })
            .await;
            end.comes(outcome);
        }));
    }

    /// Notes how many connections are in HTTP. Counts if that is over the limit, which it only is
    /// where the limit is observed: the acceptor hands over no connection beyond it.
    fn note_in_flight(&self) {
        let admission = &self.services.link.admission;
        let (limit, observe) = (Limit::UpgradesInFlight, admission.observe());
        let (len, max) = (
            self.pending.len() as u64,
            admission.upgrades_in_flight_max(),
        );
        admission.meters.note(observe, limit, len, max);
        if len > max && observe.contains(limit) {
            admission.meters.exceeded(observe, limit);
        }
    }

    /// Cuts connections that have waited for `grace` or longer for their requests, because the
    /// server is full, or the shard in HTTP, and clients wait to be accepted.
    fn make_room_for_newcomers(&self, grace: Duration) {
        self.services
            .link
            .is_to_make_room
            .store(false, Ordering::Relaxed);
        let (len, admission) = (self.pending.len(), &self.services.link.admission);
        let is_full_of_http = len as u64 >= admission.upgrades_in_flight_max();
        // A cut connection counts in `http_connections` until its task has ended. While such a task
        // runs, its room is being made already, and no further connection is cut.
        if self.http_connections == len {
            let waiting = self.services.link.in_http.waiting.load(Ordering::Relaxed);
            for _ in 0..waiting.div_ceil(CUT_OF) {
                if self.pending.cut_overdue(grace) && is_full_of_http {
                    let (observe, limit) = (admission.observe(), Limit::UpgradesInFlight);
                    admission.meters.exceeded(observe, limit);
                }
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
        let session = Session::new(accepted.version, settings, accepted.assigns);
        let session = session
            .known(accepted.identity.credentials)
            .told(accepted.identity.is_told);
        let is_revoked = self.is_revoked(&session);
        self.connections.insert(Connection {
            counted,
            ..Connection::new((id, waker), stream, session, socket, now)
        });
        tracing::debug!(connection = %Name(id), shard = self.services.link.number, %client, %peer, "connected");
        if is_revoked {
            return self.close(key, CloseReason::TokenRevoked);
        }
        self.read_leftover(key, &leftover);
        self.connections.make_ready(key);
        if self.lifecycle.is_ending() {
            self.close(key, CloseReason::ServiceRestart);
        }
    }

    /// True if the client's credentials were revoked. Its token was checked in the handshake, and
    /// may have been revoked since.
    fn is_revoked(&self, session: &Session) -> bool {
        let revocations = &self.services.link.admission.revocations;
        let credentials = session.credentials();
        credentials.is_some_and(|known| revocations.revoke(known, unix_ms()))
    }
}
