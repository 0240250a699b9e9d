//! Whether a client may be in a room, by its credentials.

use super::rules::{JoinRule, RoomRules};
use crate::credentials::{Credentials, Operation};
use crate::{Join, Socket, reason};

impl RoomRules {
    /// Whether a client with these credentials may be in `topic`. `None` if the room does not ask
    /// for credentials.
    pub(super) fn admits(&self, topic: &str, credentials: Option<&Credentials>) -> Option<bool> {
        let admits = match &self.join {
            JoinRule::Allow | JoinRule::Deny(_) => return None,
            JoinRule::Known => credentials.is_some(),
            JoinRule::Own => credentials.is_some_and(|known| self.is_own(topic, known)),
            JoinRule::Granted => {
                credentials.is_some_and(|known| known.grants.allow(topic, Operation::Join))
            }
        };
        Some(admits)
    }

    /// Returns the answer to a client that may not join. `None` if it may.
    pub(super) fn refused(&self, topic: &str, socket: &Socket<'_>) -> Option<Join> {
        if let JoinRule::Deny(why) = &self.join {
            return Some(Join::error(reason(why)));
        }
        let credentials = socket.credentials();
        match self.admits(topic, credentials.map(|known| &**known)) {
            None | Some(true) => None,
            Some(false) if credentials.is_none() => Some(Join::lacks_token(socket.lacks_token())),
            Some(false) => Some(Join::forbidden()),
        }
    }

    /// True if the part of `topic` behind the prefix is the client's subject.
    fn is_own(&self, topic: &str, known: &Credentials) -> bool {
        let prefix = self.topic.strip_suffix('*').unwrap_or(&self.topic);
        let own = topic.strip_prefix(prefix);
        own.is_some_and(|own| !own.is_empty() && known.subject.as_deref() == Some(own))
    }
}
