//! Limits that only count: what the broker gets in their place.

use super::limit::Limit;
use super::values::ServerLimits;
use crate::broker::FanoutSettings;

/// The bounds of the fan-out as they bite, those taken into account that are only observed.
pub(crate) fn with_observed(limits: &ServerLimits) -> FanoutSettings {
    let (fanout, observe) = (limits.fanout, limits.observe);
    let bites_above = |limit, max: usize| observe.bites_above(limit, max as u64) as usize;
    FanoutSettings {
        retention_bytes_max: bites_above(Limit::RetentionBytes, fanout.retention_bytes_max),
        retention_entries_max: bites_above(Limit::RetentionMessages, fanout.retention_entries_max),
        retention_ms_max: observe.bites_above(Limit::RetentionTime, fanout.retention_ms_max),
        retention_total_bytes_max: bites_above(
            Limit::RetentionTotalBytes,
            fanout.retention_total_bytes_max,
        ),
        outbox_bytes_max: bites_above(Limit::OutboxBytes, fanout.outbox_bytes_max),
    }
}
