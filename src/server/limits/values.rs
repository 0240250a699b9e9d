//! The limits of a server as values, and the times that belong to them.

use std::ops::RangeInclusive;

use super::limit::{DEFAULTS, Limit, LimitSet, Values};
use super::row::{Key, MOST, Owner};
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
    pub(crate) closing_timeout_ms: u64,
    pub(crate) fault_delay_ms: u64,
    pub(crate) http_lifetime_ms: u64,
    pub(crate) keep_alive_ms: u64,
    pub(crate) connect_timeout_ms: u64,
    pub(crate) notsent_bytes_max: u32,
}

/// Longest time for which a Close is held back. It keeps a place among the connections meanwhile.
pub(crate) const FAULT_DELAY_MS_MAX: u64 = 60_000;

impl Default for ServerLimits {
    fn default() -> ServerLimits {
        ServerLimits {
            values: DEFAULTS,
            observe: LimitSet::default(),
            drain: Drain::default(),
            closing_timeout_ms: 5_000,
            fault_delay_ms: 3_000,
            http_lifetime_ms: 60_000,
            keep_alive_ms: 90_000,
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

    /// Returns the longest wait of a join over [`JoinsPerSecond`](Limit::JoinsPerSecond), or of a
    /// client that publishes over [`LagBytes`](Limit::LagBytes), in milliseconds. 0 for other
    /// limits.
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

    /// Returns the longest time for a client to take its Close, or its last answer in HTTP, in
    /// milliseconds. Default 5,000. Then the connection is cut, and its client may see 1006.
    pub fn closing_timeout_ms(&self) -> u64 {
        self.closing_timeout_ms
    }

    /// Returns how long the Close of a client is held back that sent a message which cannot be
    /// answered, in milliseconds. Default 3,000. Stock clients come back at once with the same
    /// message, so this is the pace of such a client's loop. 0 closes at once.
    pub fn fault_delay_ms(&self) -> u64 {
        self.fault_delay_ms
    }

    /// Returns the age from which the next answer of a connection in HTTP is its last, which the
    /// answer says (`Connection: close`), in milliseconds. Default 60,000: a page or an upgrade
    /// takes much less. It is also the longest time for an answer, until the client has taken it.
    pub fn http_lifetime_ms(&self) -> u64 {
        self.http_lifetime_ms
    }

    /// Returns how long a connection in HTTP is kept between two requests, in milliseconds. Default
    /// 90,000: load balancers keep theirs for 60 to 75 s, and have to be the first to end one.
    /// Where places are few, such a connection is cut before one whose first request is awaited.
    pub fn keep_alive_ms(&self) -> u64 {
        self.keep_alive_ms
    }

    /// Returns the longest wait for the app's answer to a connect, in milliseconds. Default 10,000:
    /// a join that phoenix.js holds back until it is connected times out after that time. Then the
    /// client gets 503.
    pub fn connect_timeout_ms(&self) -> u64 {
        self.connect_timeout_ms
    }

    /// Returns the unsent bytes that the kernel takes for one socket (`TCP_NOTSENT_LOWAT`, on Linux
    /// alone). Default 128 KiB, so that the kernel does not keep megabytes for each reader that has
    /// stopped.
    pub fn notsent_bytes_max(&self) -> u32 {
        self.notsent_bytes_max
    }

    /// Sets the value of `limit`.
    ///
    /// # Panics
    /// If the value is out of the limit's range, which the panic names: from 1 for most limits, to
    /// 4,294,967,295. If each mount has a value of its own:
    /// [`IdleTime`](Limit::IdleTime), [`MessageBytes`](Limit::MessageBytes) and
    /// [`ChannelsPerConnection`](Limit::ChannelsPerConnection) are set on the
    /// [`UserSocket`](crate::channel::UserSocket). If each room has one:
    /// [`RoomMessagesPerSecond`](Limit::RoomMessagesPerSecond) and
    /// [`RoomBytesPerSecond`](Limit::RoomBytesPerSecond) are set in the rules of rooms
    /// ([`TopicRates`](crate::rooms::TopicRates)).
    #[must_use]
    pub fn with_max(self, limit: Limit, max: u64) -> ServerLimits {
        if let Owner::Mount(mount) = limit.owner() {
            let (name, setter) = (limit.name(), mount.setter);
            panic!("each mount has its own {name}: it is set by UserSocket::{setter}");
        }
        if let Owner::Room(field) = limit.owner() {
            let name = limit.name();
            panic!("each room has its own {name}: it is set in {field}");
        }
        self.with(limit, Key::Max, max)
    }

    /// Sets the count that `limit` allows at once after a pause.
    ///
    /// # Panics
    /// If `limit` is no rate, and so has no burst, or if the burst is not 1 to 4,294,967,295.
    #[must_use]
    pub fn with_burst(self, limit: Limit, burst: u64) -> ServerLimits {
        self.with(limit, Key::Burst, burst)
    }

    /// Sets the longest [wait](Self::wait_ms) of a client over `limit`, in milliseconds.
    ///
    /// # Panics
    /// If no client waits at this limit, or if the wait is longer than the limit allows: 9,000 ms
    /// for [`JoinsPerSecond`](Limit::JoinsPerSecond), 4,294,967,295 ms for
    /// [`LagBytes`](Limit::LagBytes).
    #[must_use]
    pub fn with_wait_ms(self, limit: Limit, wait_ms: u64) -> ServerLimits {
        self.with(limit, Key::WaitMs, wait_ms)
    }

    /// Sets how long a client may be over [`MessagesPerSecond`](Limit::MessagesPerSecond) or
    /// [`BytesPerSecond`](Limit::BytesPerSecond) without a rest, in milliseconds.
    ///
    /// # Panics
    /// If the time is longer than 4,294,967,295 ms.
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
    ///
    /// # Panics
    /// If the time is not 1 to 4,294,967,295 ms.
    #[must_use]
    pub fn with_closing_timeout_ms(mut self, ms: u64) -> ServerLimits {
        self.closing_timeout_ms = checked("closing_timeout_ms", ms, 1..=MOST);
        self
    }

    /// Sets [how long the Close is held back](Self::fault_delay_ms) after a message that cannot be
    /// answered.
    ///
    /// # Panics
    /// If the time is over 60,000 ms.
    #[must_use]
    pub fn with_fault_delay_ms(mut self, ms: u64) -> ServerLimits {
        self.fault_delay_ms = checked("fault_delay_ms", ms, 0..=FAULT_DELAY_MS_MAX);
        self
    }

    /// Sets the [age of a connection's last answer in HTTP](Self::http_lifetime_ms).
    ///
    /// # Panics
    /// If the time is not 1 to 4,294,967,295 ms.
    #[must_use]
    pub fn with_http_lifetime_ms(mut self, ms: u64) -> ServerLimits {
        self.http_lifetime_ms = checked("http_lifetime_ms", ms, 1..=MOST);
        self
    }

    /// Sets the [time between two requests](Self::keep_alive_ms).
    ///
    /// # Panics
    /// If the time is not 1 to 4,294,967,295 ms.
    #[must_use]
    pub fn with_keep_alive_ms(mut self, ms: u64) -> ServerLimits {
        self.keep_alive_ms = checked("keep_alive_ms", ms, 1..=MOST);
        self
    }

    /// Sets the [time for the app's answer to a connect](Self::connect_timeout_ms).
    ///
    /// # Panics
    /// If the time is not 1 to 4,294,967,295 ms.
    #[must_use]
    pub fn with_connect_timeout_ms(mut self, ms: u64) -> ServerLimits {
        self.connect_timeout_ms = checked("connect_timeout_ms", ms, 1..=MOST);
        self
    }

    /// Sets the [unsent bytes of one socket](Self::notsent_bytes_max).
    ///
    /// # Panics
    /// If `bytes` is 0, which the kernel takes for its own default: no bound.
    #[must_use]
    pub fn with_notsent_bytes_max(mut self, bytes: u32) -> ServerLimits {
        self.notsent_bytes_max = checked("notsent_bytes_max", bytes.into(), 1..=MOST) as u32;
        self
    }

    fn with(mut self, limit: Limit, key: Key, value: u64) -> ServerLimits {
        let (name, key_name) = (limit.name(), key.name());
        let Some(number) = limit.number(key) else {
            panic!("the limit {name} has no {key_name}");
        };
        let name = format!("{name}.{key_name}");
        let value = checked(&name, value, number.least..=number.most);
        self.set_number(limit, key, value);
        self
    }

    #[inline]
    pub(crate) fn number(&self, limit: Limit, key: Key) -> u64 {
        self.values[key as usize][limit as usize]
    }

    /// Sets a number of `limit`, even if each mount has its own: the configuration has one for all
    /// mounts, and has checked the number's range.
    pub(crate) fn set_number(&mut self, limit: Limit, key: Key, value: u64) {
        self.values[key as usize][limit as usize] = value;
    }

    /// Returns `limit` as a rate with a burst. Both fit 32 bits, because [`MOST`] does.
    pub(crate) fn rate(&self, limit: Limit) -> RefillRate {
        RefillRate::new(self.max(limit) as u32, self.burst(limit) as u32)
    }

    /// Returns the value above which `limit` bites: see [`LimitSet::bites_above`].
    pub(crate) fn bites_above(&self, limit: Limit) -> u64 {
        self.observe.bites_above(limit, self.max(limit))
    }
}

/// Returns `value` if it is in the range of the setting `name`.
///
/// # Panics
/// If it is not: a mistake in the program, reported at its start.
fn checked(name: &str, value: u64, range: RangeInclusive<u64>) -> u64 {
    let (least, most) = (range.start(), range.end());
    assert!(
        range.contains(&value),
        "{name} is {least} to {most}, not {value}"
    );
    value
}

/// Times of a server's end, once it is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drain {
    /// How long the server goes on accepting, in milliseconds, while `/readyz` already answers 503.
    /// Default 0. Behind a load balancer, set the time that the load balancer takes to notice.
    pub ready_delay_ms: u64,
    /// Time over which connections are closed with 1012, in milliseconds. They are closed at an
    /// even pace and in random order, members of the largest rooms last. Each shard closes at least
    /// 1,000 connections a second, so a few connections take less time; 0 closes all at once. At
    /// most half of the time left until the deadline is used, so that the last clients have time to
    /// answer.
    ///
    /// Default 1,000. A phoenix.js with a fallback transport changes to that transport after 2.5 s;
    /// clients that wait for the next process wait less.
    pub window_ms: u64,
    /// Longest time from the order to end until the end, in milliseconds. Default 30,000.
    /// Connections left then are cut. Where the process stood still meanwhile, some may not have
    /// their Close yet: they get it then, and have [`ServerLimits::closing_timeout_ms`] more, but
    /// 5,000 at most.
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

    /// # Panics
    /// If the deadline is over before the ready delay: a mistake in the program, reported at its
    /// start.
    pub(crate) fn check(&self) {
        let (delay, deadline) = (self.ready_delay_ms, self.deadline_ms);
        assert!(
            delay < deadline,
            "the drain's deadline, {deadline} ms, is over before its ready delay, {delay} ms"
        );
    }

    /// Returns the window in use: `window_ms`, but half of the time until the deadline at most.
    pub(crate) fn closing_window_ms(&self) -> u64 {
        let left_ms = self.deadline_ms.saturating_sub(self.ready_delay_ms);
        self.window_ms.min(left_ms / 2)
    }
}

#[cfg(test)]
mod tests;
