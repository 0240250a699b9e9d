//! Settings of the fan-out in which a limit that is only observed counts 16 times.

use super::limit::Limit;
use super::values::ServerLimits;
use crate::broker::FanoutSettings;

/// Returns the bounds of the fan-out as they bite. An observed bound is 16 times its value, because
/// all of them protect memory.
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
