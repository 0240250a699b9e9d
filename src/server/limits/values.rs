//! The limits of a server as values, and the times that belong to them.

use super::limit::{DEFAULTS, Limit, LimitSet, Values};
use super::row::Key;
use super::token_bucket::RefillRate;

/// The limits of a server: the numbers of each [`Limit`], the set of limits that are only observed,
/// and further times of the server.
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
    /// The limits that are only observed: they count, and do not bite.
    pub observe: LimitSet,
    /// Times of the server's end, once it is asked to end.
    pub drain: Drain,
    /// Longest time for a client to take its Close, or its last answer in HTTP, in milliseconds.
    /// Default 5,000. Then the connection is cut, and its client may see 1006.
    pub closing_timeout_ms: u64,
    /// Longest life of a connection in HTTP, in milliseconds. Default 60,000: a page or an upgrade
    /// takes much less. Then the answer under way is the last.
    pub http_lifetime_ms: u64,
    /// Longest wait for the app's answer to a connect, in milliseconds. Default 10,000, because
    /// phoenix.js gives up after that time. Then the client gets 503.
    pub connect_timeout_ms: u64,
    /// Unsent bytes that the kernel takes for one socket (`TCP_NOTSENT_LOWAT`). Default 128 KiB, so
    /// that the kernel does not keep megabytes for each reader that has stopped.
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
    /// Returns the value of `limit`, in the unit that its name says: a count, bytes or
    /// milliseconds.
    #[inline]
    pub fn max(&self, limit: Limit) -> u64 {
        self.number(limit, Key::Max)
    }

    /// Returns the count that `limit` allows at once after a pause. 0 if `limit` is no rate.
    #[inline]
    pub fn burst(&self, limit: Limit) -> u64 {
        self.number(limit, Key::Burst)
    }

    /// Returns how long a client waits that is over [`JoinsPerSecond`](Limit::JoinsPerSecond) or
    /// [`LagBytes`](Limit::LagBytes), in milliseconds. 0 for other limits.
    #[inline]
    pub fn wait_ms(&self, limit: Limit) -> u64 {
        self.number(limit, Key::WaitMs)
    }

    /// Returns how long a client may be over [`MessagesPerSecond`](Limit::MessagesPerSecond) or
    /// [`BytesPerSecond`](Limit::BytesPerSecond) without a rest, in milliseconds.
    #[inline]
    pub fn over_ms(&self) -> u64 {
        self.number(Limit::MessagesPerSecond, Key::OverMs)
    }

    /// Sets the value of `limit`.
    ///
    /// # Panics
    /// If each mount has a value of its own: [`IdleTime`](Limit::IdleTime),
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

    /// Sets the count that `limit` allows at once after a pause.
    ///
    /// # Panics
    /// If `limit` is no rate, and so has no burst.
    #[must_use]
    pub fn with_burst(self, limit: Limit, burst: u64) -> ServerLimits {
        self.with(limit, Key::Burst, burst)
    }

    /// Sets how long a client over `limit` waits, in milliseconds.
    ///
    /// # Panics
    /// If no client waits at this limit.
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

    /// Has `limits` only count how often they would bite, in addition to the limits observed
    /// already.
    #[must_use]
    pub fn observing(mut self, limits: impl IntoIterator<Item = Limit>) -> ServerLimits {
        self.observe = limits.into_iter().fold(self.observe, LimitSet::with);
        self
    }

    /// Sets the times of the server's end.
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

    /// Sets a number of `limit`, even if each mount has its own: the configuration has one for all
    /// mounts.
    pub(crate) fn set_number(&mut self, limit: Limit, key: Key, value: u64) {
        self.values[key as usize][limit as usize] = value;
    }

    /// Returns `limit` as a rate with a burst.
    pub(crate) fn rate(&self, limit: Limit) -> RefillRate {
        let count = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        RefillRate::new(count(self.max(limit)), count(self.burst(limit)))
    }

    /// Returns the value above which `limit` bites: see [`LimitSet::bites_above`].
    pub(crate) fn bites_above(&self, limit: Limit) -> u64 {
        self.observe.bites_above(limit, self.max(limit))
    }
}

/// Times of a server's end, once it is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drain {
    /// How long the server goes on accepting, in milliseconds, while `/readyz` already says that it
    /// ends. Default 0. Behind a load balancer, the time that the load balancer takes to notice.
    pub ready_delay_ms: u64,
    /// Time over which connections are closed with 1012, in milliseconds. They are closed at an
    /// even pace and in random order, members of the largest rooms last. Each shard closes at least
    /// 1,000 connections a second, so a few connections take less time; 0 closes all at once. At
    /// most half of the time left until the deadline is used, so that the last clients have time to
    /// answer.
    ///
    /// Default 1,000. Clients that wait for the next process then wait less than 2.5 s, after which
    /// a phoenix.js with a fallback changes to it.
    pub window_ms: u64,
    /// Longest time from the order to end until the end, in milliseconds. Default 30,000.
    /// Connections left then are cut.
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
    /// Sets how long the server [goes on accepting](Self::ready_delay_ms).
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

    /// Returns the window in use: `window_ms`, but half of the time until the deadline at most.
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
