//! The server as seen from the app, outside any channel: broadcasting and forced disconnects.

use std::sync::{Arc, Weak};

use super::metrics;
use super::reload::{Live, Reload};
use crate::broker::HubCounts;
use crate::channel::Published;
use crate::credentials::{Revocation, TooManyRevocations, unix_ms};
use crate::protocol::IntoPayload;
use crate::server::admission::refusal::RefusalCounts;
use crate::server::limits::meters::LimitMeters;
use crate::server::limits::values::ServerLimits;
use crate::server::node::Node;
use crate::server::node::closes::CloseCounts;
use crate::server::node::status::Status;
use crate::server::shard::deliver::DISCONNECT;
use crate::session::BroadcastFrames;

/// A handle to a server. It is cheap to clone, and may be used from any thread.
///
/// It works from [`bind`](super::builder::Server::bind) on. An app may keep it, even in its
/// channels and callbacks: it keeps no server running and no app alive. After the server's end it
/// still returns the counts, but has no other effect.
#[derive(Clone, Debug)]
pub struct Endpoint {
    node: Arc<Node>,
    /// Weak, because a router, which `Live` owns, may hold an endpoint.
    live: Weak<Live>,
}

impl Endpoint {
    pub(super) fn new(node: &Arc<Node>, live: &Arc<Live>) -> Endpoint {
        Endpoint {
            node: Arc::clone(node),
            live: Arc::downgrade(live),
        }
    }

    /// Broadcasts to every subscriber of `topic` on this node. Returns the broadcast's place in the
    /// topic's order. There is no place if nobody is subscribed; then nothing is encoded either.
    /// The caller may ignore the result.
    pub fn broadcast(&self, topic: &str, event: &str, payload: impl IntoPayload) -> Published {
        let payload = payload.into_payload();
        let mut frames = BroadcastFrames::new(topic, event, &payload);
        let published = self.node.hub.publish(topic, &mut frames);
        self.node.skipped.note(&frames, &self.node.admission);
        let position = published.map(|published| published.position);
        position.into()
    }

    /// Closes every connection whose `connect` named this socket id, with 1001. The clients
    /// reconnect and go through `connect` again, which may then refuse them. A socket id is no
    /// topic: nothing else reaches it, and a topic of the same name is another thing.
    pub fn disconnect(&self, socket_id: &str) {
        let payload = ().into_payload();
        let mut frames = BroadcastFrames::new(socket_id, DISCONNECT, &payload);
        self.node.hub.publish_to_socket_id(socket_id, &mut frames);
    }

    /// Takes a token, or the tokens of a subject, no longer. Returns at once: connections that came
    /// in by one of them are closed with 4403 within some two seconds, and no connect, join or
    /// refresh takes one from now on. Nothing of it outlives the process.
    ///
    /// # Errors
    /// If [`REVOCATIONS_MAX`](crate::credentials::REVOCATIONS_MAX) revocations are in force. Then
    /// nothing is revoked.
    pub fn revoke(&self, revocation: Revocation) -> Result<(), TooManyRevocations> {
        self.node.admission.revocations.add(revocation, unix_ms())
    }

    /// Replaces the revocations that came from a file by these. Those of
    /// [`revoke`](Endpoint::revoke) stay.
    ///
    /// # Errors
    /// If there are more than [`REVOCATIONS_MAX`](crate::credentials::REVOCATIONS_MAX) with those.
    /// Then the earlier ones of the file stay.
    pub fn set_revoked(&self, revocations: Vec<Revocation>) -> Result<(), TooManyRevocations> {
        self.node.admission.revocations.set_file(revocations)
    }

    /// Serves another router within other limits from now on, without disturbing connected clients.
    /// Before the server runs, the change holds from its start. Returns at once, and each shard
    /// follows with its next turn. New connections meet all of the change; connections in HTTP at
    /// that moment are still answered by the old router.
    ///
    /// A connection goes on under the mount that now has its path: the mount's idle timeout,
    /// message size and number of channels hold from then on. Each topic that a client has joined
    /// is then served by the channel of the route that now matches the topic. The new channel finds
    /// the values that the old channel has [assigned](crate::channel::Socket::assign), and the
    /// client is sent nothing. If no mount has the path, or no route matches the topic, the old
    /// mount or channel serves on until the connection or the channel ends.
    ///
    /// `connect` and [`Channel::join`](crate::channel::Channel::join) are not called again. The
    /// join also settled which events go through
    /// [`Channel::handle_out`](crate::channel::Channel::handle_out).
    ///
    /// Options of the bound listener stay as they were:
    /// [`ServerLimits::notsent_bytes_max`](crate::server::limits::values::ServerLimits).
    ///
    /// Changes and counts nothing once the server has ended, or once a
    /// [`Bound`](super::builder::Bound) was dropped that never ran.
    pub fn reload(&self, reload: Reload) {
        if let Some(live) = self.live.upgrade() {
            #[cfg(feature = "auth")]
            {
                let background = &self.node.background;
                background.set_limits(reload.server_limits());
                background.serve_all(reload.router());
            }
            live.reload(reload);
            self.node.status.reloaded();
        }
    }

