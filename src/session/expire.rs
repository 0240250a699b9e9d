//! The steps at the end of a token's time: the warning, and then what ends with it.

use super::expiry::{Expired, ExpiryStep};
use super::joined::Joined;
use super::{Session, guarded};
use crate::broker::SubscriptionId;
use crate::channel::frames;
use crate::channel::{Host, TokenEvent, TopicCredentials, refused_as};
use crate::credentials::unix_ms;
use crate::protocol::{IntoPayload, Object};

impl Session {
    /// True if the client's token is to be seen to at `now_ms`, in milliseconds since 1970.
    pub fn is_due(&self, now_ms: u64) -> bool {
        let topics_due_ms = || self.sent.as_ref()?.topics_due_ms;
        self.expiry.is_due(now_ms) || topics_due_ms().is_some_and(|due_ms| due_ms <= now_ms)
    }

    /// Ends the client's token now, because its key is gone. It has the grace alone.
    pub fn end_token_now(&mut self) {
        let policy = self.settings.token_policy.as_ref();
        let grace_ms = policy.map_or(0, |policy| policy.expiry_grace_ms);
        self.expiry.step = ExpiryStep::End;
        self.expiry.due_ms = self.expiry.due_ms.min(unix_ms().saturating_add(grace_ms));
    }

    /// Sees to a token whose moment has come.
    pub fn expire(&mut self, host: &mut dyn Host) -> Expired {
        let now_ms = unix_ms();
        self.expire_topic_credentials(now_ms, host);
        if !self.expiry.is_due(now_ms) {
            return Expired::Stays;
        }
        match self.expiry.step {
            ExpiryStep::Warn => {
                self.warn_of_expiry(now_ms, host);
                Expired::Stays
            }
            ExpiryStep::End if !self.expiry.is_of_connect => {
                self.lose_credentials();
                self.end_rooms_that_ask(host);
                Expired::Stays
            }
            ExpiryStep::End | ExpiryStep::GiveUp => {
                host.count_token(TokenEvent::Closed);
                Expired::Close
            }
        }
    }

    /// Shows the client on each of its channels how long its token is good for.
    fn warn_of_expiry(&mut self, now_ms: u64, host: &mut dyn Host) {
        let known = self.credentials.as_ref();
        let expires_ms = known.and_then(|known| known.expires_ms).unwrap_or(now_ms);
        let policy = self.settings.token_policy.as_ref();
        let grace_ms = policy.map_or(0, |policy| policy.expiry_grace_ms);
        self.expiry.step = ExpiryStep::End;
        self.expiry.due_ms = expires_ms.saturating_add(grace_ms);
        let left_ms = expires_ms.saturating_sub(now_ms);
        let payload = Object::new().put("expires_in_ms", left_ms).into_payload();
        for joined in self.channels.as_slice() {
            let standing = joined.standing(self.client());
            if let Ok(frame) = frames::push(standing, "lobbyd:token_expiring", &payload)
                && joined.busy.as_ref().is_none_or(|busy| !busy.is_joining())
            {
                host.send(frame, Some(joined.id));
            }
        }
        host.count_token(TokenEvent::Warned);
    }

    /// Takes credentials that are good for one topic alone from the channels where they are over. A
    /// room that needs them ends.
    fn expire_topic_credentials(&mut self, now_ms: u64, host: &mut dyn Host) {
        let sent = self.sent.as_mut();
        if sent.is_none_or(|sent| sent.topics_due_ms.take_if(|due| *due <= now_ms).is_none()) {
            return;
        }
        let policy = self.settings.token_policy.as_ref();
        let grace_ms = policy.map_or(0, |policy| policy.expiry_grace_ms);
        let (mut over, mut next_ms) = (Vec::new(), None::<u64>);
        for joined in self.channels.as_mut_slice() {
            let own = joined.assigns.get::<TopicCredentials>();
            let Some(expires_ms) = own.and_then(|own| own.0.expires_ms) else {
                continue;
            };
            let due_ms = expires_ms.saturating_add(grace_ms);
            if due_ms <= now_ms {
                joined.assigns.remove::<TopicCredentials>();
                over.push(joined.id);
            } else {
                next_ms = Some(next_ms.map_or(due_ms, |next| next.min(due_ms)));
            }
        }
        self.sent.get_or_insert_default().topics_due_ms = next_ms;
        let mut not_allowed = self.not_allowed();
        not_allowed.retain(|id| over.contains(id));
        self.end_expired(&not_allowed, host);
    }

    /// Ends the rooms that ask for credentials. phoenix.js joins them again, with the token that
    /// its params then have.
    fn end_rooms_that_ask(&mut self, host: &mut dyn Host) {
        self.end_expired(&self.not_allowed(), host);
    }

    fn end_expired(&mut self, channels: &[SubscriptionId], host: &mut dyn Host) {
        let payload = refused_as("token expired", "token_expired");
        for id in channels {
            self.end_not_allowed(*id, ("lobbyd:token_expired", &payload), true, host);
            host.count_token(TokenEvent::RoomEnded);
        }
    }

    /// Ends the rooms in which the client may not be with its present credentials. A stock client
    /// stays away from them.
    pub(super) fn end_rooms_that_forbid(&mut self, host: &mut dyn Host) {
        let payload = refused_as("forbidden", "forbidden");
        for id in self.not_allowed() {
            self.end_not_allowed(id, ("lobbyd:token_forbidden", &payload), false, host);
            host.count_token(TokenEvent::RoomEnded);
        }
    }

    /// Returns the joined channels in which the client may not be. A join that waits is judged when
    /// it is answered.
    fn not_allowed(&self) -> Vec<SubscriptionId> {
        let joined = self.channels.as_slice().iter();
        let joined =
            joined.filter(|joined| joined.busy.as_ref().is_none_or(|busy| !busy.is_joining()));
        let not_allowed = joined.filter(|joined| !self.allows(joined));
        not_allowed.map(|joined| joined.id).collect()
    }

    /// True if the client may be in a channel with its present credentials.
    pub(super) fn allows(&self, joined: &Joined) -> bool {
        let own = joined.assigns.get::<TopicCredentials>();
        let credentials = own.map(|own| &own.0).or(self.credentials.as_ref());
        let credentials = credentials.map(|known| &**known);
        let allows = || joined.route.channel().allows(&joined.topic, credentials);
        // App code that panics lets nobody stay.
        guarded(allows).unwrap_or(false)
    }
}
