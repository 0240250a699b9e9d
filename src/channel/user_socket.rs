//! A mount: the channels that a socket may join, who may connect, and within which limits.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;

use super::app_values::AppValue;
use super::channel::Channel;
use super::connect::{Connect, ConnectInfo};
use super::origin::CheckOrigin;
use super::params::Params;
use super::routes::Routes;
use super::session_settings::SessionSettings;
use crate::credentials::Credentials;
#[cfg(feature = "auth")]
use crate::credentials::{RemovedKey, TokenChecks, TokenPolicy};

/// Least value of [`SocketLimits::message_bytes_max`]: a heartbeat may take as much.
pub(crate) const MESSAGE_BYTES_LEAST: usize = 100;

type ConnectCallback = dyn Fn(&Params, &ConnectInfo) -> Connect + Send + Sync;

/// The channels, checks and limits behind one path of the server: Phoenix's `UserSocket` together
/// with its transport options.
///
/// Made once, at the start or for a reload, and shared by all connections to that path.
pub struct UserSocket {
    /// The settings that all sessions of this socket share; not shared until the socket serves.
    pub(crate) session: Arc<SessionSettings>,
    pub(crate) connect: Box<ConnectCallback>,
    pub(crate) path: String,
    /// The whole path at which the socket is mounted, by which a reload finds the socket again.
    /// Empty until the socket is mounted.
    pub(crate) mounted_at: String,
    pub(crate) check_origin: CheckOrigin,
    pub(crate) subprotocols: Option<Vec<String>>,
    pub(crate) auth_token: bool,
    pub(crate) connect_info: Arc<[(String, String)]>,
    pub(crate) limits: SocketLimits,
}

/// The limits of a connection that hold outside its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SocketLimits {
    /// Longest silence of a client, in milliseconds, before the connection is closed. Default
    /// 60,000, as in Phoenix: twice the heartbeat of phoenix.js. Anything received ends the
    /// silence; messages that the server sends do not.
    pub idle_timeout_ms: u64,
    /// Longest message that is accepted, in bytes, whether in one frame or many. Default 65,536:
    /// chat is far below it, and the limit bounds the memory of one unfinished message. A longer
    /// message closes the connection with 1009.
    pub message_bytes_max: usize,
}

impl SocketLimits {
    /// The defaults.
    pub const DEFAULT: SocketLimits = SocketLimits {
        idle_timeout_ms: 60_000,
        message_bytes_max: 64 * 1024,
    };
}

impl Default for SocketLimits {
    fn default() -> SocketLimits {
        SocketLimits::DEFAULT
    }
}

impl UserSocket {
    /// Returns a socket without channels. It lets in every client whose `Origin` is the server's
    /// own host, and every client that sends no `Origin`.
    pub fn new() -> UserSocket {
        UserSocket {
            session: Arc::new(SessionSettings::new(Routes::default())),
            connect: Box::new(|_, _| Connect::ok()),
            path: "/websocket".to_owned(),
            mounted_at: String::new(),
            check_origin: CheckOrigin::default(),
            subprotocols: None,
            auth_token: false,
            connect_info: Arc::new([]),
            limits: SocketLimits::default(),
        }
    }

    /// Serves the topics that match `pattern` with `channel`. A pattern is a topic's whole name, or
    /// `prefix*` for every topic that begins with `prefix`, the bare prefix included. Patterns are
    /// tried in the order of these calls, and the first that matches is taken. A join of a topic
    /// that matches no pattern is answered with `unmatched topic`.
    ///
    /// # Panics
    ///
    /// If a star stands anywhere but at the end of the pattern.
    pub fn channel(mut self, pattern: &str, channel: impl Channel) -> UserSocket {
        self.session_mut().routes.push(pattern, Arc::new(channel));
        self
    }

    /// Asks `decide` about every connection, before the upgrade. Default: [`Connect::ok`] to all.
    ///
    /// `decide` runs on a shard's thread, on which many other connections wait: work that takes
    /// time belongs in [`Connect::later`]. If `decide` panics, the client gets 500.
    pub fn connect(
        mut self,
        decide: impl Fn(&Params, &ConnectInfo) -> Connect + Send + Sync + 'static,
    ) -> UserSocket {
        let decide = AppValue::new(decide);
        self.connect = Box::new(move |params, info| decide.get()(params, info));
        self
    }

