//! The interface between a session and its shard: a session decides, its host carries out.

use std::time::Instant;

use bytes::Bytes;

use strum::{EnumCount, IntoStaticStr, VariantArray};

use super::mail::Address;
use super::outcome::Job;
use super::published::Published;
use super::refusal::{JoinRefusal, PushRefusal};
use super::topic_rate::TopicRates;
use crate::broker::{SubscriptionId, Terms};
use crate::credentials::Credentials;
use crate::protocol::{PayloadBuf, Ref};

/// The app's code that crashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crashed {
    /// A join callback.
    Join,
    /// Any other callback of a channel.
    Channel,
    /// The callback at a channel's end.
    Terminate,
}

/// What happened to a client's token, for the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumCount, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
pub enum TokenEvent {
    /// The client was warned that its token ends soon.
    Warned,
    /// A room was ended, because the token is over.
    RoomEnded,
    /// The connection was closed, because the token is over.
    Closed,
    /// A newer token took the place of the one before.
    Refreshed,
    /// A newer token was not taken.
    RefreshRefused,
}

/// The calls of a session to the shard that owns its connection. Every call returns at once.
pub trait Host {
    /// Returns a new id for a channel of this connection, which is also the id of its subscription.
    fn new_id(&mut self) -> SubscriptionId;

    /// Sends `first` and subscribes this connection to `topic`. Each entry published from now on is
    /// delivered once, in the topic's order, behind `first` and behind all frames sent to this
    /// connection before. Events to intercept come to `Session::intercepted` instead of the wire.
    /// False if the topic has as many members as `terms` allow; then nothing is sent or subscribed.
    #[must_use]
    fn subscribe(&mut self, id: SubscriptionId, topic: &str, terms: &Terms, first: Bytes) -> bool;

    /// Counts and logs a join that was answered with an error, whoever refused it. By default does
    /// nothing.
    fn join_refused(&mut self, _topic: &str, _refusal: JoinRefusal) {}

    /// Counts and logs a push that was not taken, with its topic and its event where they are
    /// strings. By default does nothing.
    fn push_refused(&mut self, _topic: Option<&str>, _event: Option<&str>, _refusal: PushRefusal) {}

    /// Counts and logs a message that is dropped, because its `join_ref` is not that of the channel
    /// which serves its topic. By default does nothing.
    fn stale_dropped(&mut self, _topic: &str, _of_channel: &Ref, _of_message: &Ref) {}

    /// Logs the panic of an app's code, or the rule that the code broke. By default does nothing.
    fn crashed(&mut self, _what: Crashed, _topic: &str, _crash: &str) {}

    /// Subscribes the channel `id`, not the wire, to another topic: broadcasts there come to
    /// `Session::heard`.
    fn listen(&mut self, id: SubscriptionId, topic: &str);

    /// Ends the subscriptions that `subscribe` and `listen` began; does nothing if there are none.
    /// Entries published until now are still delivered, in front of the next frame that is sent.
    fn unsubscribe(&mut self, id: SubscriptionId);

    /// Sends one sealed frame to this connection, behind all entries that the subscription `behind`
    /// was to get until now.
    fn send(&mut self, frame: Bytes, behind: Option<SubscriptionId>);

    /// Publishes an event to every subscriber of `topic` but `from`.
    fn broadcast(
        &mut self,
        topic: &str,
        event: &str,
        payload: PayloadBuf,
        from: Option<SubscriptionId>,
    ) -> Published;

    /// Charges `topic` for a push with a payload of `bytes`, at `rates` that all its members share.
    /// By default every push passes.
    ///
    /// # Errors
    /// The reason why the push does not pass, if the topic is over a rate.
    fn charge_topic(
        &mut self,
        _topic: &str,
        _rates: &TopicRates,
        _bytes: usize,
    ) -> Result<(), PushRefusal> {
        Ok(())
    }

    /// Returns the moment since which the client may have sent what is handled now. By default now.
    fn sent_since(&self) -> Instant {
        Instant::now()
    }

    /// Runs `job` apart from the session, to its end or its deadline. Then hands the result to
    /// `Session::resume` for channel `id`. The job goes on when the connection ends.
    fn defer(&mut self, id: SubscriptionId, job: Job);

    /// True if the join of channel `id` may be answered now. If not, the host calls
    /// [`Session::answer_join`](crate::session::Session::answer_join) when the join may be
    /// answered, or when the join has waited long enough. Joins get their moments in the order of
    /// these calls. By default every join may be answered.
    fn may_join(&mut self, _id: SubscriptionId) -> bool {
        true
    }

    /// True if what this connection has in line behind waiting channels may take `now` bytes, where
    /// it takes `before`. By default it may.
    fn may_wait_in_line(&mut self, _before: usize, _now: usize) -> bool {
        true
    }

    /// Notes that what this connection has in line takes `now` bytes, and took `before` until now.
    /// By default does nothing.
    fn waits_in_line(&mut self, _before: usize, _now: usize) {}

    /// True if a connection may have that many `channels`, where its mount allows `channels_max`. A
    /// host may allow more than the mount; by default it does not.
    fn may_have_channels(&mut self, channels: usize, channels_max: usize) -> bool {
        channels <= channels_max
    }

    /// True if these credentials were revoked. By default none are.
    fn is_revoked(&self, _credentials: &Credentials) -> bool {
        false
    }

    /// Counts what happened to a client's token. By default does nothing.
    fn count_token(&mut self, _event: TokenEvent) {}

    /// Returns the address to which handles of this connection send their mail.
    fn address(&self) -> Address;
}
