//! The parts of a shard that a session's host needs: fan-out, link to other threads, limits.

use std::rc::Rc;
use std::sync::Arc;

use super::events::Events;
use super::held_bytes::HeldBytes;
use super::join_queue::{HeldJoin, JoinQueue};
use super::link::ShardLink;
use super::pace::Charges;
use crate::broker::{Fanout, SubscriptionId, lag_bytes_without_wait};
use crate::server::http::app::{HttpApp, Served};
use crate::server::limits::fair_queue::Party;
use crate::server::limits::limit::{Limit, LimitSet};
use crate::server::limits::observe::with_observed;
use crate::server::limits::token_bucket::RefillRate;
use crate::server::limits::values::ServerLimits;

/// Bytes that a connection may always have in line, whatever others have there.
const LINE_BYTES_ALWAYS: usize = 4 << 10;

/// Longest wait of a join that no limit holds, because turns are long, in milliseconds. phoenix.js
/// gives up after 10,000.
const PACED_MS_MAX: u64 = 9_000;

/// The part of a shard that a session's host borrows as a whole. The connections are not in this
/// part, because a call into a session also borrows a connection.
pub(crate) struct Services {
    pub link: Arc<ShardLink>,
    pub fanout: Fanout,
    pub events: Rc<Events>,
    /// Joins that wait for their answer, and what connections owe for refused ones.
    pub joins: JoinQueue,
    /// Bytes of what all connections have in line behind waiting channels.
    pub waiting: HeldBytes,
    pub app: Arc<HttpApp>,
    pub limits: ServerLimits,
    /// The rates among `limits`, in the form in which reads are charged.
    pub charges: Charges,
    /// How long before this turn the moment is from which rates earn: see
    /// [`Clock::earning_ns`](super::clock::Clock::earning_ns).
    pub earning_ns: u64,
    /// The lag of a shard up to which no publisher waits, in bytes.
    pub lag_bytes_without_wait: usize,
}

impl Services {
    pub fn new(link: Arc<ShardLink>, app: Arc<HttpApp>, limits: ServerLimits) -> Services {
        Services {
            fanout: Fanout::new(link.number, Arc::clone(&link.hub), with_observed(&limits)),
            link,
            events: Rc::default(),
            joins: JoinQueue::default(),
            waiting: HeldBytes::default(),
            app,
            charges: (&limits).into(),
            earning_ns: 0,
            lag_bytes_without_wait: without_wait(&limits),
            limits,
        }
    }

    /// Switches to the router and the limits of `serving`. Returns the new charges. `None` if the
    /// rates have not changed.
    pub fn reload(&mut self, serving: &Served) -> Option<Charges> {
        self.app = Arc::clone(&serving.app);
        let refused = self.refused_rate();
        self.limits = serving.limits;
        self.lag_bytes_without_wait = without_wait(&self.limits);
        if refused != self.refused_rate() {
            self.joins.forgive_refused();
        }
        self.fanout.set_settings(with_observed(&self.limits));
        let charges = Charges::from(&self.limits);
        let before = std::mem::replace(&mut self.charges, charges);
        (before != charges).then_some(charges)
    }

    /// True if the join of `channel` may be answered now. Otherwise the join is held: because the
    /// turn is long, because other joins wait or no place is free, or because the connection owes
    /// for refused joins.
    pub fn may_join(&mut self, connection: u64, party: Party, channel: SubscriptionId) -> bool {
        let admission = Arc::clone(&self.link.admission);
        let now_ns = admission.now_ns();
        let owes_ns = self.owes_ns(connection, now_ns);
        let waits = owes_ns > 0 || self.joins.comes_behind(connection);
        if !waits && admission.take_join(now_ns).is_ok() {
            return true;
        }
        let is_over_rate = admission.joins_wait(now_ns) && self.exceeded(Limit::JoinsPerSecond);
        let wait_ms = match is_over_rate || owes_ns > 0 {
            true => admission.limits().wait_ms(Limit::JoinsPerSecond),
            false => PACED_MS_MAX,
        };
        let join = HeldJoin {
            channel,
            late_at_ns: self.joins.late_after_ns(wait_ms),
        };
        let until_ns = if owes_ns > 0 { now_ns + owes_ns } else { 0 };
        self.joins.hold(connection, party, until_ns, join);
        false
    }

    /// True if what a connection of `party` has in line may take `now` bytes, where it takes
    /// `before`. A connection with little in line always may. Otherwise all lines together may not
    /// take too much, and those of `party` not too much of what is free.
    pub fn may_wait_in_line(&self, party: Party, before: usize, now: usize) -> bool {
        let (limit, more) = (Limit::WaitingBytes, now.saturating_sub(before));
        let all = (self.waiting.all() + more) as u64;
        let is_over = self.judge(limit, all, self.limits.max(limit));
        if now <= LINE_BYTES_ALWAYS || is_over {
            return now <= LINE_BYTES_ALWAYS;
        }
        let most = self.limits.bites_above(limit);
        let is_over_share = self.waiting.is_over_share(party, more, most);
        if is_over_share {
            // `most` is what bites, even if the limit is observed.
            self.link.meters.exceeded(LimitSet::default(), limit);
        }
        !is_over_share
    }

    /// Returns for how long a connection owes for refused joins, and counts if it does.
    fn owes_ns(&self, connection: u64, now_ns: u64) -> u64 {
        let Some(rate) = self.refused_rate() else {
            return 0;
        };
        let owes_ns = self.joins.owes_ns(connection, now_ns, rate);
        if owes_ns > 0 {
            self.exceeded(Limit::RefusedJoinsPerSecond);
        }
        owes_ns
    }

    /// Charges a connection for a refused join.
    pub fn charge_refused_join(&mut self, connection: u64) {
        let (limit, observe) = (Limit::RefusedJoinsPerSecond, self.limits.observe);
        let rate = self.limits.rate(limit);
        let now_ns = self.link.admission.now_ns();
        let from_ns = now_ns.saturating_sub(self.earning_ns);
        let used_ns = self.joins.charge(connection, from_ns, now_ns, rate);
        let meters = &self.link.meters;
        if used_ns > rate.burst_ns() && observe.contains(limit) {
            meters.exceeded(observe, limit);
        }
        meters.note(observe, limit, used_ns, rate.burst_ns());
    }

    /// Returns the rate of refused joins. `None` if it is only observed.
    pub fn refused_rate(&self) -> Option<RefillRate> {
        let limit = Limit::RefusedJoinsPerSecond;
        let bites = !self.limits.observe.contains(limit);
        bites.then(|| self.limits.rate(limit))
    }

    /// Notes that `used` of `max` is in use. True if `used` is over the limit and the limit bites.
    pub fn judge(&self, limit: Limit, used: u64, max: u64) -> bool {
        let meters = &self.link.meters;
        meters.judge(self.limits.observe, limit, used, max)
    }

    /// Counts that `limit` was exceeded. True if the limit bites, false if it is only observed.
    pub fn exceeded(&self, limit: Limit) -> bool {
        self.link.meters.exceeded(self.limits.observe, limit)
    }
}

/// Returns the lag of a shard up to which no room lags, and none would if the limit were not only
/// observed.
fn without_wait(limits: &ServerLimits) -> usize {
    lag_bytes_without_wait(limits.max(Limit::LagBytes)) as usize
}
