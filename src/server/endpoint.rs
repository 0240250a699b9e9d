//! The server as seen from the app, outside any channel: broadcasting and forced disconnects.

use std::sync::Arc;

use super::closes::Closes;
use super::door::Door;
use super::publish::seal_broadcast;
use super::{Admission, CloseCounts, LimitMeters, LimitSet, RefusalCounts, Status};
use crate::broker::{Hub, HubCounts, Position};
use crate::protocol::IntoPayload;

/// A handle to a running server. Cheap to clone, may be used from any thread.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub(super) hub: Arc<Hub>,
    pub(super) closes: Arc<Closes>,
    pub(super) meters: Arc<LimitMeters>,
    pub(super) door: Arc<Door>,
    pub(super) status: Arc<Status>,
}

impl Endpoint {
    /// Broadcasts to every subscriber of `topic` on this node. Returns its place in the topic's order, which is
    /// [`Position::NOWHERE`] if nobody is subscribed; nothing is encoded then.
    pub fn broadcast(&self, topic: &str, event: &str, payload: impl IntoPayload) -> Position {
        let payload = payload.into_payload();
        let published = self.hub.publish(topic, &mut |draft, wants| {
            seal_broadcast(draft, wants, topic, event, &payload);
        });
        published.map_or(Position::NOWHERE, |published| published.position)
    }

    /// Closes every connection whose `connect` named this socket id, with 1001: the clients reconnect and go through
    /// `connect` again, which may then refuse them. The same as broadcasting the event `disconnect` to that id.
    pub fn disconnect(&self, socket_id: &str) {
        self.broadcast(socket_id, DISCONNECT, ());
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
        self.door.refusals.counts()
    }

    /// Changes who may come, and how fast, for those that come from now on; what of that only counts is in `observe`.
    /// Nobody who is connected notices.
    pub fn set_admission(&self, admission: Admission, observe: LimitSet) {
        self.door.set_limits(admission, observe);
    }

    /// How often each limit was reached, and how near it is.
    pub fn limit_meters(&self) -> &LimitMeters {
        &self.meters
    }

    /// Whether it is admitting, and whether its shards turn.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// What this node has done since it started: broadcasts and their encodings, and what was written for them. Costs a
    /// few loads for each shard, and none of the shards notices.
    pub fn counts(&self) -> HubCounts {
        self.hub.counts()
    }
}

/// The one event on a socket id that means something (protocol.md §5).
pub(super) const DISCONNECT: &str = "disconnect";
