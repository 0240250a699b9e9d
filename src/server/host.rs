//! The shard's side of a session: what it decides goes to the fan-out, in the order in which it decides.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;

use super::inbox::{Event, Events, ShardLink};
use super::listen::ServerLimits;
use super::publish::seal_broadcast;
use crate::broker::{Fanout, Position, SubscriptionId};
use crate::channel::{Address, Host, Job, Lost};
use crate::protocol::PayloadBuf;

/// One connection's [`Host`], made for one call into its session.
pub(super) struct ShardHost<'a> {
    pub fanout: &'a mut Fanout,
    pub link: &'a Arc<ShardLink>,
    pub events: &'a Rc<Events>,
    pub callback_timeout_ms: u64,
    /// The connection's place, and its never-reused name.
    pub key: u32,
    pub connection: u64,
    /// The connection is ending: nothing more goes to it.
    pub muted: bool,
    /// What the broadcasts of this call left some shard with, at most.
    pub lag_bytes: usize,
}

impl<'a> ShardHost<'a> {
    /// The host of the connection that is called `connection` and stands at `key`.
    pub fn new(
        fanout: &'a mut Fanout,
        link: &'a Arc<ShardLink>,
        events: &'a Rc<Events>,
        limits: &ServerLimits,
        (key, connection): (u32, u64),
    ) -> ShardHost<'a> {
        ShardHost {
            fanout,
            link,
            events,
            callback_timeout_ms: limits.callback_timeout_ms,
            key,
            connection,
            muted: false,
            lag_bytes: 0,
        }
    }
}

impl Host for ShardHost<'_> {
    fn new_id(&mut self) -> SubscriptionId {
        self.fanout.new_id()
    }

    fn subscribe(&mut self, id: SubscriptionId, topic: &str, intercept: &'static [&'static str]) {
        self.fanout.subscribe(self.key, id, topic, intercept);
    }

    fn listen(&mut self, id: SubscriptionId, topic: &str) {
        self.fanout.listen(self.key, id, topic);
    }

    fn unsubscribe(&mut self, id: SubscriptionId) {
        self.fanout.unsubscribe(self.key, id);
    }

    fn send(&mut self, frame: Bytes, behind: Option<SubscriptionId>) {
        if !self.muted {
            self.fanout.send(self.key, frame, behind);
        }
    }

    fn broadcast(
        &mut self,
        topic: &str,
        event: &str,
        payload: PayloadBuf,
        from: Option<SubscriptionId>,
    ) -> Position {
        let published = self.fanout.publish(topic, from, &mut |draft, wants| {
            seal_broadcast(draft, wants, topic, event, &payload);
        });
        let Some(published) = published else {
            return Position::NOWHERE;
        };
        self.lag_bytes = self.lag_bytes.max(published.lag_bytes);
        published.position
    }

    fn defer(&mut self, channel: SubscriptionId, job: Job) {
        let events = Rc::clone(self.events);
        let (connection, deadline) = (
            self.connection,
            Duration::from_millis(self.callback_timeout_ms),
        );
        tokio::task::spawn_local(async move {
            let result = timeout(deadline, job).await.unwrap_or(Err(Lost::TimedOut));
            events.push(Event::Resumed {
                connection,
                channel,
                result,
            });
        });
    }

    fn address(&self) -> Address {
        let postbox = Arc::clone(self.link);
        Address {
            postbox,
            connection: self.connection,
        }
    }
}
