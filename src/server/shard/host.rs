//! The shard's side of a session: hands the session's decisions to the fan-out, in order.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::events::{Event, Events};
use super::join_queue::HeldJoin;
use super::services::Services;
use crate::broker::{SubscriptionId, Terms};
use crate::channel::{Address, Host, Job, JoinRefusal, Lost, Published, PushRefusal, Resume};
use crate::protocol::PayloadBuf;
use crate::server::admission::join_rate::JoinTime;
use crate::server::limits::limit::Limit;
use crate::server::limits::step_timer::within;
use crate::session::BroadcastFrames;
use bytes::Bytes;

/// One connection's [`Host`], made for one call into its session.
pub(crate) struct ShardHost<'a> {
    pub services: &'a mut Services,
    /// Place of the connection in the shard's slab.
    key: u32,
    /// Name of the connection, never reused.
    pub connection: u64,
    pub recipients: Recipients,
    /// Largest lag of any shard, in bytes, after a broadcast of this call.
    pub lag_bytes: usize,
}

/// The clients that receive the frames of a session.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recipients {
    All,
    /// All clients but the session's own, because its connection is ending. Its broadcasts still go
    /// out.
    Others,
    /// No client, because all connections are ending. Broadcasts are dropped too.
    Nobody,
}

impl<'a> ShardHost<'a> {
    /// Returns the host of the connection with the name `connection`. The low 32 bits of the name
    /// are the connection's place.
    pub fn new(services: &'a mut Services, connection: u64) -> ShardHost<'a> {
        ShardHost {
            services,
            key: connection as u32,
            connection,
            recipients: Recipients::All,
            lag_bytes: 0,
        }
    }
}

impl Host for ShardHost<'_> {
    fn new_id(&mut self) -> SubscriptionId {
        self.services.fanout.new_id()
    }

    fn subscribe(&mut self, id: SubscriptionId, topic: &str, terms: &Terms, first: Bytes) -> bool {
        let first = (self.recipients == Recipients::All).then_some(first);
        let fanout = &mut self.services.fanout;
        let has_place = fanout.subscribe_on(self.key, id, topic, terms, first);
        if has_place {
            self.services.link.stats.joins_admitted.add(1);
        }
        has_place
    }

    fn join_refused(&mut self, refusal: JoinRefusal) {
        self.services.link.stats.joins_refused[refusal as usize].add(1);
    }

    fn push_refused(&mut self, refusal: PushRefusal) {
        self.services.link.stats.pushes_refused[refusal as usize].add(1);
    }

    fn listen(&mut self, id: SubscriptionId, topic: &str) {
        self.services.fanout.listen(self.key, id, topic);
    }

    fn unsubscribe(&mut self, id: SubscriptionId) {
        self.services.fanout.unsubscribe(self.key, id);
    }

    fn send(&mut self, frame: Bytes, behind: Option<SubscriptionId>) {
        if self.recipients == Recipients::All {
            self.services.fanout.send(self.key, frame, behind);
        }
    }

    fn broadcast(
        &mut self,
        topic: &str,
        event: &str,
        payload: PayloadBuf,
        from: Option<SubscriptionId>,
    ) -> Published {
        if self.recipients == Recipients::Nobody {
            return None.into();
        }
        let mut frames = BroadcastFrames {
            topic,
            event,
            payload: &payload,
        };
        let fanout = &self.services.fanout;
        let Some(topic) = fanout.topic(topic) else {
            return None.into();
        };
        let shards = self.services.link.hub.shards();
        let published = topic.publish(shards, fanout.now_us(), from, &mut frames);
        self.lag_bytes = self.lag_bytes.max(published.lag_bytes);
        Some(published.position).into()
    }

    fn defer(&mut self, channel: SubscriptionId, job: Job) {
        let events = Rc::clone(&self.services.events);
        let (connection, deadline) = (
            self.connection,
            Duration::from_millis(self.services.limits.max(Limit::CallbackTime)),
        );
        let report = Report {
            events,
            connection,
            channel,
            result: Err(Lost::Panicked),
        };
        let (meters, observe) = (
            Arc::clone(&self.services.link.meters),
            self.services.limits.observe,
        );
        tokio::task::spawn_local(async move {
            let (mut job, began) = (job, Instant::now());
            let (limit, max) = (Limit::CallbackTime, deadline.as_micros() as u64);
            let result = match within(deadline, &mut job).await {
                Some(result) => result,
                None if meters.exceeded(observe, limit) => Err(Lost::TimedOut),
                None => job.await,
            };
            meters.note(observe, limit, began.elapsed().as_micros() as u64, max);
            report.tell(result);
        });
    }

    fn may_join(&mut self, channel: SubscriptionId) -> bool {
        let (wait, in_time) = match self.services.link.admission.next_join() {
            JoinTime::Now => return true,
            JoinTime::Later(wait) => (wait, true),
            JoinTime::TooLate(wait) => (wait, false),
        };
        let held = HeldJoin::new(self.connection, channel, wait, in_time);
        self.services.joins.hold(held);
        false
    }

    fn may_have_channels(&mut self, channels: usize, channels_max: usize) -> bool {
        let (limit, max) = (Limit::ChannelsPerConnection, channels_max as u64);
        !self.services.judge(limit, channels as u64, max)
    }

    fn address(&self) -> Address {
        let postbox = Arc::clone(&self.services.link);
        Address {
            postbox,
            connection: self.connection,
        }
    }
}

/// A report to the shard of how a job ended, made when this value is dropped. So the report is made
/// even if dropping one of the app's values panics. Without a report the channel would wait for
/// ever.
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
