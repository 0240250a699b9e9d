//! Tokens that come in joins, and what becomes of the credentials of a connection.

use std::borrow::Cow;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, LazyLock};

use compact_str::CompactString;

use super::Session;
use super::busy::Cause;
use super::expiry::{Expiry, ExpiryStep};
use super::joined::Joined;
use crate::channel::{Host, Job, JoinRefusal, TopicCredentials, refused_as};
use crate::credentials::{AtExpiry, Credentials, TokenPolicy, TokenRefusal, Verdict, unix_ms};
#[cfg(feature = "auth")]
use crate::credentials::{Occasion, TokenCheck};
use crate::protocol::{Payload, Ref};

/// The field of a join's payload that may carry a token beside that of the policy, as Supabase's
/// clients once did.
const USER_TOKEN: &str = "user_token";

/// The answer to a token. It is taken apart where it is made, so its size costs nothing.
#[cfg_attr(feature = "auth", expect(clippy::large_enum_variant))]
pub(super) enum TokenAnswer {
    /// The verdict.
    Now(Verdict),
    /// The verdict comes as the result of this job.
    #[cfg_attr(not(feature = "auth"), expect(dead_code))]
    Later(Job),
}

impl Session {
    /// Sets what is known of the client by its connect.
    #[must_use]
    pub fn known(mut self, credentials: Option<Arc<Credentials>>) -> Self {
        self.set_credentials(credentials, true);
        self
    }

    /// Notes that the client's token was genuine and is over. It is told so at its joins, and may
    /// stay for [`TokenPolicy::told_ms_max`] without a good one.
    #[must_use]
    pub fn told(mut self, is_told: bool) -> Self {
        if is_told {
            self.lose_credentials();
        }
        self
    }

    /// Gives the client no credentials from now on, because its token is over.
    pub(super) fn lose_credentials(&mut self) {
        if let Some(subject) = self.subject().cloned() {
            // The socket id and the app's values of the connection are of this subject.
            self.sent.get_or_insert_default().subject_before = Some(subject);
        }
        self.credentials = None;
        self.is_told = true;
        let policy = self.settings.token_policy.as_ref();
        let told_ms_max = policy.map(|policy| policy.told_ms_max);
        self.expiry = match told_ms_max {
            Some(told_ms_max) => Expiry {
                due_ms: unix_ms().saturating_add(told_ms_max),
                step: ExpiryStep::GiveUp,
                is_of_connect: true,
            },
            None => Expiry::NEVER,
        };
    }

    /// Gives the client these credentials from now on.
    pub(super) fn set_credentials(
        &mut self,
        credentials: Option<Arc<Credentials>>,
        is_of_connect: bool,
    ) {
        let policy = self.settings.token_policy.as_deref();
        let expires_ms = credentials.as_ref().and_then(|known| known.expires_ms);
        self.expiry = match (policy, expires_ms) {
            (Some(policy), Some(expires_ms)) => first_step(policy, expires_ms, is_of_connect),
            _ => Expiry::NEVER,
        };
        self.is_told = false;
        self.credentials = credentials;
    }

    /// Answers a join by the token that it brings, if it brings one.
    pub(super) fn join_by_token(
        &mut self,
        joined: Joined,
        reference: &Ref,
        payload: Payload<'_>,
        host: &mut dyn Host,
    ) {
        let token = match self.token_of_join(payload) {
            Ok(Some(token)) => token,
            Ok(None) => return self.call_join(joined, reference, payload, host),
            Err(refusal) => return self.refuse_token(&joined, reference, refusal, host),
        };
        let hash = hash_of(&token);
        if self.is_taken(hash) {
            return self.call_join(joined, reference, payload, host);
        }
        match self.check_token(&token, Some(&joined.topic)) {
            TokenAnswer::Now(verdict) => {
                self.join_by_verdict(joined, reference, payload, verdict, host);
            }
            TokenAnswer::Later(job) => {
                let cause = Cause::Token(payload.to_buf());
                self.wait_for(joined, cause, Some(reference.clone()), job, host);
            }
        }
    }

    /// Answers a join by the verdict over its token.
    pub(super) fn join_by_verdict(
        &mut self,
        mut joined: Joined,
        reference: &Ref,
        payload: Payload<'_>,
        verdict: Verdict,
        host: &mut dyn Host,
    ) {
        let new = match self.accept_token(verdict, host) {
            Ok(new) => Arc::new(new),
            // What stands for no token here, such as an opaque key of Supabase.
            Err(TokenRefusal::Missing) => return self.call_join(joined, reference, payload, host),
            Err(refusal) => return self.refuse_token(&joined, reference, refusal, host),
        };
        match new.topic.is_some() {
            true => self.keep_topic_credentials(&mut joined, new),
            false => {
                let before = self.credentials.as_ref().map(|known| &known.grants);
                let is_new = before != Some(&new.grants);
                let token = self.token_of_join(payload).ok().flatten();
                self.note_taken(token.map(|token| hash_of(&token)));
                self.set_credentials(Some(new), false);
                if is_new {
                    self.end_rooms_that_forbid(host);
                }
            }
        }
        self.call_join(joined, reference, payload, host);
    }

