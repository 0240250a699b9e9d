//! The parts of a shard that a session's host needs: fan-out, link to other threads, limits.

use std::rc::Rc;
use std::sync::Arc;

use super::events::Events;
use super::join_queue::JoinQueue;
use super::link::ShardLink;
use super::pace::Charges;
use crate::broker::Fanout;
use crate::server::http::app::{HttpApp, Serving};
use crate::server::limits::limit::Limit;
use crate::server::limits::observe::with_observed;
use crate::server::limits::values::ServerLimits;

/// A part of a shard that is lent to a host as a whole, beside the connection whose session it
/// serves.
pub(crate) struct Services {
    pub link: Arc<ShardLink>,
    pub fanout: Fanout,
    pub events: Rc<Events>,
    /// Joins that wait for their turn.
    pub joins: JoinQueue,
    pub app: Arc<HttpApp>,
    pub limits: ServerLimits,
    /// The rates among these limits, worked out for charging each read by them.
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

    /// Serves another router within other limits from now on. Returns the charges if they are new.
    pub fn reload(&mut self, serving: &Serving) -> Option<Charges> {
        self.app = Arc::clone(&serving.app);
        self.limits = serving.limits;
        self.fanout.set_settings(with_observed(&self.limits));
        let charges = Charges::from(&self.limits);
        let before = std::mem::replace(&mut self.charges, charges);
        (before != charges).then_some(charges)
    }

    /// `used` of `max` is in use here. True if that is too much, and the limit bites.
    pub fn judge(&self, limit: Limit, used: u64, max: u64) -> bool {
        let meters = &self.link.meters;
        meters.judge(self.limits.observe, limit, used, max)
    }

    /// A limit was exceeded, as the caller knows. True if it bites.
    pub fn exceeded(&self, limit: Limit) -> bool {
        self.link.meters.exceeded(self.limits.observe, limit)
    }

    /// Bytes that a shard may have before it until publishers are paused.
    pub fn lag_bytes_that_bite(&self) -> u64 {
        self.limits.bites_above(Limit::LagBytes)
    }
}
