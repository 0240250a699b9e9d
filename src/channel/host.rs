//! The seam between a session and the shard that runs it: a session decides, its host does.

use bytes::Bytes;

use super::mail::Address;
use super::published::Published;
use super::refusal::{JoinRefusal, PushRefusal};
use crate::broker::{SubscriptionId, Terms};
use crate::protocol::PayloadBuf;

/// What a session may ask of the shard that owns its connection. Every call returns at once.
pub trait Host {
    /// A new id for a channel of this connection, which is also the id of its subscription.
    fn new_id(&mut self) -> SubscriptionId;

    /// Sends `first` and subscribes this connection to `topic`: everything published from now on is
    /// delivered once, in the topic's order, behind `first` and what was sent to this connection
    /// before. Events to intercept come to `Session::intercepted` instead of the wire. False if the
    /// topic has as many members as `terms` allow; then nothing is sent or subscribed.
    #[must_use]
    fn subscribe(&mut self, id: SubscriptionId, topic: &str, terms: &Terms, first: Bytes) -> bool;

    /// A join was answered with an error, whoever refused it. For a host that counts.
    fn join_refused(&mut self, _refusal: JoinRefusal) {}

    /// A channel did not take a push. For a host that counts.
    fn push_refused(&mut self, _refusal: PushRefusal) {}

    /// Subscribes the channel `id`, not the wire, to another topic: broadcasts there come to
    /// `Session::heard`.
    fn listen(&mut self, id: SubscriptionId, topic: &str);

    /// Ends what `subscribe` and `listen` began; where they began nothing, it does nothing. What
    /// was published until now is still delivered, in front of whatever is sent next.
    fn unsubscribe(&mut self, id: SubscriptionId);

    /// Sends one sealed frame to this connection, behind everything that `behind` was to get until
    /// now.
    fn send(&mut self, frame: Bytes, behind: Option<SubscriptionId>);

    /// Publishes to `topic` for every subscriber but `from`.
    fn broadcast(
        &mut self,
        topic: &str,
        event: &str,
        payload: PayloadBuf,
        from: Option<SubscriptionId>,
    ) -> Published;

    /// Runs `job` to its end beside the session, then hands its result to `Session::resume` for
    /// channel `id`. It goes on when the connection ends.
    fn defer(&mut self, id: SubscriptionId, job: super::outcome::Job);

    /// Whether the join of channel `id` may be answered now. If not, the host will tell
    /// [`Session::answer_join`](crate::session::Session::answer_join) when it may be, or that it
    /// has waited long enough; the places are in the order of these calls. By default every join
    /// may.
    fn may_join(&mut self, _id: SubscriptionId) -> bool {
        true
    }

    /// Whether a connection may have so many channels, where its mount allows `channels_max`. The
    /// host may be more generous; by default it is not.
    fn may_have_channels(&mut self, channels: usize, channels_max: usize) -> bool {
        channels <= channels_max
    }

    /// Where handles to this connection send their mail.
    fn address(&self) -> Address;
}
