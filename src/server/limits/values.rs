//! The limits of a server as values, and the times that belong to them.

use super::limit::{DEFAULTS, Limit, LimitSet, Values};
use super::row::Key;
use super::token_bucket::RefillRate;

/// The limits of a server: the value of each [`Limit`], which of them are only observed, and the
/// times that it takes for itself.
///
/// ```
/// use lobbyd::ServerLimits;
/// use lobbyd::server::Limit;
/// let limits = ServerLimits::default()
///     .with_max(Limit::Connections, 10_000)
///     .with_max(Limit::MessagesPerSecond, 50)
///     .with_burst(Limit::MessagesPerSecond, 100)
///     .observing([Limit::IdleTime]);
/// assert_eq!(limits.max(Limit::MessagesPerSecond), 50);
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ServerLimits {
    values: Values,
    /// The limits that only count for now.
    pub observe: LimitSet,
    /// How the server ends once it is asked to.
    pub drain: Drain,
    /// Longest time for a client to take its Close, or its last answer in HTTP, in milliseconds.
    /// Default 5,000. Then the connection is cut, and its client may see 1006.
    pub closing_timeout_ms: u64,
    /// Longest life as an HTTP connection, in milliseconds. Default 60,000: whoever wants a page or
    /// an upgrade has it long before. Then the answer under way is the last.
    pub http_lifetime_ms: u64,
    /// Longest wait for the app's answer to a connect, in milliseconds. Default 10,000, because
    /// phoenix.js gives up after that time. Then the client gets 503.
    pub connect_timeout_ms: u64,
    /// Unsent bytes that the kernel takes for one socket (`TCP_NOTSENT_LOWAT`). Default 128 KiB, so
    /// that it does not hoard megabytes for each reader that has stopped.
    pub notsent_bytes_max: u32,
}

impl Default for ServerLimits {
    fn default() -> ServerLimits {
        ServerLimits {
            values: DEFAULTS,
            observe: LimitSet::default(),
            drain: Drain::default(),
            closing_timeout_ms: 5_000,
            http_lifetime_ms: 60_000,
            connect_timeout_ms: 10_000,
            notsent_bytes_max: 128 << 10,
        }
    }
}

impl ServerLimits {
    /// The value of `limit`: a number, bytes or milliseconds, as its name says.
    #[inline]
    pub fn max(&self, limit: Limit) -> u64 {
        self.number(limit, Key::Max)
    }

    /// How many `limit` allows at once after a pause, if it bounds how many there may be in a
    /// second. Else 0.
    #[inline]
    pub fn burst(&self, limit: Limit) -> u64 {
        self.number(limit, Key::Burst)
    }

    /// How long those wait that are over [`JoinsPerSecond`](Limit::JoinsPerSecond) or
    /// [`LagBytes`](Limit::LagBytes), in milliseconds. Of other limits 0.
    #[inline]
    pub fn wait_ms(&self, limit: Limit) -> u64 {
        self.number(limit, Key::WaitMs)
    }

    /// How long a client may be over [`MessagesPerSecond`](Limit::MessagesPerSecond) or
    /// [`BytesPerSecond`](Limit::BytesPerSecond) without a moment in which it is not, in
    /// milliseconds.
    #[inline]
    pub fn over_ms(&self) -> u64 {
        self.number(Limit::MessagesPerSecond, Key::OverMs)
    }

    /// Sets the value of `limit`.
    ///
    /// # Panics
    /// If each mount has its own: [`IdleTime`](Limit::IdleTime),
    /// [`MessageBytes`](Limit::MessageBytes) and
    /// [`ChannelsPerConnection`](Limit::ChannelsPerConnection) are set on the
    /// [`UserSocket`](crate::channel::UserSocket).
    #[must_use]
    pub fn with_max(self, limit: Limit, max: u64) -> ServerLimits {
        if let Some(setter) = limit.mount_setter() {
            let name = limit.name();
            panic!("each mount has its own {name}: it is set by UserSocket::{setter}");
        }
        self.with(limit, Key::Max, max)
    }

    /// Sets how many `limit` allows at once after a pause.
    ///
    /// # Panics
    /// If it has no burst, because it does not bound how many there may be in a second.
    #[must_use]
    pub fn with_burst(self, limit: Limit, burst: u64) -> ServerLimits {
        self.with(limit, Key::Burst, burst)
    }

    /// Sets how long those wait that are over `limit`, in milliseconds.
    ///
    /// # Panics
    /// If nobody waits at this limit.
    #[must_use]
    pub fn with_wait_ms(self, limit: Limit, wait_ms: u64) -> ServerLimits {
        self.with(limit, Key::WaitMs, wait_ms)
    }

    /// Sets how long a client may be over [`MessagesPerSecond`](Limit::MessagesPerSecond) or
    /// [`BytesPerSecond`](Limit::BytesPerSecond) without a rest, in milliseconds.
    #[must_use]
    pub fn with_over_ms(self, over_ms: u64) -> ServerLimits {
        self.with(Limit::MessagesPerSecond, Key::OverMs, over_ms)
    }

