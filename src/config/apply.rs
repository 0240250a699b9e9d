//! From the configuration to what the library serves.

use std::num::NonZeroUsize;

use super::form::Mode;
use super::lists::Origins;
use super::room::{EventConfig, JoinRule, Relay, RetentionConfig, RoomConfig};
use super::tree::Config;
use crate::broker::Retention;
use crate::channel::{CheckOrigin, OriginError};
use crate::channel::{Router, UserSocket};
use crate::rooms;
use crate::rooms::{EventName, EventRule, Rate, RoomRules, declare};
use crate::server::{HttpLimits, Limit, LimitSet, Proxies, ServerLimits};

impl Config {
    /// What is served: the rooms behind the socket, and the page.
    ///
    /// # Errors
    /// If an origin is none. Those that were read are checked.
    pub fn router(&self) -> Result<Router, OriginError> {
        let origins = match &self.origins {
            Origins::OwnHost => CheckOrigin::own_host(),
            Origins::Any => CheckOrigin::off(),
            Origins::List(entries) => CheckOrigin::list(entries)?,
        };
        let socket = UserSocket::new()
            .check_origin(origins)
            .max_channels(self.channels_max)
            .idle_timeout_ms(self.socket.idle_timeout_ms)
            .message_bytes_max(self.socket.message_bytes_max);
        Ok(Router::new()
            .socket(&self.socket_path.0, self.with_rooms(socket))
            .static_files(self.static_files))
    }

    /// The rooms, in their order.
    fn with_rooms(&self, socket: UserSocket) -> UserSocket {
        declare(socket, self.room_rules())
    }

    /// The rules of the rooms.
    pub fn room_rules(&self) -> Vec<RoomRules> {
        let kept = self.server_limits().retention();
        self.rooms.iter().map(|room| rules(room, kept)).collect()
    }

    /// The proxies that are believed.
    pub fn proxies(&self) -> Proxies {
        Proxies {
            trusted: self.trusted_proxies.clone(),
            proxy_protocol: self.proxy_protocol,
        }
    }

    /// The limits of a connection in HTTP.
    pub fn http_limits(&self) -> HttpLimits {
        HttpLimits {
            closing_timeout_ms: self.server.closing_timeout_ms,
            ..self.http
        }
    }

    /// The limits of the server, with those that only count.
    pub fn server_limits(&self) -> ServerLimits {
        let observed = Limit::ALL.iter().zip(&self.modes);
        let observed = observed.filter(|(_, mode)| **mode == Mode::Observe);
        ServerLimits {
            observe: observed.fold(LimitSet::default(), |set, (limit, _)| set.with(*limit)),
            ..self.server
        }
    }

    /// How many shards.
    pub fn shards(&self) -> NonZeroUsize {
        let set = self
            .shards
            .and_then(|count| NonZeroUsize::new(count.into()));
        set.unwrap_or_else(cores)
    }
}

fn rules(room: &RoomConfig, kept: Retention) -> RoomRules {
    let RetentionConfig {
        bytes_max,
        messages_max,
        time_ms_max,
    } = room.retention;
    let own = Retention {
        bytes_max: bytes_max.unwrap_or(kept.bytes_max),
        entries_max: messages_max.unwrap_or(kept.entries_max),
        ms_max: time_ms_max.unwrap_or(kept.ms_max),
    };
    RoomRules {
        topic: room.topic.clone(),
        join: match room.join {
            JoinRule::Allow => rooms::JoinRule::Allow,
            JoinRule::Deny => rooms::JoinRule::Deny(room.reason.clone().unwrap_or_default()),
        },
        members_max: room.members_max,
        events: room.events.iter().map(event).collect(),
        retention: (own != kept).then_some(own),
    }
}

fn event(event: &EventConfig) -> EventRule {
    let rate = |per_second| Rate {
        per_second,
        burst: event.burst.unwrap_or(per_second),
    };
    EventRule {
        event: match &*event.name {
            "*" => EventName::Any,
            name => EventName::Named(name.to_owned()),
        },
        relay: match &event.relay {
            Relay::All => rooms::Relay::All,
            Relay::Fields(fields) => rooms::Relay::Fields(fields.clone()),
        },
        echo: event.echo,
        acknowledge: event.acknowledge,
        bytes_max: event.bytes_max,
        rate: event.messages_per_second.map(rate),
    }
}

/// The cores this process may use (so a container's limit counts); 1 where the system does not say.
pub(super) fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}
