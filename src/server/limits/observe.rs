//! Limits that only count: what the broker gets in their place.

use super::limit::Limit;
use super::values::ServerLimits;
use crate::broker::FanoutSettings;

/// The bounds of the fan-out as they bite, those taken into account that are only observed.
pub(crate) fn with_observed(limits: &ServerLimits) -> FanoutSettings {
    let bytes = |limit| limits.bites_above(limit) as usize;
    FanoutSettings {
        retention_bytes_max: bytes(Limit::RetentionBytes),
        retention_entries_max: bytes(Limit::RetentionMessages),
        retention_ms_max: limits.bites_above(Limit::RetentionTime),
        retention_total_bytes_max: bytes(Limit::RetentionTotalBytes),
        outbox_bytes_max: bytes(Limit::OutboxBytes),
    }
}