    /// Counts a reload that was not made, because the new configuration is wrong:
    /// `lobbyd_reloads_total{result="failed"}`. Changes nothing.
    pub fn reload_failed(&self) {
        self.node.status.reload_failed();
    }

    /// Returns the number of topics with subscribers on this node.
    pub fn topics_len(&self) -> usize {
        self.node.hub.topics_len()
    }

    /// Returns the number of WebSockets that have ended so far, by reason.
    pub fn closes(&self) -> CloseCounts {
        self.node.closes.counts()
    }

    /// Returns the number of requests for a socket that were refused so far, by reason.
    pub fn refusals(&self) -> RefusalCounts {
        self.node.admission.refusals.counts()
    }

    /// Changes which connections and joins are admitted from now on, and how fast. The limits of
    /// connections, accepts, upgrades and joins in `limits` hold for new connections and joins.
    /// Which of these limits, and which limits of a request head, are only observed, changes too.
    /// WebSockets that are open stay open. The next [`reload`](Endpoint::reload) replaces all of
    /// this by its own limits.
    pub fn set_admission(&self, limits: &ServerLimits) {
        self.node.admission.set_limits(limits);
        #[cfg(feature = "auth")]
        self.node.background.set_limits(limits);
    }

    /// Returns how often each limit was reached, and how near it is.
    pub fn limit_meters(&self) -> &LimitMeters {
        &self.node.meters
    }

    /// Returns whether the server is admitting, and whether its shards turn.
    pub fn status(&self) -> &Status {
        &self.node.status
    }

    /// Returns all metrics in Prometheus's text format, as `/metrics` shows them, with members and
    /// messages of the `rooms_top` largest rooms by name. Costs the calling thread a look at every
    /// topic, some milliseconds with 100,000 topics. No shard waits longer than a 64th part of
    /// that.
    pub fn metrics(&self, rooms_top: usize) -> String {
        metrics::text(&self.node, rooms_top)
    }

    /// Returns the work of this node since it started: broadcasts, their encodings, and the writes
    /// for them. Costs the calling thread a few loads for each shard, and costs the shards nothing.
    pub fn counts(&self) -> HubCounts {
        self.node.hub.counts()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpStream};
    use std::sync::OnceLock;
    use std::time::Duration;

    use super::*;
    use crate::channel::{Connect, Router, UserSocket};
    use crate::server::builder::{Bound, Server};
    use crate::server::node::status::{Phase, ReloadCounts};

    fn bound(router: Router) -> Bound {
        let server = Server::new(router).shards(1);
        server.bind("127.0.0.1:0".parse().unwrap()).unwrap()
    }

    fn reload(router: Router) -> Reload {
        Reload::new(router)
    }

    /// Returns a router whose callback keeps `kept`.
    fn keeping<T: Send + Sync + 'static>(kept: T) -> Router {
        let socket = UserSocket::new().connect(move |_, _| {
            let _ = &kept;
            Connect::refuse()
        });
        Router::new().socket("/socket", socket)
    }

    /// Returns the status line of the answer to `GET /`.
    fn get(address: SocketAddr) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.lines().next().unwrap_or_default().to_owned()
    }

    #[test]
    fn reload_before_the_server_runs_is_what_it_begins_with() {
        let bound = bound(Router::new());
        let endpoint = bound.endpoint();
        endpoint.reload(reload(Router::new().static_files(false)));
        assert_eq!(endpoint.status().phase(), Phase::Starting);
        let server = bound.start();
        assert_eq!(get(server.local_addr()), "HTTP/1.1 404 Not Found");
        server.stop().unwrap();
    }

    #[test]
    fn reload_after_the_end_does_nothing_and_the_counts_are_still_shown() {
        let bound = bound(Router::new());
        let endpoint = bound.endpoint();
        let server = bound.start();
        endpoint.reload(reload(Router::new()));
        endpoint.reload_failed();
        server.stop().unwrap();
        let token = Arc::new(());
        endpoint.reload(reload(keeping(Arc::clone(&token))));
        assert_eq!(Arc::strong_count(&token), 1, "nobody keeps what was given");
        assert_eq!(endpoint.broadcast("room:1", "news", ()).position(), None);
        let counts = ReloadCounts { ok: 1, failed: 1 };
        assert_eq!(endpoint.node.status.reloads(), counts);
        let metrics = endpoint.metrics(0);
        assert!(metrics.contains("lobbyd_reloads_total{result=\"ok\"} 1\n"));
    }

    #[test]
    fn app_that_keeps_an_endpoint_goes_with_its_server() {
        for runs in [false, true] {
            let (token, cell) = (Arc::new(()), Arc::new(OnceLock::<Endpoint>::new()));
            let router = || keeping((Arc::clone(&token), Arc::clone(&cell)));
            let bound = bound(router());
            assert!(cell.set(bound.endpoint()).is_ok());
            bound.endpoint().reload(reload(router()));
            if runs {
                bound.start().stop().unwrap();
            } else {
                drop(bound);
            }
            assert_eq!(Arc::strong_count(&token), 1, "runs: {runs}");
        }
    }
}
