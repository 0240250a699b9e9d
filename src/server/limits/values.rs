//! The limits of a server as values: what may be set, and the defaults.

use super::limit::LimitSet;
use crate::broker::FanoutSettings;

/// The limits of a server beside those of each mount ([`crate::channel::SocketLimits`]) and of HTTP ([`HttpLimits`](self::HttpLimits)).
#[derive(Clone, Copy, Debug)]
pub struct ServerLimits {
    /// What the fan-out keeps for readers that are behind.
    pub fanout: FanoutSettings,
    /// Longest time from the first byte of a message to its last, in milliseconds. Default 30,000. Then the connection
    /// is closed with 1008. Pauses in which it is not read are on top; those for sending more than
    /// [`rates`](Self::rates) allow, for [`over_rate_ms_max`](Rates::over_rate_ms_max) together at most.
    pub partial_timeout_ms: u64,
    /// Bytes of incomplete messages that all connections of a shard may keep together. Default 64 MiB. The connection
    /// that goes beyond it is closed with 1008.
    pub partial_bytes_max: usize,
    /// Longest time for a closing handshake, in milliseconds. Default 5,000. Then the connection is cut, and its client
    /// may see 1006.
    pub closing_timeout_ms: u64,
    /// Bytes that a shard may have before it, in its mailbox and in logs that its writable members have not been
    /// offered yet. Default 32 MiB. Whoever publishes beyond it is not read from until half of that is done.
    pub lag_bytes_max: usize,
    /// Longest time that a publisher is not read from for that, in milliseconds. Default 10,000. Then it is closed with
    /// 1013.
    pub pause_timeout_ms: u64,
    /// Longest time for what a callback waits for (`Join::later`, `Handled::later`), in milliseconds. Default 30,000.
    /// Then a join is refused with "join timed out", and a channel that waited for another event crashes.
    pub callback_timeout_ms: u64,
    /// How it ends once it is asked to.
    pub drain: Drain,
    /// Unsent bytes that the kernel takes for one socket (`TCP_NOTSENT_LOWAT`). Default 128 KiB, so that it does not
    /// hoard megabytes for each reader that has stopped.
    pub notsent_bytes_max: u32,
    /// Who may come, and how fast.
    pub admission: AdmissionLimits,
    /// What one connection may send in a second.
    pub rates: Rates,
    /// The limits that only count for now ([`Limit`](super::limit::Limit)).
    pub observe: LimitSet,
}

impl Default for ServerLimits {
    fn default() -> ServerLimits {
        ServerLimits {
            fanout: FanoutSettings::default(),
            partial_timeout_ms: 30_000,
            partial_bytes_max: 64 << 20,
            closing_timeout_ms: 5_000,
            lag_bytes_max: 32 << 20,
            pause_timeout_ms: 10_000,
            callback_timeout_ms: 30_000,
            drain: Drain::default(),
            notsent_bytes_max: 128 << 10,
            admission: AdmissionLimits::default(),
            rates: Rates::default(),
            observe: LimitSet::default(),
        }
    }
}

/// Who may come, and how fast. What is too much waits in the kernel's backlog or for its answer, as a quick refusal would
/// only bring the client back at once (phoenix.js tries again within 10 ms).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdmissionLimits {
    /// Connections in all, in HTTP or as WebSockets. Default 250,000. For a further one, that in HTTP is cut which has waited
    /// longest without having sent a whole request head; where there is none, it is not accepted until another has gone.
    pub connections_max: usize,
    /// Connections from one address (of IPv6 the first 64 bits), those of loopback not counted. Default 10,000. The next
    /// gets 429 a second after it came, and is closed then if it has not asked for anything.
    pub connections_per_address_max: usize,
    /// Connections that are in HTTP still, each shard its part of them. Default 4,096. For each further one, that which has
    /// waited longest without having sent a whole request head is cut.
    pub upgrades_in_flight_max: usize,
    /// Connections accepted in a second, in the long run. Default 5,000; the others wait in the backlog.
    pub accepts_per_second: u32,
    /// Connections accepted at once after a pause. Default 1,000.
    pub accepts_burst: u32,
    /// Joins answered in a second by all shards, in the long run. Default 20,000; the others wait, in order.
    pub joins_per_second: u32,
    /// Joins answered at once after a pause. Default 2,000.
    pub joins_burst: u32,
    /// Longest wait of a join for that, in milliseconds. Default 8,000, as phoenix.js gives up after 10,000. Who would wait
    /// longer is refused with "too many joins" at the end of that time.
    pub join_wait_ms_max: u64,
}