    /// Sets the path of the transport behind the path of the mount, with `:variables` if need be.
    /// Default `/websocket`, which phoenix.js appends by itself.
    pub fn path(mut self, path: impl Into<String>) -> UserSocket {
        self.path = path.into();
        self
    }

    /// Sets which web pages may connect; other pages get 403. Default [`CheckOrigin::own_host`]:
    /// pages of this server.
    pub fn check_origin(mut self, policy: CheckOrigin) -> UserSocket {
        self.check_origin = policy;
        self
    }

    /// Sets the names accepted in `Sec-WebSocket-Protocol`, preferred names first. The first of
    /// them that the client offers is chosen and returned to the client. A client that offers only
    /// other names gets 403. A client that offers no name is let in. Default: the header is
    /// ignored.
    ///
    /// # Panics
    /// If a name is no token (RFC 9110 §5.6.2), such as one with a space or a comma: no client
    /// could offer it. If there are no names.
    pub fn subprotocols<S: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = S>,
    ) -> UserSocket {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        assert!(!names.is_empty(), "subprotocols needs at least one name");
        for name in &names {
            // A header's name is a token too.
            let is_token = HeaderName::from_bytes(name.as_bytes()).is_ok();
            assert!(is_token, "the subprotocol {name:?} is no token");
        }
        self.subprotocols = Some(names);
        self
    }

    /// Sets whether the `authToken` of phoenix.js 1.8 is taken from `Sec-WebSocket-Protocol` and
    /// shown as [`ConnectInfo::auth_token`]. If on, the subprotocol `phoenix` is accepted as well
    /// as the configured names. Default off, as in Phoenix; browsers then cannot connect with that
    /// option of phoenix.js.
    pub fn auth_token(mut self, on: bool) -> UserSocket {
        self.auth_token = on;
        self
    }

    /// Checks tokens by `checks`, at the connect before the app's callback, at joins and when a
    /// client hands over a newer one. `policy` says where tokens arrive and what their end does.
    /// Default: no token is looked at.
    ///
    /// A server that serves the socket checks signatures of private keys on its background threads.
    #[cfg(feature = "auth")]
    pub fn tokens(mut self, checks: TokenChecks, policy: TokenPolicy) -> UserSocket {
        let session = self.session_mut();
        session.token_checks = Some(checks);
        session.token_policy = Some(Box::new(policy));
        self
    }

    /// Adds a fixed name and value that the connect callback reads by [`ConnectInfo::custom`]. So
    /// one callback can serve several mounts and distinguish them. If a name is added twice, its
    /// first value counts.
    pub fn connect_info(mut self, name: impl Into<String>, value: impl Into<String>) -> UserSocket {
        let pair = (name.into(), value.into());
        self.connect_info = self.connect_info.iter().cloned().chain([pair]).collect();
        self
    }

    /// Sets the most channels joined at once on one connection. Default 100, as in Phoenix, so that
    /// no client can make the server keep any number of channels. One more join is answered with
    /// `too many channels joined`.
    ///
    /// # Panics
    /// If `count` is 0: nobody could join anything.
    pub fn channels_max(mut self, count: usize) -> UserSocket {
        assert!(count > 0, "channels_max is at least 1, not 0");
        self.session_mut().channels_max = count;
        self
    }

    /// Sets [`SocketLimits::idle_timeout_ms`]. Default 60,000.
    ///
    /// # Panics
    /// If `milliseconds` is 0 (every connection would be closed at once) or over 4,294,967,295,
    /// which is more than the shards' clock counts.
    pub fn idle_timeout_ms(mut self, milliseconds: u64) -> UserSocket {
        assert!(
            (1..=u32::MAX.into()).contains(&milliseconds),
            "idle_timeout_ms is 1 to 4294967295, not {milliseconds}"
        );
        self.limits.idle_timeout_ms = milliseconds;
        self
    }

    /// Sets [`SocketLimits::message_bytes_max`]. Default 65,536.
    ///
    /// # Panics
    /// If `bytes` is under 100, which a heartbeat may take.
    pub fn message_bytes_max(mut self, bytes: usize) -> UserSocket {
        assert!(
            bytes >= MESSAGE_BYTES_LEAST,
            "message_bytes_max is at least {MESSAGE_BYTES_LEAST}, not {bytes}"
        );
        self.limits.message_bytes_max = bytes;
        self
    }

    /// Returns the limits as they are set.
    pub fn limits(&self) -> &SocketLimits {
        &self.limits
    }

    /// True if tokens are taken from phoenix.js's `authToken`.
    pub(crate) fn checks_auth_token(&self) -> bool {
        let policy = self.session.token_policy.as_ref();
        policy.is_some_and(|policy| policy.auth_token)
    }

    /// Returns how long the refusal of a token is held back.
    pub(crate) fn refusal_delay(&self) -> Duration {
        let policy = self.session.token_policy.as_ref();
        Duration::from_millis(policy.map_or(0, |policy| policy.refusal_delay_ms))
    }

    /// Returns the socket id of a client with these credentials, if the app gives it none.
    pub(crate) fn socket_id_of(&self, credentials: Option<&Credentials>) -> Option<String> {
        let pattern = &self.session.token_policy.as_ref()?.socket_id;
        let subject = credentials?.subject.as_ref()?;
        (!pattern.is_empty()).then(|| pattern.replace("{subject}", subject))
    }

    /// True if the key that signed the client's token is gone, and that ends the token here.
    #[cfg(feature = "auth")]
    pub(crate) fn has_lost_key(&self, credentials: &Credentials, now_ms: u64) -> bool {
        self.token_checks().is_some_and(|(checks, policy)| {
            policy.removed_key == RemovedKey::Expire
                && !checks.verifier().has_key_of(credentials, now_ms)
        })
    }

    /// No token is checked here.
    #[cfg(not(feature = "auth"))]
    pub(crate) fn has_lost_key(&self, _credentials: &Credentials, _now_ms: u64) -> bool {
        false
    }

    /// Returns what checks the tokens of this mount, and what it does with them.
    #[cfg(feature = "auth")]
    pub(crate) fn token_checks(&self) -> Option<(&TokenChecks, &TokenPolicy)> {
        let policy = self.session.token_policy.as_deref();
        self.session.token_checks.as_ref().zip(policy)
    }

    fn session_mut(&mut self) -> &mut SessionSettings {
        // Only sessions share the settings. Sessions begin after the socket was mounted, and a
        // mounted socket is out of reach of these methods.
        Arc::get_mut(&mut self.session).expect("a socket is built before it is served")
    }
}