    /// Has `limits` only count how often they would bite, beside those that do already.
    #[must_use]
    pub fn observing(mut self, limits: impl IntoIterator<Item = Limit>) -> ServerLimits {
        self.observe = limits.into_iter().fold(self.observe, LimitSet::with);
        self
    }

    /// Sets how the server ends.
    #[must_use]
    pub fn with_drain(mut self, drain: Drain) -> ServerLimits {
        self.drain = drain;
        self
    }

    /// Sets the [time for closing](Self::closing_timeout_ms).
    #[must_use]
    pub fn with_closing_timeout_ms(mut self, ms: u64) -> ServerLimits {
        self.closing_timeout_ms = ms;
        self
    }

    /// Sets the [life of a connection in HTTP](Self::http_lifetime_ms).
    #[must_use]
    pub fn with_http_lifetime_ms(mut self, ms: u64) -> ServerLimits {
        self.http_lifetime_ms = ms;
        self
    }

    /// Sets the [time for the app's answer to a connect](Self::connect_timeout_ms).
    #[must_use]
    pub fn with_connect_timeout_ms(mut self, ms: u64) -> ServerLimits {
        self.connect_timeout_ms = ms;
        self
    }

    /// Sets the [unsent bytes of one socket](Self::notsent_bytes_max).
    #[must_use]
    pub fn with_notsent_bytes_max(mut self, bytes: u32) -> ServerLimits {
        self.notsent_bytes_max = bytes;
        self
    }

    fn with(mut self, limit: Limit, key: Key, value: u64) -> ServerLimits {
        let (name, key_name) = (limit.name(), key.name());
        assert!(limit.has(key), "the limit {name} has no {key_name}");
        self.set_number(limit, key, value);
        self
    }

    #[inline]
    pub(crate) fn number(&self, limit: Limit, key: Key) -> u64 {
        self.values[key as usize][limit as usize]
    }

    /// Also those of a mount, of which the configuration has one.
    pub(crate) fn set_number(&mut self, limit: Limit, key: Key, value: u64) {
        self.values[key as usize][limit as usize] = value;
    }

    /// `limit` as so many in a second, and so many at once.
    pub(crate) fn rate(&self, limit: Limit) -> RefillRate {
        let count = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        RefillRate::new(count(self.max(limit)), count(self.burst(limit)))
    }

    /// Above which value `limit` bites: see [`LimitSet::bites_above`].
    pub(crate) fn bites_above(&self, limit: Limit) -> u64 {
        self.observe.bites_above(limit, self.max(limit))
    }
}

/// How a server ends once it is asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drain {
    /// How long it goes on accepting, in milliseconds, while `/readyz` says already that it ends.
    /// Default 0; what a load balancer takes to notice, where there is one.
    pub ready_delay_ms: u64,
    /// Time over which connections are closed with 1012, in milliseconds, at an even pace and in
    /// random order, members of the largest rooms last. Default 1,000: where clients wait for the
    /// next process meanwhile, they wait for less than the 2.5 s after which a phoenix.js with a
    /// fallback takes it. Each shard closes at least 1,000 a second, so few take less; 0 closes all
    /// at once. At most half of what the deadline leaves is used, so that the last have time to
    /// answer.
    pub window_ms: u64,
    /// Longest time from the order to the end, in milliseconds. Default 30,000. What is connected
    /// then is cut.
    pub deadline_ms: u64,
}

impl Default for Drain {
    fn default() -> Drain {
        Drain {
            ready_delay_ms: 0,
            window_ms: 1_000,
            deadline_ms: 30_000,
        }
    }
}

impl Drain {
    /// Sets how long it [goes on accepting](Self::ready_delay_ms).
    #[must_use]
    pub fn with_ready_delay_ms(mut self, ms: u64) -> Drain {
        self.ready_delay_ms = ms;
        self
    }

    /// Sets the [time over which connections are closed](Self::window_ms).
    #[must_use]
    pub fn with_window_ms(mut self, ms: u64) -> Drain {
        self.window_ms = ms;
        self
    }

    /// Sets the [longest time to the end](Self::deadline_ms).
    #[must_use]
    pub fn with_deadline_ms(mut self, ms: u64) -> Drain {
        self.deadline_ms = ms;
        self
    }

    /// The time over which connections are really closed.
    pub(crate) fn closing_window_ms(&self) -> u64 {
        let left_ms = self.deadline_ms.saturating_sub(self.ready_delay_ms);
        self.window_ms.min(left_ms / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_cannot_be_set_in_what_it_does_not_have() {
        let limits = ServerLimits::default();
        let refused = |set: fn(ServerLimits) -> ServerLimits| {
            std::panic::catch_unwind(move || set(limits)).is_err()
        };
        assert!(refused(|limits| limits.with_max(Limit::IdleTime, 1)));
        assert!(refused(|limits| limits.with_burst(Limit::HeadBytes, 1)));
        assert!(refused(|limits| limits.with_wait_ms(Limit::HeadBytes, 1)));
        assert!(!refused(
            |limits| limits.with_burst(Limit::JoinsPerSecond, 1)
        ));
    }
}
