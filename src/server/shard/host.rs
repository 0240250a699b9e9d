//! The shard's side of a session: hands the session's decisions to the fan-out, in order.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::events::{Event, Events};
use super::services::Services;
use crate::broker::{SubscriptionId, Terms, Topic};
use crate::channel::ConnectionName as Name;
use crate::channel::{
    Address, Crashed, Host, Job, JoinRefusal, Lost, Published, PushRefusal, Resume, TokenEvent,
    TopicRates,
};
use crate::credentials::{Credentials, unix_ms};
use crate::protocol::{PayloadBuf, Ref};
use crate::server::limits::fair_queue::Party;
use crate::server::limits::limit::Limit;
use crate::server::limits::step_timer::within;
use crate::server::log::notice::{shown, summed};
use crate::server::node::turn_time::in_steps;
use crate::session::BroadcastFrames;
use bytes::Bytes;

/// One connection's [`Host`], made for one call into its session.
pub(crate) struct ShardHost<'a> {
    pub services: &'a mut Services,
    /// Place of the connection in the shard's slab.
    key: u32,
    /// Name of the connection, never reused.
    pub connection: u64,
    /// Whom the connection's joins and lines are charged to.
    party: Party,
    pub recipients: Recipients,
    /// Largest lag of any shard, in bytes, after a broadcast of this call.
    pub lag_bytes: usize,
    /// The last topic of a broadcast of this call that has more of that lag than it may.
    pub lagging: Option<Arc<Topic>>,
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
    /// Returns the host of the connection with the name `connection`, which is charged to `party`.
    /// The low 32 bits of the name are the connection's place.
    pub fn new(services: &'a mut Services, connection: u64, party: Party) -> ShardHost<'a> {
        ShardHost {
            services,
            key: connection as u32,
            connection,
            party,
            recipients: Recipients::All,
            lag_bytes: 0,
            lagging: None,
        }
    }

    /// Notes that a shard with members of `topic` lags, after a broadcast to `topic`.
    #[cold]
    fn note_lag(&mut self, topic: Arc<Topic>) {
        if self.services.lags(&topic) {
            self.lagging = Some(topic);
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

    fn join_refused(&mut self, topic: &str, refusal: JoinRefusal) {
        let link = &self.services.link;
        link.stats.joins_refused[refusal as usize].add(1);
        summed!(
            link.admission.sums, JoinRefused, refusal.name(),
            connection = %Name(self.connection), shard = link.number, topic = shown(topic),
            refusal = refusal.name(), hint = refusal.hint()
        );
        if refusal.took_a_place() {
            link.admission.give_back_join();
            self.services.charge_refused_join(self.connection);
        }
    }

    fn push_refused(&mut self, topic: Option<&str>, event: Option<&str>, refusal: PushRefusal) {
        let link = &self.services.link;
        link.stats.pushes_refused[refusal as usize].add(1);
        summed!(
            link.admission.sums, PushRefused, refusal.name(),
            connection = %Name(self.connection), shard = link.number,
            topic = topic.map(shown), event = event.map(shown),
            refusal = refusal.name(), hint = refusal.hint()
        );
    }

    fn is_revoked(&self, credentials: &Credentials) -> bool {
        let revocations = &self.services.link.admission.revocations;
        revocations.revoke(credentials, unix_ms())
    }

    fn count_token(&mut self, event: TokenEvent) {
        self.services.link.stats.tokens[event as usize].add(1);
    }

    fn stale_dropped(&mut self, topic: &str, of_channel: &Ref, of_message: &Ref) {
        let link = &self.services.link;
        link.stats.stale.add(1);
        summed!(
            link.admission.sums, StaleMessage, "join_ref",
            connection = %Name(self.connection), shard = link.number, topic = shown(topic),
            join_ref = shown(&of_message.to_json()), of_channel = shown(&of_channel.to_json()),
            hint = "have the client send the join_ref of its last join of the topic, or null"
        );
    }

    fn crashed(&mut self, what: Crashed, topic: &str, crash: &str) {
        let (name, link) = (Name(self.connection), &self.services.link);
        let (shard, sums) = (link.number, &link.admission.sums);
        let (topic, crash) = (shown(topic), shown(crash));
        match what {
            Crashed::Join => {
                summed!(sums, JoinCrashed, "crash", connection = %name, shard, topic, crash);
            }
            Crashed::Channel => {
                summed!(sums, ChannelCrashed, "crash", connection = %name, shard, topic, crash);
            }
            Crashed::Terminate => {
                summed!(sums, TerminateCrashed, "crash", connection = %name, shard, topic, crash);
            }
        }
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
        let mut frames = BroadcastFrames::new(topic, event, &payload);
        let fanout = &self.services.fanout;
        let Some(topic) = fanout.topic(topic) else {
            return None.into();
        };
        let shards = self.services.link.hub.shards();
        let published = topic.publish(shards, fanout.now_us(), from, &mut frames);
        self.lag_bytes = self.lag_bytes.max(published.lag_bytes);
        let link = &self.services.link;
        link.skipped.note(&frames, &link.admission);
        if published.lag_bytes > self.services.lag_bytes_without_wait {
            self.note_lag(topic);
        }
        Some(published.position).into()
    }

    fn charge_topic(
        &mut self,
        topic: &str,
        rates: &TopicRates,
        bytes: usize,
    ) -> Result<(), PushRefusal> {
        self.services.charge_topic(topic, rates, bytes)
    }

    fn sent_since(&self) -> Instant {
        let now = Instant::now();
        let earning = Duration::from_nanos(self.services.earning_ns);
        now.checked_sub(earning).unwrap_or(now)
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
        let link = Arc::clone(&self.services.link);
        let time = Arc::clone(&link.stats.turn_time);
        tokio::task::spawn_local(in_steps(time, async move {
            let (mut job, began) = (job, Instant::now());
            let (limit, max) = (Limit::CallbackTime, deadline.as_micros() as u64);
            let result = match within(deadline, &mut job).await {
                Some(result) => result,
                None if meters.exceeded(observe, limit) => Err(Lost::TimedOut),
                None => job.await,
            };
            meters.note(observe, limit, began.elapsed().as_micros() as u64, max);
            if matches!(result, Err(Lost::Panicked)) {
                let (name, shard) = (Name(connection), link.number);
                summed!(link.admission.sums, JobPanicked, "panic", connection = %name, shard);
            }
            report.tell(result);
        }));
    }

    fn may_join(&mut self, channel: SubscriptionId) -> bool {
        self.services.may_join(self.connection, self.party, channel)
    }

    fn may_wait_in_line(&mut self, before: usize, now: usize) -> bool {
        self.services.may_wait_in_line(self.party, before, now)
    }

    fn waits_in_line(&mut self, before: usize, now: usize) {
        self.services.waiting.note(self.party, before, now);
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