    /// Gives one channel credentials that are good for its topic alone.
    fn keep_topic_credentials(&mut self, joined: &mut Joined, own: Arc<Credentials>) {
        let policy = self.settings.token_policy.as_ref();
        let grace_ms = policy.map_or(0, |policy| policy.expiry_grace_ms);
        let sent = self.sent.get_or_insert_default();
        if let Some(expires_ms) = own.expires_ms {
            let due_ms = expires_ms.saturating_add(grace_ms);
            sent.topics_due_ms = Some(sent.topics_due_ms.map_or(due_ms, |due| due.min(due_ms)));
        }
        joined.assigns.insert(TopicCredentials(own));
    }

    fn refuse_token(
        &self,
        joined: &Joined,
        reference: &Ref,
        refusal: TokenRefusal,
        host: &mut dyn Host,
    ) {
        let response = refused_as(&refusal.to_string(), refusal.code());
        self.refuse(joined, reference, JoinRefusal::Token, &response, host);
    }

    fn subject(&self) -> Option<&CompactString> {
        self.credentials.as_ref()?.subject.as_ref()
    }

    /// Returns the token in a join's payload.
    fn token_of_join<'a>(
        &self,
        payload: Payload<'a>,
    ) -> Result<Option<Cow<'a, str>>, TokenRefusal> {
        let policy = self.settings.token_policy.as_deref();
        let Some(policy) = policy.filter(|policy| !policy.join_param.is_empty()) else {
            return Ok(None);
        };
        match token_in(&policy.join_param, payload)? {
            Some(token) => Ok(Some(token)),
            None => token_in(USER_TOKEN, payload),
        }
    }

    /// Returns the credentials of a token that the client sent, if it may have them. One that it
    /// may not have changes nothing.
    pub(super) fn accept_token(
        &self,
        verdict: Verdict,
        host: &dyn Host,
    ) -> Result<Credentials, TokenRefusal> {
        let new = match verdict {
            Verdict::Taken(new) => new,
            Verdict::Expired(_) => return Err(TokenRefusal::Expired),
            Verdict::Refused(refusal) => return Err(refusal),
        };
        let sent = self.sent.as_ref();
        let before = || sent.and_then(|sent| sent.subject_before.as_ref());
        let subject = self.subject().or_else(before);
        if subject.is_some() && subject != new.subject.as_ref() {
            return Err(TokenRefusal::SubjectChanged);
        }
        // Now, and not where the token was checked: it may have been revoked since.
        match host.is_revoked(&new) {
            true => Err(TokenRefusal::Revoked),
            false => Ok(new),
        }
    }

    /// Has a token checked: for the join of a topic, or to take the place of the connection's.
    #[cfg(feature = "auth")]
    pub(super) fn check_token(&self, token: &str, topic: Option<&str>) -> TokenAnswer {
        let Some(checks) = &self.settings.token_checks else {
            return TokenAnswer::Now(Verdict::Refused(TokenRefusal::KeysUnavailable));
        };
        let now_ms = unix_ms();
        let occasion = match topic {
            Some(topic) => Occasion::join(topic, now_ms),
            None => Occasion::connect(now_ms),
        };
        match checks.check(token, &occasion) {
            TokenCheck::Now(verdict) => TokenAnswer::Now(verdict),
            TokenCheck::Later(wait) => TokenAnswer::Later(Job::checking(wait)),
        }
    }

    /// Nothing checks tokens here.
    #[cfg(not(feature = "auth"))]
    pub(super) fn check_token(&self, _token: &str, _topic: Option<&str>) -> TokenAnswer {
        TokenAnswer::Now(Verdict::Refused(TokenRefusal::KeysUnavailable))
    }

    /// True if the token with this hash is the last that was taken, and is not over.
    pub(super) fn is_taken(&self, hash: u64) -> bool {
        let sent = self.sent.as_ref();
        self.credentials.is_some() && sent.and_then(|sent| sent.taken) == Some(hash)
    }

    pub(super) fn note_taken(&mut self, hash: Option<u64>) {
        self.sent.get_or_insert_default().taken = hash;
    }
}

/// Returns what is due first for a token that ends at `expires_ms`. The warnings are spread over
/// half of their time, because tokens that were made in one storm end in one, and the newer ones
/// come from somebody's backend.
fn first_step(policy: &TokenPolicy, expires_ms: u64, came_with_connect: bool) -> Expiry {
    let warning_ms = policy.expiry_warning_ms;
    let spread_ms = RANDOM.hash_one(expires_ms ^ unix_ms()) % (warning_ms / 2 + 1);
    Expiry {
        due_ms: expires_ms.saturating_sub(warning_ms + spread_ms),
        step: ExpiryStep::Warn,
        is_of_connect: match policy.at_expiry {
            AtExpiry::Connection => true,
            AtExpiry::Rooms => false,
            AtExpiry::Auto => came_with_connect,
        },
    }
}

/// Returns the token in a field. `None` for what stands for no token, such as what JavaScript
/// writes for a missing value.
pub(super) fn token_in<'a>(
    field: &str,
    payload: Payload<'a>,
) -> Result<Option<Cow<'a, str>>, TokenRefusal> {
    let Some(value) = payload.get(field).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let token = value.as_str().ok_or(TokenRefusal::Malformed)?;
    Ok(Some(token).filter(|token| !matches!(&**token, "" | "undefined" | "null")))
}

static RANDOM: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Returns a hash of a token by a key of this process, so nobody can make two tokens meet.
pub(super) fn hash_of(token: &str) -> u64 {
    RANDOM.hash_one(token)
}
