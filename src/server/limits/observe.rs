//! The fan-out's settings from the limits; a bound that is only observed is 16 times its value.

use super::limit::Limit;
use super::row::Owner;
use super::values::ServerLimits;
use crate::broker::FanoutSettings;

/// Returns the bounds of the fan-out as they bite. An observed bound is 16 times its value, because
/// all of them protect memory.
pub(crate) fn with_observed(limits: &ServerLimits) -> FanoutSettings {
    let mut settings = FanoutSettings::default();
    for &limit in Limit::ALL {
        if let Owner::Fanout(bound) = limit.owner() {
            (bound.set)(&mut settings, limits.bites_above(limit));
        }
    }
    settings
}