impl Default for AdmissionLimits {
    fn default() -> AdmissionLimits {
        AdmissionLimits {
            connections_max: 250_000,
            connections_per_address_max: 10_000,
            upgrades_in_flight_max: 4_096,
            accepts_per_second: 5_000,
            accepts_burst: 1_000,
            joins_per_second: 20_000,
            joins_burst: 2_000,
            join_wait_ms_max: 8_000,
        }
    }
}

/// What one connection may send: token buckets. Who is over is read later; who stays over is closed with 1008.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Messages in a second, in the long run. Default 1,000.
    pub messages_per_second: u32,
    /// Messages at once after a pause. Default 2,000.
    pub messages_burst: u32,
    /// Bytes in a second, in the long run. Default 1 MiB.
    pub bytes_per_second: u32,
    /// Bytes at once after a pause. Default 4 MiB.
    pub bytes_burst: u32,
    /// How long a client may be over without a moment in which it was not, in milliseconds. Default 10,000.
    pub over_rate_ms_max: u64,
}

impl Default for Rates {
    fn default() -> Rates {
        Rates {
            messages_per_second: 1_000,
            messages_burst: 2_000,
            bytes_per_second: 1 << 20,
            bytes_burst: 4 << 20,
            over_rate_ms_max: 10_000,
        }
    }
}

/// How a server ends once it is asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain {
    /// How long it goes on accepting, in milliseconds, while `/readyz` says already that it ends. Default 0; what a load
    /// balancer takes to notice, where there is one.
    pub ready_delay_ms: u64,
    /// Time over which connections are closed with 1012, in milliseconds, at an even pace and in random order, members
    /// of the largest rooms last. Default 1,000: where clients wait for the next process meanwhile, they wait for less than the
    /// 2.5 s after which a phoenix.js with a fallback takes it. Each shard closes at least 1,000 a second, so few take less; 0 closes
    /// all at once. At most half of what the deadline leaves is used, so that the last have time to answer.
    pub window_ms: u64,
    /// Longest time from the order to the end, in milliseconds. Default 30,000. What is connected then is cut.
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
    /// The time over which connections are really closed.
    pub(crate) fn closing_window_ms(&self) -> u64 {
        let left_ms = self.deadline_ms.saturating_sub(self.ready_delay_ms);
        self.window_ms.min(left_ms / 2)
    }
}

/// The limits of a connection while it speaks HTTP. They are generous to a slow client and a slow network, and bound
/// what a silent or hostile one can hold: a file descriptor and some kilobytes, for about a minute at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// Longest wait for a whole request head, in milliseconds, from the accept or the end of the answer before, so it
    /// is also how long an idle connection is kept. Default 10,000. Then the connection is closed.
    pub header_timeout_ms: u64,
    /// Longest life as an HTTP connection, in milliseconds. Default 60,000: whoever wants a page or an upgrade has it
    /// long before. Then the answer under way is the last, and has `closing_timeout_ms` to be taken.
    pub lifetime_ms: u64,
    /// How long a connection at the end of its life may still take, in milliseconds. Default 5,000. Then it is cut.
    pub closing_timeout_ms: u64,
    /// Longest wait for the app's answer to a connect, in milliseconds. Default 10,000, as phoenix.js itself gives up
    /// on things after that time. Then the client gets 503.
    pub connect_timeout_ms: u64,
    /// Largest request head, in bytes, at least 8,192 (hyper's own minimum). It bounds hyper's buffer, so that up to twice
    /// as much may pass, as it happens to be read. Default 65,536, eight times what proxies
    /// commonly pass on, as tokens travel in URLs. A larger one is answered with 431.
    pub head_bytes_max: usize,
    /// Most header lines of a request. Default 100. More are answered with 431.
    pub head_lines_max: usize,
}

impl Default for HttpLimits {
    fn default() -> HttpLimits {
        HttpLimits {
            header_timeout_ms: 10_000,
            lifetime_ms: 60_000,
            closing_timeout_ms: 5_000,
            connect_timeout_ms: 10_000,
            head_bytes_max: 64 * 1024,
            head_lines_max: HEAD_LINES_MAX_DEFAULT,
        }
    }
}

/// hyper's own default, for which it needs no memory of its own.
pub(crate) const HEAD_LINES_MAX_DEFAULT: usize = 100;
