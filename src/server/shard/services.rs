//! The parts of a shard that a session's host needs: fan-out, link to other threads, limits.

use std::rc::Rc;
use std::sync::Arc;

use super::events::Events;
use super::join_queue::JoinQueue;
use super::link::ShardLink;
use super::pace::Charges;
use crate::broker::Fanout;
use crate::server::http::app::{HttpApp, Served};
use crate::server::limits::limit::Limit;
use crate::server::limits::observe::with_observed;
use crate::server::limits::values::ServerLimits;

/// The part of a shard that a session's host borrows as a whole. The connections are not in this
/// part, because a call into a session also borrows a connection.
pub(crate) struct Services {
    pub link: Arc<ShardLink>,
    pub fanout: Fanout,
    pub events: Rc<Events>,
    /// Joins over the rate that wait for their answer.
    pub joins: JoinQueue,
    pub app: Arc<HttpApp>,
    pub limits: ServerLimits,
    /// The rates among `limits`, in the form in which reads are charged.
    pub charges: Charges,
}

impl Services {
    pub fn new(link: Arc<ShardLink>, app: Arc<HttpApp>, limits: ServerLimits) -> Services {
        Services {
            fanout: Fanout::new(link.number, Arc::clone(&link.hub), with_observed(&limits)),
            link,
            events: Rc::default(),
            joins: JoinQueue::default(),
            app,
            charges: (&limits).into(),
            limits,
        }
    }

    /// Switches to the router and the limits of `serving`. Returns the new charges. `None` if the
    /// rates have not changed.
    pub fn reload(&mut self, serving: &Served) -> Option<Charges> {
        self.app = Arc::clone(&serving.app);
        self.limits = serving.limits;
        self.fanout.set_settings(with_observed(&self.limits));
        let charges = Charges::from(&self.limits);
        let before = std::mem::replace(&mut self.charges, charges);
        (before != charges).then_some(charges)
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

    /// Returns the lag of a shard, in bytes, above which publishers are paused.
    pub fn lag_bytes_that_bite(&self) -> u64 {
        self.limits.bites_above(Limit::LagBytes)
    }
}
