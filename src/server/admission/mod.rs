//! Admission control: decides who comes in and how fast, one for all shards and the acceptor.

pub(crate) mod addresses;
pub(crate) mod proxies;
pub(crate) mod proxy_header;
pub(crate) mod refusal;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::server::limits::limit::{Limit, LimitSet};
use crate::server::limits::meters::LimitMeters;
use crate::server::limits::token_bucket::{RefillRate, SharedTokenBucket};
use crate::server::limits::values::{AdmissionLimits, ServerLimits};
use addresses::{Addresses, Counted};
use refusal::Refusal;
use refusal::Refusals;

/// Its limits can be changed while it is used, by [`set_limits`](Admission::set_limits); nobody
/// keeps a copy of them.
#[derive(Debug)]
pub(crate) struct Admission {
    shards: usize,
    limits: Mutex<(AdmissionLimits, LimitSet)>,
    addresses: Arc<Addresses>,
    joins: SharedTokenBucket,
    pub refusals: Refusals,
    pub meters: Arc<LimitMeters>,
    started: Instant,
}

/// Whether a join may be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JoinTurn {
    Now,
    /// After that time.
    Later(Duration),
    /// It would have to wait too long. It is refused after that time, because a quick refusal would
    /// only bring the next try.
    TooLate(Duration),
}

impl Admission {
    /// The admission of a server with so many shards.
    pub fn new(shards: usize, limits: &ServerLimits) -> Admission {
        Admission {
            shards: shards.max(1),
            limits: Mutex::new((limits.admission, limits.observe)),
            addresses: Arc::default(),
            joins: SharedTokenBucket::default(),
            refusals: Refusals::default(),
            meters: Arc::default(),
            started: Instant::now(),
        }
    }

    /// Its limits, and those that are only observed.
    pub fn limits(&self) -> (AdmissionLimits, LimitSet) {
        *self.lock()
    }

    /// Sets the limits for connections and joins from now on.
    pub fn set_limits(&self, admission: AdmissionLimits, observe: LimitSet) {
        let mut limits = self.lock();
        let rate = joins(&admission);
        if rate != joins(&limits.0) {
            self.joins.forgive(self.now_ns(), rate);
        }
        *limits = (admission, observe);
    }

    fn lock(&self) -> MutexGuard<'_, (AdmissionLimits, LimitSet)> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nanoseconds since it was made: the clock of its buckets.
    pub fn now_ns(&self) -> u64 {
        self.started.elapsed().as_nanos() as u64
    }

    /// How many connections one shard may have in HTTP, at least 1.
    pub fn upgrades_in_flight_max(&self) -> u64 {
        let (admission, _) = self.limits();
        let max = admission.upgrades_in_flight_max.div_ceil(self.shards);
        max.max(1) as u64
    }

    /// Whether a shard can make room for one more in HTTP. The answers of `asking` connections
    /// there are being found, so those are not cut.
    pub fn takes_beside(&self, asking: usize) -> bool {
        let (_, observe) = self.limits();
        let max = self.upgrades_in_flight_max();
        (asking as u64) < observe.bites_above(Limit::UpgradesInFlight, max)
    }

    /// Counts a connection of `address`, unless that is an address whose connections are not
    /// counted.
    ///
    /// # Errors
    /// The address has too many connections already.
    pub fn enter(&self, address: IpAddr) -> Result<Option<Counted>, Refusal> {
        let Some((counted, count)) = self.addresses.enter(address) else {
            return Ok(None);
        };
        let (admission, observe) = self.limits();
        let (limit, max) = (
            Limit::ConnectionsPerAddress,
            admission.connections_per_address_max,
        );
        match self.meters.judge(observe, limit, count.into(), max as u64) {
            true => Err(Refusal::Address),
            false => Ok(Some(counted)),
        }
    }

    /// When the next join may be answered. This takes the place.
    pub fn next_join(&self) -> JoinTurn {
        let limits = self.lock();
        let (admission, observe) = *limits;
        let rate = joins(&admission);
        let is_observed = observe.contains(Limit::JoinsPerSecond);
        let wait_max = match is_observed {
            true => Duration::ZERO,
            false => Duration::from_millis(admission.join_wait_ms_max),
        };
        let turn = self.joins.take(self.now_ns(), rate, wait_max);
        // Not before: a token that is taken at the old rate after a change would be owed at the new
        // one.
        drop(limits);
        let (limit, used_ns) = (Limit::JoinsPerSecond, turn.used_ns);
        self.meters.note(observe, limit, used_ns, rate.burst_ns());
        if turn.wait == Some(Duration::ZERO) {
            return JoinTurn::Now;
        }
        match (
            self.meters.exceeded(observe, Limit::JoinsPerSecond),
            turn.wait,
        ) {
            (false, _) => JoinTurn::Now,
            (true, Some(wait)) => JoinTurn::Later(wait),
            (true, None) => JoinTurn::TooLate(wait_max),
        }
    }
}

fn joins(admission: &AdmissionLimits) -> RefillRate {
    RefillRate::new(admission.joins_per_second, admission.joins_burst)
}
