//! From the configuration to what the library serves.

use std::num::NonZeroUsize;

use super::Config;
use super::form::{Mode, Origins};
use crate::channel::{CheckOrigin, OriginError};
use crate::rooms::RoomChannel;
use crate::server::{HttpLimits, Limit, LimitSet, ServerLimits};
use crate::{Router, UserSocket};

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
        socket.channel("room:*", RoomChannel)
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
            stop_timeout_ms: self.drain.deadline_ms,
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

/// The cores this process may use (so a container's limit counts); 1 where the system does not say.
pub(super) fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}
