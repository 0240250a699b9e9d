//! The server as seen from the app, outside any channel: broadcasting and forced disconnects.

use std::sync::Arc;

use super::admission::Admission;
use super::metrics;
use super::reload::Live;
use super::reload::Reload;
use crate::broker::{Hub, HubCounts};
use crate::channel::Published;
use crate::protocol::IntoPayload;
use crate::server::admission::refusal::RefusalCounts;
use crate::server::limits::limit::LimitSet;
use crate::server::limits::meters::LimitMeters;
use crate::server::limits::values::AdmissionLimits;
use crate::server::node::closes::CloseCounts;
use crate::server::node::closes::Closes;
use crate::server::node::shard_stats::ShardStats;
use crate::server::node::status::Status;
use crate::session::encode_broadcast;

/// A handle to a running server. Cheap to clone, may be used from any thread.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub(super) hub: Arc<Hub>,
    pub(super) closes: Arc<Closes>,
    pub(super) meters: Arc<LimitMeters>,
    pub(super) admission: Arc<Admission>,
    pub(super) status: Arc<Status>,
    pub(super) stats: Arc<[Arc<ShardStats>]>,
    pub(super) live: Arc<Live>,
}

impl Endpoint {
    /// Broadcasts to every subscriber of `topic` on this node. What it returns knows its place in
    /// the topic's order, and that there is none if nobody is subscribed; nothing is encoded then.
    /// Nobody need look at it.
    pub fn broadcast(&self, topic: &str, event: &str, payload: impl IntoPayload) -> Published {
        let payload = payload.into_payload();
        let published = self.hub.publish(topic, &mut |draft, wants| {
            encode_broadcast(draft, wants, topic, event, &payload);
        });
        let position = published.map(|published| published.position);
        position.into()
    }

    /// Closes every connection whose `connect` named this socket id, with 1001: the clients reconnect and go through
    /// `connect` again, which may then refuse them. The same as broadcasting the event `disconnect` to that id.
    pub fn disconnect(&self, socket_id: &str) {
        self.broadcast(socket_id, DISCONNECT, ());
    }

    /// Serves another router within other limits from now on, without disturbing who is connected; before the server runs,
    /// from its start. It returns at once, and each shard follows with its next turn. New connections meet all of it; those
    /// that are in HTTP at that moment are answered by the old router still.
    ///
    /// Connections go on under the mount that has the path of theirs now: its idle timeout, message size and number of
    /// channels hold for them, and each topic that a client has joined is from then on served by the channel of the route
    /// that matches it now. What the old one has [assigned](crate::channel::Socket::assign) is there for the new one, and the
    /// client is not told. Where no mount has that path, or no route matches the topic, the old one serves on until the
    /// connection or the channel ends. `connect` and [`Channel::join`](crate::channel::Channel::join) are not called again, and
    /// which events go through [`Channel::handle_out`](crate::channel::Channel::handle_out) was settled with the join.
    ///
    /// What the listener was bound with stays as it was: [`ServerLimits::notsent_bytes_max`](crate::server::limits::values::ServerLimits).
    pub fn reload(&self, reload: Reload) {
        self.live.reload(reload);
    }

    /// Counts a reload that did not come about, as the new configuration is wrong: `lobbyd_reloads_total{result="failed"}`.
    /// Nothing changes.
    pub fn reload_failed(&self) {
        self.live.reload_failed();
    }

    /// How many topics have subscribers on this node.
    pub fn topics_len(&self) -> usize {
        self.hub.topics_len()
    }

    /// How many WebSockets have ended so far, and why.
    pub fn closes(&self) -> CloseCounts {
        self.closes.counts()
    }

    /// How many requests for a socket were refused so far, and why.
    pub fn refusals(&self) -> RefusalCounts {
        self.admission.refusals.counts()
    }

    /// Changes who may come, and how fast, for those that come from now on; what of that only counts is in `observe`.
    /// Nobody who is connected notices.
    pub fn set_admission(&self, admission: AdmissionLimits, observe: LimitSet) {
        self.admission.set_limits(admission, observe);
    }

    /// How often each limit was reached, and how near it is.
    pub fn limit_meters(&self) -> &LimitMeters {
        &self.meters
    }

    /// Whether it is admitting, and whether its shards turn.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// All that is counted, in Prometheus's text format, as `/metrics` shows it: with members and messages of the
    /// `rooms_top` largest rooms by name. Costs a look at every topic, some milliseconds with 100,000 of them, for the
    /// thread that calls; no shard waits for longer than a 64th part of that.
    pub fn metrics(&self, rooms_top: usize) -> String {
        metrics::text(self, rooms_top)
    }

    /// Begins a new window of time for all peaks that are shown.
    pub(super) fn next_window(&self) {
        self.meters.next_window();
        for shard in self.stats.iter() {
            shard.longest_turn.next_window();
        }
    }

    /// What this node has done since it started: broadcasts and their encodings, and what was written for them. Costs a
    /// few loads for each shard, and none of the shards notices.
    pub fn counts(&self) -> HubCounts {
        self.hub.counts()
    }
}

/// The one event on a socket id that means something (protocol.md §5).
pub(super) const DISCONNECT: &str = "disconnect";
