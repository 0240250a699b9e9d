//! Admission control: which connections and joins come in, and how fast, for the whole server.

pub(crate) mod addresses;
pub(crate) mod first_bytes;
pub(crate) mod forwarded_for;
pub(crate) mod join_rate;
pub(crate) mod proxy_protocol;
pub(crate) mod refusal;

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use crate::credentials::Revocations;
use crate::server::limits::limit::{Limit, LimitSet};
use crate::server::limits::meters::LimitMeters;
use crate::server::limits::values::ServerLimits;
use crate::server::log::sums::Sums;
use addresses::{Addresses, Counted};
use refusal::Refusal;
use refusal::Refusals;

/// Admission of one server. [`set_limits`](Admission::set_limits) can change its limits while the
/// server runs, so each decision about a connection or a join reads them here.
#[derive(Debug)]
pub(crate) struct Admission {
    shards: usize,
    limits: Mutex<ServerLimits>,
    addresses: Arc<Addresses>,
    /// The moment at which the bucket of joins will be full again, on the clock of
    /// [`now_ns`](Admission::now_ns).
    joins_full_at_ns: AtomicU64,
    /// Number of shards with joins that wait for a place of that bucket.
    shards_in_want: AtomicUsize,
    /// Signals to the acceptor that a shard has begun with all its newcomers.
    pub begun: Notify,
    pub refusals: Refusals,
    /// The tokens that are taken no longer.
    pub revocations: Revocations,
    pub meters: Arc<LimitMeters>,
    /// The lines of the log that clients have caused.
    pub sums: Sums,
    started: Instant,
}

impl Admission {
    /// Returns the admission of a server with `shards` shards.
    pub fn new(shards: usize, limits: &ServerLimits) -> Admission {
        Admission {
            shards: shards.max(1),
            limits: Mutex::new(*limits),
            addresses: Arc::default(),
            joins_full_at_ns: AtomicU64::default(),
            shards_in_want: AtomicUsize::new(0),
            begun: Notify::new(),
            refusals: Refusals::default(),
            revocations: Revocations::default(),
            meters: Arc::default(),
            sums: Sums::default(),
            started: Instant::now(),
        }
    }

    /// Locks and returns the present limits.
    pub fn limits(&self) -> MutexGuard<'_, ServerLimits> {
        self.lock()
    }

    /// Returns the limits that are only observed.
    pub fn observe(&self) -> LimitSet {
        self.lock().observe
    }

    /// Sets the limits for connections and joins from now on.
    pub fn set_limits(&self, limits: &ServerLimits) {
        let mut current = self.lock();
        let rate = limits.rate(Limit::JoinsPerSecond);
        if rate != current.rate(Limit::JoinsPerSecond) {
            self.forgive_joins(self.now_ns(), rate);
        }
        *current = *limits;
    }

    fn lock(&self) -> MutexGuard<'_, ServerLimits> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the nanoseconds since this admission was made, the clock of its buckets.
    pub fn now_ns(&self) -> u64 {
        self.started.elapsed().as_nanos() as u64
    }

    /// Returns the moment from which the nanoseconds of this admission count.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// Returns how many connections one shard may have in HTTP, at least 1.
    pub fn upgrades_in_flight_max(&self) -> u64 {
        let max = self.lock().max(Limit::UpgradesInFlight);
        max.div_ceil(self.shards as u64).max(1)
    }

    /// True if a shard may have one more connection in HTTP, beside the `in_http` that it has.
    pub fn takes_beside(&self, in_http: usize) -> bool {
        let max = self.upgrades_in_flight_max();
        (in_http as u64) < self.observe().bites_above(Limit::UpgradesInFlight, max)
    }

    /// Counts a connection of `address`. `None` if connections of that address are not counted.
    ///
    /// # Errors
    /// The address has too many connections already.
    pub fn enter(&self, address: IpAddr) -> Result<Option<Counted>, Refusal> {
        let limit = Limit::ConnectionsPerAddress;
        self.addresses.enter(address, |count| {
            let (observe, max) = {
                let limits = self.lock();
                (limits.observe, limits.max(limit))
            };
            !self.meters.judge(observe, limit, count.into(), max)
        })
    }
}
