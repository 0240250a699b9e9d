//! The shard's side of a session: what it decides goes to the fan-out, in the order in which it decides.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::time::timeout;

use super::events::{Event, Events};
use super::join_queue::JoinQueue;
use super::link::ShardLink;
use crate::broker::{Fanout, SubscriptionId, Terms};
use crate::channel::{Address, Host, Job, JoinRefusal, Lost, Published, PushRefusal, Resume};
use crate::protocol::PayloadBuf;
use crate::server::admission::JoinTurn;
use crate::server::limits::limit::{Limit, LimitSet};
use crate::server::limits::values::ServerLimits;
use crate::session::BroadcastFrames;

/// One connection's [`Host`], made for one call into its session.
pub(crate) struct ShardHost<'a> {
    pub fanout: &'a mut Fanout,
    pub link: &'a Arc<ShardLink>,
    pub events: &'a Rc<Events>,
    pub held_joins: &'a mut JoinQueue,
    pub callback_timeout_ms: u64,
    /// The limits that only count.
    pub observe: LimitSet,
    /// The connection's place, and its never-reused name.
    pub key: u32,
    pub connection: u64,
    /// The connection is ending: nothing more goes to it.
    pub muted: bool,
    /// Nor does what it broadcasts to anybody.
    pub unheard: bool,
    /// What the broadcasts of this call left some shard with, at most.
    pub lag_bytes: usize,
}

impl<'a> ShardHost<'a> {
    /// The host of the connection that is called `connection` and stands at `key`.
    pub fn new(
        fanout: &'a mut Fanout,
        link: &'a Arc<ShardLink>,
        events: &'a Rc<Events>,
        held_joins: &'a mut JoinQueue,
        limits: &ServerLimits,
        (key, connection): (u32, u64),
    ) -> ShardHost<'a> {
        ShardHost {
            fanout,
            link,
            events,
            held_joins,
            callback_timeout_ms: limits.callback_timeout_ms,
            observe: limits.observe,
            key,
            connection,
            muted: false,
            unheard: false,
            lag_bytes: 0,
        }
    }
}

impl Host for ShardHost<'_> {
    fn new_id(&mut self) -> SubscriptionId {
        self.fanout.new_id()
    }

    fn subscribe(&mut self, id: SubscriptionId, topic: &str, terms: &Terms, first: Bytes) -> bool {
        let has_place = self.fanout.subscribe_on(self.key, id, topic, terms);
        if has_place {
            self.link.stats.joins_admitted.add(1);
            self.send(first, None);
        }
        has_place
    }

    fn join_refused(&mut self, refusal: JoinRefusal) {
        self.link.stats.joins_refused[refusal as usize].add(1);
    }

    fn push_refused(&mut self, refusal: PushRefusal) {
        self.link.stats.pushes_refused[refusal as usize].add(1);
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
    ) -> Published {
        if self.unheard {
            return None.into();
        }
        let mut frames = BroadcastFrames {
            topic,
            event,
            payload: &payload,
        };
        let published = self.fanout.publish(topic, from, &mut frames);
        let Some(published) = published else {
            return None.into();
        };
        self.lag_bytes = self.lag_bytes.max(published.lag_bytes);
        Some(published.position).into()
    }

    fn defer(&mut self, channel: SubscriptionId, job: Job) {
        let events = Rc::clone(self.events);
        let (connection, deadline) = (
            self.connection,
            Duration::from_millis(self.callback_timeout_ms),
        );
        let report = Report {
            events,
            connection,
            channel,
            result: Err(Lost::Panicked),
        };
        let (meters, observe) = (Arc::clone(&self.link.meters), self.observe);
        tokio::task::spawn_local(async move {
            let (mut job, began) = (job, Instant::now());
            let (limit, max) = (Limit::CallbackTime, deadline.as_micros() as u64);
            let result = match timeout(deadline, &mut job).await {
                Ok(result) => result,
                Err(_elapsed) if meters.exceeded(observe, limit) => Err(Lost::TimedOut),
                Err(_elapsed) => job.await,
            };
            meters.note(observe, limit, began.elapsed().as_micros() as u64, max);
            report.tell(result);
        });
    }

    fn may_join(&mut self, channel: SubscriptionId) -> bool {
        let (wait, in_time) = match self.link.admission.next_join() {
            JoinTurn::Now => return true,
            JoinTurn::Later(wait) => (wait, true),
            JoinTurn::TooLate(wait) => (wait, false),
        };
        self.held_joins
            .hold(self.connection, channel, wait, in_time);
        false
    }

    fn may_have_channels(&mut self, channels: usize, channels_max: usize) -> bool {
        let (limit, max) = (Limit::ChannelsPerConnection, channels_max as u64);
        let meters = &self.link.meters;
        !meters.judge(self.observe, limit, channels as u64, max)
    }

    fn address(&self) -> Address {
        let postbox = Arc::clone(self.link);
        Address {
            postbox,
            connection: self.connection,
        }
    }
}

/// Tells the shard how a job ended, whatever happens to its task: a channel must not wait for ever because something of
/// the app's panicked while it was dropped.
struct Report {
    events: Rc<Events>,
    connection: u64,
    channel: SubscriptionId,
    result: Result<Resume, Lost>,
}

impl Report {
    fn tell(mut self, result: Result<Resume, Lost>) {
        self.result = result;
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        self.events.push(Event::Resumed {
            connection: self.connection,
            channel: self.channel,
            result: std::mem::replace(&mut self.result, Err(Lost::Panicked)),
        });
    }
}