impl Default for UserSocket {
    fn default() -> UserSocket {
        UserSocket::new()
    }
}

impl fmt::Debug for UserSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserSocket")
            .field("path", &self.path)
            .field("channels_max", &self.session.channels_max)
            .field("check_origin", &self.check_origin)
            .field("subprotocols", &self.subprotocols)
            .field("auth_token", &self.auth_token)
            .field("token_policy", &self.session.token_policy)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_no_client_could_meet_are_refused_when_they_are_set() {
        let refused = |set: fn(UserSocket) -> UserSocket| {
            let text = std::panic::catch_unwind(move || set(UserSocket::new())).err();
            text.is_some()
        };
        assert!(refused(|socket| socket.channels_max(0)));
        assert!(refused(|socket| socket.idle_timeout_ms(0)));
        assert!(refused(|socket| socket.idle_timeout_ms(1 << 32)));
        assert!(refused(|socket| socket.message_bytes_max(99)));
        assert!(refused(|socket| socket.subprotocols(["v1", "two words"])));
        assert!(refused(|socket| socket.subprotocols([""; 0])));
        assert!(!refused(|socket| {
            let socket = socket.channels_max(1).idle_timeout_ms(1);
            socket.message_bytes_max(100).subprotocols(["v1.chat"])
        }));
    }
}
