//! The charge for a push at the rates that all members of its topic share.
//!
//! What clients sent while the shard stood still is charged as if it had come when it was sent. If
//! other shards took from the topic's bucket meanwhile, no more than its burst is left of that.

use super::services::Services;
use crate::broker::SharedTokens;
use crate::channel::{PushRefusal, Rate, TopicRates};
use crate::server::limits::limit::Limit;
use crate::server::limits::token_bucket::RefillRate;

impl Services {
    /// Charges the topic `name` for a push with a payload of `bytes`.
    ///
    /// # Errors
    /// If the topic is over one of `rates`, and that limit is not only observed. Then the push
    /// costs nothing.
    pub fn charge_topic(
        &self,
        name: &str,
        rates: &TopicRates,
        bytes: usize,
    ) -> Result<(), PushRefusal> {
        let Some(topic) = self.fanout.topic(name) else {
            return Ok(());
        };
        let (now_ns, buckets) = (self.link.admission.now_ns(), topic.buckets());
        let times_ns = (now_ns.saturating_sub(self.earning_ns), now_ns);
        let mut taken_ns = 0;
        if let Some(rate) = rates.bytes {
            let (limit, count) = (Limit::RoomBytesPerSecond, bytes.min(u32::MAX as usize));
            taken_ns = self
                .take(limit, &buckets.bytes, times_ns, rate, count as u32)
                .ok_or(PushRefusal::RoomBytes)?;
        }
        if let Some(rate) = rates.messages {
            let limit = Limit::RoomMessagesPerSecond;
            let taken = self.take(limit, &buckets.messages, times_ns, rate, 1);
            if taken.is_none() {
                buckets.bytes.give_back(taken_ns);
                return Err(PushRefusal::RoomMessages);
            }
        }
        Ok(())
    }

    /// Takes `count` tokens out of a bucket. The first of the times is the moment since which they
    /// may have been used, the second is now. Returns what they cost, or 0 if they are not there
    /// and the limit is only observed. `None` if the limit bites.
    fn take(
        &self,
        limit: Limit,
        bucket: &SharedTokens,
        (from_ns, now_ns): (u64, u64),
        rate: Rate,
        count: u32,
    ) -> Option<u64> {
        let rate = RefillRate::new(rate.per_second, rate.burst());
        let (cost_ns, burst_ns) = (rate.ns_of(count), rate.burst_ns());
        let taken = bucket.try_take(from_ns, now_ns, cost_ns, burst_ns);
        let (Ok(used_ns) | Err(used_ns)) = taken;
        let observe = self.limits.observe;
        self.link.meters.note(observe, limit, used_ns, burst_ns);
        match taken {
            Ok(_) => Some(cost_ns),
            Err(_) if self.exceeded(limit) => None,
            Err(_) => Some(0),
        }
    }
}
